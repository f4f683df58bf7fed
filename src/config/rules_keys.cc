#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/print.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::StaticKeys;
using model::StaticSa;
using model::Tunnel;

// The SAs of a tunnel with their places in the file. A single inbound one may stand in a list or not.
struct PlacedSa {
  const StaticSa* sa;
  std::string at;            // "/tunnels/lab/keys/in/0"
  net::Address destination;  // of its packets
};

std::vector<PlacedSa> places(const StaticKeys& keys, const std::string& at) {
  std::vector<PlacedSa> result;
  for (std::size_t i = 0; i < keys.in.size(); ++i) {
    result.push_back({&keys.in[i], keys.in.size() == 1 ? at + "/in" : join(at + "/in", i), keys.local});
  }
  result.push_back({&keys.out, at + "/out", keys.remote});
  return result;
}

void check_outer(const StaticKeys& keys, const std::string& at, Findings& findings) {
  if (keys.local.family() != keys.remote.family()) {
    findings.error(
        at + "/remote",
        fmt::format("is {} and the local address {}", net::print(keys.remote.family()), net::print(keys.local.family())),
        "give both ends addresses of one family");
  } else if (keys.local == keys.remote) {
    findings.error(at + "/remote", fmt::format("{} is the local address too", net::print(keys.remote)),
                   "write the peer's address");
  }
}

// RFC 8221, section 3. Linux draws a salt for the counter whenever an SA is made, which makes equal nonces unlikely only.
void check_counters(const Tunnel& tunnel, const std::vector<PlacedSa>& all, const std::string& at, Findings& findings) {
  const auto counting = std::ranges::find_if(all, [](const PlacedSa& place) { return model::counts(place.sa->algorithm); });
  if (counting == all.end() || !tunnel.enabled) return;
  findings.warning(at,
                   fmt::format("{} counts packets, and begins again under the same key after every restart of the system: "
                               "two packets with one number give the key away",
                               print(counting->sa->algorithm)),
                   "use \"ike\"; else new keys after each restart, or \"aes256-sha256\"");
}

void check_same_key(const std::vector<PlacedSa>& all, Findings& findings) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].sa->key.secret != all[j].sa->key.secret || all[i].sa->key.secret.reveal() == kWithheldSecret) continue;
      findings.warning(all[i].at, fmt::format("has the key of {} too", all[j].at.substr(1)), "give every SA a key of its own");
      break;
    }
  }
}

void check_rest(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  if (tunnel.start != model::Start::start && !findings.any_under(at + "/start")) {
    findings.error(at + "/start", "means nothing with static SAs: nobody calls, and they are there at once", "take it out");
  }
  for (const model::Child& child : tunnel.children) {
    const std::string pointer = join(at + "/children", child.name);
    const auto refuse = [&](std::string_view key, std::string text, std::string remedy) {
      const std::string where = fmt::format("{}/{}", pointer, key);
      if (!findings.any_under(where)) findings.error(where, std::move(text), std::move(remedy));
    };
    if (child.mode != model::ChildMode::vti) {
      refuse("mode", "static SAs carry an interface, not networks", "write \"vti\", or give the tunnel \"ike\"");
    }
    if (child.policies == model::PolicyOwner::charon) {
      refuse("policies", "charon does not know static SAs: vtid installs their policies", "take it out");
    }
    if (!child.proposals.empty()) refuse("proposals", "belongs to IKE: the algorithm stands in \"keys\"", "take it out");
    if (child.rekey) refuse("rekey", "belongs to IKE: static SAs are rekeyed by editing the file", "take it out");
  }
}

}  // namespace

void check_static_keys(const model::Config& config, Findings& findings) {
  std::map<std::pair<net::Address, std::uint32_t>, std::string> taken;
  for (const Tunnel& tunnel : config.tunnels) {
    const auto* keys = std::get_if<StaticKeys>(&tunnel.ike);
    const std::string at = join("/tunnels", tunnel.name);
    if (keys == nullptr || findings.any_at(at)) continue;
    const auto all = places(*keys, at + "/keys");
    const bool outer_known = !findings.any_under(at + "/outer");
    if (outer_known) check_outer(*keys, at + "/outer", findings);
    check_rest(tunnel, at, findings);
    if (!findings.any_under(at + "/keys")) {
      check_counters(tunnel, all, at + "/keys", findings);
      check_same_key(all, findings);
    }
    for (const PlacedSa& place : all) {
      if (!tunnel.enabled || !outer_known || findings.any_under(place.at)) continue;
      const auto [other, fresh] = taken.emplace(std::pair(place.destination, place.sa->spi), place.at);
      if (fresh) continue;
      findings.error(place.at,
                     fmt::format("has SPI 0x{:x} towards {}, which {} has too", place.sa->spi, net::print(place.destination),
                                 other->second.substr(1)),
                     "give every SA towards one address an SPI of its own");
    }
  }
}

}  // namespace vtid::config
