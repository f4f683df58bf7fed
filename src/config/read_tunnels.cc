#include <fmt/format.h>

#include <chrono>

#include "config/print.h"
#include "config/read.h"
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

// Reads the secrets of one file.
struct SecretPlace {
  Findings& findings;
  const SecretReader& read_secret;

  void operator()(Object secret, model::SecretSource& source) const;
};

void SecretPlace::operator()(Object secret, model::SecretSource& source) const {
  secret.read("file", source.file, filled_text);
  secret.read("text", source.secret, secret_text);
  secret.close();
  if (secret.readable() && secret.has("file") == secret.has("text")) {
    secret.fail(Error{secret.has("file") ? "has both a file and a text" : "names no secret",
                      "write {\"file\": \"hq.psk\"}, or {\"text\": \"…\"}"});
  }
  if (source.file.empty()) {
    if (source.secret.reveal() == kWithheldSecret) {
      findings.warning(join(secret.pointer(), "text"), "is what --check prints in the place of a secret",
                       "put the secret back");
    }
    return;
  }
  auto bytes = read_secret(source.file);
  if (bytes && bytes->empty()) bytes = fail("the file is empty", "put the secret into it");
  if (bytes)
    source.secret = model::Secret(std::move(*bytes));
  else
    secret.fail("file", bytes.error());
}

model::Auth read_auth(Object auth, const SecretPlace& read_secret) {
  model::PskAuth psk;
  const bool certificates = auth.refuses("certificate") || auth.refuses("key") || auth.refuses("ca");
  if (!certificates) auth.need("psk");
  if (auto secret = auth.object("psk")) read_secret(std::move(*secret), psk.psk);
  auth.close();
  return psk;
}

template <class Convert>
void read_peer(Object& ike, std::string_view key, model::IkePeer& peer, Convert endpoint, bool required) {
  auto object = ike.object(key);
  if (!object) return;
  if (required) object->need("address");
  object->read("address", peer.address, endpoint);
  object->read("id", peer.id, filled_text);
  object->close();
}

Result<Duration> dpd(const Node& node) { return whole_seconds(duration(node, 0s, 24h)); }
Result<Duration> rekey(const Node& node) { return whole_seconds(duration(node, 1s, 30 * 24h)); }

Result<IkeVersion> version(const Node& node) {
  return map(whole_number(node, 1, 2), [](std::int64_t value) { return static_cast<IkeVersion>(value); });
}

model::Ike read_own_ike(Object& object, const SecretPlace& read_secret) {
  model::Ike ike;
  object.read("version", ike.version, version);
  object.read("split", ike.split, flag);
  read_peer(object, "local", ike.local, local_endpoint, false);
  object.need("remote");
  read_peer(object, "remote", ike.remote, remote_endpoint, true);
  object.need("auth");
  if (auto auth = object.object("auth")) ike.auth = read_auth(std::move(*auth), read_secret);
  object.read("proposals", ike.proposals, proposals);
  object.read("dpd", ike.dpd, dpd);
  object.read("rekey", ike.rekey, rekey);
  object.read("mobike", ike.mobike, flag);
  object.read("encapsulate", ike.encapsulate, flag);
  return ike;
}

std::variant<model::Ike, model::ExternalIke> read_ike(Object object, const SecretPlace& read_secret) {
  std::variant<model::Ike, model::ExternalIke> ike;
  if (object.has("external")) {
    model::ExternalIke external;
    object.read("external", external.connection, filled_text);
    object.allow_only("external", "belongs to a connection of swanctl.conf when \"external\" names one");
    ike = external;
  } else {
    ike = read_own_ike(object, read_secret);
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

model::Tunnel read_tunnel(std::string name, Object object, const SecretPlace& read_secret) {
  model::Tunnel tunnel;
  tunnel.name = std::move(name);
  object.read("description", tunnel.description, text);
  object.read("enabled", tunnel.enabled, flag);
  object.read("unit", tunnel.unit, or_auto([](const Node& node) {
                return map(number_in(net::kLowestUnit.value, net::kHighestUnit.value)(node),
                           [](std::uint32_t number) { return net::Unit{number}; });
              }));
  if (object.has("keys") || object.has("outer")) {
    tunnel.ike = read_static_keys(object, read_secret);
  } else {
    object.need("ike");
    if (auto ike = object.object("ike")) {
      std::visit([&](auto read) { tunnel.ike = std::move(read); }, read_ike(std::move(*ike), read_secret));
    }
  }
  object.read("start", tunnel.start, one_of(kStarts));
  object.need("children");
  for (auto& [child, node] : object.named("children", kMostChildren)) tunnel.children.push_back(read_child(child, node));
  object.close();
  return tunnel;
}

}  // namespace

std::vector<model::Tunnel> read_tunnels(Object& root, Findings& findings, const SecretReader& read_secret) {
  const SecretPlace place{findings, read_secret};
  std::vector<model::Tunnel> tunnels;
  root.need("tunnels");
  for (auto& [name, node] : root.named("tunnels", kMostTunnels)) tunnels.push_back(read_tunnel(name, node, place));
  return tunnels;
}

}  // namespace vtid::config
