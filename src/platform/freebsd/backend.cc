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
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return Pf(*calls_).counters(); }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops) override {
    filter_.reset();
    return Changes(*calls_).apply(ops);
  }
  [[nodiscard]] int descriptor() const override { return calls_->descriptor(); }
  [[nodiscard]] Notices drain() override { return calls_->drain(); }

 private:
  [[nodiscard]] Result<std::optional<model::ObservedFilter>> observe_filter();

  std::unique_ptr<Calls> calls_;
  // pf says nothing when it changes and pfctl has to be run to see it, so it is not asked at every word of the others.
  struct LastFilter {
    std::optional<model::ObservedFilter> filter;
    TimePoint since;
  };
  static constexpr Duration kFilterLife{1'000};
  std::optional<LastFilter> filter_;
};

Result<std::optional<model::ObservedFilter>> Backend::observe_filter() {
  const TimePoint now = calls_->now();
  if (filter_ && now - filter_->since < kFilterLife) return filter_->filter;
  const auto seen = Pf(*calls_).look();
  if (!seen) return fail("cannot look at the filter: " + seen.error().text, seen.error().remedy, seen.error().code);
  filter_ = {seen->filter(), now};
  return filter_->filter;
}

Result<model::Observed> Backend::observe() {
  auto links = list_links(*calls_);
  if (!links) return std::unexpected(links.error());
  const auto routes = list_routes(*calls_);
  if (!routes) return std::unexpected(routes.error());
  auto sas = list_sas(*calls_);
  if (!sas) return std::unexpected(sas.error());
  auto filter = observe_filter();
  if (!filter) return std::unexpected(filter.error());
  Names names;
  for (const model::ObservedLink& link : links->links) names.emplace(link.index, link.name);
  model::Observed observed;
  observed.links = std::move(links->links);
  observed.addresses = std::move(links->addresses);
  observed.routes = name_routes(*routes, names);
  observed.filter = *std::move(filter);
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
