#include "reconcile/outer_routes.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "reconcile/policy_routes.h"

namespace vtid::reconcile {
namespace {

net::Prefix only(const net::Address& address) { return {address, static_cast<std::uint8_t>(address.bits())}; }

// A peer that is the gateway itself is a neighbour.
model::Route route_to(const net::Address& peer, const model::OuterWay& way) {
  model::Route route;
  route.to = only(peer);
  route.metric = model::default_route_metric(peer.family());
  route.target = model::ViaGateway{way.device, peer == way.next_hop ? std::nullopt : std::optional(way.next_hop)};
  return route;
}

model::Rule rule_from(const net::Address& local, net::TableId table) {
  model::Rule rule;
  rule.family = local.family();
  rule.priority = kOuterPriority;
  rule.from = only(local);
  rule.table = table;
  return rule;
}

class OuterRoutes {
 public:
  OuterRoutes(const model::LocalEnds& ends, model::Desired& desired) : ends_(ends), desired_(desired) {
    std::set<std::string> names;
    for (const auto& [tunnel, end] : ends) {
      for (const model::OuterWay& way : end.ways) names.insert(way.gateway);
    }
    numbers_ = spread(names, kOuterTables);
  }

  void add_by_source() {
    for (const auto& [tunnel, end] : ends_) {
      for (const model::OuterWay& way : end.ways) {
        if (!way.local) continue;
        const net::TableId table{kFirstOuterTable + numbers_.at(way.gateway)};
        for (const net::Address& peer : end.peers) {
          if (peer.family() != way.next_hop.family()) continue;
          model::Route route = route_to(peer, way);
          route.table = table;
          add(std::move(route), way);
          const model::Rule rule = rule_from(*way.local, table);
          if (rules_.insert(rule).second) desired_.rules.push_back({rule, "gateways/" + way.gateway});
        }
      }
    }
  }

  void add_to_main(const model::Config& config) {
    for (const auto& [tunnel, end] : ends_) {
      const auto way = std::ranges::find(end.ways, end.gateway, &model::OuterWay::gateway);
      if (way == end.ways.end() || way->next_hop.is_unspecified()) continue;
      for (const net::Address& peer : end.peers) {
        model::Route route = route_to(peer, *way);
        const auto same = [&](const model::StaticRoute& item) { return item.to.network() == route.to; };
        if (peer.family() == way->next_hop.family() && std::ranges::none_of(config.routes, same)) add(std::move(route), *way);
      }
    }
  }

 private:
  // Each network once in a table.
  void add(model::Route route, const model::OuterWay& way) {
    if (there_.emplace(route.table, route.to).second) desired_.routes.push_back({std::move(route), "gateways/" + way.gateway});
  }

  const model::LocalEnds& ends_;
  model::Desired& desired_;
  std::map<std::string, std::uint32_t> numbers_;  // by gateway
  std::set<model::Rule> rules_;
  std::set<std::pair<net::TableId, net::Prefix>> there_;
};

}  // namespace

void add_outer_routes(const model::Config& config, const model::LocalEnds& ends, const model::Capabilities& system,
                      model::Desired& desired) {
  OuterRoutes routes(ends, desired);
  if (system.has_rules) {
    routes.add_by_source();
  } else {
    routes.add_to_main(config);
  }
}

}  // namespace vtid::reconcile
