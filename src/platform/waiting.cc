#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "platform/kernel.h"

namespace vtid::platform {
namespace {

constexpr int kPatienceMilliseconds = 1'000;  // for one notice; what is under way has a bound of its own

template <class T>
bool is_under_way(const Result<T>& result) {
  return !result && result.error().code == EINPROGRESS;
}

}  // namespace

Result<std::map<net::IfName, model::LinkCounters>> Kernel::counters_of(std::span<const net::IfName> links) {
  auto all = counters();
  if (all) std::erase_if(*all, [&](const auto& item) { return std::ranges::find(links, item.first) == links.end(); });
  return all;
}

bool is_followed_default(const model::Route& route, const std::set<net::IfName>& devices) {
  return route.to.length == 0 && route.table == net::kMainTable &&
         std::ranges::any_of(model::hops_of(route),
                             [&](const model::NextHop& hop) { return devices.contains(hop.via.device); });
}

void wait_for_end(Kernel& kernel) {
  std::vector<pollfd> waits;
  for (const int fd : kernel.descriptors()) waits.push_back({fd, POLLIN, 0});
  while (kernel.is_under_way()) {
    if (!waits.empty()) (void)::poll(waits.data(), static_cast<nfds_t>(waits.size()), kPatienceMilliseconds);
    (void)kernel.drain();
  }
}

std::vector<Result<void>> apply_all(Kernel& kernel, std::span<const model::Op> ops) {
  std::vector<Result<void>> results;
  while (results.size() < ops.size()) {
    auto some = kernel.apply(ops.subspan(results.size()), Duration::max());
    for (std::size_t i = 0; i < some.size(); ++i) {
      while (is_under_way(some[i])) {
        wait_for_end(kernel);
        some[i] = kernel.apply(ops.subspan(results.size(), 1), Duration::max()).front();
      }
      results.push_back(std::move(some[i]));
    }
  }
  return results;
}

Result<model::Observed> observe_now(Kernel& kernel) {
  if (auto observed = kernel.observe(); !kernel.is_under_way()) return observed;
  wait_for_end(kernel);
  return kernel.observe();
}

Result<std::map<std::string, model::RuleCounters>> count_now(Kernel& kernel) {
  auto counted = kernel.rule_counters();
  for (; is_under_way(counted); counted = kernel.rule_counters()) wait_for_end(kernel);
  return counted;
}

}  // namespace vtid::platform
