#include "peers/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/duration.h"
#include "model/proposal.h"

namespace vtid::peers {
namespace {

using model::Child;
using model::Config;
using model::Ike;
using model::Tunnel;

// ---- who belongs together --------------------------------------------------------------------------------------------

// What an end calls itself: its id, else its address.
std::string identity_of(const model::IkePeer& peer) { return peer.id.empty() ? model::print(peer.address) : peer.id; }

bool meet(const model::Endpoint& one, const model::Endpoint& other) {
  const auto within = [](const model::Endpoint& place) {
    return [&place](const net::Address& address) { return may_be_at(place, address); };
  };
  return std::ranges::any_of(addresses_of(one), within(other)) || std::ranges::any_of(addresses_of(other), within(one));
}

// 0: they cannot be the two ends of one tunnel; the greater the surer.
int kinship(const Tunnel& here, const Tunnel& there) {
  if (here.ike.index() != there.ike.index()) return 0;
  int points = 0;
  const auto mirrored = [&](const model::Endpoint& own, const model::Endpoint& seen) {
    const bool any = std::holds_alternative<model::AnyAddress>(own) || std::holds_alternative<model::AnyAddress>(seen);
    if (!any && meet(own, seen)) points += 2;
  };
  if (const auto* one = std::get_if<Ike>(&here.ike)) {
    const auto& other = std::get<Ike>(there.ike);
    mirrored(one->local.address, other.remote.address);
    mirrored(one->remote.address, other.local.address);
    if (identity_of(one->local) == identity_of(other.remote)) points += 2;
    if (identity_of(one->remote) == identity_of(other.local)) points += 2;
  } else if (const auto* keys = std::get_if<model::StaticKeys>(&here.ike)) {
    const auto& others = std::get<model::StaticKeys>(there.ike);
    mirrored(keys->local, others.remote);
    mirrored(keys->remote, others.local);
  }
  for (const Child& child : here.children) {
    for (const Child& other : there.children) {
      if (child.mode == model::ChildMode::vti && other.mode == model::ChildMode::vti && child.remote == other.local.address)
        points += 1;
    }
  }
  return points;
}

// ---- proposals -------------------------------------------------------------------------------------------------------

struct Purpose {
  std::string_view name;
  std::set<std::string> model::Proposal::*words;
};
constexpr std::array kPurposes{Purpose{"encryption", &model::Proposal::encryption},
                               Purpose{"integrity", &model::Proposal::integrity}, Purpose{"PRF", &model::Proposal::prf},
                               Purpose{"key exchange", &model::Proposal::key_exchange},
                               Purpose{"extended sequence numbers", &model::Proposal::sequence_numbers}};

bool meet(const std::set<std::string>& one, const std::set<std::string>& other) {
  if (one.empty() && other.empty()) return true;
  return std::ranges::any_of(one, [&](const std::string& word) { return other.contains(word); });
}

std::string shown(const std::set<std::string>& words) {
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

// Nothing when they have one in common, as an IKE responder chooses; else what is missing, of the pair that comes nearest:
// "no key exchange in common: ecp384 here, modp2048 there".
std::optional<std::string> disagreement(const std::vector<std::string>& here, const std::vector<std::string>& there,
                                        model::Of of) {
  std::optional<std::string> nearest;
  std::size_t fewest = kPurposes.size() + 1;
  for (const std::string& mine : here) {
    for (const std::string& theirs : there) {
      const model::Proposal one = model::parse_proposal(mine, of), other = model::parse_proposal(theirs, of);
      std::vector<std::string> missing;
      for (const Purpose& purpose : kPurposes) {
        const auto& words = one.*purpose.words;
        const auto& others = other.*purpose.words;
        if (!meet(words, others))
          missing.push_back(fmt::format("no {} in common: {} here, {} there", purpose.name, shown(words), shown(others)));
      }
      if (missing.empty()) return std::nullopt;
      if (missing.size() >= fewest) continue;
      fewest = missing.size();
      nearest = fmt::format("{}", fmt::join(missing, "; "));
    }
  }
  return nearest.value_or("one end proposes nothing");
}

// ---- one pair --------------------------------------------------------------------------------------------------------

class Comparer {
 public:
  Comparer(const Tunnel& here, const Tunnel& there) : here_(here), there_(there) {}

  std::vector<Comparison> run() && {
    if (!here_.enabled || !there_.enabled) {
      say(Verdict::differs, "enabled", fmt::format("{} here, {} there", on(here_.enabled), on(there_.enabled)), "/enabled",
          "enable both");
    }
    if (const auto* one = std::get_if<Ike>(&here_.ike)) {
      compare_ike(*one, std::get<Ike>(there_.ike));
    } else if (const auto* keys = std::get_if<model::StaticKeys>(&here_.ike)) {
      compare_keys(*keys, std::get<model::StaticKeys>(there_.ike));
    } else {
      say(Verdict::unsure, "IKE", "both connections stand in swanctl.conf, which is not read", "/ike");
    }
    compare_children();
    return std::move(found_);
  }

 private:
  static std::string_view on(bool enabled) { return enabled ? "enabled" : "disabled"; }

  void say(Verdict verdict, std::string what, std::string text, const std::string& place, std::string remedy = {}) {
    say_at(verdict, std::move(what), std::move(text), place, place, std::move(remedy));
  }
  void say_at(Verdict verdict, std::string what, std::string text, const std::string& local, const std::string& peer,
              std::string remedy = {}) {
    found_.push_back({verdict, std::move(what), std::move(text), "/tunnels/" + here_.name + local,
                      "/tunnels/" + there_.name + peer, verdict == Verdict::meets ? "" : std::move(remedy)});
  }
  void expect(bool same, std::string what, std::string text, const std::string& local, const std::string& peer,
              std::string remedy) {
    say_at(same ? Verdict::meets : Verdict::differs, std::move(what), std::move(text), local, peer, std::move(remedy));
  }

  void compare_ike(const Ike& one, const Ike& other) {
    expect(one.version == other.version, "IKE version",
           fmt::format("{} here, {} there", static_cast<int>(one.version), static_cast<int>(other.version)), "/ike/version",
           "/ike/version", "set the same \"version\" on both");
    compare_address("address of this end", one.local.address, other.remote.address, "/ike/local/address",
                    "/ike/remote/address");
    compare_address("address of the peer", one.remote.address, other.local.address, "/ike/remote/address",
                    "/ike/local/address");
    compare_id("identity of this end", one.local, other.remote, "/ike/local/id", "/ike/remote/id");
    compare_id("identity of the peer", one.remote, other.local, "/ike/remote/id", "/ike/local/id");
    compare_auth(one.auth, other.auth);
    compare_signature("signature of this end", one.signature, other.peer_signature, "/ike/auth/signature",
                      "/ike/auth/peer_signature");
    compare_signature("signature of the peer", one.peer_signature, other.signature, "/ike/auth/peer_signature",
                      "/ike/auth/signature");
    compare_ppk(one.ppk, other.ppk);
    compare_proposals("IKE proposals", one.proposals, other.proposals, model::Of::ike, "/ike/proposals", "/ike/proposals");
    if (one.version == model::IkeVersion::v2 && other.version == model::IkeVersion::v2)
      expect(one.split == other.split, "split", fmt::format("{} here, {} there", one.split, other.split), "/ike/split",
             "/ike/split", "set the same \"split\" on both");
    const bool calls = (here_.start != model::Start::none && is_callable(one.remote.address)) ||
                       (there_.start != model::Start::none && is_callable(other.remote.address));
    expect(calls, "start", fmt::format("\"{}\" here, \"{}\" there", print(here_.start), print(there_.start)), "/start",
           "/start", "one end has to begin: \"start\": \"start\" where the other's address is known");
  }

  void compare_address(std::string what, const model::Endpoint& own, const model::Endpoint& seen, const std::string& local,
                       const std::string& peer) {
    const std::string text = fmt::format("{} here, {} there", model::print(own), model::print(seen));
    const bool any = std::holds_alternative<model::AnyAddress>(own) || std::holds_alternative<model::AnyAddress>(seen);
    const bool named = !host_names_of(own).empty() || !host_names_of(seen).empty();
    if (!any && (meet(own, seen) || !named))
      return expect(meet(own, seen), std::move(what), text, local, peer,
                    "write the same address, or \"any\" where it is not known");
    say_at(any ? Verdict::meets : Verdict::unsure, std::move(what), any ? text : text + ": depends on what the name stands for",
           local, peer);
  }

  void compare_id(std::string what, const model::IkePeer& own, const model::IkePeer& seen, const std::string& local,
                  const std::string& peer) {
    const std::string one = identity_of(own), other = identity_of(seen);
    const std::string text = fmt::format("\"{}\" here, \"{}\" there", one, other);
    const bool known = one != "any" && other != "any";
    if (!known)
      return say_at(Verdict::unsure, std::move(what), text + ": the address at the time is the identity", local, peer,
                    "write an \"id\" on both");
    expect(one == other, std::move(what), text, local, peer, "write the same \"id\" on both");
  }

  void compare_auth(const model::Auth& one, const model::Auth& other) {
    static constexpr std::array<std::string_view, 3> kKinds{"a pre-shared key", "certificates", "raw public keys"};
    if (one.index() != other.index()) {
      return say(Verdict::differs, "authentication",
                 fmt::format("{} here, {} there", kKinds.at(one.index()), kKinds.at(other.index())), "/ike/auth",
                 "use the same kind on both");
    }
    if (const auto* psk = std::get_if<model::PskAuth>(&one)) {
      return compare_secrets("pre-shared key", psk->psk.secret, std::get<model::PskAuth>(other).psk.secret, "/ike/auth/psk",
                             "/ike/auth/psk");
    }
    if (const auto* keys = std::get_if<model::PublicKeyAuth>(&one)) {
      const auto& others = std::get<model::PublicKeyAuth>(other);
      expect(keys->public_key.parts == others.peer_public_key.parts, "public key of this end", "as each file has it",
             "/ike/auth/public_key", "/ike/auth/peer_public_key", "give the peer this end's public key");
      return expect(keys->peer_public_key.parts == others.public_key.parts, "public key of the peer", "as each file has it",
                    "/ike/auth/peer_public_key", "/ike/auth/public_key", "take the peer's public key");
    }
    const auto& own = std::get<model::CertificateAuth>(one);
    const auto& others = std::get<model::CertificateAuth>(other);
    const bool same_ca = std::ranges::any_of(
        own.ca.parts, [&](const std::string& ca) { return std::ranges::find(others.ca.parts, ca) != others.ca.parts.end(); });
    say(same_ca ? Verdict::meets : Verdict::unsure, "certificates",
        same_ca ? "both ends trust the same CA"
                : "the ends trust different CAs: each has to trust the one that signed the other's certificate",
        "/ike/auth/ca");
  }

  using Schemes = std::vector<model::SignatureScheme>;
  void compare_signature(std::string what, const Schemes& one, const Schemes& other, const std::string& local,
                         const std::string& peer) {
    if (one.empty() || other.empty()) return;
    const bool common =
        std::ranges::any_of(one, [&](const auto& scheme) { return std::ranges::find(other, scheme) != other.end(); });
    expect(common, std::move(what), common ? "one that both files name" : "none that both files name", local, peer,
           "name one scheme in both");
  }

  // Without it the SA is made without it, unless one of the two says that it has to be there.
  void compare_ppk(const std::optional<model::Ppk>& one, const std::optional<model::Ppk>& other) {
    if (!one && !other) return;
    const std::string what = "post-quantum pre-shared key", at = "/ike/auth/ppk";
    const bool needed = (one && one->required) || (other && other->required);
    if (!one || !other || one->id != other->id) {
      return say_at(needed ? Verdict::differs : Verdict::unsure, what,
                    one && other ? fmt::format("{} here, {} there", one->id, other->id) : "only one end has it", at, at,
                    "give both ends the same \"ppk\"");
    }
    compare_secrets(what, one->secret.secret, other->secret.secret, at + "/secret", at + "/secret");
  }

  void compare_secrets(std::string what, const model::Secret& one, const model::Secret& other, const std::string& local,
                       const std::string& peer) {
    if (one.reveal().empty() || other.reveal().empty())
      return say_at(Verdict::unsure, std::move(what), "not at hand for both ends", local, peer,
                    "put the secret's file beside each configuration");
    const bool equal = one == other;
    expect(equal, std::move(what), equal ? "equal" : "not equal", local, peer, "give both ends the same one");
  }

  void compare_proposals(std::string what, const std::vector<std::string>& one, const std::vector<std::string>& other,
                         model::Of of, const std::string& local, const std::string& peer) {
    const auto missing = disagreement(one, other, of);
    expect(!missing, std::move(what),
           missing ? *missing : fmt::format("{} here, {} there", fmt::join(one, ", "), fmt::join(other, ", ")), local, peer,
           "propose the same on both");
  }

  void compare_keys(const model::StaticKeys& one, const model::StaticKeys& other) {
    compare_address("address of this end", one.local, other.remote, "/outer/local", "/outer/remote");
    compare_address("address of the peer", one.remote, other.local, "/outer/remote", "/outer/local");
    compare_direction("SA from the peer", one.in, other.out, "/keys/in", "/keys/out");
    compare_direction("SA to the peer", other.in, one.out, "/keys/out", "/keys/in");
  }

  // One of those that come in has to be the one that is sent.
  void compare_direction(const std::string& what, const std::vector<model::StaticSa>& in, const model::StaticSa& out,
                         const std::string& local, const std::string& peer) {
    const auto found = std::ranges::find(in, out.spi, &model::StaticSa::spi);
    if (found == in.end()) {
      std::vector<std::string> spis;
      for (const model::StaticSa& sa : in) spis.push_back(fmt::format("0x{:x}", sa.spi));
      return say_at(Verdict::differs, what, fmt::format("SPI 0x{:x} is sent, {} come in", out.spi, fmt::join(spis, ", ")),
                    local, peer, "write the SPI that the other end sends");
    }
    expect(found->algorithm == out.algorithm, what + ": algorithm",
           fmt::format("{} comes in, {} is sent", print(found->algorithm), print(out.algorithm)), local, peer,
           "write the same on both");
    compare_secrets(what + ": key", found->key.secret, out.key.secret, local, peer);
  }

  // ---- children

  void compare_children() {
    std::set<std::string> met;
    for (const Child& child : here_.children) {
      if (!child.enabled) continue;
      const Child* other = counterpart(child);
      const std::string place = "/children/" + child.name;
      if (other == nullptr) {
        say_at(Verdict::differs, "child " + child.name, "has no counterpart", place, "/children",
               "write one with local and remote the other way round");
        continue;
      }
      met.insert(other->name);
      compare_child(child, *other);
    }
    for (const Child& other : there_.children) {
      if (other.enabled && !met.contains(other.name))
        say_at(Verdict::differs, "child " + other.name + " of the peer", "has no counterpart", "/children",
               "/children/" + other.name, "write one with local and remote the other way round");
    }
    compare_child_sas();
  }

  // Of the same mode and family; of several the one that fits best.
  [[nodiscard]] const Child* counterpart(const Child& child) const {
    const Child* best = nullptr;
    int most = -1;
    for (const Child& other : there_.children) {
      if (!other.enabled || other.mode != child.mode) continue;
      int points = 0;
      if (child.mode == model::ChildMode::vti) {
        if (child.remote.family() != other.remote.family()) continue;
        points = (child.remote == other.local.address ? 1 : 0) + (other.remote == child.local.address ? 1 : 0);
      } else {
        points =
            (child.local_networks == other.remote_networks ? 1 : 0) + (child.remote_networks == other.local_networks ? 1 : 0);
      }
      points = 2 * points + (other.name == child.name ? 1 : 0);
      if (points > most) best = &other;
      most = std::max(most, points);
    }
    return best;
  }

  void compare_child(const Child& child, const Child& other) {
    const std::string local = "/children/" + child.name, peer = "/children/" + other.name;
    if (child.mode != model::ChildMode::vti) {
      compare_networks("networks of this end", child.local_networks, other.remote_networks, local + "/local", peer + "/remote");
      return compare_networks("networks of the peer", child.remote_networks, other.local_networks, local + "/remote",
                              peer + "/local");
    }
    expect(child.local.address == other.remote, "inner address of this end",
           fmt::format("{} here, {} there", print(child.local.address), print(other.remote)), local + "/local",
           peer + "/remote", "write each end's address as the other's \"remote\"");
    expect(child.remote == other.local.address, "inner address of the peer",
           fmt::format("{} here, {} there", print(child.remote), print(other.local.address)), local + "/remote",
           peer + "/local", "write each end's address as the other's \"remote\"");
    expect(child.local.network() == other.local.network(), "transit network",
           fmt::format("{} here, {} there", print(child.local.network()), print(other.local.network())), local + "/local",
           peer + "/local", "write the same prefix length on both");
  }

  void compare_networks(std::string what, std::vector<net::Prefix> one, std::vector<net::Prefix> other,
                        const std::string& local, const std::string& peer) {
    std::ranges::sort(one);
    std::ranges::sort(other);
    const auto list = [](const std::vector<net::Prefix>& networks) {
      std::vector<std::string> texts;
      for (const net::Prefix& network : networks) texts.push_back(print(network));
      return texts.empty() ? "the end itself" : fmt::format("{}", fmt::join(texts, ", "));
    };
    expect(one == other, std::move(what), fmt::format("{} here, {} there", list(one), list(other)), local, peer,
           "write the same networks, with local and remote the other way round");
  }

  // Proposals and lifetimes are those of a CHILD_SA, which several children may share.
  void compare_child_sas() {
    if (!std::holds_alternative<Ike>(here_.ike)) return;
    const auto ones = child_configs(here_), others = child_configs(there_);
    for (const model::ChildConfig& one : ones) {
      const Child* other = counterpart(*one.children.front());
      const auto found = std::ranges::find_if(others, [&](const model::ChildConfig& config) {
        return std::ranges::find(config.children, other) != config.children.end();
      });
      if (other == nullptr || found == others.end()) continue;
      const std::string local = "/children/" + one.children.front()->name, peer = "/children/" + other->name;
      compare_proposals("ESP proposals of " + one.holder, one.proposals, found->proposals, model::Of::esp, local + "/proposals",
                        peer + "/proposals");
      compare_selectors(one, *found, local + "/selectors", peer + "/selectors");
    }
  }

  void compare_selectors(const model::ChildConfig& one, const model::ChildConfig& other, const std::string& local,
                         const std::string& peer) {
    const auto& here = one.options.selectors;
    const auto& there = other.options.selectors;
    if (!here && !there) return;
    const auto networks = [](std::vector<net::Prefix> list) {
      std::ranges::sort(list);
      return list;
    };
    const bool same =
        here && there && networks(here->local) == networks(there->remote) && networks(here->remote) == networks(there->local);
    expect(same, "selectors of " + one.holder,
           same              ? "the same networks, the other way round"
           : !here || !there ? "named at one end, everything at the other"
                             : "not the same networks",
           local, peer, "name the same networks at both ends, local and remote the other way round");
  }

  const Tunnel& here_;
  const Tunnel& there_;
  std::vector<Comparison> found_;
};

// ---- what lies around the tunnels ------------------------------------------------------------------------------------

// The networks that a configuration routes into a tunnel, each with its place.
std::map<net::Prefix, std::string> routed_into(const Config& config, const std::string& tunnel) {
  std::set<std::string> gateways;
  for (const model::Gateway& gateway : config.gateways) {
    const model::Interface* interface = config.interface(gateway.interface);
    const auto* port = interface == nullptr ? nullptr : std::get_if<model::TunnelPort>(&interface->port);
    if (port != nullptr && port->tunnel == tunnel) gateways.insert(gateway.name);
  }
  for (const model::GatewayGroup& group : config.groups) {
    if (std::ranges::any_of(group.members, [&](const auto& member) { return gateways.contains(member.gateway); }))
      gateways.insert(group.name);
  }
  std::map<net::Prefix, std::string> networks;
  for (std::size_t index = 0; index < config.routes.size(); ++index) {
    if (gateways.contains(config.routes[index].via))
      networks.emplace(config.routes[index].to, fmt::format("/routes/{}", index));
  }
  return networks;
}

void compare_routes(Pair& pair, const Config& local, const Config& peer) {
  const auto here = routed_into(local, pair.local), there = routed_into(peer, pair.peer);
  for (const auto& [network, place] : here) {
    const auto both = there.find(network);
    if (both == there.end()) continue;
    pair.comparisons.push_back({Verdict::differs, "routes", fmt::format("each end sends {} to the other", print(network)),
                                place, both->second, "route it only at the end that does not have it"});
  }
  if (here.empty() == there.empty()) return;
  pair.comparisons.push_back({Verdict::unsure, "routes",
                              fmt::format("only {} routes something into the tunnel: do the answers come back?",
                                          here.empty() ? "the peer" : "this end"),
                              here.empty() ? "" : here.begin()->second, there.empty() ? "" : there.begin()->second,
                              "route this end's networks at the other, or let a routing protocol do it"});
}

std::optional<std::uint32_t> mtu_of(const Config& config, const std::string& tunnel) {
  for (const model::Interface& interface : config.interfaces) {
    const auto* port = std::get_if<model::TunnelPort>(&interface.port);
    if (port != nullptr && port->tunnel == tunnel && interface.mtu) return interface.mtu;
  }
  return std::nullopt;
}

void compare_mtus(Pair& pair, const Config& local, const Config& peer) {
  const auto here = mtu_of(local, pair.local), there = mtu_of(peer, pair.peer);
  if (here == there) return;
  const auto text = [](const std::optional<std::uint32_t>& mtu) { return mtu ? std::to_string(*mtu) : "\"auto\""; };
  pair.comparisons.push_back({Verdict::unsure, "MTU", fmt::format("{} here, {} there", text(here), text(there)), "/interfaces",
                              "/interfaces", "write the same \"mtu\" on both, or \"auto\""});
}

}  // namespace

std::string_view print(Verdict verdict) {
  switch (verdict) {
    case Verdict::meets: return "meets";
    case Verdict::unsure: return "unsure";
    case Verdict::differs: return "differs";
  }
  return "differs";
}

std::vector<Pair> compare(const Config& local, const Config& peer) {
  std::vector<Pair> pairs;
  std::set<const Tunnel*> taken;
  for (const Tunnel& tunnel : local.tunnels) {
    const Tunnel* best = nullptr;
    int most = 1;  // one shared inner address is no kinship
    for (const Tunnel& other : peer.tunnels) {
      const int points = taken.contains(&other) ? 0 : kinship(tunnel, other);
      if (points > most) best = &other;
      most = std::max(most, points);
    }
    if (best == nullptr) continue;
    taken.insert(best);
    Pair pair{tunnel.name, best->name, Comparer(tunnel, *best).run()};
    compare_mtus(pair, local, peer);
    compare_routes(pair, local, peer);
    pairs.push_back(std::move(pair));
  }
  if (!pairs.empty()) return pairs;
  for (const Tunnel& tunnel : local.tunnels) pairs.push_back({tunnel.name, "", {}});
  for (const Tunnel& tunnel : peer.tunnels) pairs.push_back({"", tunnel.name, {}});
  return pairs;
}

bool would_meet(const std::vector<Pair>& pairs) {
  return std::ranges::any_of(pairs, [](const Pair& pair) { return !pair.local.empty() && !pair.peer.empty(); }) &&
         std::ranges::none_of(pairs, [](const Pair& pair) {
           return std::ranges::any_of(pair.comparisons, [](const Comparison& one) { return one.verdict == Verdict::differs; });
         });
}

}  // namespace vtid::peers
