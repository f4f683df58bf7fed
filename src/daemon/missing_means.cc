#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/problems.h"
#include "reconcile/policy_routes.h"

namespace vtid::daemon {
namespace {

// The routes that the file wants, by network, the best first: where each stands.
using Wanted = std::map<net::Prefix, std::vector<std::pair<net::Metric, std::string>>>;

Wanted routes_by_network(const model::Config& config) {
  Wanted wanted;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    wanted[config.routes[i].to.network()].emplace_back(model::metric_of(config.routes[i]), fmt::format("routes/{}", i));
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    if (config.default_gateway.of(family) == model::kNoDefault) continue;
    wanted[{net::Address::any(family), 0}].emplace_back(model::default_route_metric(family),
                                                        fmt::format("default_gateway/{}", net::print(family)));
  }
  for (auto& [to, places] : wanted) std::ranges::sort(places);
  return wanted;
}

// Without routing rules there is one route to a monitor address, and one gateway that it leads to.
void tell_shared_probes(const model::Config& config, std::vector<model::Problem>& problems) {
  std::map<net::Address, std::string> holders;
  std::map<std::string_view, net::Address> own;
  for (const model::Gateway& gateway : config.gateways) own.emplace(gateway.name, gateway.address);
  for (const model::StaticRoute& route : config.routes) {
    if (route.to.length == route.to.address.bits() && own.contains(route.via)) holders.emplace(route.to.address, route.via);
  }
  for (const model::Gateway& gateway : config.gateways) {
    for (const net::Address& address : model::probed_beyond(gateway)) {
      const auto [holder, fresh] = holders.emplace(address, gateway.name);
      if (fresh || holder->second == gateway.name) continue;
      problems.push_back({model::Severity::error, "gateways/" + gateway.name,
                          fmt::format("its state is that of {}: this system has one route to {}, and it leads there",
                                      holder->second, net::print(holder->first)),
                          "give one of the two another address to probe"});
    }
  }
}

}  // namespace

std::vector<model::Problem> missing_means(const model::Config& config, const model::Capabilities& system) {
  std::vector<model::Problem> problems;
  for (std::size_t i = 0; !system.has_rules && i < config.policy_routes.size(); ++i) {
    if (!reconcile::comes_by_tunnel(config, config.policy_routes[i])) continue;
    problems.push_back({model::Severity::error, fmt::format("policy_routes/{}", i),
                        "is not in force: this system has no policy routes for what comes in by a tunnel",
                        "take it out of the file, and give a rule on that interface a \"gateway\" instead"});
  }
  if (!system.has_rules) tell_shared_probes(config, problems);
  if (system.route_has_metric) return problems;
  for (const auto& [to, places] : routes_by_network(config)) {
    for (std::size_t i = 1; i < places.size(); ++i) {
      const std::string& better = places[i - 1].second;
      problems.push_back({model::Severity::caveat, places[i].second,
                          fmt::format("this system holds one route to {}, without a metric: this one is made only while {} is "
                                      "withdrawn",
                                      net::print(to), better),
                          fmt::format("when it is to take over, {} needs \"when_down\": \"withdraw\"", better)});
    }
  }
  return problems;
}

}  // namespace vtid::daemon
