// Whether a path that answered has fallen silent: so many probes in a row are late that chance does not explain it (chance.h),
// or as many as the user says. A probe is late by the path's own round trips, and only probes that were sent count: what was
// not sent or not listened for, because the host slept, says nothing. Pure.
//   for each probe   on_sent()
//   for each answer  on_answer()
//   at due(), and at least once an interval (on_sent() does)   look()
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config.h"
#include "monitor/chance.h"
#include "monitor/estimator.h"

namespace vtid::monitor {

class Silence {
 public:
  explicit Silence(const model::MonitorOptions& options) : chance_(options.interval) { configure(options); }

  void configure(const model::MonitorOptions& options);
  // The path may be another: nothing is expected of it before it answers. What it lost in the past is kept.
  void clear();

  void on_sent(std::uint16_t sequence, Instant now);
  void on_answer(std::uint16_t sequence, Microseconds round_trip, Instant received);
  void look(Instant now);

  [[nodiscard]] bool silent() const { return late_ > 0 && late_ >= needed(); }
  // When to look, because a probe is late then that makes it silent unless something is heard before.
  [[nodiscard]] std::optional<Instant> due() const;

  [[nodiscard]] std::int64_t late() const { return late_; }  // probes in a row
  [[nodiscard]] Microseconds length(Instant now) const { return heard_ ? now - *heard_ : Microseconds{0}; }
  [[nodiscard]] double loss() const { return chance_.loss(); }

 private:
  struct Probe {
    std::uint16_t sequence;
    Instant sent;
  };
  [[nodiscard]] int needed() const;
  [[nodiscard]] Microseconds allowance() const;  // from sent to late
  void learn(Microseconds round_trip);

  decltype(model::MonitorOptions::silence) wanted_;
  Microseconds interval_{};
  Microseconds loss_interval_{};
  std::vector<Probe> in_flight_;  // neither answered nor late, oldest first: mostly one, at most loss_interval / interval
  std::int64_t late_ = 0;         // since anything was heard
  std::optional<Instant> heard_;
  Instant looked_{};
  Chance chance_;
  std::optional<Microseconds> round_trip_;  // RFC 6298: SRTT
  Microseconds variation_{};                // RTTVAR
};

}  // namespace vtid::monitor
