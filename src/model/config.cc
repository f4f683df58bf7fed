#include "model/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace vtid::model {
namespace {

template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
  const auto found = std::ranges::find(items, name, &T::name);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string print(const IkePeer& peer) {
  if (!peer.interface.empty()) return "the address of " + peer.interface;
  return peer.gateway.empty() ? print(peer.address) : "the address towards " + peer.gateway;
}

std::string_view print(SendCertificate send) {
  switch (send) {
    case SendCertificate::asked: return "asked";
    case SendCertificate::always: return "always";
    case SendCertificate::never: return "never";
  }
  std::abort();
}

std::span<const SignatureScheme> signature_schemes() {
  static constexpr SignatureScheme kAll[] = {
      {"rsa-sha1", "rsa", "sha1"},
      {"rsa-sha256", "rsa", "sha256"},
      {"rsa-sha384", "rsa", "sha384"},
      {"rsa-sha512", "rsa", "sha512"},
      {"rsa-pss-sha256", "rsa/pss", "sha256"},
      {"rsa-pss-sha384", "rsa/pss", "sha384"},
      {"rsa-pss-sha512", "rsa/pss", "sha512"},
      {"ecdsa-sha256", "ecdsa", "sha256"},
      {"ecdsa-sha384", "ecdsa", "sha384"},
      {"ecdsa-sha512", "ecdsa", "sha512"},
      {"ed25519", "ed25519", "identity"},
      {"ed448", "ed448", "identity"},
  };
  return kAll;
}

std::string_view print(Revocation revocation) {
  switch (revocation) {
    case Revocation::relaxed: return "relaxed";
    case Revocation::if_uri: return "if_uri";
    case Revocation::strict: return "strict";
  }
  std::abort();
}

std::string_view print(Start start) {
  switch (start) {
    case Start::start: return "start";
    case Start::trap: return "trap";
    case Start::none: return "none";
  }
  std::abort();
}

std::string_view print(ChangeEvent event) {
  switch (event) {
    case ChangeEvent::gateway: return "gateway";
    case ChangeEvent::tunnel: return "tunnel";
    case ChangeEvent::group: return "group";
    case ChangeEvent::role: return "role";
  }
  std::abort();
}

std::string_view print(ChildMode mode) {
  switch (mode) {
    case ChildMode::vti: return "vti";
    case ChildMode::tunnel: return "tunnel";
    case ChildMode::transport: return "transport";
  }
  std::abort();
}

std::string_view print(PolicyOwner owner) {
  switch (owner) {
    case PolicyOwner::charon: return "charon";
    case PolicyOwner::vtid: return "vtid";
    case PolicyOwner::interface: return "interface";
  }
  std::abort();
}

std::string_view print(Trigger trigger) {
  switch (trigger) {
    case Trigger::down: return "down";
    case Trigger::loss: return "loss";
    case Trigger::latency: return "latency";
    case Trigger::loss_or_latency: return "loss_or_latency";
  }
  std::abort();
}

std::string_view print(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::icmp: return "icmp";
    case ProbeKind::tcp: return "tcp";
    case ProbeKind::arp: return "arp";
    case ProbeKind::nd: return "nd";
  }
  std::abort();
}

std::string print(const MonitorTarget& target) {
  const std::string address = net::print(target.address.value());
  if (target.kind != ProbeKind::tcp) return fmt::format("{} {}", print(target.kind), address);
  return target.address->is_v4() ? fmt::format("tcp {}:{}", address, target.port)
                                 : fmt::format("tcp [{}]:{}", address, target.port);
}

std::string_view print(WhenAllDown when_all_down) {
  switch (when_all_down) {
    case WhenAllDown::first_tier: return "first_tier";
    case WhenAllDown::keep_last: return "keep_last";
    case WhenAllDown::none: return "none";
  }
  std::abort();
}

const Child* Tunnel::child(std::string_view wanted) const { return find_named(children, wanted); }

const Endpoint* peer_of(const Tunnel& tunnel) {
  const auto* ike = std::get_if<Ike>(&tunnel.ike);
  return ike == nullptr ? nullptr : &ike->remote.address;
}

bool has_varying_peer(const Tunnel& tunnel) {
  const Endpoint* peer = peer_of(tunnel);
  return peer != nullptr && varies(*peer);
}

std::vector<MonitorTarget> targets_of(const Gateway& gateway) {
  const MonitorOptions& monitor = gateway.monitor;
  std::vector<MonitorTarget> targets = monitor.targets;
  if (targets.empty()) targets.push_back({monitor.address});
  for (MonitorTarget& target : targets) target.address = target.address.value_or(gateway.address);
  return targets;
}

// ARP and neighbour discovery ask on the link, whatever routes say.
std::vector<net::Address> probed_beyond(const Gateway& gateway) {
  const MonitorOptions& monitor = gateway.monitor;
  std::vector<net::Address> beyond;
  if (!monitor.enabled || monitor.forced_down || (!monitor.address && monitor.targets.empty())) return beyond;
  for (const MonitorTarget& target : targets_of(gateway)) {
    const bool routed = target.kind == ProbeKind::icmp || target.kind == ProbeKind::tcp;
    if (routed && *target.address != gateway.address) beyond.push_back(*target.address);
  }
  std::ranges::sort(beyond);
  beyond.erase(std::ranges::unique(beyond).begin(), beyond.end());
  return beyond;
}

bool has_interface_per_child(const Tunnel& tunnel) {
  const auto* ike = std::get_if<Ike>(&tunnel.ike);
  return ike != nullptr && (ike->split || ike->version == IkeVersion::v1);
}

std::vector<ChildConfig> child_configs(const Tunnel& tunnel) {
  const bool apart = has_interface_per_child(tunnel);
  const bool external = std::holds_alternative<ExternalIke>(tunnel.ike);
  std::vector<ChildConfig> configs;
  std::size_t shared = SIZE_MAX;
  for (const Child& child : tunnel.children) {
    if (!child.enabled) continue;
    const bool shares = child.mode == ChildMode::vti && !apart;
    if (!shares || shared == SIZE_MAX) {
      ChildConfig& config = configs.emplace_back();
      config.name = shares && !external ? tunnel.name : child.name;
      config.holder = shares ? tunnel.name : tunnel.name + '/' + child.name;
      config.mode = child.mode;
      config.rekey = kDefaultChildRekey;
      if (has_static_keys(tunnel)) config.policies = PolicyOwner::vtid;
      if (shares) shared = configs.size() - 1;
    }
    ChildConfig& config = shares ? configs[shared] : configs.back();
    config.children.push_back(&child);
    if (!child.proposals.empty()) config.proposals = child.proposals;
    if (child.rekey) config.rekey = *child.rekey;
    if (child.policies) config.policies = *child.policies;
    take_over(config.options, child.options);
  }
  for (ChildConfig& config : configs) {
    if (config.proposals.empty()) config.proposals = kDefaultChildProposals;
  }
  return configs;
}

std::string print(const RoutingDomain& domain) {
  if (domain.vrf) return "the VRF " + domain.vrf->text();
  return domain.fib == 0 ? "the main table" : "FIB " + std::to_string(domain.fib);
}

std::map<std::string, const Interface*, std::less<>> assignments_by_holder(const Config& config) {
  std::map<std::string, const Interface*, std::less<>> assignments;
  for (const Interface& interface : config.interfaces) {
    if (const auto* port = std::get_if<TunnelPort>(&interface.port)) assignments.emplace(port->holder(), &interface);
  }
  return assignments;
}

const Tunnel* Config::tunnel(std::string_view name) const { return find_named(tunnels, name); }
const Interface* Config::interface(std::string_view name) const { return find_named(interfaces, name); }
const Gateway* Config::gateway(std::string_view name) const { return find_named(gateways, name); }
const GatewayGroup* Config::group(std::string_view name) const { return find_named(groups, name); }

}  // namespace vtid::model
