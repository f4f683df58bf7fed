#include "reconcile/probe_routes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "reconcile/policy_routes.h"

namespace vtid::reconcile {
namespace {

// What is probed while the gateway's own way is not there must not be answered by another.
model::Route nowhere(model::Route route) {
  route.metric = kLastMetric;
  route.target = model::Blackhole{};
  return route;
}

model::Rule rule_of(const model::Gateway& gateway, std::uint32_t mark, net::TableId table, std::uint32_t priority) {
  model::Rule rule;
  rule.family = gateway.address.family();
  rule.priority = priority;
  rule.mark = mark;
  rule.mask = model::kMarkMask;
  rule.table = table;
  return rule;
}

}  // namespace

ProbeMarks probe_marks(const model::Config& config) {
  std::set<std::string> names;
  for (const model::Gateway& gateway : config.gateways) {
    if (!model::probed_beyond(gateway).empty()) names.insert(gateway.name);
  }
  ProbeMarks marks;
  for (const auto& [name, number] : spread(names, model::kProbes)) marks.emplace(name, model::mark_of_probe(number));
  return marks;
}

void add_probe_routes(const model::Config& config, const NextHopResolver& next_hops, const model::Capabilities& system,
                      model::Desired& desired) {
  const auto marks = probe_marks(config);
  for (const model::Gateway& gateway : config.gateways) {
    const auto mark = marks.find(gateway.name);
    const auto device = mark == marks.end() ? std::nullopt : next_hops.device_named(gateway.interface);
    const auto home = next_hops.table_of(gateway);
    if (!device || !home || !gateway.has_address()) continue;
    const std::uint32_t priority = home == net::kMainTable ? kProbePriority : kVrfProbePriority;
    const std::string because = "gateways/" + gateway.name;
    const net::TableId table{kFirstProbeTable + (mark->second >> model::kMarkShift)};
    if (system.has_rules) desired.rules.push_back({rule_of(gateway, mark->second, table, priority), because});
    for (const net::Address& address : model::probed_beyond(gateway)) {
      model::Route route;
      route.to = {address, static_cast<std::uint8_t>(address.bits())};
      route.metric = model::default_route_metric(gateway.address.family());
      route.target = model::ViaGateway{*device, gateway.address};
      if (!system.has_rules) {
        route.table = *home;
        const auto same = [&](const model::StaticRoute& item) {
          return item.to.network() == route.to && next_hops.of(item.via).table == home;
        };
        if (std::ranges::none_of(config.routes, same)) desired.routes.push_back({route, because});
        continue;
      }
      route.table = table;
      desired.routes.push_back({route, because});
      desired.routes.push_back({nowhere(route), because});
    }
  }
}

}  // namespace vtid::reconcile
