// How often a path fell lately, and how much longer it has to wait for that before it is believed again. Pure.
#pragma once

#include <vector>

#include "base/clock.h"
#include "model/config.h"
#include "model/gateway.h"

namespace vtid::monitor {

class Falls {
 public:
  // A change of state. From good to bad is a fall; one that goes on falling, from loss to down, is the same fall.
  void note(model::GatewayState before, model::GatewayState after, TimePoint now);

  // Falls of the last options.fall_window.
  [[nodiscard]] int count(const model::MonitorOptions& options, TimePoint now) const;
  // options.hold; from the options.falls-th fall on each doubles it, up to options.longest_hold.
  [[nodiscard]] Duration hold(const model::MonitorOptions& options, TimePoint now) const;

  // For a restart: the moments of what is kept, and the same again in a monitor that knows of none.
  [[nodiscard]] std::vector<WallTime> remember(Now now) const;
  void recall(const std::vector<WallTime>& times, Now now);

 private:
  std::vector<TimePoint> times_;
  bool has_risen_ = false;  // since the last fall
};

}  // namespace vtid::monitor
