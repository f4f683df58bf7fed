#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/by_name.h"
#include "config/gateway_refs.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::PolicyRoute;

void check_name(const PolicyRoute& route, const std::string& at, std::map<std::string_view, std::string>& seen,
                Findings& findings) {
  if (const std::string wrong = what_is_wrong_with_name(route.name, kLongestGatewayName); !wrong.empty()) {
    findings.error(at + "/name", "the name " + wrong, std::string(kNameRemedy));
  }
  const auto [first, fresh] = seen.emplace(route.name, at);
  if (!fresh) findings.error(at + "/name", "is the name of " + first->second.substr(1), "give each its own");
}

// Packets that the host itself sends come in by lo, and the outer packets of tunnels are among them.
void check_in(const PolicyRoute& route, const std::string& at, const model::Config& config, Findings& findings) {
  const auto device = net::IfName::parse(route.in);
  if (route.in == "lo") {
    findings.error(at + "/in", "is where the host's own packets come from, those of tunnels among them",
                   "name the interface or the device of a network behind this host");
  } else if (config.interface(route.in) == nullptr && !device) {
    findings.error(at + "/in", fmt::format("there is no interface \"{}\", and it is no device's name", route.in),
                   device.error().remedy);
  }
}

constexpr std::size_t kMostRulesOfOne = 1'024;
constexpr std::uint16_t kHighestPort = 65'534;  // fib_rule_port_range_valid, include/net/fib_rules.h

std::size_t count(std::size_t items) { return std::max<std::size_t>(items, 1); }

// What is left where something is taken out: the kernel's rules do not know "not".
std::size_t count(const model::AnyOf<net::Prefix>& any, const model::AnyOf<net::Prefix>& except,
                  std::optional<net::Family> family) {
  if (except.empty()) return count(any.size());
  const auto left = [&](net::Family one) { return !family || family == one ? difference(any, except, one).size() : 0; };
  return count(left(net::Family::ipv4) + left(net::Family::ipv6));
}

void check_kernel_rules(const model::Traffic& traffic, std::optional<net::Family> family, const std::string& at,
                        Findings& findings) {
  for (const auto& [key, ranges] : {std::pair("/from_ports", &traffic.from_ports), std::pair("/ports", &traffic.ports)}) {
    if (std::ranges::none_of(ranges->all(), [](const model::PortRange& range) { return range.last > kHighestPort; })) continue;
    findings.error(at + key, "holds 65535, which the kernel's routing rules do not know", "end at 65534");
  }
  const std::size_t rules = count(traffic.from, traffic.from_not, family) * count(traffic.to, traffic.to_not, family) *
                            count(traffic.protocols.size()) * count(traffic.from_ports.size()) * count(traffic.ports.size());
  if (rules <= kMostRulesOfOne) return;
  findings.error(
      at, fmt::format("comes to {} rules of the kernel, one for each combination; {} are allowed", rules, kMostRulesOfOne),
      "write wider networks or ranges of ports, or shorter lists");
}

void check_exception(const PolicyRoute& route, const std::string& at, const GatewayRefChecker& gateway_refs,
                     Findings& findings) {
  if (gateway_refs.gateway(route.via) != nullptr || gateway_refs.family_of(route.via)) {
    findings.error(at + "/via", "is the word for the routing table, and a gateway or a group has it for its name",
                   "give that one another name");
  } else if (!route.traffic.covers(net::Family::ipv4) && !route.traffic.covers(net::Family::ipv6)) {
    findings.error(at, "can match nothing: protocol, from and to have no address family in common",
                   "write networks of one family");
  }
}

void check_family(const model::Traffic& traffic, const std::string& via, std::optional<net::Family> family,
                  const std::string& at, Findings& findings) {
  if (!family || traffic.covers(*family)) return;
  findings.error(at, fmt::format("can match nothing that {} could carry: that is {}", via, net::print(*family)),
                 "write networks and a protocol of the gateway's family");
}

void check_traffic(const PolicyRoute& route, const std::string& at, std::optional<net::Family> family, Findings& findings) {
  if (!lists_known(findings, route.traffic)) return;
  check_ports(route.traffic, at, findings);
  if (!check_exceptions(route.traffic, at, findings)) return;
  check_kernel_rules(route.traffic, family, at, findings);
  if (!route.traffic.icmp_types.empty()) {
    findings.error(at + "/icmp_types", "the kernel's routing rules do not know ICMP types", "take it out");
  }
  if (!findings.any_under(at)) check_family(route.traffic, route.via, family, at, findings);
}

}  // namespace

void check_policy_routes(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings) {
  std::map<std::string_view, std::string> seen;
  for (std::size_t i = 0; i < config.policy_routes.size(); ++i) {
    const PolicyRoute& route = config.policy_routes[i];
    const std::string at = join("/policy_routes", i);
    if (!findings.any_under(at + "/name")) check_name(route, at, seen, findings);
    if (!findings.any_under(at + "/in")) check_in(route, at, config, findings);
    if (!findings.any_under(at + "/via") && !route.is_exception()) {
      gateway_refs.check(route.via,
                         {at + "/via", fmt::format("policy_routes/{} ({})", i, route.name), "policy route", std::nullopt});
    }
    if (findings.any_under(at)) continue;
    check_traffic(route, at, gateway_refs.family_of(route.via), findings);
    if (route.is_exception() && !findings.any_under(at)) check_exception(route, at, gateway_refs, findings);
  }
}

void check_rule_gateways(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings) {
  const auto& rules = config.filter.rules;
  for (std::size_t i = 0; rules && i < rules->size(); ++i) {
    const model::FilterRule& rule = (*rules)[i];
    const std::string at = join("/rules", i);
    if (rule.gateway.empty() || findings.any_under(at)) continue;
    gateway_refs.check(rule.gateway, {at + "/gateway", at.substr(1), "rule", std::nullopt});
    if (!findings.any_under(at)) check_family(rule.traffic, rule.gateway, gateway_refs.family_of(rule.gateway), at, findings);
  }
}

}  // namespace vtid::config
