// How likely it is that chance leaves so many probes in a row without an answer, by what the path lost lately: phi-accrual
// failure detection (Hayashibara et al. 2004, phi = -log10 of probability()) over losses instead of arrival times. A loss
// begins with one probability and goes on with another (Gilbert 1960), because losses come in bursts. Pure, of constant size.
#pragma once

#include "base/clock.h"

namespace vtid::monitor {

class Chance {
 public:
  static constexpr int kLeast = 3;  // what needed() never goes below, however good the path

  // Of a path that is taken for healthy until it shows otherwise.
  explicit Chance(Duration interval) { set_interval(interval); }
  void set_interval(Duration interval);  // between probes; what is known stays

  void on_answer();         // of a probe that followed an answered one
  void on_run(int length);  // so many in a row, at least one, had none; then something was heard again

  // That a probe begins a run of at least that length.
  [[nodiscard]] double probability(int length) const;
  // The shortest run that the path's own losses explain less than once in a month of probes.
  [[nodiscard]] int needed() const;
  // Of the probes of the last hour, those without an answer: 0 to 1.
  [[nodiscard]] double loss() const;

 private:
  // A share of trials of which the older ones fade.
  struct Share {
    double hits = 0;
    double trials = 0;
    void add(double more_hits, double more_trials, double kept);
  };
  struct Rates {
    double begins;   // that a probe after an answered one has no answer
    double goes_on;  // that one after an unanswered one has none either
  };
  [[nodiscard]] Rates rates() const;

  double month_ = 0;  // in probes; so are these:
  double hour_ = 0;
  double minute_ = 0;
  Share begun_;         // of the last hour
  Share begun_lately_;  // of the last minute: a path that gets worse is believed at once
  Share went_on_;       // of the last hour
  Share lost_;          // of the last hour, and of nothing but what was measured
};

}  // namespace vtid::monitor
