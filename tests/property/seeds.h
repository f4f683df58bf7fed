// Dice and seeds of property tests. A failure names its seed; `VTID_SEED=N` runs that one alone.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>
#include <string>

namespace vtid::test {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int bound) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(bound)); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

inline void for_each_seed(std::uint64_t count, const std::function<void(std::uint64_t)>& check) {
  const char* alone = std::getenv("VTID_SEED");
  const std::uint64_t first = alone == nullptr ? 0 : std::stoull(alone);
  for (std::uint64_t seed = first; seed < (alone == nullptr ? count : first + 1); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace vtid::test
