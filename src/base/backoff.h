// Exponential backoff with jitter, as arithmetic: the caller brings the randomness and keeps the time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace vtid {

struct BackoffLimits {
  Duration first{1000};
  Duration longest{60'000};

  bool operator==(const BackoffLimits&) const = default;
};

class Backoff {
 public:
  explicit Backoff(BackoffLimits limits = {}) : limits_(limits) {}

  // The next delay: doubles from `first` to `longest`, then spread over [75 %, 125 %] by `random` (any 32 bits).
  [[nodiscard]] Duration next(std::uint32_t random) {
    const int shift = std::min(failures_++, 20);
    const auto base = std::min<std::int64_t>(limits_.first.count() << shift, limits_.longest.count());
    return Duration{base * 3 / 4 + base * static_cast<std::int64_t>(random % 1024) / 2048};
  }
  void reset() { failures_ = 0; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  BackoffLimits limits_;
  int failures_ = 0;
};

}  // namespace vtid
