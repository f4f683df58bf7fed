#include "monitor/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"

namespace vtid::monitor {

using model::GatewayState;

namespace {

std::string name_of(const Underlay& underlay) { return underlay.tunnel.empty() ? "its tunnel" : "tunnel " + underlay.tunnel; }

bool is_cut(const Underlay& underlay) {
  return underlay.state == Underlay::State::down || underlay.state == Underlay::State::no_lease;
}

std::string why_cut(const Underlay& underlay) {
  if (underlay.state == Underlay::State::down) return name_of(underlay) + " is down";
  return "no lease: there is no next hop on " + underlay.tunnel;
}

bool is_bad(GatewayState state) { return state > GatewayState::online && state <= GatewayState::down; }

}  // namespace

GatewayMonitor::GatewayMonitor(const model::MonitorOptions& options, Underlay underlay, Now now)
    : options_(options), underlay_(std::move(underlay)), estimator_(options), silence_(options) {
  health_.since = now.wall;
  start(now);
}

// A tunnel that is down, or a file that has nothing probed, says more than the memory.
void GatewayMonitor::recall(const Memory& memory, Now now) {
  falls_.recall(memory.falls, now);
  if (!is_bad(memory.state)) return;
  state_.recall(wants_probes() ? memory.state : state_.value(), memory.has_worked);
  if (!wants_probes()) return;
  pace_.recall(memory.slow ? GatewayState::latency : GatewayState::online, memory.slow);
  health_.state = memory.state;
  health_.since = std::min(memory.since, now.wall);
  health_.slow = memory.slow;
  health_.loss_percent = memory.state == GatewayState::down ? 100 : 0;
  health_.reason = "was so before vtid started";
  if (memory.has_worked) health_.reason += "; " + hold_after(now);
}

Memory GatewayMonitor::remember(Now now) const {
  Memory memory;
  memory.falls = falls_.remember(now);
  if (!is_bad(health_.state)) return memory;
  memory.state = health_.state;
  memory.since = health_.since;
  memory.has_worked = state_.has_worked();
  memory.slow = health_.slow;
  return memory;
}

std::string GatewayMonitor::hold_after(Now now) const {
  return fmt::format("believed {} after its first answer", print_duration(falls_.hold(options_, now.steady)));
}

bool GatewayMonitor::set_options(const model::MonitorOptions& options, Now now) {
  const bool toggled = options.enabled != options_.enabled || options.forced_down != options_.forced_down;
  options_ = options;
  estimator_.resize(options);
  silence_.configure(options);
  return toggled && start(now);
}

bool GatewayMonitor::set_underlay(Underlay underlay, Now now) {
  const bool same = underlay.state == underlay_.state;
  underlay_ = std::move(underlay);
  if (same) return false;
  if (underlay_.state != Underlay::State::up || !wants_probes()) return start(now);
  forget_probes();
  health_.cut = false;
  health_.answers = model::Answers::unknown;
  if (state_.value() == GatewayState::down) {
    health_.reason =
        state_.has_worked() ? fmt::format("{} is up again; {}", name_of(underlay_), hold_after(now)) : "no answer yet";
  }
  return false;
}

void GatewayMonitor::forget_probes() {
  estimator_.clear();
  silence_.clear();
  silence_judged_ = false;
  answered_ = false;
}

std::uint16_t GatewayMonitor::on_sent(Instant now) {
  const std::uint16_t sequence = estimator_.on_sent(now);
  silence_.on_sent(sequence, now);
  return sequence;
}

bool GatewayMonitor::on_reply(std::uint16_t sequence, Instant received, Now now) {
  if (!wants_probes()) return false;
  const auto round_trip = estimator_.on_reply(sequence, received);
  if (!round_trip) return false;
  silence_.on_answer(sequence, *round_trip, received);
  silence_judged_ = false;
  last_answer_ = std::max(last_answer_.value_or(received), received);
  if (answered_) return false;
  answered_ = true;
  // What went unanswered until now says that the path was not there yet, not that it is lossy.
  estimator_.forget_before(sequence);
  return on_check(now);
}

bool GatewayMonitor::on_check(Now now) {
  if (!wants_probes()) return false;
  silence_.look(now.steady);
  silence_judged_ = silence_.silent();
  const Estimate estimate = estimator_.estimate(now.steady);
  if (estimate.empty()) return false;
  health_.rtt_ms = static_cast<double>(estimate.rtt.count()) / 1000;
  health_.stddev_ms = static_cast<double>(estimate.stddev.count()) / 1000;
  health_.loss_percent = estimate.loss_percent;
  const Duration hold = falls_.hold(options_, now.steady);
  const GatewayState before = state_.value();
  const GatewayState verdict = silence_.silent() ? GatewayState::down : classify(estimate, options_);
  const bool changed = state_.judge(verdict, hold, now.steady);
  follow(changed, before, now);
  if (changed) health_.reason = reason_for(estimate, now);
  const bool slow = estimate.received > 0 && estimate.rtt > options_.latency_low;
  pace_.judge(slow ? GatewayState::latency : GatewayState::online, hold, now.steady);
  const bool slow_before = std::exchange(health_.slow, pace_.value() == GatewayState::latency);
  const model::Answers answers_before = std::exchange(health_.answers, answers(estimate));
  return changed || slow_before != health_.slow || answers_before != health_.answers;
}

model::Answers GatewayMonitor::answers(const Estimate& estimate) const {
  if (silence_.silent()) return model::Answers::ceased;
  if (estimate.received > 0) return model::Answers::come;
  return state_.has_worked() ? model::Answers::ceased : model::Answers::unknown;
}

TimePoint GatewayMonitor::due() const {
  if (silence_.silent()) return silence_judged_ ? TimePoint::max() : TimePoint{};
  const auto due = silence_.due();
  return due ? std::chrono::ceil<Duration>(*due) : TimePoint::max();
}

bool GatewayMonitor::on_blind(Now now) { return wants_probes() && start(now); }

GatewayMonitor::Start GatewayMonitor::start_of() const {
  if (options_.forced_down) return {GatewayState::forced_down, "forced down in the file"};
  if (!options_.enabled)
    return {GatewayState::unmonitored, is_cut(underlay_) ? "not monitored; " + why_cut(underlay_) : "not monitored"};
  switch (underlay_.state) {
    case Underlay::State::up: return {GatewayState::pending, "no answer yet"};
    case Underlay::State::down: return {GatewayState::down, why_cut(underlay_)};
    case Underlay::State::asleep: return {GatewayState::pending, name_of(underlay_) + " is on demand"};
    case Underlay::State::no_lease: return {GatewayState::pending, why_cut(underlay_)};
  }
  std::abort();
}

bool GatewayMonitor::start(Now now) {
  forget_probes();
  auto [state, reason] = start_of();
  health_.rtt_ms = 0;
  health_.stddev_ms = 0;
  health_.loss_percent = state == GatewayState::down ? 100 : 0;  // nothing passes a tunnel that is down
  health_.slow = false;
  health_.answers = model::Answers::unknown;
  health_.reason = std::move(reason);
  const bool cut = is_cut(underlay_);
  const bool was_cut = std::exchange(health_.cut, cut);
  pace_ = {};
  const GatewayState before = state_.value();
  return follow(state_.force(state), before, now) || cut != was_cut;
}

bool GatewayMonitor::follow(bool changed, GatewayState before, Now now) {
  health_.state = state_.value();
  if (!changed) return false;
  health_.since = now.wall;
  falls_.note(before, state_.value(), now.steady);
  return true;
}

std::string GatewayMonitor::reason_for(const Estimate& estimate, Now now) const {
  const GatewayState state = state_.value();
  if (state == GatewayState::online) return "";
  const bool down = state == GatewayState::down;
  const int loss = down ? options_.loss_high : options_.loss_low;
  const Duration latency = down ? options_.latency_high : options_.latency_low;
  std::string reason = "no answer";
  if (silence_.silent()) {
    reason = fmt::format("{} probes in a row unanswered for {:.1f} s, at {:.1f} % loss measured: silent", silence_.late(),
                         std::chrono::duration<double>(silence_.length(now.steady)).count(), silence_.loss() * 100);
  } else if (estimate.received > 0 && estimate.loss_percent > loss) {
    reason = fmt::format("{} % loss, more than {} %", estimate.loss_percent, loss);
  } else if (estimate.received > 0) {
    reason = fmt::format("{:.1f} ms, more than {}", static_cast<double>(estimate.rtt.count()) / 1000, print_duration(latency));
  }
  if (const Duration hold = falls_.hold(options_, now.steady); hold != options_.hold) {
    reason += fmt::format("; fall {} within {}, so it is held for {}", falls_.count(options_, now.steady),
                          print_duration(options_.fall_window), print_duration(hold));
  }
  return reason;
}

}  // namespace vtid::monitor
