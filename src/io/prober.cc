#include "io/prober.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/random.h"
#include "io/asio.h"
#include "io/echo_channel.h"
#include "io/tcp_probe.h"
#include "monitor/echo.h"
#include "monitor/neighbour.h"
#include "monitor/targets.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using monitor::Instant;

constexpr int kStepsPerTick = 256;            // targets served before the sockets are read again
constexpr std::size_t kMostConnections = 32;  // of one target at a time
constexpr int kGridLines = 50;                // of an interval, at least
constexpr Duration kCoarsestGrid{10};

Instant read_instant() { return std::chrono::time_point_cast<monitor::Microseconds>(std::chrono::steady_clock::now()); }

Now read_now() {
  return {std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()),
          std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now())};
}

// Spreads the targets over their interval, always in the same way, and on a grid that all share: of a thousand gateways some
// twenty leave together and are answered together, which wakes the thread for one and not for each.
TimePoint first_due(const std::string& name, Duration interval, TimePoint now) {
  const auto bits = static_cast<std::int64_t>(std::hash<std::string>{}(name) >> 1);
  const TimePoint due = now + Duration{bits % std::max(interval, Duration{1}).count()};
  return due - due.time_since_epoch() % std::clamp(interval / kGridLines, Duration{1}, kCoarsestGrid);
}

// The next multiple of `interval` after `now`: what was missed while the thread was busy is skipped, not made up for.
TimePoint following(TimePoint due, Duration interval, TimePoint now) {
  interval = std::max(interval, Duration{1});
  return due + interval * ((now - due) / interval + 1);
}

// What its memory is kept by.
std::string name_of(const Prober::Target& target) {
  if (target.options.targets.size() <= 1 && target.kind == model::ProbeKind::icmp) return target.gateway;
  return target.gateway + ' ' + print(model::MonitorTarget{target.address, target.kind, target.port});
}

// Whether it is to be told.
bool is_news(const model::GatewayHealth& before, const model::GatewayHealth& after) {
  const auto told = [](const model::GatewayHealth& health) {
    return std::tie(health.state, health.slow, health.answers, health.cut);
  };
  return told(before) != told(after);
}

EchoChannel::Means channel_means(const Prober::ArpMeans& arp) {
  return {"arp", arp.open, [receive = arp.receive](int fd, std::span<std::uint8_t>) -> Result<std::optional<EchoPacket>> {
            const auto answer = receive(fd);
            if (!answer) return std::unexpected(answer.error());
            if (!*answer) return std::nullopt;
            return EchoPacket{.source = (*answer)->first, .device = (*answer)->second};
          }};
}

}  // namespace

struct Prober::Impl : std::enable_shared_from_this<Impl> {
  struct Connection {
    std::uint16_t sequence;
    Instant began;
    std::shared_ptr<TcpSocket> socket;
  };
  struct Probed {
    Target target;
    monitor::GatewayMonitor monitor;
    std::uint32_t number;  // in its probes
    TimePoint next_probe{};
    TimePoint next_check{};
    TimePoint queued_for{};
    net::IfIndex index;                     // of target.device, as last looked up
    std::string trouble;                    // why the latest probe could not leave: "ipsec1 does not exist"
    std::uint16_t latest = 0;               // probe, by its sequence: answers of neighbours name none
    std::vector<Connection> connections{};  // under way, the oldest first

    [[nodiscard]] model::GatewayHealth health() const {
      model::GatewayHealth health = monitor.health();
      if (!trouble.empty() && monitor.wants_probes() && health.state != model::GatewayState::online)
        health.reason += (health.reason.empty() ? "" : "; ") + trouble;
      return health;
    }
  };

  // A gateway, by its targets in the file's order.
  struct Judged {
    std::vector<Probed*> targets;
    model::GatewayHealth told{};  // of several targets

    [[nodiscard]] model::GatewayHealth health() const;
  };

  Impl(asio::io_context& io, OnChange callback, ArpMeans means)
      : context(io),
        on_change(std::move(callback)),
        timer(io),
        arp(std::move(means)),
        channels{channel(echo_means(net::Family::ipv4), std::bind_front(&Impl::on_packet, this, net::Family::ipv4)),
                 channel(echo_means(net::Family::ipv6), std::bind_front(&Impl::on_packet, this, net::Family::ipv6)),
                 channel(channel_means(arp), [this](const EchoPacket& packet, auto) { on_neighbour(packet.source, packet); })} {
  }

  void set_targets(std::vector<Target> targets);
  void update_targets(const std::vector<Target>& targets);
  void report_later();
  bool retarget(Probed& probed, const Target& target, Now now);
  void schedule(Probed& probed, TimePoint now);
  void retire(const Probed& probed);
  void enqueue(Probed& probed);
  void arm();
  void tick();
  void step(Probed& probed, Now now);
  void probe(Probed& probed, Now now);
  [[nodiscard]] EchoChannel* channel_of(const Target& target);
  [[nodiscard]] Result<void> send(Probed& probed);
  [[nodiscard]] Result<void> send_echo_request(Probed& probed, const EchoPath& path);
  [[nodiscard]] Result<void> connect(Probed& probed, const EchoPath& path);
  void on_connected(std::uint32_t number, std::uint16_t sequence, error_code failure);
  void on_neighbour(const net::Address& neighbour, const EchoPacket& packet);
  void on_packet(net::Family family, const EchoPacket& packet, std::span<const std::uint8_t> bytes);
  void note(const Probed& probed, bool changed);
  void report();

  EchoChannel channel(EchoChannel::Means means, EchoChannel::OnPacket on_packet);
  void group_targets(const std::vector<std::string>& names);

  asio::io_context& context;
  OnChange on_change;
  asio::steady_timer timer;
  const ArpMeans arp;
  std::array<EchoChannel, 3> channels;  // IPv4, IPv6, ARP
  std::map<std::string, Probed> probed_by_name;
  std::map<std::string, Judged> gateways;
  std::multimap<net::Address, std::uint32_t> neighbours;  // the numbers of those that are asked by ARP or neighbour discovery
  std::unordered_map<std::uint32_t, Probed*> probed_by_number;
  std::set<std::pair<TimePoint, std::uint32_t>> queue;  // what is due when; each number at most once
  std::vector<std::string> changed;                     // gateways
  monitor::Memories recalled;
  std::uint32_t next_number = 0;
  const std::uint64_t cookie = random_bits();
  const std::uint16_t id = static_cast<std::uint16_t>(cookie ^ random_bits());
};

void Prober::Impl::set_targets(std::vector<Target> targets) {
  const Now now = read_now();
  std::map<std::string, Probed> kept;
  std::vector<std::string> names;
  for (Target& target : targets) {
    const std::string name = names.emplace_back(name_of(target));
    auto node = probed_by_name.extract(name);
    if (!node.empty() && retarget(node.mapped(), target, now)) {
      kept.insert(std::move(node));
      continue;
    }
    if (!node.empty()) retire(node.mapped());
    monitor::GatewayMonitor fresh(target.options, target.underlay, now);
    const auto memory = recalled.find(name);
    if (memory != recalled.end() && memory->second.address == target.address) fresh.recall(memory->second, now);
    Probed& probed = kept.try_emplace(name, std::move(target), std::move(fresh), next_number++).first->second;
    probed_by_number[probed.number] = &probed;
    schedule(probed, now.steady);
  }
  for (const auto& [name, probed] : probed_by_name) retire(probed);
  probed_by_name = std::move(kept);
  group_targets(names);
  recalled.clear();
  arm();
  report_later();
}

void Prober::Impl::update_targets(const std::vector<Target>& targets) {
  const Now now = read_now();
  for (const Target& target : targets) {
    const auto probed = probed_by_name.find(name_of(target));
    if (probed != probed_by_name.end()) (void)retarget(probed->second, target, now);
  }
  arm();
  report_later();
}

void Prober::Impl::report_later() {
  asio::post(context, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->report();
  });
}

// False when it is another path, whose history says nothing.
bool Prober::Impl::retarget(Probed& probed, const Target& target, Now now) {
  const auto path_of = [](const Target& it) { return std::tie(it.address, it.kind, it.port, it.device, it.via); };
  if (path_of(probed.target) != path_of(target)) return false;
  if (probed.target == target) return true;
  const bool was_probing = probed.monitor.wants_probes();
  const auto& options = probed.target.options;
  const bool sooner = target.options.interval < options.interval || target.options.alert < options.alert;
  note(probed, probed.monitor.set_options(target.options, now));
  note(probed, probed.monitor.set_underlay(target.underlay, now));
  probed.target = target;
  if (was_probing != probed.monitor.wants_probes() || sooner) schedule(probed, now.steady);
  return true;
}

void Prober::Impl::schedule(Probed& probed, TimePoint now) {
  probed.next_probe = first_due(name_of(probed.target), probed.target.options.interval, now);
  probed.next_check = first_due(name_of(probed.target), probed.target.options.alert, now);
  probed.trouble.clear();
  probed.connections.clear();
  enqueue(probed);
}

void Prober::Impl::enqueue(Probed& probed) {
  queue.erase({probed.queued_for, probed.number});
  if (!probed.monitor.wants_probes()) return;
  probed.queued_for = std::min({probed.next_probe, probed.next_check, probed.monitor.due()});
  queue.emplace(probed.queued_for, probed.number);
}

void Prober::Impl::retire(const Probed& probed) {
  queue.erase({probed.queued_for, probed.number});
  probed_by_number.erase(probed.number);
}

void Prober::Impl::arm() {
  timer.cancel();
  if (queue.empty()) return;
  timer.expires_at(queue.begin()->first);
  timer.async_wait([weak = weak_from_this()](error_code failure) {
    if (const auto self = weak.lock(); self && !failure) self->tick();
  });
}

void Prober::Impl::tick() {
  for (EchoChannel& each : channels) each.drain();  // what has arrived is not lost
  const Now now = read_now();
  for (int steps = 0; steps < kStepsPerTick && !queue.empty() && queue.begin()->first <= now.steady; ++steps) {
    step(*probed_by_number.at(queue.begin()->second), now);
  }
  arm();
  report();
}

void Prober::Impl::step(Probed& probed, Now now) {
  if (probed.next_check <= now.steady) {
    note(probed, probed.monitor.on_check(now));
    probed.next_check = following(probed.next_check, probed.target.options.alert, now.steady);
  } else if (probed.monitor.due() <= now.steady) {
    note(probed, probed.monitor.on_check(now));
  }
  if (probed.next_probe <= now.steady) {
    probe(probed, now);
    probed.next_probe = following(probed.next_probe, probed.target.options.interval, now.steady);
  }
  enqueue(probed);
}

void Prober::Impl::probe(Probed& probed, Now now) {
  EchoChannel* through = channel_of(probed.target);
  if (const auto open = through == nullptr ? Result<void>{} : through->open(now.steady); !open) {
    probed.trouble = open.error().text;
    note(probed, probed.monitor.on_blind(now));
    return;
  }
  const auto sent = send(probed);  // one that cannot leave is as lost as one that nobody answers
  probed.trouble = sent ? std::string() : sent.error().text;
}

// nullptr: it needs none.
EchoChannel* Prober::Impl::channel_of(const Target& target) {
  if (target.kind == model::ProbeKind::tcp) return nullptr;
  if (target.kind == model::ProbeKind::arp) return &channels[2];
  return &channels[target.address.is_v4() ? 0 : 1];
}

Result<void> Prober::Impl::send(Probed& probed) {
  const Target& target = probed.target;
  // An interface that was made again under the same name has another index: while nothing comes back, look again.
  if (!target.device.empty() && !probed.monitor.newest_answered()) {
    probed.index.value = ::if_nametoindex(target.device.text().c_str());
  }
  probed.latest = probed.monitor.on_sent(read_instant());
  if (!target.device.empty() && probed.index.value == 0) return fail(target.device.text() + " does not exist");
  EchoPath path{target.address, target.source, probed.index, false, target.mark, 0, target.in_vrf, target.fib};
  switch (target.kind) {
    case model::ProbeKind::icmp: return send_echo_request(probed, path);
    case model::ProbeKind::tcp: return connect(probed, path);
    case model::ProbeKind::arp: return arp.ask(channels[2].descriptor(), probed.index, target.address);
    case model::ProbeKind::nd:
      path.hop_limit = monitor::kNeighbourHopLimit;
      return send_echo(channels[1].descriptor(), path, monitor::encode_solicitation(target.address));
  }
  std::abort();
}

Result<void> Prober::Impl::send_echo_request(Probed& probed, const EchoPath& path) {
  const monitor::Echo echo{.id = id, .sequence = probed.latest, .cookie = cookie, .target = probed.number};
  return send_echo(channel_of(probed.target)->descriptor(), path, monitor::encode_request(path.destination.family(), echo));
}

// Those that are late are given up.
Result<void> Prober::Impl::connect(Probed& probed, const EchoPath& path) {
  auto& connections = probed.connections;
  const Instant now = read_instant();
  std::erase_if(connections, [&](const Connection& each) { return now - each.began > probed.target.options.loss_interval; });
  if (connections.size() >= kMostConnections) connections.erase(connections.begin());
  auto socket = begin_connect(context, path, probed.target.port, probed.target.device,
                              [this, number = probed.number, sequence = probed.latest](error_code failure) {
                                on_connected(number, sequence, failure);
                              });
  if (!socket) return std::unexpected(socket.error());
  connections.push_back({probed.latest, now, std::move(*socket)});
  return {};
}

// Its socket is there, so its probe is, and so are we.
void Prober::Impl::on_connected(std::uint32_t number, std::uint16_t sequence, error_code failure) {
  Probed& probed = *probed_by_number.at(number);
  std::erase_if(probed.connections, [&](const Connection& connection) { return connection.sequence == sequence; });
  if (is_answer(failure)) {
    note(probed, probed.monitor.on_reply(sequence, read_instant(), read_now()));
  } else {
    probed.trouble = connect_failure(probed.target.address, failure);
  }
  report();
}

// An answer that names no probe is taken for one to the latest.
void Prober::Impl::on_neighbour(const net::Address& neighbour, const EchoPacket& packet) {
  const auto [first, last] = neighbours.equal_range(neighbour);
  for (auto it = first; it != last; ++it) {
    Probed& probed = *probed_by_number.at(it->second);
    if (probed.index != packet.device) continue;
    note(probed, probed.monitor.on_reply(probed.latest, read_instant() - packet.queued, read_now()));
  }
}

EchoChannel Prober::Impl::channel(EchoChannel::Means means, EchoChannel::OnPacket on_packet) {
  return {context, std::move(means), std::move(on_packet), std::bind_front(&Impl::report, this)};
}

void Prober::Impl::group_targets(const std::vector<std::string>& names) {
  const auto before = std::exchange(gateways, {});
  neighbours.clear();
  for (const std::string& name : names) {
    Probed& probed = probed_by_name.at(name);
    gateways[probed.target.gateway].targets.push_back(&probed);
    const model::ProbeKind kind = probed.target.kind;
    if (kind == model::ProbeKind::arp || kind == model::ProbeKind::nd) neighbours.emplace(probed.target.address, probed.number);
  }
  for (auto& [name, gateway] : gateways) {
    if (gateway.targets.size() == 1) continue;
    const auto known = before.find(name);
    const bool was_told = known != before.end() && known->second.targets.size() > 1;
    gateway.told = was_told ? known->second.told : gateway.health();
    changed.push_back(name);  // how many are required may have changed
  }
}

model::GatewayHealth Prober::Impl::Judged::health() const {
  if (targets.size() == 1) return targets.front()->health();
  std::vector<monitor::JudgedTarget> judged;
  for (const Probed* probed : targets) {
    const Target& target = probed->target;
    judged.push_back({print(model::MonitorTarget{target.address, target.kind, target.port}), probed->health()});
  }
  return monitor::combine(judged, targets.front()->target.options.require.value_or(targets.size()));
}

void Prober::Impl::on_packet(net::Family family, const EchoPacket& packet, std::span<const std::uint8_t> bytes) {
  if (family == net::Family::ipv6) {
    if (const auto neighbour = monitor::decode_advertisement(bytes)) return on_neighbour(*neighbour, packet);
  }
  const auto reply = monitor::decode_reply(family, bytes);
  if (!reply || reply->id != id || reply->cookie != cookie) return;
  const auto found = probed_by_number.find(reply->target);
  if (found == probed_by_number.end() || found->second->target.address != packet.source) return;
  Probed& probed = *found->second;
  note(probed, probed.monitor.on_reply(reply->sequence, read_instant() - packet.queued, read_now()));
}

void Prober::Impl::note(const Probed& probed, bool state_changed) {
  if (state_changed) changed.push_back(probed.target.gateway);
}

// Last in every handler, because the callback may call set_targets().
void Prober::Impl::report() {
  for (const std::string& name : std::exchange(changed, {})) {
    const auto found = gateways.find(name);
    if (found == gateways.end()) continue;
    const model::GatewayHealth health = found->second.health();
    const bool known = found->second.targets.size() > 1 && !is_news(std::exchange(found->second.told, health), health);
    if (!known) on_change(name, health);
  }
}

Prober::Prober(asio::io_context& context, OnChange on_change, ArpMeans arp)
    : impl_(std::make_shared<Impl>(context, std::move(on_change), std::move(arp))) {}

Prober::~Prober() = default;

void Prober::set_targets(std::vector<Target> targets) { impl_->set_targets(std::move(targets)); }

void Prober::update_targets(const std::vector<Target>& targets) { impl_->update_targets(targets); }

void Prober::recall(monitor::Memories memories) { impl_->recalled = std::move(memories); }

monitor::Memories Prober::remember() const {
  const Now now = read_now();
  monitor::Memories result;
  for (const auto& [name, probed] : impl_->probed_by_name) {
    monitor::Memory memory = probed.monitor.remember(now);
    if (memory == monitor::Memory{}) continue;
    memory.address = probed.target.address;
    result.emplace(name, std::move(memory));
  }
  return result;
}

std::optional<model::GatewayHealth> Prober::health(const std::string& gateway) const {
  const auto found = impl_->gateways.find(gateway);
  return found == impl_->gateways.end() ? std::nullopt : std::optional(found->second.health());
}

model::Gateways Prober::health() const {
  model::Gateways result;
  for (const auto& [name, judged] : impl_->gateways) result.emplace(name, judged.health());
  return result;
}

std::optional<TimePoint> Prober::last_answer(const std::string& gateway) const {
  const auto found = impl_->gateways.find(gateway);
  if (found == impl_->gateways.end()) return std::nullopt;
  std::optional<Instant> latest;  // of those that answer no longer, as long as there are any
  for (const bool ceased : {true, false}) {
    for (const auto* probed : found->second.targets) {
      if (ceased && probed->monitor.health().answers == model::Answers::come) continue;
      latest = std::max(latest, probed->monitor.last_answer());
    }
    if (latest) break;
  }
  return latest ? std::optional(std::chrono::floor<Duration>(*latest)) : std::nullopt;
}

}  // namespace vtid::io
