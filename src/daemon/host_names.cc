#include "daemon/host_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace vtid::daemon {
namespace {

constexpr Duration kFirstRetry{1'000};
constexpr Duration kLongestRetry{300'000};  // or the interval, when that is shorter

BackoffLimits retries(Duration every) { return {kFirstRetry, std::min(every, kLongestRetry)}; }

// A name server that blocks a name says 0.0.0.0 or a loopback address; a link-local one means nothing without its link.
bool is_a_peers(const net::Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !address.is_link_local();
}

std::vector<net::Address> in_order(std::vector<net::Address> addresses) {
  std::erase_if(addresses, [](const net::Address& address) { return !is_a_peers(address); });
  std::ranges::sort(addresses);
  const auto twice = std::ranges::unique(addresses);
  addresses.erase(twice.begin(), twice.end());
  if (addresses.size() > kMostAddressesOfName) addresses.resize(kMostAddressesOfName);
  return addresses;
}

std::optional<net::Family> family_of_tunnel(const model::Ike& ike, const model::Config& config) {
  if (const auto* address = std::get_if<net::Address>(&ike.local.address)) return address->family();
  const model::GatewayGroup* group = config.group(ike.local.gateway);
  const model::Gateway* gateway = config.gateway(group == nullptr ? ike.local.gateway : group->members.front().gateway);
  return gateway == nullptr ? family_of(ike.remote.address) : std::optional(gateway->address.family());
}

}  // namespace

void HostNames::follow(const model::Config& config, Now now) {
  std::map<std::string, Entry> before = std::exchange(entries_, {});
  families_.clear();
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.enabled || !has_varying_peer(tunnel)) continue;
    const auto& ike = std::get<model::Ike>(tunnel.ike);
    for (const std::string& name : host_names_of(ike.remote.address)) {
      const auto [entry, fresh] = entries_.try_emplace(name);
      entry->second.every = fresh ? ike.resolve : std::min(entry->second.every, ike.resolve);
      entry->second.tunnels.push_back(tunnel.name);
    }
    if (const auto family = family_of_tunnel(ike, config)) families_.emplace(tunnel.name, *family);
  }
  std::erase_if(turns_, [&](const auto& turn) { return config.tunnel(turn.first) == nullptr; });
  for (auto& [name, entry] : entries_) {
    entry.backoff = Backoff(retries(entry.every));
    entry.due = now.steady;
    const auto old = before.find(name);
    if (old == before.end()) continue;
    entry.known = std::move(old->second.known);
    entry.asked = old->second.asked;
    entry.due = std::min(old->second.due, now.steady + entry.every);
    if (old->second.every == entry.every) entry.backoff = old->second.backoff;
  }
}

std::vector<std::string> HostNames::take_due(Now now) {
  std::vector<std::string> due;
  for (auto& [name, entry] : entries_) {
    if (entry.asked || entry.due > now.steady) continue;
    entry.asked = true;
    due.push_back(name);
  }
  return due;
}

bool HostNames::on_answer(const model::NameAnswer& answer, Now now) {
  const auto found = entries_.find(answer.name);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  entry.asked = false;
  std::vector<net::Address> addresses = in_order(answer.addresses.value_or(std::vector<net::Address>{}));
  if (addresses.empty()) {
    fail(entry, answer.addresses ? "it has no address that a peer can have" : answer.addresses.error().text, now);
    return false;
  }
  entry.backoff.reset();
  entry.due = now.steady + entry.every;
  entry.known.failure.clear();
  entry.known.answered = now.wall;
  if (entry.known.addresses == addresses) return false;
  entry.known.addresses = std::move(addresses);
  return true;
}

void HostNames::fail(Entry& entry, std::string why, Now now) {
  entry.known.failure = std::move(why);
  entry.due = now.steady + entry.backoff.next(random_());
}

void HostNames::resolve_now(const model::Tunnel& tunnel, Now now) {
  const model::Endpoint* peer = peer_of(tunnel);
  if (peer == nullptr) return;
  for (const std::string& name : host_names_of(*peer)) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) continue;
    found->second.due = now.steady;
    if (found->second.known.addresses.empty()) found->second.known.failure.clear();
  }
}

bool HostNames::take_turn(const model::Tunnel& tunnel) {
  const auto resolved_peer = resolved(tunnel);
  if (!resolved_peer || resolved_peer->addresses.size() < 2) return false;
  turns_.insert_or_assign(tunnel.name, resolved_peer->addresses[1]);
  return true;
}

std::optional<ResolvedPeer> HostNames::resolved(const model::Tunnel& tunnel) const {
  if (!tunnel.enabled || !has_varying_peer(tunnel)) return std::nullopt;
  const model::Endpoint& endpoint = *peer_of(tunnel);
  ResolvedPeer peer;
  peer.several = std::holds_alternative<model::SeveralAddresses>(endpoint);
  const auto local = families_.find(tunnel.name);
  const auto family = local == families_.end() ? std::nullopt : std::optional(local->second);
  for (const model::CalledAddress& called : called_addresses(endpoint)) {
    if (const auto* host = std::get_if<model::HostName>(&called)) {
      add_name(peer, host->name, family);
    } else {
      add(peer, std::get<net::Address>(called));
    }
  }
  const auto turn = turns_.find(tunnel.name);
  const auto first = turn == turns_.end() ? peer.addresses.begin() : std::ranges::find(peer.addresses, turn->second);
  if (first != peer.addresses.end()) std::ranges::rotate(peer.addresses, first);
  return peer;
}

void HostNames::add(ResolvedPeer& peer, const net::Address& address) {
  if (std::ranges::find(peer.addresses, address) == peer.addresses.end()) peer.addresses.push_back(address);
}

// Of the family alone that the tunnel has, because charon calls the first one whatever it is. The first name of several that
// fails says why.
void HostNames::add_name(ResolvedPeer& peer, const std::string& name, std::optional<net::Family> family) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  const model::ResolvedName& known = found->second.known;
  std::size_t usable = 0;
  for (const net::Address& address : known.addresses) {
    if (family && address.family() != *family) continue;
    add(peer, address);
    ++usable;
  }
  if (usable == 0 && peer.name.empty()) peer.name = name;
  const std::string why = usable > 0 || known.addresses.empty()
                              ? known.failure
                              : fmt::format("it has no {} address, as our end has", net::print(*family));
  if (why.empty() || !peer.failure.empty()) return;
  peer.failure = fmt::format("cannot resolve {}: {}", name, why);
  peer.remedy = fmt::format("what does \"getent ahosts {}\" say on this host? vtid goes on trying", name);
}

const std::vector<std::string>& HostNames::tunnels_of(const std::string& name) const {
  static const std::vector<std::string> kNone;
  const auto found = entries_.find(name);
  return found == entries_.end() ? kNone : found->second.tunnels;
}

model::ResolvedNames HostNames::known() const {
  model::ResolvedNames names;
  for (const auto& [name, entry] : entries_) names.emplace(name, entry.known);
  return names;
}

model::CalledPeers HostNames::called(const std::vector<const model::Tunnel*>& tunnels) const {
  model::CalledPeers called;
  for (const model::Tunnel* tunnel : tunnels) {
    if (auto peer = resolved(*tunnel)) called.emplace(tunnel->name, std::move(peer->addresses));
  }
  return called;
}

std::optional<TimePoint> HostNames::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [name, entry] : entries_) {
    if (!entry.asked) next = std::min(next.value_or(entry.due), entry.due);
  }
  return next;
}

}  // namespace vtid::daemon
