// Loss, latency and jitter of one path over a sliding window of probes, as dpinger counts them: a slot per probe,
// period / interval slots. Counts only; it judges nothing, sends nothing and reads no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "model/config.h"

namespace vtid::monitor {

// Round trips need more than the milliseconds of TimePoint; a TimePoint converts to it.
using Microseconds = std::chrono::microseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Microseconds>;

struct Estimate {
  int received = 0;       // probes of the window with an answer
  int lost = 0;           // probes of the window without one for longer than loss_interval
  int loss_percent = 0;   // lost * 100 / (received + lost), rounded down
  Microseconds rtt{};     // mean of the answers
  Microseconds stddev{};  // of the population

  [[nodiscard]] bool empty() const { return received + lost == 0; }
  bool operator==(const Estimate&) const = default;
};

// The echo sequence is 16 bits wide: with no more slots than this, it names one probe of the window.
inline constexpr std::size_t kMostSlots = 65'535;

// period / interval, from 1 to kMostSlots.
[[nodiscard]] std::size_t slots(const model::MonitorOptions& options);

class Estimator {
 public:
  explicit Estimator(const model::MonitorOptions& options) { resize(options); }

  // The newest probes stay; those that no longer fit go.
  void resize(const model::MonitorOptions& options);
  // Forgets every probe, goes on with the sequence: answers to forgotten probes are not taken for new ones.
  void clear() { probes_.clear(); }

  // A probe is leaving: returns the sequence that it carries. The oldest one leaves a full window.
  [[nodiscard]] std::uint16_t on_sent(Instant now);
  // The round trip; nothing when the window knows no such unanswered probe. A late answer counts: its probe is no longer lost.
  std::optional<Microseconds> on_reply(std::uint16_t sequence, Instant received);
  // Forgets the probes before this one.
  void forget_before(std::uint16_t sequence);

  [[nodiscard]] Estimate estimate(Instant now) const;
  // The newest probe has its answer: the path works at this very moment.
  [[nodiscard]] bool newest_answered() const { return !probes_.empty() && probes_.back().answered(); }

 private:
  struct Probe {
    Instant sent;
    Microseconds rtt = kNone;

    static constexpr Microseconds kNone{-1};
    [[nodiscard]] bool answered() const { return rtt != kNone; }
  };
  // How many probes ago: 0 is the newest.
  [[nodiscard]] std::size_t age(std::uint16_t sequence) const;

  std::deque<Probe> probes_;  // oldest first
  std::size_t slots_ = 1;
  Duration loss_interval_{};
  std::uint16_t next_sequence_ = 0;
};

}  // namespace vtid::monitor
