#include <chrono>

#include "config/identity.h"
#include "config/read.h"
#include "config/read_auth.h"
#include "config/values.h"

namespace vtid::config {
namespace {

using namespace std::chrono_literals;
using model::ChildMode;
using model::IkeVersion;
using model::PolicyOwner;
using model::Start;

constexpr Word<Start> kStarts[] = {{"start", Start::start}, {"none", Start::none}};
constexpr Word<ChildMode> kModes[] = {{"vti", ChildMode::vti}};
constexpr Word<PolicyOwner> kOwners[] = {{"charon", PolicyOwner::charon}, {"vtid", PolicyOwner::vtid}};

// What reading a tunnel needs beside its object.
struct Place {
  Findings& findings;
  const Readers& readers;
};

template <class Convert>
void read_peer(Object& ike, std::string_view key, model::IkePeer& peer, Convert endpoint,
               Result<std::string> (*identity)(const Node&), bool required) {
  auto object = ike.object(key);
  if (!object) return;
  if (required) object->need("address");
  object->read("address", peer.address, endpoint);
  object->read("id", peer.id, identity);
  object->close();
}

Result<Duration> dpd(const Node& node) { return whole_seconds(duration(node, 0s, 24h)); }
Result<Duration> rekey(const Node& node) { return whole_seconds(duration(node, 1s, 30 * 24h)); }

Result<IkeVersion> version(const Node& node) {
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
  if (auto auth = object.object("auth")) ike.auth = read_auth(std::move(*auth), place.readers, place.findings);
  object.read("proposals", ike.proposals, proposals);
  object.read("dpd", ike.dpd, dpd);
  object.read("rekey", ike.rekey, rekey);
  object.read("mobike", ike.mobike, flag);
  object.read("encapsulate", ike.encapsulate, flag);
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

model::Child read_child(std::string name, Object object) {
  model::Child child;
  child.name = std::move(name);
  if (object.refuses("mode")) return child;  // its other keys mean something else
  object.read("mode", child.mode, one_of(kModes));
  object.read("description", child.description, text);
  object.read("enabled", child.enabled, flag);
  object.require("local", child.local, inner_prefix);
  object.require("remote", child.remote, address);
  object.read("proposals", child.proposals, proposals);
  object.read("rekey", child.rekey, rekey);
  object.read("policies", child.policies, one_of(kOwners));
  object.close();
  return child;
}

model::Tunnel read_tunnel(std::string name, Object object, const Place& place) {
  model::Tunnel tunnel;
  tunnel.name = std::move(name);
  object.read("description", tunnel.description, text);
  object.read("enabled", tunnel.enabled, flag);
  object.read("unit", tunnel.unit, or_auto([](const Node& node) {
                return map(number_in(net::kLowestUnit.value, net::kHighestUnit.value)(node),
                           [](std::uint32_t number) { return net::Unit{number}; });
              }));
  if (!object.refuses("keys") && !object.refuses("outer")) object.need("ike");
  if (auto ike = object.object("ike")) tunnel.ike = read_ike(std::move(*ike), place);
  object.read("start", tunnel.start, one_of(kStarts));
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
