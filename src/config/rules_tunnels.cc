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
  const auto family = family_of(ike.remote.address);
  if (local == nullptr || !family) return;
  if (local->family() != *family) {
    findings.error(at + "/remote/address",
                   fmt::format("is {} and the local address {}", net::print(*family), net::print(local->family())),
                   "give both ends addresses of one family");
  }
  if (const auto remotes = addresses_of(ike.remote.address); std::ranges::find(remotes, *local) != remotes.end()) {
    findings.error(at + "/remote/address", fmt::format("{} is the local address too", net::print(*local)),
                   "write the peer's address");
  }
}

// With a PSK it would be the address, and that is now one and now the other.
void check_identity_of_several(const Ike& ike, const std::string& at, Findings& findings) {
  if (!std::holds_alternative<model::SeveralAddresses>(ike.remote.address) || !ike.remote.id.empty()) return;
  if (!std::holds_alternative<model::PskAuth>(ike.auth) || findings.any_under(at + "/remote/id")) return;
  findings.error(at + "/remote", "a peer with several addresses needs an id: with a PSK the address would be it",
                 "write \"id\", as the peer has it");
}

void check_responder(const Tunnel& tunnel, const Ike& ike, const std::string& at, Findings& findings) {
  if (is_callable(ike.remote.address)) return;
  const std::string peer = "a peer at " + whence(ike.remote.address);
  if (tunnel.start != model::Start::none && !findings.any_under(at + "/start")) {
    findings.error(at + "/start", peer + " cannot be called", "write \"start\": \"none\" and let it call");
  }
  if (ike.remote.id.empty() && !findings.any_under(at + "/ike/remote/id")) {
    findings.error(at + "/ike/remote", peer + " needs an id", "write \"id\", by which it is known");
  }
}

bool is_aead(std::string_view proposal) {
  const std::string_view cipher = proposal.substr(0, proposal.find('-'));
  return cipher.contains("gcm") || cipher.contains("ccm") || cipher.contains("poly1305");
}

void check_version1(const Ike& ike, const std::string& at, Findings& findings) {
  if (ike.mobike) findings.error(at + "/mobike", "needs IKE version 2", "take it out, or write \"version\": 2");
  if (const auto aead = std::ranges::find_if(ike.proposals, is_aead); aead != ike.proposals.end()) {
    findings.error(at + "/proposals", fmt::format("{} needs IKE version 2 in phase 1", *aead),
                   "write one with a cipher and a hash, like aes256-sha256-ecp256; children may use AEAD ciphers");
  }
}

void check_ike(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  const auto* ike = std::get_if<Ike>(&tunnel.ike);
  const auto wrong = [&](std::string_view key) { return findings.any_under(at + std::string(key)); };
  if (ike == nullptr || findings.any_at(at + "/ike")) return;
  if (ike->version == model::IkeVersion::v1) check_version1(*ike, at + "/ike", findings);
  if (!wrong("/ike/local/address") && !wrong("/ike/remote/address")) check_peers(*ike, at + "/ike", findings);
  if (!findings.any_at(at + "/ike/remote") && !wrong("/ike/remote/address")) check_responder(tunnel, *ike, at, findings);
  if (!findings.any_at(at + "/ike/remote") && !wrong("/ike/remote/address"))
    check_identity_of_several(*ike, at + "/ike", findings);
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

// IKEv2 negotiates all VTI children of a tunnel as one CHILD_SA, unless it is split.
template <class T>
void check_agreement(const Tunnel& tunnel, const std::string& at, std::string_view key, T Child::*member, Findings& findings) {
  const Child* first = nullptr;
  if (model::has_interface_per_child(tunnel)) return;
  for (const Child& child : tunnel.children) {
    if (!child.enabled || child.mode != model::ChildMode::vti || child.*member == T{}) continue;
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

// A VTI child's SAs carry everything that is routed into its interface: beside them in one CHILD_SA, or chosen by the same
// selectors, another mode's would capture it or be captured.
void check_modes(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  const auto vti = std::ranges::find(tunnel.children, model::ChildMode::vti, &Child::mode);
  if (model::has_interface_per_child(tunnel) || vti == tunnel.children.end()) return;
  for (const Child& child : tunnel.children) {
    const std::string pointer = join(at, child.name);
    if (child.mode == model::ChildMode::vti || findings.any_at(pointer) || findings.any_under(pointer + "/mode")) continue;
    findings.error(pointer + "/mode",
                   fmt::format("a {}-mode child cannot be in one connection with the VTI child \"{}\"",
                               model::print(child.mode), vti->name),
                   "set \"split\": true in \"ike\", or give it a tunnel of its own");
  }
}

bool is_everything(const std::vector<net::Prefix>& networks) {
  return std::ranges::any_of(networks, [](const net::Prefix& network) { return network.length == 0; });
}

void check_networks(const Child& child, const std::string& at, Findings& findings) {
  if (findings.any_under(at + "/local") || findings.any_under(at + "/remote")) return;
  const auto fits = [](const std::vector<net::Prefix>& here, const std::vector<net::Prefix>& there) {
    return std::ranges::all_of(here, [&](const net::Prefix& one) {
      return std::ranges::any_of(there, [&](const net::Prefix& other) { return one.family() == other.family(); });
    });
  };
  if (child.local_networks.empty() != child.remote_networks.empty()) {
    findings.error(at, "names networks of one end only", "write both, or neither for the two ends themselves");
  } else if (!fits(child.local_networks, child.remote_networks) || !fits(child.remote_networks, child.local_networks)) {
    findings.error(at + "/remote", "has a network whose family the other end lacks", "write networks of one family per child");
  } else if (is_everything(child.local_networks) && is_everything(child.remote_networks)) {
    findings.error(at, "captures all traffic of this host, its own management included",
                   "narrow one end, or make it a VTI child and route into it");
  } else if (!child.local_networks.empty() && child.local_networks == child.remote_networks) {
    findings.error(at + "/remote", "names the networks of the local end", "write the peer's networks");
  }
}

// The responder finds the child that is meant by its selectors, and IKEv1 has room for one pair: 0/0 of a family.
void check_selectors(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  const auto* ike = std::get_if<Ike>(&tunnel.ike);
  if (ike == nullptr || ike->version != model::IkeVersion::v1) return;
  std::map<std::pair<net::Family, model::Selectors>, const Child*> first;
  for (const Child& child : tunnel.children) {
    if (!child.enabled || !inner_addresses_known(findings, join(at, child.name), child)) continue;
    const auto [twin, fresh] =
        first.emplace(std::pair(child.local.family(), child.options.selectors.value_or(model::Selectors{})), &child);
    if (fresh) continue;
    findings.error(
        join(at, child.name),
        fmt::format("IKEv1 cannot tell it from \"{}\": both carry {}", twin->second->name,
                    child.options.selectors ? "the same" : "all of " + std::string(net::print(child.local.family()))),
        "write \"version\": 2, or give it a tunnel of its own");
  }
}

// Where the numbers are: with the tunnel, or with each child.
void check_unit_place(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  if (model::has_interface_per_child(tunnel)) {
    if (tunnel.unit) {
      findings.warning(at + "/unit", "is kept for later: now each child has an interface and a unit of its own",
                       "write \"unit\" in the children to choose theirs");
    }
    return;
  }
  for (const Child& child : tunnel.children) {
    if (!child.unit) continue;
    findings.error(join(at + "/children", child.name) + "/unit", "all children of this tunnel share one interface",
                   "write \"unit\" in the tunnel");
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
    if (inner_addresses_known(findings, pointer, child)) check_addresses(child, pointer, findings);
    if (child.mode != model::ChildMode::vti) check_networks(child, pointer, findings);
  }
  check_modes(tunnel, at, findings);
  check_selectors(tunnel, at, findings);
  check_agreement(tunnel, at, "proposals", &Child::proposals, findings);
  check_agreement(tunnel, at, "rekey", &Child::rekey, findings);
  check_agreement(tunnel, at, "policies", &Child::policies, findings);
  check_external(tunnel, at, findings);
}

void check_units(const Config& config, Findings& findings) {
  std::map<net::Unit, std::string> pinned;
  const auto pin = [&](const std::optional<net::Unit>& unit, const std::string& at) {
    if (!unit) return;
    const auto [owner, fresh] = pinned.emplace(*unit, at);
    if (fresh) return;
    findings.error(at + "/unit", fmt::format("{} is the unit of {} too", unit->value, owner->second.substr(1)),
                   "pin another, or none");
  };
  for (const Tunnel& tunnel : config.tunnels) {
    const std::string at = join("/tunnels", tunnel.name);
    pin(tunnel.unit, at);
    for (const Child& child : tunnel.children) pin(child.unit, join(at + "/children", child.name));
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
        std::tuple(model::print(ike->local), ike->local.id, model::print(ike->remote.address), ike->remote.id), tunnel.name);
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
    check_unit_place(tunnel, at, findings);
  }
  check_units(config, findings);
  check_twins(config, findings);
}

}  // namespace vtid::config
