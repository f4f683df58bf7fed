#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "config/by_name.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::FilterMode;
using model::NatKind;
using model::Traffic;

constexpr std::size_t kMostOffenders = 8;  // named in one error
constexpr std::size_t kMostPlaces = 64;    // of the lists of one rule, combined
constexpr std::string_view kOtherMode = "set \"filter\": { \"mode\": \"if_ipsec\" }";

std::string list_of(const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kMostOffenders);
  const std::vector first(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown));
  return fmt::format("{}{}", fmt::join(first, ", "),
                     names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

// Children of enabled tunnels that are policy-based, by where they stand in the file.
std::vector<std::string> tunnel_mode_children(const model::Config& config) {
  std::vector<std::string> names;
  for (const model::Tunnel& tunnel : config.tunnels) {
    for (const model::Child& child : tunnel.children) {
      if (!tunnel.enabled || !child.enabled || child.mode != model::ChildMode::tunnel) continue;
      names.push_back(fmt::format("tunnels/{}/children/{}", tunnel.name, child.name));
    }
  }
  return names;
}

bool fits(const Traffic& traffic) { return traffic.covers(net::Family::ipv4) || traffic.covers(net::Family::ipv6); }

bool fits(const Traffic& traffic, const net::Address& address) { return traffic.covers(address.family()); }

class FilterRules {
 public:
  FilterRules(const model::Config& config, Findings& findings)
      : config_(config),
        filter_(config.filter),
        findings_(findings),
        interfaces_(config.interfaces),
        tunnels_(config.tunnels) {}

  void check() {
    if (findings_.any_at("/filter/mode")) return;
    check_mode();
    check_interfaces();
    if (filter_.rules) {
      for (std::size_t i = 0; i < filter_.rules->size(); ++i) check_rule((*filter_.rules)[i], join("/rules", i));
    }
    if (enc() && !filter_.nat.empty()) return refuse_nat();
    for (std::size_t i = 0; i < filter_.nat.size(); ++i) check_nat(filter_.nat[i], join("/nat", i));
  }

 private:
  [[nodiscard]] bool enc() const { return filter_.mode == FilterMode::enc; }

  void check_mode() {
    const auto blocked = tunnel_mode_children(config_);
    if (enc() || filter_.allow_blocked_tunnels || blocked.empty()) return;
    findings_.error(
        "/filter/mode",
        fmt::format("in mode if_ipsec nothing passes through tunnel-mode children, and there are: {}", list_of(blocked)),
        "make them VTI children, use mode \"enc\", or accept it with \"allow_blocked_tunnels\": true");
  }

  void check_interfaces() {
    for (const model::Interface& interface : config_.interfaces) {
      const std::string at = join("/interfaces", interface.name) + "/reply_to";
      if (!interface.reply_to.value_or(false) || findings_.any_under(at)) continue;
      if (enc()) {
        findings_.error(at, "replies cannot be kept on an interface in filter mode enc: its rules do not see interfaces",
                        fmt::format("take it out, or {}", kOtherMode));
      } else if (!std::holds_alternative<model::TunnelPort>(interface.port)) {
        findings_.error(at, fmt::format("{} is a device, and reply_to belongs to tunnels", interface.name), "take it out");
      }
    }
  }

  void refuse_nat() {
    std::vector<std::string> offenders;
    for (std::size_t i = 0; i < filter_.nat.size(); ++i) offenders.push_back(fmt::format("nat/{} on {}", i, filter_.nat[i].on));
    findings_.error("/nat",
                    fmt::format("there is no NAT in filter mode enc, because replies are seen on another interface than what "
                                "was translated: {}",
                                list_of(offenders)),
                    fmt::format("take them out, or {}", kOtherMode));
  }

  void check_rule(const model::FilterRule& rule, const std::string& at) {
    if (!findings_.any_under(at + "/on")) check_place(rule.on, at);
    check_traffic(rule.traffic, at);
    if (!rule.gateway.empty()) check_gateway(rule, at + "/gateway");
  }

  void check_gateway(const model::FilterRule& rule, const std::string& at) {
    if (enc()) {
      findings_.error(at,
                      "rules choose no gateway in filter mode enc, because replies could not be led back to the interface "
                      "that a connection came by",
                      fmt::format("take it out, or {}", kOtherMode));
    } else if (rule.action != model::RuleAction::pass) {
      findings_.error(at, "belongs to rules that pass", "take it out, or write \"action\": \"pass\"");
    } else if (rule.direction != model::RuleDirection::in) {
      findings_.error(at, "comes too late on the way out: the packet has been routed",
                      "put it on the rule by which the traffic comes in; \"policy_routes\" has what comes from elsewhere");
    }
  }

  void check_place(const std::string& on, const std::string& at) {
    if (!enc()) return check_assigned(on, at);
    if (on == model::kAllTunnels) return;
    const bool known = interfaces_.find(on) != nullptr;
    findings_.error(
        at + "/on",
        known ? fmt::format("there are no rules for one interface in filter mode enc: {} and all tunnels share one list", on)
              : fmt::format("\"{}\" is not known here: in filter mode enc one list serves all tunnels", on),
        fmt::format("write \"on\": \"ipsec\", or {}", kOtherMode));
  }

  void check_assigned(const std::string& on, const std::string& at) {
    if (on == model::kAllTunnels) {
      return findings_.error(at + "/on", "in filter mode if_ipsec there is no list for all tunnels",
                             "name an assigned interface, or set \"filter\": { \"mode\": \"enc\" }");
    }
    const model::Interface* interface = interfaces_.find(on);
    if (interface == nullptr) {
      if (tunnels_.find(on) != nullptr) {
        return findings_.error(at + "/on", fmt::format("\"{}\" is a tunnel, and rules stand on its interface", on),
                               "assign it in \"interfaces\" and name the interface here");
      }
      if (findings_.any_at("/interfaces")) return;
      return findings_.error(at + "/on", fmt::format("there is no interface \"{}\"", on),
                             interfaces_.suggest(on, "assign a tunnel in \"interfaces\" and name the interface here"));
    }
    if (findings_.any_under(join("/interfaces", on))) return;
    if (!std::holds_alternative<model::TunnelPort>(interface->port)) {
      return findings_.error(at + "/on", fmt::format("{} is a device, and vtid filters only what comes through tunnels", on),
                             "name an interface that a tunnel is assigned to; the host's own firewall has the others");
    }
    const model::Tunnel* tunnel = tunnels_.find(std::get<model::TunnelPort>(interface->port).tunnel);
    const bool disabled = tunnel != nullptr && !tunnel->enabled;
    if (interface->enabled && !disabled) return;
    findings_.warning(
        at,
        fmt::format("has no effect: {} is disabled", disabled ? "tunnels/" + tunnel->name : "interfaces/" + interface->name),
        "enable it, or take this out");
  }

  void check_traffic(const Traffic& traffic, const std::string& at) {
    if (findings_.any_under(at + "/protocol") || findings_.any_under(at + "/from") || findings_.any_under(at + "/to")) return;
    if (!lists_known(findings_, traffic)) return;
    check_ports(traffic, at, findings_);
    check_places(traffic, at);
    if (!check_exceptions(traffic, at, findings_)) return;
    if (fits(traffic)) return;
    findings_.error(at, "can match nothing: protocol, from and to have no address family in common",
                    "write networks of one family, and icmp with IPv4, icmp6 with IPv6");
  }

  // nftables looks for a value in one set at a time.
  void check_places(const Traffic& traffic, const std::string& at) {
    std::size_t rules = 1;
    for (const std::size_t places :
         {traffic.from.places(), traffic.to.places(), traffic.from_ports.places(), traffic.ports.places()}) {
      rules *= std::max<std::size_t>(places, 1);
    }
    if (rules <= kMostPlaces) return;
    findings_.error(at,
                    fmt::format("comes to {} rules, one for each combination of its lists; {} are allowed", rules, kMostPlaces),
                    "make one list of several");
  }

  void check_nat(const model::NatRule& nat, const std::string& at) {
    if (!findings_.any_under(at + "/on")) check_assigned(nat.on, at);
    if (findings_.any_under(at + "/kind")) return;
    check_traffic(nat.traffic, at);
    if (findings_.any_under(at)) return;
    switch (nat.kind) {
      case NatKind::source: return check_source(nat, at);
      case NatKind::destination: return check_destination(nat, at);
      case NatKind::one_to_one: return check_one_to_one(nat, at);
    }
  }

  void check_source(const model::NatRule& nat, const std::string& at) {
    const auto* address = std::get_if<net::Prefix>(&nat.address);
    if (address == nullptr) return;
    if (address->length != address->address.bits()) {
      findings_.error(at + "/address", fmt::format("{} is a network, and kind source takes one address", net::print(*address)),
                      "write one address, \"interface\", \"none\", or use kind \"one_to_one\"");
    } else if (!fits(nat.traffic, address->address)) {
      findings_.error(at + "/address", "is of another address family than what it is for", "write an address of that family");
    }
  }

  void check_destination(const model::NatRule& nat, const std::string& at) {
    if (!fits(nat.traffic, nat.target)) {
      findings_.error(at + "/target", "is of another address family than what it is for", "write an address of that family");
    }
    if (!nat.target_port) return;
    const auto ports = nat.traffic.ports.all();
    if (ports.size() == 1 && ports.front().first == ports.front().last) return;
    findings_.error(at + "/target_port", ports.empty() ? "needs \"ports\"" : "stands for one port, and \"ports\" are several",
                    ports.empty() ? "name the port that is forwarded" : "take it out: ports keep their numbers");
  }

  void check_one_to_one(const model::NatRule& nat, const std::string& at) {
    const auto* outside = std::get_if<net::Prefix>(&nat.address);
    const auto& inside = nat.traffic.from.values;
    if (outside == nullptr || inside.size() != 1 || !nat.traffic.from.lists.empty() ||
        outside->family() != inside.front().family() || outside->length != inside.front().length) {
      findings_.error(at, "kind one_to_one takes one network in \"from\" and another of the same size in \"address\"",
                      "write them like \"from\": \"10.1.0.0/24\", \"address\": \"10.9.0.0/24\"");
    } else if (!nat.traffic.protocols.empty()) {
      findings_.error(at + "/protocol", "does not belong to kind one_to_one, which translates whole addresses", "take it out");
    }
  }

  const model::Config& config_;
  const model::FilterConfig& filter_;
  Findings& findings_;
  const ByName<model::Interface> interfaces_;
  const ByName<model::Tunnel> tunnels_;
};

}  // namespace

bool check_exceptions(const model::Traffic& traffic, const std::string& at, Findings& findings) {
  bool fine = true;
  for (const auto& [key, any, except] :
       {std::tuple("from", &traffic.from, &traffic.from_not), std::tuple("to", &traffic.to, &traffic.to_not)}) {
    if (except->empty()) continue;
    const auto leaves = [&](net::Family family) {
      model::Traffic alone;
      alone.from = *any;
      alone.from_not = *except;
      return alone.covers(family);
    };
    if (leaves(net::Family::ipv4) || leaves(net::Family::ipv6)) continue;
    fine = false;
    findings.error(fmt::format("{}/{}_not", at, key), fmt::format("leaves nothing of \"{}\", so that nothing can match", key),
                   "narrow it, or take the entry out");
  }
  return fine;
}

bool lists_known(const Findings& findings, const model::Traffic& traffic) {
  return std::ranges::none_of(model::lists_of(traffic), [&](const model::ListRef& list) {
    const bool empty = list->networks.empty() && list->ports.empty();  // of a file, which may have some tomorrow
    return empty || findings.any_under(join("/lists", list->name));
  });
}

void check_ports(const model::Traffic& traffic, const std::string& at, Findings& findings) {
  const bool possible = !traffic.protocols.empty() && std::ranges::all_of(traffic.protocols, net::has_ports);
  if (possible || (traffic.ports.empty() && traffic.from_ports.empty())) return;
  findings.error(at + (traffic.ports.empty() ? "/from_ports" : "/ports"), "belongs to protocols that have ports",
                 "write \"protocol\": \"tcp\", \"udp\" or [\"tcp\", \"udp\"]");
}

void check_filter(const model::Config& config, Findings& findings) { FilterRules(config, findings).check(); }

}  // namespace vtid::config
