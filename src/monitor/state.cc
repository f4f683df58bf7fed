#include "monitor/state.h"

#include <utility>

namespace vtid::monitor {

using model::GatewayState;

// judge() compares verdicts as numbers; the states that only inputs can force come after them.
static_assert(GatewayState::online < GatewayState::latency && GatewayState::latency < GatewayState::loss &&
              GatewayState::loss < GatewayState::down && GatewayState::down < GatewayState::forced_down &&
              GatewayState::down < GatewayState::unmonitored && GatewayState::down < GatewayState::pending);

GatewayState classify(const Estimate& estimate, const model::MonitorOptions& options) {
  if (estimate.empty()) return GatewayState::pending;
  if (estimate.received == 0 || estimate.loss_percent > options.loss_high || estimate.rtt > options.latency_high) {
    return GatewayState::down;
  }
  if (estimate.loss_percent > options.loss_low) return GatewayState::loss;
  if (estimate.rtt > options.latency_low) return GatewayState::latency;
  return GatewayState::online;
}

bool HeldState::judge(GatewayState verdict, Duration hold, TimePoint now) {
  if (verdict == GatewayState::pending) return false;  // no evidence, no change
  const bool better = value_ <= GatewayState::down && verdict < value_;
  if (!better || !has_worked_) return force(verdict);
  if (!better_since_) better_since_ = now;
  return now - *better_since_ >= hold && force(verdict);
}

bool HeldState::force(GatewayState state) {
  better_since_.reset();
  has_worked_ = has_worked_ || state < GatewayState::down;
  return std::exchange(value_, state) != state;
}

void HeldState::recall(GatewayState state, bool has_worked) {
  value_ = state;
  has_worked_ = has_worked;
  better_since_.reset();
}

}  // namespace vtid::monitor
