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
#include "monitor/echo.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using monitor::Instant;

constexpr int kStepsPerTick = 256;  // targets served before the sockets are read again
constexpr int kGridLines = 50;      // of an interval, at least
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

}  // namespace

struct Prober::Impl : std::enable_shared_from_this<Impl> {
  struct Probed {
    Target target;
    monitor::GatewayMonitor monitor;
    std::uint32_t number;  // in its probes
    TimePoint next_probe{};
    TimePoint next_check{};
    TimePoint queued_for{};
    net::IfIndex index;   // of target.device, as last looked up
    std::string trouble;  // why the latest probe could not leave: "ipsec1 does not exist"

    [[nodiscard]] model::GatewayHealth health() const {
      model::GatewayHealth health = monitor.health();
      if (!trouble.empty() && monitor.wants_probes() && health.state != model::GatewayState::online)
        health.reason += (health.reason.empty() ? "" : "; ") + trouble;
      return health;
    }
  };

  Impl(asio::io_context& io, OnChange callback)
      : context(io),
        on_change(std::move(callback)),
        timer(io),
        channels{channel(net::Family::ipv4), channel(net::Family::ipv6)} {}

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
  [[nodiscard]] Result<void> send(EchoChannel& through, Probed& probed);
  void on_packet(net::Family family, const EchoPacket& packet, std::span<const std::uint8_t> bytes);
  void note(const Probed& probed, bool changed);
  void report();

  EchoChannel channel(net::Family family);

  asio::io_context& context;
  OnChange on_change;
  asio::steady_timer timer;
  std::array<EchoChannel, 2> channels;  // IPv4, IPv6
  std::map<std::string, Probed> probed_by_name;
  std::unordered_map<std::uint32_t, Probed*> probed_by_number;
  std::set<std::pair<TimePoint, std::uint32_t>> queue;  // what is due when; each number at most once
  std::vector<std::string> changed;
  monitor::Memories recalled;
  std::uint32_t next_number = 0;
  const std::uint64_t cookie = random_bits();
  const std::uint16_t id = static_cast<std::uint16_t>(cookie ^ random_bits());
};

void Prober::Impl::set_targets(std::vector<Target> targets) {
  const Now now = read_now();
  std::map<std::string, Probed> kept;
  for (Target& target : targets) {
    auto node = probed_by_name.extract(target.gateway);
    if (!node.empty() && retarget(node.mapped(), target, now)) {
      kept.insert(std::move(node));
      continue;
    }
    if (!node.empty()) retire(node.mapped());
    const std::string name = target.gateway;
    monitor::GatewayMonitor fresh(target.options, target.underlay, now);
    const auto memory = recalled.find(name);
    if (memory != recalled.end() && memory->second.address == target.address) fresh.recall(memory->second, now);
    Probed& probed = kept.try_emplace(name, std::move(target), std::move(fresh), next_number++).first->second;
    probed_by_number[probed.number] = &probed;
    schedule(probed, now.steady);
  }
  for (const auto& [name, probed] : probed_by_name) retire(probed);
  probed_by_name = std::move(kept);
  recalled.clear();
  arm();
  report_later();
}

void Prober::Impl::update_targets(const std::vector<Target>& targets) {
  const Now now = read_now();
  for (const Target& target : targets) {
    const auto probed = probed_by_name.find(target.gateway);
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
  const auto path_of = [](const Target& it) { return std::tie(it.address, it.device, it.via); };
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
  probed.next_probe = first_due(probed.target.gateway, probed.target.options.interval, now);
  probed.next_check = first_due(probed.target.gateway, probed.target.options.alert, now);
  probed.trouble.clear();
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
  EchoChannel& through = channels[probed.target.address.is_v4() ? 0 : 1];
  if (const auto open = through.open(now.steady); !open) {
    probed.trouble = open.error().text;
    note(probed, probed.monitor.on_blind(now));
    return;
  }
  const auto sent = send(through, probed);  // one that cannot leave is as lost as one that nobody answers
  probed.trouble = sent ? std::string() : sent.error().text;
}

Result<void> Prober::Impl::send(EchoChannel& through, Probed& probed) {
  const Target& target = probed.target;
  // An interface that was made again under the same name has another index: while nothing comes back, look again.
  if (!target.device.empty() && !probed.monitor.newest_answered()) {
    probed.index.value = ::if_nametoindex(target.device.text().c_str());
  }
  const auto sequence = probed.monitor.on_sent(read_instant());
  if (!target.device.empty() && probed.index.value == 0) return fail(target.device.text() + " does not exist");
  const auto request = monitor::encode_request(target.address.family(),
                                               {.id = id, .sequence = sequence, .cookie = cookie, .target = probed.number});
  return through.send({target.address, target.source, probed.index, false, target.mark}, request);
}

EchoChannel Prober::Impl::channel(net::Family family) {
  return {context, family, std::bind_front(&Impl::on_packet, this), std::bind_front(&Impl::report, this)};
}

void Prober::Impl::on_packet(net::Family family, const EchoPacket& packet, std::span<const std::uint8_t> bytes) {
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
    const auto found = probed_by_name.find(name);
    if (found == probed_by_name.end()) continue;
    on_change(name, found->second.health());
  }
}

Prober::Prober(asio::io_context& context, OnChange on_change) : impl_(std::make_shared<Impl>(context, std::move(on_change))) {}

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
  const auto found = impl_->probed_by_name.find(gateway);
  return found == impl_->probed_by_name.end() ? std::nullopt : std::optional(found->second.health());
}

model::Gateways Prober::health() const {
  model::Gateways result;
  for (const auto& [name, probed] : impl_->probed_by_name) result.emplace(name, probed.health());
  return result;
}

std::optional<TimePoint> Prober::last_answer(const std::string& gateway) const {
  const auto probed = impl_->probed_by_name.find(gateway);
  if (probed == impl_->probed_by_name.end() || !probed->second.monitor.last_answer()) return std::nullopt;
  return std::chrono::floor<Duration>(*probed->second.monitor.last_answer());
}

}  // namespace vtid::io
