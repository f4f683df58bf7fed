#include "monitor/chance.h"

#include <algorithm>
#include <cmath>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

// Probes of that time; of slow probes as many as it takes to tell a rate.
double probes_in(Duration time, Duration interval, double least) {
  return std::max(static_cast<double>(time.count()) / static_cast<double>(std::max(interval, Duration{1}).count()), least);
}

constexpr double kCertain = 0.999;   // nothing is more so: a logarithm of one would divide by zero
constexpr double kDeviations = 2;    // the rate is taken for that much higher than it was measured
constexpr double kIndependence = 5;  // losses that it takes to believe that they come in bursts

}  // namespace

void Chance::Share::add(double more_hits, double more_trials, double kept) {
  hits = hits * kept + more_hits;
  trials = trials * kept + more_trials;
}

void Chance::set_interval(Duration interval) {
  const bool fresh = hour_ == 0;
  month_ = probes_in(30 * 24h, interval, 1);
  hour_ = probes_in(1h, interval, 7'200);
  minute_ = probes_in(1min, interval, 120);
  if (!fresh) return;
  begun_.trials = hour_ / 4;
  begun_lately_.trials = minute_;
}

void Chance::on_answer() {
  begun_.add(0, 1, 1 - 1 / hour_);
  begun_lately_.add(0, 1, 1 - 1 / minute_);
  went_on_.add(0, 0, 1 - 1 / hour_);
  lost_.add(0, 1, 1 - 1 / hour_);
}

// The first of them began; all but the first went on, and what was heard at last is a trial of that too.
void Chance::on_run(int length) {
  const double hour_kept = std::pow(1 - 1 / hour_, length + 1);
  begun_.add(1, 1, hour_kept);
  begun_lately_.add(1, 1, std::pow(1 - 1 / minute_, length + 1));
  went_on_.add(length - 1, length, hour_kept);
  lost_.add(length, length + 1, hour_kept);
}

Chance::Rates Chance::rates() const {
  const double trials = begun_.trials + 1;
  double begins = (begun_.hits + 0.5) / trials;  // Jeffreys' prior: what never happened may happen
  begins += kDeviations * std::sqrt(begins * (1 - std::min(begins, 1.0)) / trials);
  begins = std::min(std::max(begins, begun_lately_.hits / begun_lately_.trials), kCertain);
  const double goes_on = (went_on_.hits + kIndependence * begins) / (went_on_.trials + kIndependence);
  return {begins, std::clamp(goes_on, begins, kCertain)};
}

double Chance::probability(int length) const {
  const auto [begins, goes_on] = rates();
  return begins * std::pow(goes_on, length - 1);
}

int Chance::needed() const {
  const auto [begins, goes_on] = rates();
  return std::max(kLeast, 1 + static_cast<int>(std::ceil(std::log(month_ * begins) / -std::log(goes_on))));
}

double Chance::loss() const { return lost_.trials > 0 ? lost_.hits / lost_.trials : 0; }

}  // namespace vtid::monitor
