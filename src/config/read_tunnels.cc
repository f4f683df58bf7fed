#include <fmt/format.h>

#include <chrono>

#include "config/identity.h"
#include "config/read.h"
#include "config/read_auth.h"
#include "config/read_options.h"
#include "config/values.h"

namespace vtid::config {
namespace {

using namespace std::chrono_literals;
using model::ChildMode;
using model::IkeVersion;
using model::PolicyOwner;
using model::Start;

constexpr Word<Start> kStarts[] = {{"start", Start::start}, {"trap", Start::trap}, {"none", Start::none}};
constexpr Word<ChildMode> kChildModes[] = {
    {"vti", ChildMode::vti}, {"tunnel", ChildMode::tunnel}, {"transport", ChildMode::transport}};
constexpr Word<PolicyOwner> kOwners[] = {{"charon", PolicyOwner::charon}, {"vtid", PolicyOwner::vtid}};

// What reading a tunnel needs beside its object.
struct Place {
  Findings& findings;
  const Readers& readers;
};

Result<std::optional<std::uint16_t>> ike_port(const Node& node) {
  return map(number_in<std::uint16_t>(1, 65'535)(node), [](std::uint16_t value) { return std::optional(value); });
}

// Where our end is, in the place of its address.
void read_place(Object& object, model::IkePeer& local) {
  object.read("interface", local.interface, filled_text);
  object.read("gateway", local.gateway, filled_text);
  std::string_view first = object.has("address") ? "address" : "";
  for (const std::string_view key : {"interface", "gateway"}) {
    if (!object.has(key)) continue;
    if (!first.empty()) object.fail(key, Error{fmt::format("stands beside \"{}\"", first), "keep one of them"});
    if (first.empty()) first = key;
  }
}

void refuse_vrf(Object& local) {
  std::string vrf;
  local.read("vrf", vrf, filled_text);
  if (vrf.empty()) return;
  local.fail(
      "vrf",
      Error{"the outer side is in no VRF: charon gives its SAs none, and an interface keeps the one that it is made with",
            "take it out, and put the inside into a VRF: \"vrf\" of its interface"});
}

template <class Convert>
void read_peer(Object& ike, std::string_view key, model::IkePeer& peer, Convert endpoint,
               Result<std::string> (*identity)(const Node&), bool required) {
  auto object = ike.object(key);
  if (!object) return;
  object->read("address", peer.address, endpoint);
  if (required) {
    object->need("address");
  } else {
    read_place(*object, peer);
    object->read("fib", peer.fib, number_in(0U, net::kMostFibs - 1));
    refuse_vrf(*object);
  }
  object->read("id", peer.id, identity);
  object->read("port", peer.port, ike_port);
  object->close();
}

Result<Duration> dpd(const Node& node) { return whole_seconds(duration(node, 0s, 24h)); }
Result<Duration> rekey(const Node& node) { return renewal(node, 1s); }

Result<Duration> resolve(const Node& node) { return duration(node, 5s, 24h); }

Result<IkeVersion> version(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word != nullptr && *word == "auto") {
    return fail("\"auto\" cannot be: the version decides how many interfaces the tunnel has", "write 1 or 2");
  }
  return map(whole_number(node, 1, 2), [](std::int64_t value) { return static_cast<IkeVersion>(value); });
}

model::Ike read_own_ike(Object& object, const Place& place) {
  model::Ike ike;
  object.read("version", ike.version, version);
  object.read("split", ike.split, flag);
  read_peer(object, "local", ike.local, local_endpoint, own_identity, false);
  object.need("remote");
  read_peer(object, "remote", ike.remote, remote_endpoint, peer_identity, true);
  object.need("auth");
  if (auto auth = object.object("auth")) read_auth(std::move(*auth), place.readers, place.findings, ike);
  object.read("proposals", ike.proposals, proposals);
  object.read("dpd", ike.dpd, dpd);
  object.read("rekey", ike.rekey, rekey);
  object.read("mobike", ike.mobike, flag);
  object.read("encapsulate", ike.encapsulate, flag);
  read_ike_options(object, ike.options);
  object.read("resolve", ike.resolve, resolve);
  const bool named = !host_names_of(ike.remote.address).empty();
  if (object.has("resolve") && !named && !place.findings.any_under(object.pointer() + "/remote")) {
    object.fail("resolve", Error{"is for a peer with a host name, and this one has none", "take it out"});
  }
  return ike;
}

std::variant<model::Ike, model::ExternalIke> read_ike(Object object, const Place& place) {
  std::variant<model::Ike, model::ExternalIke> ike;
  if (object.has("external")) {
    model::ExternalIke external;
    object.read("external", external.connection, filled_text);
    object.allow_only("external", "belongs to a connection of swanctl.conf when \"external\" names one");
    ike = external;
  } else {
    ike = read_own_ike(object, place);
  }
  object.close();
  return ike;
}

Result<std::optional<net::Unit>> unit(const Node& node) {
  return or_auto([](const Node& number) {
    return map(number_in(net::kLowestUnit.value, net::kHighestUnit.value)(number),
               [](std::uint32_t value) { return net::Unit{value}; });
  })(node);
}

// What a child is for decides what its "local" and "remote" are.
void read_ends(Object& object, model::Child& child) {
  if (child.mode == ChildMode::vti) {
    object.require("local", child.local, inner_prefix);
    object.require("remote", child.remote, address);
    object.read("policies", child.policies, one_of(kOwners));
    object.read("unit", child.unit, unit);
    return;
  }
  if (child.mode == ChildMode::tunnel) {
    object.need("local");
    object.need("remote");
  }
  object.read("local", child.local_networks, networks);
  object.read("remote", child.remote_networks, networks);
  for (const std::string_view key : {"policies", "unit"}) {
    if (object.has(key)) object.fail(key, Error{"belongs to a VTI child", "take it out"});
  }
}

model::Child read_child(std::string name, Object object) {
  model::Child child;
  child.name = std::move(name);
  object.read("mode", child.mode, one_of(kChildModes));
  object.read("description", child.description, text);
  object.read("enabled", child.enabled, flag);
  read_ends(object, child);
  object.read("proposals", child.proposals, proposals);
  object.read("rekey", child.rekey, rekey);
  read_child_options(object, child.options);
  object.close();
  return child;
}

model::Tunnel read_tunnel(std::string name, Object object, const Place& place) {
  model::Tunnel tunnel;
  tunnel.name = std::move(name);
  object.read("description", tunnel.description, text);
  object.read("enabled", tunnel.enabled, flag);
  object.read("unit", tunnel.unit, unit);
  if (object.has("keys") || object.has("outer")) {
    tunnel.ike = read_static_keys(object, [&](Object secret, model::SecretSource& source) {
      read_secret(std::move(secret), place.readers, place.findings, source);
    });
  } else {
    object.need("ike");
    if (auto ike = object.object("ike")) {
      std::visit([&](auto read) { tunnel.ike = std::move(read); }, read_ike(std::move(*ike), place));
    }
  }
  if (const model::Endpoint* peer = peer_of(tunnel); peer != nullptr && !is_callable(*peer)) tunnel.start = Start::none;
  object.read("start", tunnel.start, one_of(kStarts));
  object.read("renew_when_silent", tunnel.renew_when_silent, or_off(duration_in(5s, 24h)));
  if (object.has("keys") && object.has("renew_when_silent")) {
    object.fail("renew_when_silent", Error{"nobody renews the SAs of a tunnel with \"keys\"", "take it out"});
  }
  object.need("children");
  for (auto& [child, node] : object.named("children", kMostChildren)) tunnel.children.push_back(read_child(child, node));
  object.close();
  return tunnel;
}

}  // namespace

std::vector<model::Tunnel> read_tunnels(Object& root, Findings& findings, const Readers& readers) {
  const Place place{findings, readers};
  std::vector<model::Tunnel> tunnels;
  root.need("tunnels");
  for (auto& [name, node] : root.named("tunnels", kMostTunnels)) tunnels.push_back(read_tunnel(name, node, place));
  return tunnels;
}

}  // namespace vtid::config
