#include "monitor/falls.h"

#include <algorithm>

namespace vtid::monitor {
namespace {

using model::GatewayState;

constexpr std::size_t kMostKept = 128;  // the parser allows 100 to be waited for
constexpr int kMostDoublings = 20;      // of a hold of a day this is longer than any longest_hold

}  // namespace

// Not monitored, forced down and pending are no verdicts: they begin and end without a fall.
void Falls::note(GatewayState before, GatewayState after, TimePoint now) {
  if (after > GatewayState::down) return;
  const bool judged = before <= GatewayState::down;
  if (after < GatewayState::down && (!judged || after < before)) has_risen_ = true;
  if (!judged || after <= before || !has_risen_) return;
  has_risen_ = false;
  times_.push_back(now);
  if (times_.size() > kMostKept) times_.erase(times_.begin());
}

int Falls::count(const model::MonitorOptions& options, TimePoint now) const {
  return static_cast<int>(std::ranges::count_if(times_, [&](TimePoint fell) { return now - fell < options.fall_window; }));
}

std::vector<WallTime> Falls::remember(Now now) const {
  std::vector<WallTime> times;
  for (const TimePoint fell : times_) times.push_back(now.wall - std::chrono::floor<std::chrono::seconds>(now.steady - fell));
  return times;
}

// A fall of the future says that the clock was set back meanwhile: the latest is taken for one of this moment, and the others
// for as much older as they are.
void Falls::recall(const std::vector<WallTime>& times, Now now) {
  WallTime latest = now.wall;
  for (const WallTime fell : times) latest = std::max(latest, fell);
  for (const WallTime fell : times) times_.push_back(now.steady - (latest - fell));
  if (times_.size() > kMostKept) times_.erase(times_.begin(), times_.end() - kMostKept);
}

Duration Falls::hold(const model::MonitorOptions& options, TimePoint now) const {
  const int extra = std::min(count(options, now) - options.falls + 1, kMostDoublings);
  if (extra <= 0) return options.hold;
  return std::min(options.hold * (1 << extra), std::max(options.longest_hold, options.hold));
}

}  // namespace vtid::monitor
