#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

// charon's would be policies of the whole host for 0/0, which nothing gets past.
void check_owner(const model::Child& child, const std::string& at, Findings& findings) {
  if (child.policies != model::PolicyOwner::charon || findings.any_under(at)) return;
  findings.warning(at + "/policies", "is not followed: on this system the tunnel's interface makes its own policies",
                   "take it out");
}

// What this system's SAs cannot have.
void check_sa_options(const model::Child& child, const model::Capabilities& system, const std::string& at, Findings& findings) {
  const model::ChildOptions& options = child.options;
  const auto refuse = [&](std::string_view key, bool written, std::string_view instead) {
    if (!written || system.sa_options || findings.any_under(fmt::format("{}/{}", at, key))) return;
    findings.error(fmt::format("{}/{}", at, key), "is not to be had of an SA on this system", std::string(instead));
  };
  refuse("dscp", options.dscp.has_value(), "take it out");
  refuse("ecn", options.ecn.has_value(), "take it out, and see the sysctls net.inet.ipsec.ecn and net.inet6.ipsec6.ecn");
  refuse("df", options.df.has_value(), "take it out, and see the sysctl net.inet.ipsec.dfbit");
  refuse("mark_in", options.mark_in.has_value(), "take it out, and tag packets in pf.conf");
  refuse("mark_out", options.mark_out.has_value(), "take it out");
  refuse("offload", options.offload.value_or(model::Offload::none) != model::Offload::none, "take it out");
  const std::string window = at + "/replay_window";
  if (options.replay_window.value_or(0) > system.largest_replay_window && !findings.any_under(window)) {
    findings.error(window, fmt::format("{} is more than this system can be told", *options.replay_window),
                   fmt::format("write at most {}", system.largest_replay_window));
  }
}

class Algorithms {
 public:
  Algorithms(const model::Capabilities& system, Findings& findings) : system_(system), findings_(findings) {}

  // A proposal, or a static SA's algorithm.
  void check(std::string_view written, const std::string& at) {
    for (const auto part : std::views::split(written, '-')) {
      const std::string_view keyword(part.begin(), part.end());
      const auto lacking = std::ranges::find_if(system_.lacks, [&](const model::Lacking& item) {
        return keyword.starts_with(item.begins) && keyword.ends_with(item.ends) && keyword.contains(item.holds);
      });
      if (lacking == system_.lacks.end() || findings_.any_under(at)) continue;
      findings_.error(at, fmt::format("{} needs {}, which this system's kernel does not have", written, lacking->name),
                      "take another, like aes256gcm16 or aes256-sha256, at both ends");
    }
  }

 private:
  const model::Capabilities& system_;
  Findings& findings_;
};

void check_static(const model::StaticKeys& keys, const std::string& at, Algorithms& algorithms) {
  for (std::size_t i = 0; i < keys.in.size(); ++i) {
    const std::string in = keys.in.size() == 1 ? at + "/in" : join(at + "/in", i);
    algorithms.check(print(keys.in[i].algorithm), in + "/algorithm");
  }
  algorithms.check(print(keys.out.algorithm), at + "/out/algorithm");
}

void check_fib(const std::optional<std::uint32_t>& fib, const model::Capabilities& system, const std::string& at,
               std::string_view instead, Findings& findings) {
  if (!fib || *fib < system.fibs || findings.any_under(at)) return;
  if (system.fibs == 0) {
    findings.error(at, "this system has no FIBs", std::string(instead));
  } else {
    findings.error(at, fmt::format("there are {} of them here (the sysctl net.fibs)", system.fibs),
                   fmt::format("write 0 to {}, or set net.fibs in /boot/loader.conf", system.fibs - 1));
  }
}

void check_domains(const model::Config& config, const model::Capabilities& system, Findings& findings) {
  for (const model::Interface& interface : config.interfaces) {
    const std::string at = join("/interfaces", interface.name);
    if (interface.vrf && !system.has_vrfs && !findings.any_under(at + "/vrf")) {
      findings.error(at + "/vrf", "this system has no VRFs", system.fibs > 0 ? "see \"fib\"" : "take it out");
    }
    check_fib(interface.fib, system, at + "/fib", system.has_vrfs ? "see \"vrf\"" : "take it out", findings);
  }
  for (const model::Tunnel& tunnel : config.tunnels) {
    const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
    if (ike != nullptr)
      check_fib(ike->local.fib, system, join("/tunnels", tunnel.name) + "/ike/local/fib", "take it out", findings);
  }
}

void check_probes(const model::Config& config, const model::Capabilities& system, Findings& findings) {
  for (const model::Gateway& gateway : config.gateways) {
    for (std::size_t i = 0; !system.asks_arp && i < gateway.monitor.targets.size(); ++i) {
      const std::string at = join(join("/gateways", gateway.name) + "/monitor/targets", i) + "/kind";
      if (gateway.monitor.targets[i].kind != model::ProbeKind::arp || findings.any_under(at)) continue;
      findings.error(at, "this system does not ask for IPv4 neighbours", "write \"icmp\" or \"tcp\"");
    }
  }
}

// One route to an address is all there is, so whoever sends there goes the same way.
void check_ways_to_peers(const model::Config& config, Findings& findings) {
  std::map<net::Address, std::pair<std::string_view, std::string>> ways;  // gateway, who says so
  for (const model::StaticRoute& route : config.routes) {
    if (route.to.length != route.to.address.bits()) continue;
    ways.emplace(route.to.address, std::pair(std::string_view(route.via), "the route to " + net::print(route.to)));
  }
  for (const model::Gateway& gateway : config.gateways) {
    for (const net::Address& address : model::probed_beyond(gateway))
      ways.emplace(address, std::pair(std::string_view(gateway.name), "the monitor of gateways/" + gateway.name));
  }
  for (const model::Tunnel& tunnel : config.tunnels) {
    const auto* ike = tunnel.enabled ? std::get_if<model::Ike>(&tunnel.ike) : nullptr;
    const std::string at = join("/tunnels", tunnel.name) + "/ike/local/gateway";
    if (ike == nullptr || ike->local.gateway.empty() || findings.any_under(at)) continue;
    for (const net::Address& peer : addresses_of(ike->remote.address)) {
      const auto [way, fresh] = ways.emplace(peer, std::pair(std::string_view(ike->local.gateway), "tunnels/" + tunnel.name));
      const auto& [gateway, who] = way->second;
      if (fresh || gateway == ike->local.gateway) continue;
      findings.error(
          at, fmt::format("{} goes to {} by {}, and this system has one way to an address", who, net::print(peer), gateway),
          "name the same gateway or group in both");
    }
  }
}

// What is for the host itself has no way to take, and pf has one condition for a destination.
void check_exceptions_of_ways(const model::Config& config, Findings& findings) {
  for (std::size_t i = 0; i < config.policy_routes.size(); ++i) {
    const model::Traffic& traffic = config.policy_routes[i].traffic;
    if (traffic.to_not.empty() || !traffic.to.empty()) continue;
    findings.error(
        join("/policy_routes", i) + "/to_not",
        "needs \"to\" on this system: pf has one condition for a destination, which keeps this host's own addresses out",
        "write networks in \"to\", or an entry before it with \"via\": \"routes\"");
  }
}

void check_dscp(const model::Config& config, Findings& findings) {
  const auto& rules = config.filter.rules;
  for (std::size_t i = 0; rules && i < rules->size(); ++i) {
    if ((*rules)[i].traffic.dscp.empty()) continue;
    findings.error(join("/rules", i) + "/dscp", "cannot be matched on this system: pf compares the congestion bits with it",
                   "take it out");
  }
}

}  // namespace

void check_system(const model::Config& config, const model::Capabilities& system, Findings& findings) {
  if (config.role_address && !system.address_has_state && !findings.any_under("/role")) {
    findings.error("/role/address", "cannot be followed: this system tells devd alone which node has a CARP address",
                   "take it out, and let devd run vtictl role (docs/freebsd.md)");
  }
  check_domains(config, system, findings);
  check_probes(config, system, findings);
  if (!system.has_rules) check_ways_to_peers(config, findings);
  if (!system.has_rules) check_exceptions_of_ways(config, findings);
  if (!system.sees_dscp) check_dscp(config, findings);
  Algorithms algorithms(system, findings);
  for (const model::Tunnel& tunnel : config.tunnels) {
    const std::string of_tunnel = join("/tunnels", tunnel.name);
    const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike);
    if (keys != nullptr && tunnel.enabled) check_static(*keys, of_tunnel + "/keys", algorithms);
    for (const model::Child& child : tunnel.children) {
      const std::string at = join(of_tunnel + "/children", child.name);
      if (!system.manages_policies) check_owner(child, at, findings);
      if (!tunnel.enabled || !child.enabled) continue;
      check_sa_options(child, system, at, findings);
      for (const std::string& proposal : child.proposals) algorithms.check(proposal, at + "/proposals");
    }
  }
}

}  // namespace vtid::config
