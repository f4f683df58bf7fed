#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/duration.h"
#include "config/automatic.h"
#include "config/by_name.h"
#include "config/rules.h"
#include "config/tree.h"
#include "model/filter.h"

namespace vtid::config {
namespace {

using model::Child;
using model::Config;
using model::Gateway;
using model::Interface;
using model::MonitorOptions;
using model::Tunnel;

bool is_unit_name(std::string_view device) {
  const auto digits = device.substr(std::min<std::size_t>(5, device.size()));
  return device.starts_with("ipsec") && !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

// Which interface of a tunnel is meant has to be said exactly when there is one per child.
void check_child(const Tunnel& tunnel, const std::string& child_name, const std::string& at, Findings& findings) {
  const std::string named = "tunnels/" + tunnel.name;
  if (!model::has_interface_per_child(tunnel)) {
    if (!child_name.empty())
      findings.error(at + "/child", named + " has one interface for all its children", "take it out, or set \"split\": true");
    else if (std::ranges::none_of(tunnel.children, [](const Child& child) { return child.mode == model::ChildMode::vti; }))
      findings.error(at + "/tunnel", named + " has no VTI child and so no interface", "take the assignment out");
    return;
  }
  const Child* child = tunnel.child(child_name);
  if (child_name.empty()) {
    findings.error(at, named + " has one interface per child", "name the one that is meant with \"child\"");
  } else if (child == nullptr) {
    findings.error(at + "/child", fmt::format("{} has no child \"{}\"", named, child_name),
                   ByName(tunnel.children).suggest(child_name, "add it to its \"children\""));
  } else if (child->mode != model::ChildMode::vti) {
    findings.error(at + "/child",
                   fmt::format("{} is a {}-mode child and has no interface", child_name, model::print(child->mode)),
                   "take the assignment out");
  }
}

void check_port(const Interface& interface, const std::string& at, const ByName<Tunnel>& tunnels, Findings& findings) {
  if (const auto* port = std::get_if<model::TunnelPort>(&interface.port)) {
    if (findings.any_at("/tunnels")) return;
    const Tunnel* tunnel = tunnels.find(port->tunnel);
    if (tunnel == nullptr) {
      findings.error(at + "/tunnel", fmt::format("there is no tunnel \"{}\"", port->tunnel),
                     tunnels.suggest(port->tunnel, "add it to \"tunnels\""));
    } else if (const std::string of = join("/tunnels", tunnel->name);
               !findings.any_under(of + "/children") && !findings.any_under(of + "/ike")) {
      check_child(*tunnel, port->child, at, findings);
    }
    return;
  }
  if (is_unit_name(std::get<model::DevicePort>(interface.port).device.text())) {
    findings.error(at + "/device", "ipsecN are vtid's own devices", "assign the tunnel: {\"tunnel\": \"…\"}");
  }
  if (interface.mtu) findings.error(at + "/mtu", "vtid changes no device but its own", "write \"auto\", or take it out");
}

std::string port_name(const Interface& interface) {
  const auto* tunnel = std::get_if<model::TunnelPort>(&interface.port);
  return tunnel != nullptr ? "tunnels/" + tunnel->holder()
                           : "device " + std::get<model::DevicePort>(interface.port).device.text();
}

void check_monitor(const MonitorOptions& monitor, const std::string& at, Findings& findings) {
  const auto refuse = [&](std::string_view key, std::string text, std::string remedy) {
    findings.error(fmt::format("{}/{}", at, key), std::move(text), std::move(remedy));
  };
  const Duration least = 2 * monitor.interval + monitor.loss_interval;
  if (monitor.period <= least) {
    refuse("period", fmt::format("{} holds too few probes", print_duration(monitor.period)),
           fmt::format("write more than {}: two intervals and the loss interval", print_duration(least)));
  }
  if (monitor.period / monitor.interval > kMostProbes) {
    refuse("period", fmt::format("{} holds {} probes", print_duration(monitor.period), monitor.period / monitor.interval),
           fmt::format("write a longer interval: at most {} are kept", kMostProbes));
  }
  if (monitor.alert < monitor.interval) {
    refuse("alert", fmt::format("{} is shorter than the interval", print_duration(monitor.alert)),
           fmt::format("write {} or more", print_duration(monitor.interval)));
  }
  if (monitor.latency_low >= monitor.latency_high) refuse("latency", "low is not below high", "");
  if (monitor.latency_high > monitor.loss_interval) {
    refuse("latency/high", fmt::format("{} is longer than the loss interval", print_duration(monitor.latency_high)),
           fmt::format("a probe counts as lost after {}", print_duration(monitor.loss_interval)));
  }
  if (monitor.loss_low >= monitor.loss_high) refuse("loss", "low is not below high", "");
}

// On a tunnel's interface only what its children reach is a gateway.
bool reaches(const Tunnel& tunnel, const Interface& interface, const net::Address& address) {
  const auto* port = std::get_if<model::TunnelPort>(&interface.port);
  return std::ranges::any_of(tunnel.children, [&](const Child& child) {
    return child.enabled && child.mode == model::ChildMode::vti && (port->child.empty() || port->child == child.name) &&
           child.local.address != address && (child.remote == address || child.local.contains(address));
  });
}

void check_written(const Gateway& gateway, const std::string& at, const ByName<Interface>& interfaces,
                   const Automatic& automatic, Findings& findings) {
  const std::string wrong = what_is_wrong_with_name(gateway.name, kLongestGatewayName);
  if (!wrong.empty()) findings.error(at, "the name " + wrong, std::string(kNameRemedy));
  if (gateway.name == model::kNoDefault || gateway.name == model::kAutomaticDefault) {
    findings.error(at, fmt::format("\"{}\" has a meaning of its own in \"default_gateway\"", gateway.name),
                   "choose another name");
  }
  if (findings.any_under(at + "/interface") || findings.any_at("/interfaces")) return;
  const Interface* interface = interfaces.find(gateway.interface);
  if (interface == nullptr) {
    return findings.error(at + "/interface", fmt::format("there is no interface \"{}\"", gateway.interface),
                          interfaces.suggest(gateway.interface, "add it to \"interfaces\""));
  }
  const Tunnel* tunnel = automatic.tunnel_of(*interface);
  if (gateway.on_link && tunnel != nullptr && !findings.any_under(at + "/on_link")) {
    findings.error(at + "/on_link", "a tunnel has no neighbours but those that its children name", "take it out");
  }
  if (tunnel == nullptr || findings.any_under(at + "/address") || !children_known(findings, tunnel)) return;
  if (gateway.dynamic) {
    return findings.error(at + "/address", fmt::format("nobody gives tunnels/{} a next hop", tunnel->name),
                          "write an address inside the network of one of its children");
  }
  if (!reaches(*tunnel, *interface, gateway.address)) {
    findings.error(at + "/address", fmt::format("{} is no neighbour on tunnels/{}", net::print(gateway.address), tunnel->name),
                   "write an address inside the network of one of its children");
  }
}

void check_families(const Gateway& gateway, const std::string& at, Findings& findings) {
  const auto check = [&](const std::optional<net::Address>& address, const std::string& where) {
    if (!address || address->family() == gateway.address.family()) return;
    findings.error(where + "/address",
                   fmt::format("is {} and the gateway {}", net::print(address->family()), net::print(gateway.address.family())),
                   "write an address of the gateway's family");
  };
  check(gateway.monitor.address, at);
  for (std::size_t i = 0; i < gateway.monitor.targets.size(); ++i) {
    check(gateway.monitor.targets[i].address, join(at + "/targets", i));
  }
}

// Each kind of probe can ask only what it is made for, and each target counts once.
void check_targets(const Gateway& gateway, bool on_tunnel, const std::string& at, Findings& findings) {
  const MonitorOptions& monitor = gateway.monitor;
  if (monitor.targets.empty()) return;
  if (monitor.address) findings.error(at + "/address", "stands beside \"targets\"", "write it as one of them");
  if (monitor.require.value_or(1) > monitor.targets.size()) {
    findings.error(at + "/require", fmt::format("{} of {} targets cannot be met", *monitor.require, monitor.targets.size()),
                   "write \"all\" or a number of targets that there are");
  }
  std::set<model::MonitorTarget> seen;
  const std::vector<model::MonitorTarget> targets = model::targets_of(gateway);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto& [address, kind, port] = targets[i];
    const std::string where = join(at + "/targets", i);
    const bool neighbour = kind == model::ProbeKind::arp || kind == model::ProbeKind::nd;
    if (neighbour && on_tunnel) {
      findings.error(where + "/kind", "a tunnel has no link-layer addresses to ask for", "write \"icmp\" or \"tcp\"");
    } else if (neighbour && address->is_v4() != (kind == model::ProbeKind::arp)) {
      findings.error(where + "/kind",
                     fmt::format("{} does not ask for {} addresses", print(kind), net::print(address->family())),
                     "write \"arp\" for IPv4 and \"nd\" for IPv6");
    } else if ((kind == model::ProbeKind::tcp) != (port != 0)) {
      findings.error(where + "/port", port == 0 ? "a connection needs a port" : fmt::format("{} has no ports", print(kind)),
                     port == 0 ? "write the number of one, like 443" : "take it out, or write \"kind\": \"tcp\"");
    }
    if (!seen.insert(targets[i]).second) findings.error(where, print(targets[i]) + " is there twice", "take one out");
  }
}

// Each takes a mark and a table.
void check_probed_beyond(const Config& config, Findings& findings) {
  const auto count =
      std::ranges::count_if(config.gateways, [](const Gateway& gateway) { return !model::probed_beyond(gateway).empty(); });
  if (count <= model::kProbes) return;
  findings.error("/gateways", fmt::format("{} are probed by other addresses than their own", count),
                 fmt::format("at most {} may: let the others be probed themselves", model::kProbes));
}

}  // namespace

void check_interfaces(const Config& config, Findings& findings) {
  const ByName tunnels(config.tunnels);
  std::map<std::string, std::string_view> ports;
  for (const Interface& interface : config.interfaces) {
    const std::string at = join("/interfaces", interface.name);
    const std::string wrong = what_is_wrong_with_name(interface.name, kLongestInterfaceName);
    if (!wrong.empty()) findings.error(at, "the name " + wrong, std::string(kNameRemedy));
    if (findings.any_under(at)) continue;
    check_port(interface, at, tunnels, findings);
    const auto [owner, fresh] = ports.emplace(port_name(interface), interface.name);
    if (fresh) continue;
    findings.error(at, fmt::format("{} is assigned to interfaces/{} already", owner->first, owner->second), "keep one of them");
  }
}

void check_gateways(const Config& config, Findings& findings) {
  const ByName interfaces(config.interfaces);
  const Automatic automatic(config);
  check_probed_beyond(config, findings);
  for (const Gateway& gateway : config.gateways) {
    const std::string at = join("/gateways", gateway.name);
    if (!gateway.automatic) check_written(gateway, at, interfaces, automatic, findings);
    if (findings.any_under(at + "/monitor")) continue;
    check_monitor(gateway.monitor, at + "/monitor", findings);
    if (findings.any_under(at) || !children_known(findings, automatic.tunnel_of(gateway))) continue;
    check_families(gateway, at + "/monitor", findings);
    check_targets(gateway, automatic.tunnel_of(gateway) != nullptr, at + "/monitor", findings);
  }
}

}  // namespace vtid::config
