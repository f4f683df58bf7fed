#include <fmt/format.h>

#include <map>
#include <tuple>
#include <utility>

#include "config/domains.h"
#include "config/gateway_refs.h"
#include "config/prefix_index.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Config;
using model::StaticRoute;

std::string title(const StaticRoute& route, std::size_t index) {
  return fmt::format("routes/{} ({})", index, net::print(route.to));
}

class RouteRules {
 public:
  RouteRules(const Config& config, Findings& findings) : config_(config), findings_(findings), gateway_refs_(config, findings) {
    for (const model::Tunnel& tunnel : config.tunnels) {
      for (const model::Child& child : tunnel.children) {
        const std::string at = join(join("/tunnels", tunnel.name) + "/children", child.name);
        if (tunnel.enabled && child.enabled && inner_addresses_known(findings, at, child))
          transits_.add(child.local, std::pair(at, domains_.of_child(tunnel, child)));
      }
    }
  }

  void check() {
    check_groups(config_, gateway_refs_, findings_);
    check_default_gateway(config_, gateway_refs_, findings_);
    check_local_ends(config_, gateway_refs_, findings_);
    check_policy_routes(config_, gateway_refs_, findings_);
    check_rule_gateways(config_, gateway_refs_, findings_);
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const model::StaticRoute& route = config_.routes[i];
      const std::string at = join("/routes", i);
      const bool known = !findings_.any_under(at);
      if (!findings_.any_under(at + "/via")) {
        gateway_refs_.check(route.via,
                            {at + "/via", title(route, i), "route", known ? std::optional(route.to.family()) : std::nullopt});
      }
      if (!findings_.any_under(at)) check_to(route, at);
    }
    gateway_refs_.report();
  }

 private:
  void check_to(const StaticRoute& route, const std::string& at);

  [[nodiscard]] bool takes_default(const StaticRoute& route) const {
    return domains_.of_gateway(route.via).is_main() && route.to.length == 0 &&
           config_.default_gateway.of(route.to.family()) != model::kNoDefault &&
           model::metric_of(route) == model::default_route_metric(route.to.family());
  }

  const Config& config_;
  Findings& findings_;
  GatewayRefChecker gateway_refs_;
  const Domains domains_{config_};
  PrefixIndex<std::pair<std::string, model::RoutingDomain>> transits_;  // with their places
  std::map<std::tuple<net::Prefix, std::optional<net::Metric>, model::RoutingDomain>, std::string> seen_;
};

void RouteRules::check_to(const StaticRoute& route, const std::string& at) {
  const model::RoutingDomain domain = domains_.of_gateway(route.via);
  const auto [first, fresh] = seen_.emplace(std::tuple(route.to, route.metric, domain), at);
  if (!fresh) {
    findings_.error(at, fmt::format("has the network and metric of {}", first->second.substr(1)),
                    "give one of them another metric");
  }
  if (takes_default(route)) {
    findings_.error(at,
                    fmt::format("has the network and metric of default_gateway/{}",
                                route.to.family() == net::Family::ipv4 ? "ipv4" : "ipv6"),
                    "give it a metric, or write \"none\" there");
  }
  for (const auto& [transit, of] : transits_.covering(route.to)) {
    if (of == domain)
      findings_.error(at + "/to", fmt::format("{} is inside the network of {}", net::print(route.to), transit.substr(1)),
                      "take it out: the tunnel's interface reaches it by itself");
  }
}

}  // namespace

void check_routes(const Config& config, Findings& findings) { RouteRules(config, findings).check(); }

}  // namespace vtid::config
