#include "platform/freebsd/backend.h"

#include <algorithm>

#include "platform/freebsd/changes.h"
#include "platform/observed_order.h"

namespace vtid::platform::freebsd {
namespace {

using Names = std::map<net::IfIndex, net::IfName>;

std::vector<model::ObservedRoute> name_routes(const std::vector<ListedRoute>& listed, const Names& names) {
  std::vector<model::ObservedRoute> named;
  for (const ListedRoute& item : listed) {
    if (!item.ours) continue;
    model::Route route = item.route;
    if (auto* via = std::get_if<model::ViaGateway>(&route.target)) {
      const auto found = names.find(item.index);
      if (found == names.end()) continue;  // it went with its device between two looks
      via->device = found->second;
    }
    named.push_back({std::move(route)});
  }
  return named;
}

class Backend final : public Kernel {
 public:
  explicit Backend(std::unique_ptr<Calls> calls) : calls_(std::move(calls)) {}

  [[nodiscard]] Capabilities capabilities() const override { return freebsd_capabilities(calls_->has_pf()); }
  [[nodiscard]] Result<model::Observed> observe() override;
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override {
    auto links = list_links(*calls_);
    if (!links) return std::unexpected(links.error());
    return std::move(links->counters);
  }
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return pf_.counters(); }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override;
  [[nodiscard]] bool is_under_way() const override { return pf_.is_under_way(); }
  [[nodiscard]] std::vector<int> descriptors() const override { return calls_->descriptors(); }
  [[nodiscard]] Notices drain() override {
    Notices notices = calls_->drain();
    if (pf_.go_on()) ++notices.ours;
    return notices;
  }

 private:
  static constexpr Duration kChainLife{1'000};

  std::unique_ptr<Calls> calls_;
  PfJobs pf_{*calls_};
  std::optional<Changes> chain_;  // where a budget ended before the operations did
  TimePoint chain_began_{};
};

// What was looked up for the ops before serves those that go on from there, or 1,000 links would be listed for each portion of
// the ops that stand on them. Not for long: others change things too.
std::vector<Result<void>> Backend::apply(std::span<const model::Op> ops, Duration budget) {
  const TimePoint now = calls_->now();
  if (!chain_ || now - chain_began_ >= kChainLife) {
    chain_.emplace(*calls_, pf_);
    chain_began_ = now;
  }
  auto results = chain_->apply(ops, budget);
  if (results.size() == ops.size()) chain_.reset();
  return results;
}

Result<model::Observed> Backend::observe() {
  const auto filter = pf_.look();
  if (!filter) return fail("cannot look at the filter: " + filter.error().text, filter.error().remedy, filter.error().code);
  auto links = list_links(*calls_);
  if (!links) return std::unexpected(links.error());
  const auto routes = list_routes(*calls_);
  if (!routes) return std::unexpected(routes.error());
  auto sas = list_sas(*calls_);
  if (!sas) return std::unexpected(sas.error());
  Names names;
  for (const model::ObservedLink& link : links->links) names.emplace(link.index, link.name);
  model::Observed observed;
  observed.links = std::move(links->links);
  observed.addresses = std::move(links->addresses);
  observed.routes = name_routes(*routes, names);
  observed.filter = filter->filter();
  for (ListedSa& item : *sas) {
    const model::Sa& sa = item.sa;
    if (item.ours) {
      observed.sas.push_back(sa);
    } else if (sa.if_id.value != 0) {  // its reqid is one of those that tunnels have
      observed.charons_sas.push_back({sa.source, sa.destination, sa.spi, sa.reqid, item.made});
    }
  }
  sort(observed);
  return observed;
}

}  // namespace

std::unique_ptr<Kernel> make_backend(std::unique_ptr<Calls> calls) { return std::make_unique<Backend>(std::move(calls)); }

Capabilities freebsd_capabilities(bool has_pf) {
  return {.system = "freebsd",
          .link_has_if_id = false,
          .link_has_outer = true,
          .link_multicast_is_free = false,
          .manages_policies = false,
          .address_needs_peer = true,
          .route_has_metric = false,
          .multipath = false,
          .has_rules = false,
          .filters = has_pf,
          .stray_sas_mute = true,
          .replay_window_step = kPacketsPerWindowByte};
}

}  // namespace vtid::platform::freebsd
