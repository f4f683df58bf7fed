#include "monitor/falls.h"

#include <gtest/gtest.h>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;
using enum model::GatewayState;

const model::MonitorOptions kOptions;  // hold 10 s, damped from the third fall in ten minutes, five minutes at most
constexpr TimePoint kStart{1h};

// Falls and rises once a minute.
Falls after(int falls) {
  Falls result;
  result.note(pending, online, kStart);
  for (int i = 0; i < falls; ++i) {
    result.note(online, down, kStart + i * 1min);
    result.note(down, online, kStart + i * 1min + 30s);
  }
  return result;
}

TEST(Falls, hold_as_long_as_the_file_says_at_first) { EXPECT_EQ(after(2).hold(kOptions, kStart + 2min), 10s); }
TEST(Falls, double_the_hold_with_the_third_fall) { EXPECT_EQ(after(3).hold(kOptions, kStart + 3min), 20s); }
TEST(Falls, double_it_again_with_each_further_one) { EXPECT_EQ(after(5).hold(kOptions, kStart + 5min), 80s); }
TEST(Falls, hold_no_longer_than_the_longest) { EXPECT_EQ(after(9).hold(kOptions, kStart + 9min), 5min); }
TEST(Falls, of_before_the_window_are_forgotten) { EXPECT_EQ(after(3).hold(kOptions, kStart + 20min), 10s); }
TEST(Falls, never_shorten_a_hold_that_is_longer_than_the_longest) {
  model::MonitorOptions options;
  options.hold = 1h;
  EXPECT_EQ(after(5).hold(options, kStart + 5min), 1h);
}
TEST(Falls, are_bounded) { EXPECT_EQ(after(2'000).hold(kOptions, kStart + 2'000min), 5min); }

TEST(Falls, keep_their_distances_when_the_clock_was_set_back) {
  const Now now{kStart, WallTime{std::chrono::hours{1'000}}};
  Falls falls;
  falls.recall({now.wall + 22h, now.wall + 23h, now.wall + 24h}, now);
  EXPECT_EQ(falls.count(kOptions, kStart), 1);
  EXPECT_EQ(falls.remember(now), (std::vector<WallTime>{now.wall - 2h, now.wall - 1h, now.wall}));
}

TEST(Falls, in_steps_are_one) {
  Falls falls = after(0);
  falls.note(online, latency, kStart);
  falls.note(latency, loss, kStart + 1s);
  falls.note(loss, down, kStart + 2s);
  EXPECT_EQ(falls.count(kOptions, kStart + 3s), 1);
}

TEST(Falls, need_something_to_fall_from) {
  Falls falls;
  falls.note(pending, down, kStart);
  EXPECT_EQ(falls.count(kOptions, kStart), 0);
}

TEST(Falls, are_not_what_the_user_does) {
  Falls falls = after(0);
  falls.note(online, forced_down, kStart);
  falls.note(forced_down, pending, kStart + 1s);
  EXPECT_EQ(falls.count(kOptions, kStart + 2s), 0);
}

}  // namespace
}  // namespace vtid::monitor
