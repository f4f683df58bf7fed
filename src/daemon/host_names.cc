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

std::optional<net::Family> family_of_our_end(const model::Tunnel& tunnel, const model::Config& config) {
  const model::IkePeer& local = std::get<model::Ike>(tunnel.ike).local;
  if (const auto* address = std::get_if<net::Address>(&local.address)) return address->family();
  const model::GatewayGroup* group = config.group(local.gateway);
  const model::Gateway* gateway = config.gateway(group == nullptr ? local.gateway : group->members.front().gateway);
  return gateway == nullptr ? std::nullopt : std::optional(gateway->address.family());
}

}  // namespace

void HostNames::follow(const model::Config& config, Now now) {
  std::map<std::string, Entry> before = std::exchange(entries_, {});
  families_.clear();
  for (const model::Tunnel& tunnel : config.tunnels) {
    const model::HostName* host = host_name_of(tunnel);
    if (host == nullptr || !tunnel.enabled) continue;
    const auto [entry, fresh] = entries_.try_emplace(host->name);
    const Duration every = std::get<model::Ike>(tunnel.ike).resolve;
    entry->second.every = fresh ? every : std::min(entry->second.every, every);
    entry->second.tunnels.push_back(tunnel.name);
    if (const auto family = family_of_our_end(tunnel, config)) families_.emplace(tunnel.name, *family);
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
  for (const std::string& tunnel : entry.tunnels) turns_.erase(tunnel);
  return true;
}

void HostNames::fail(Entry& entry, std::string why, Now now) {
  entry.known.failure = std::move(why);
  entry.due = now.steady + entry.backoff.next(random_());
}

void HostNames::resolve_now(const model::Tunnel& tunnel, Now now) {
  const model::HostName* host = host_name_of(tunnel);
  const auto found = host == nullptr ? entries_.end() : entries_.find(host->name);
  if (found == entries_.end()) return;
  found->second.due = now.steady;
  if (found->second.known.addresses.empty()) found->second.known.failure.clear();
}

bool HostNames::take_turn(const model::Tunnel& tunnel) {
  const auto resolved_peer = resolved(tunnel);
  if (!resolved_peer || resolved_peer->addresses.size() < 2) return false;
  ++turns_[tunnel.name];
  return true;
}

// A local address decides on the family, because charon calls the first one whatever it is.
std::optional<ResolvedPeer> HostNames::resolved(const model::Tunnel& tunnel) const {
  const model::HostName* host = host_name_of(tunnel);
  const auto found = host == nullptr ? entries_.end() : entries_.find(host->name);
  if (found == entries_.end()) return std::nullopt;
  const model::ResolvedName& known = found->second.known;
  ResolvedPeer resolved_peer{host->name, known.addresses, {}, {}};
  std::string why = known.failure;
  if (const auto local = families_.find(tunnel.name); local != families_.end()) {
    std::erase_if(resolved_peer.addresses, [&](const net::Address& address) { return address.family() != local->second; });
    if (resolved_peer.addresses.empty() && !known.addresses.empty())
      why = fmt::format("it has no {} address, as our end has", net::print(local->second));
  }
  if (!resolved_peer.addresses.empty()) {
    const auto turn = turns_.find(tunnel.name);
    const std::size_t first = turn == turns_.end() ? 0 : turn->second % resolved_peer.addresses.size();
    std::ranges::rotate(resolved_peer.addresses, resolved_peer.addresses.begin() + static_cast<std::ptrdiff_t>(first));
  }
  if (why.empty()) return resolved_peer;
  resolved_peer.failure = fmt::format("cannot resolve {}: {}", host->name, why);
  resolved_peer.remedy = fmt::format("what does \"getent ahosts {}\" say on this host? vtid goes on trying", host->name);
  return resolved_peer;
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

std::optional<TimePoint> HostNames::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [name, entry] : entries_) {
    if (!entry.asked) next = std::min(next.value_or(entry.due), entry.due);
  }
  return next;
}

}  // namespace vtid::daemon
