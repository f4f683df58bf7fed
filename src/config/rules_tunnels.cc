#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Child;
using model::Config;
using model::Ike;
using model::Tunnel;

void check_peers(const Ike& ike, const std::string& at, Findings& findings) {
  const auto* local = std::get_if<net::Address>(&ike.local.address);
  const auto* remote = std::get_if<net::Address>(&ike.remote.address);
  if (local == nullptr || remote == nullptr) return;
  if (local->family() != remote->family()) {
    findings.error(at + "/remote/address",
                   fmt::format("is {} and the local address {}", net::print(remote->family()), net::print(local->family())),
                   "give both ends addresses of one family");
  }
  if (*local == *remote) {
    findings.error(at + "/remote/address", fmt::format("{} is the local address too", net::print(*remote)),
                   "write the peer's address");
  }
}

void check_responder(const Tunnel& tunnel, const Ike& ike, const std::string& at, Findings& findings) {
  if (!std::holds_alternative<model::AnyAddress>(ike.remote.address)) return;
  if (tunnel.start != model::Start::none && !findings.any_under(at + "/start")) {
    findings.error(at + "/start", "a peer at \"any\" address cannot be called", "write \"start\": \"none\" and let it call");
  }
  if (ike.remote.id.empty() && !findings.any_under(at + "/ike/remote/id")) {
    findings.error(at + "/ike/remote", "a peer at \"any\" address needs an id", "write \"id\", by which it is known");
  }
}

void check_ike(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  const auto* ike = std::get_if<Ike>(&tunnel.ike);
  const auto wrong = [&](std::string_view key) { return findings.any_under(at + std::string(key)); };
  if (ike == nullptr || findings.any_at(at + "/ike")) return;
  if (!wrong("/ike/local/address") && !wrong("/ike/remote/address")) check_peers(*ike, at + "/ike", findings);
  if (!findings.any_at(at + "/ike/remote") && !wrong("/ike/remote/address")) check_responder(tunnel, *ike, at, findings);
}

// The addresses that no host may have: both ends of an IPv4 network, RFC 919; the routers' anycast address, RFC 4291,
// section 2.6.1. Networks of two addresses have neither, RFC 3021 and RFC 6164.
std::string reserved_in(const net::Prefix& prefix, const net::Address& address) {
  if (prefix.length >= prefix.address.bits() - 1 || !prefix.contains(address)) return "";
  const auto ends_in = [&](bool ones) {
    for (int bit = prefix.length; bit < address.bits(); ++bit) {
      const int byte = address.bytes()[static_cast<std::size_t>(bit / 8)];
      if (((byte >> (7 - bit % 8)) & 1) != static_cast<int>(ones)) return false;
    }
    return true;
  };
  if (ends_in(false)) return address.is_v4() ? "network address" : "routers' anycast address";
  return address.is_v4() && ends_in(true) ? "broadcast address" : "";
}

void check_addresses(const Child& child, const std::string& at, Findings& findings) {
  const std::string local = net::print(child.local);
  const std::string remote = net::print(child.remote);
  if (child.local.family() != child.remote.family()) {
    return findings.error(
        at + "/remote",
        fmt::format("is {} and the local address {}", net::print(child.remote.family()), net::print(child.local.family())),
        "write one child per family");
  }
  if (child.local.address == child.remote) {
    return findings.error(at + "/remote", fmt::format("{} is the local address too", remote), "write the peer's inner address");
  }
  const bool host = child.local.length == child.local.address.bits();
  if (!host && !child.local.contains(child.remote)) {
    return findings.error(at + "/remote", fmt::format("{} is outside {}", remote, net::print(child.local.network())),
                          "write an address inside, or a local address of full length for a peer elsewhere");
  }
  if (const auto what = reserved_in(child.local, child.local.address); !what.empty()) {
    findings.error(at + "/local", fmt::format("{} is the {} of its network", local, what), "write a host's address");
  }
  if (const auto what = reserved_in(child.local, child.remote); !what.empty()) {
    findings.error(at + "/remote", fmt::format("{} is the {} of {}", remote, what, net::print(child.local.network())),
                   "write a host's address");
  }
}

// IKEv2 negotiates all VTI children of a tunnel as one CHILD_SA.
template <class T>
void check_agreement(const Tunnel& tunnel, const std::string& at, std::string_view key, T Child::*member, Findings& findings) {
  const Child* first = nullptr;
  for (const Child& child : tunnel.children) {
    if (!child.enabled || child.*member == T{}) continue;
    if (first == nullptr) first = &child;
    if (child.*member == first->*member) continue;
    findings.error(fmt::format("{}/{}", join(at, child.name), key),
                   fmt::format("differs from that of \"{}\", with which it is one CHILD_SA", first->name),
                   "write it in one child only, or give this child a tunnel of its own");
  }
}

// Phase 2 of a connection in swanctl.conf is written there.
void check_external(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike);
  if (external == nullptr) return;
  for (const Child& child : tunnel.children) {
    const auto refuse = [&](std::string_view key) {
      findings.error(fmt::format("{}/{}", join(at, child.name), key),
                     fmt::format("belongs to the connection \"{}\" of swanctl.conf", external->connection), "take it out");
    };
    if (!child.proposals.empty()) refuse("proposals");
    if (child.rekey) refuse("rekey");
  }
}

void check_children(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  if (findings.any_at(at)) return;
  const bool none_enabled = std::ranges::none_of(tunnel.children, &Child::enabled);
  if (tunnel.children.empty() || (tunnel.enabled && none_enabled)) {
    findings.error(at, tunnel.children.empty() ? "is empty" : "are all disabled", "add or enable one, or disable the tunnel");
  }
  for (const Child& child : tunnel.children) {
    const std::string pointer = join(at, child.name);
    const std::string wrong = what_is_wrong_with_name(child.name, kLongestTunnelName);
    if (!wrong.empty()) findings.error(pointer, "the name " + wrong, std::string(kNameRemedy));
    if (inner_addresses_known(findings, pointer)) check_addresses(child, pointer, findings);
  }
  check_agreement(tunnel, at, "proposals", &Child::proposals, findings);
  check_agreement(tunnel, at, "rekey", &Child::rekey, findings);
  check_agreement(tunnel, at, "policies", &Child::policies, findings);
  check_external(tunnel, at, findings);
}

void check_units(const Config& config, Findings& findings) {
  std::map<net::Unit, const Tunnel*> pinned;
  for (const Tunnel& tunnel : config.tunnels) {
    if (!tunnel.unit) continue;
    const auto [owner, fresh] = pinned.emplace(*tunnel.unit, &tunnel);
    if (fresh) continue;
    findings.error(join("/tunnels", tunnel.name) + "/unit",
                   fmt::format("{} is the unit of tunnels/{} too", tunnel.unit->value, owner->second->name),
                   "pin another, or none");
  }
}

// charon tells connections apart by addresses and identities when the peer calls.
void check_twins(const Config& config, Findings& findings) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::string_view> seen;
  for (const Tunnel& tunnel : config.tunnels) {
    const auto* ike = std::get_if<Ike>(&tunnel.ike);
    const std::string at = join("/tunnels", tunnel.name) + "/ike";
    if (ike == nullptr || !tunnel.enabled || findings.any_under(at)) continue;
    const auto [twin, fresh] = seen.emplace(
        std::tuple(model::print(ike->local.address), ike->local.id, model::print(ike->remote.address), ike->remote.id),
        tunnel.name);
    if (fresh) continue;
    findings.warning(
        at,
        fmt::format("has the addresses and ids of tunnels/{}: charon cannot tell them apart when the peer calls", twin->second),
        "give one of them ids of its own");
  }
}

}  // namespace

std::string what_is_wrong_with_name(std::string_view name, std::size_t longest) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (name.empty()) return "is empty";
  if (name.size() > longest) return fmt::format("is longer than {} bytes", longest);
  if (!std::ranges::all_of(name, allowed)) return "holds something else than letters, digits, '_' and '-'";
  return name.front() == '-' ? "starts with '-'" : "";
}

void check_tunnels(const Config& config, Findings& findings) {
  for (const Tunnel& tunnel : config.tunnels) {
    const std::string at = join("/tunnels", tunnel.name);
    const std::string wrong = what_is_wrong_with_name(tunnel.name, kLongestTunnelName);
    if (!wrong.empty()) findings.error(at, "the name " + wrong, std::string(kNameRemedy));
    if (findings.any_at(at) && wrong.empty()) continue;
    check_ike(tunnel, at, findings);
    check_children(tunnel, at + "/children", findings);
  }
  check_units(config, findings);
  check_twins(config, findings);
}

}  // namespace vtid::config
