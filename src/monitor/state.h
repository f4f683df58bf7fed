// From numbers to a word: what an estimate means under the user's thresholds, and when a change of it is believed.
// Bad news counts at once, good news after `hold`. Pure.
#pragma once

#include <optional>

#include "base/clock.h"
#include "model/config.h"
#include "model/gateway.h"
#include "monitor/estimator.h"

namespace vtid::monitor {

// online, latency, loss or down; pending while the window says nothing. Every comparison is a strict ">".
//   down     loss > loss_high, loss = 100 %, or rtt > latency_high (pfSense: highloss, highdelay)
//   loss     loss > loss_low                                       (pfSense: loss)
//   latency  rtt > latency_low                                     (pfSense: delay)
[[nodiscard]] model::GatewayState classify(const Estimate& estimate, const model::MonitorOptions& options);

// The state as the rest of vtid sees it: a worse verdict applies when it is given, a better one once nothing as bad as the
// present state was seen for `hold`. A gateway that has never worked has nothing to relapse from: its first good verdict
// applies at once.
class HeldState {
 public:
  [[nodiscard]] model::GatewayState value() const { return value_; }
  [[nodiscard]] bool has_worked() const { return has_worked_; }

  // Each returns whether the state changed.
  bool judge(model::GatewayState verdict, Duration hold, TimePoint now);
  bool force(model::GatewayState state);

  // As it was before a restart; good verdicts have to come again.
  void recall(model::GatewayState state, bool has_worked);

 private:
  model::GatewayState value_ = model::GatewayState::pending;
  bool has_worked_ = false;                // was online, latency or loss at least once
  std::optional<TimePoint> better_since_;  // verdicts have been better than value_ since then
};

}  // namespace vtid::monitor
