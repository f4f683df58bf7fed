#include <fmt/format.h>

#include <utility>

#include "config/domains.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

class DomainRules {
 public:
  DomainRules(const model::Config& config, Findings& findings) : config_(config), findings_(findings) {}

  void check() {
    check_interfaces();
    check_groups();
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) check_default(family);
    check_policy_routes();
    check_rules();
  }

 private:
  // A rule of the file speaks of what is not wrong otherwise.
  void refuse(const std::string& at, std::string text, std::string remedy) {
    if (!findings_.any_under(at)) findings_.error(at, std::move(text), std::move(remedy));
  }

  void check_interfaces() {
    for (const model::Interface& interface : config_.interfaces) {
      const std::string at = join("/interfaces", interface.name);
      if (interface.vrf && interface.fib) {
        refuse(at + "/fib", "stands beside \"vrf\", and no system has both", std::string(kTakeOut));
      }
      for (const auto& [key, written] :
           {std::pair("/vrf", interface.vrf.has_value()), std::pair("/fib", interface.fib.has_value())}) {
        if (!written || !std::holds_alternative<model::DevicePort>(interface.port)) continue;
        refuse(at + key, "vtid changes no device but its own", "put it there by hand, and take this out");
      }
      if (interface.vrf && interface.reply_to.value_or(false)) {
        refuse(at + "/reply_to", "replies in a VRF go by the routes of the VRF, which are asked before", std::string(kTakeOut));
      }
    }
  }

  void check_groups() {
    for (const model::GatewayGroup& group : config_.groups) {
      const model::RoutingDomain first = domains_.of_gateway(group.name);
      for (std::size_t i = 1; i < group.members.size(); ++i) {
        const model::RoutingDomain other = domains_.of_gateway(group.members[i].gateway);
        if (other == first) continue;
        refuse(join(join(join("/gateway_groups", group.name), "members"), i) + "/gateway",
               fmt::format("is in {}, and {} in {}", print(other), group.members.front().gateway, print(first)),
               "make a group for each: a route stands in the tables of one");
      }
    }
  }

  void check_default(net::Family family) {
    const model::RoutingDomain domain = domains_.of_gateway(config_.default_gateway.of(family));
    if (domain.is_main()) return;
    refuse(
        fmt::format("/default_gateway/{}", net::print(family)),
        fmt::format("is in {}, and this is the default route of the host", print(domain)),
        fmt::format("write a route to {}/0 by it, which stands in {}", net::print(net::Address::any(family)), print(domain)));
  }

  // The rule of the kernel that leads into VRFs comes before those of the file, and sees the VRF in the place of its
  // interfaces.
  void check_policy_routes() {
    for (std::size_t i = 0; i < config_.policy_routes.size(); ++i) {
      const model::PolicyRoute& route = config_.policy_routes[i];
      const std::string at = join("/policy_routes", i);
      if (const auto in = domains_.of_interface(route.in); in.vrf) {
        refuse(at + "/in", before(in), fmt::format("write \"routes\", which stand in {}", print(in)));
      } else if (const auto via = domains_.of_gateway(route.via); via.vrf) {
        refuse(at + "/via", beyond(via), "name a gateway or a group that is in no VRF");
      }
    }
  }

  void check_rules() {
    const auto& rules = config_.filter.rules;
    for (std::size_t i = 0; rules && i < rules->size(); ++i) {
      const model::FilterRule& rule = (*rules)[i];
      if (rule.gateway.empty()) continue;
      const auto on = domains_.of_interface(rule.on), via = domains_.of_gateway(rule.gateway);
      if (!on.vrf && !via.vrf) continue;
      refuse(join("/rules", i) + "/gateway", on.vrf ? "does not lead anywhere: " + rule.on + ' ' + before(on) : beyond(via),
             "take it out, and let routes lead there");
    }
  }

  static std::string before(const model::RoutingDomain& domain) {
    return fmt::format("is in {}, whose routes are asked before", print(domain));
  }
  static std::string beyond(const model::RoutingDomain& domain) {
    return fmt::format("is in {}, and what comes in elsewhere does not get there", print(domain));
  }

  const model::Config& config_;
  Findings& findings_;
  const Domains domains_{config_};
};

}  // namespace

void check_domains(const model::Config& config, Findings& findings) { DomainRules(config, findings).check(); }

}  // namespace vtid::config
