// Durations as users write them: "500ms", "10s", "5m", "4h", "1d". No fractions, no signs, no spaces.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace vtid {

// At most kLongestDuration; "0s" is a duration.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The largest unit that divides it: 3600 s is "1h", 90 s is "90s".
[[nodiscard]] std::string print_duration(Duration duration);

inline constexpr Duration kLongestDuration = std::chrono::hours{24 * 365};

}  // namespace vtid
