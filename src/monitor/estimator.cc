#include "monitor/estimator.h"

#include <algorithm>
#include <cmath>

namespace vtid::monitor {

std::size_t slots(const model::MonitorOptions& options) {
  const auto interval = std::max(options.interval, Duration{1});
  return static_cast<std::size_t>(std::clamp<std::int64_t>(options.period / interval, 1, kMostSlots));
}

void Estimator::resize(const model::MonitorOptions& options) {
  slots_ = slots(options);
  loss_interval_ = options.loss_interval;
  while (probes_.size() > slots_) probes_.pop_front();
}

std::uint16_t Estimator::on_sent(Instant now) {
  if (probes_.size() == slots_) probes_.pop_front();
  probes_.push_back({.sent = now});
  return next_sequence_++;
}

std::size_t Estimator::age(std::uint16_t sequence) const { return static_cast<std::uint16_t>(next_sequence_ - 1 - sequence); }

std::optional<Microseconds> Estimator::on_reply(std::uint16_t sequence, Instant received) {
  if (age(sequence) >= probes_.size()) return std::nullopt;
  Probe& probe = probes_[probes_.size() - 1 - age(sequence)];
  if (probe.answered()) return std::nullopt;
  probe.rtt = std::max(received - probe.sent, Microseconds{0});
  return probe.rtt;
}

void Estimator::forget_before(std::uint16_t sequence) {
  while (probes_.size() > age(sequence) + 1) probes_.pop_front();
}

Estimate Estimator::estimate(Instant now) const {
  Estimate result;
  Microseconds total{};
  for (const Probe& probe : probes_) {
    if (probe.answered()) {
      ++result.received;
      total += probe.rtt;
    } else if (now - probe.sent > loss_interval_) {
      ++result.lost;
    }
  }
  if (!result.empty()) result.loss_percent = result.lost * 100 / (result.received + result.lost);
  if (result.received == 0) return result;

  const double mean = static_cast<double>(total.count()) / result.received;
  double squares = 0;
  for (const Probe& probe : probes_) {
    if (probe.answered()) squares += std::pow(static_cast<double>(probe.rtt.count()) - mean, 2);
  }
  result.rtt = total / result.received;
  result.stddev = Microseconds{std::llround(std::sqrt(squares / result.received))};
  return result;
}

}  // namespace vtid::monitor
