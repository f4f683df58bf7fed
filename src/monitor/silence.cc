#include "monitor/silence.h"

#include <algorithm>
#include <climits>
#include <variant>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

// What a probe may take beyond the mean round trip, however steady the path is: whom it asks may have better things to do.
constexpr Microseconds kLeastMargin = 100ms;
// Who does not look for longer may have missed answers. Two intervals are fewer probes than Chance::kLeast.
constexpr Microseconds kLongestPause = 200ms;

}  // namespace

void Silence::configure(const model::MonitorOptions& options) {
  wanted_ = options.silence;
  interval_ = options.interval;
  loss_interval_ = options.loss_interval;
  chance_.set_interval(options.interval);
}

void Silence::clear() {
  in_flight_.clear();
  late_ = 0;
  heard_.reset();
}

void Silence::on_sent(std::uint16_t sequence, Instant now) {
  look(now);
  if (heard_) in_flight_.push_back({sequence, now});
}

// A run that is called silence is an outage and teaches nothing about chance.
void Silence::on_answer(std::uint16_t sequence, Microseconds round_trip, Instant received) {
  const auto probe = std::ranges::find(in_flight_, sequence, &Probe::sequence);
  const bool in_time = probe != in_flight_.end() && round_trip <= allowance();
  if (probe != in_flight_.end()) {
    in_flight_.erase(probe);
    if (!in_time) ++late_;  // nobody has looked since
  }
  if (late_ == 0 && in_time) chance_.on_answer();
  if (late_ > 0 && late_ < chance_.needed()) chance_.on_run(static_cast<int>(late_));
  late_ = 0;
  heard_ = std::max(heard_.value_or(received), received);
  learn(round_trip);
}

void Silence::look(Instant now) {
  if (now - looked_ > std::max(2 * interval_, kLongestPause)) in_flight_.clear();
  looked_ = now;
  const auto on_time = std::ranges::find_if(in_flight_, [&](const Probe& probe) { return now - probe.sent < allowance(); });
  late_ += on_time - in_flight_.begin();
  in_flight_.erase(in_flight_.begin(), on_time);
}

std::optional<Instant> Silence::due() const {
  const auto unanswered = late_ + static_cast<std::int64_t>(in_flight_.size());
  if (std::holds_alternative<model::AutomaticSilence>(wanted_) && unanswered < Chance::kLeast) return std::nullopt;
  const int needed_now = needed();
  if (late_ >= needed_now || unanswered < needed_now) return std::nullopt;
  return in_flight_[static_cast<std::size_t>(needed_now - late_ - 1)].sent + allowance();
}

int Silence::needed() const {
  if (const int* probes = std::get_if<int>(&wanted_)) return *probes;
  return std::holds_alternative<model::NoSilence>(wanted_) ? INT_MAX : chance_.needed();
}

Microseconds Silence::allowance() const {
  return std::min(round_trip_.value_or(loss_interval_) + std::max(4 * variation_, kLeastMargin), loss_interval_);
}

// RFC 6298 section 2.
void Silence::learn(Microseconds round_trip) {
  if (!round_trip_) {
    round_trip_ = round_trip;
    variation_ = round_trip / 2;
    return;
  }
  variation_ += (std::chrono::abs(*round_trip_ - round_trip) - variation_) / 4;
  *round_trip_ += (round_trip - *round_trip_) / 8;
}

}  // namespace vtid::monitor
