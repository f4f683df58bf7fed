// Time as a value: a moment is passed in, so that tests own the clock. Nothing here reads one.
#pragma once

#include <chrono>
#include <string>

namespace vtid {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;             // for deadlines
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>;  // for people

// One moment on both clocks.
struct Now {
  TimePoint steady;
  WallTime wall;
};

// RFC 3339 in UTC: "2026-11-23T18:00:00Z".
[[nodiscard]] std::string print(WallTime time);

}  // namespace vtid
