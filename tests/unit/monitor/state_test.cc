#include "monitor/state.h"

#include <gtest/gtest.h>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;
using enum model::GatewayState;

const model::MonitorOptions kOptions;  // pfSense's: 200 and 500 ms, 10 and 20 %

model::GatewayState with(int loss_percent, Microseconds rtt) {
  return classify({.received = 100 - loss_percent, .lost = loss_percent, .loss_percent = loss_percent, .rtt = rtt}, kOptions);
}

TEST(Classify, is_pending_without_evidence) { EXPECT_EQ(classify({}, kOptions), pending); }
TEST(Classify, is_online_at_exactly_the_low_thresholds) { EXPECT_EQ(with(10, 200ms), online); }
TEST(Classify, is_latency_above_the_low_latency) { EXPECT_EQ(with(0, 200ms + 1us), latency); }
TEST(Classify, is_latency_at_exactly_the_high_latency) { EXPECT_EQ(with(0, 500ms), latency); }
TEST(Classify, is_down_above_the_high_latency) { EXPECT_EQ(with(0, 500ms + 1us), down); }
TEST(Classify, is_loss_above_the_low_loss) { EXPECT_EQ(with(11, 0ms), loss); }
TEST(Classify, is_loss_at_exactly_the_high_loss) { EXPECT_EQ(with(20, 0ms), loss); }
TEST(Classify, is_down_above_the_high_loss) { EXPECT_EQ(with(21, 0ms), down); }
TEST(Classify, prefers_loss_to_latency) { EXPECT_EQ(with(11, 201ms), loss); }

TEST(Classify, is_down_without_any_answer_even_when_the_threshold_cannot_be_exceeded) {
  model::MonitorOptions options;
  options.loss_high = 100;
  EXPECT_EQ(classify({.lost = 5, .loss_percent = 100}, options), down);
}

TEST(HeldState, starts_pending) { EXPECT_EQ(HeldState{}.value(), pending); }

// A judgement a second, with a hold of three.
model::GatewayState after(std::initializer_list<model::GatewayState> verdicts) {
  HeldState state;
  TimePoint now{1h};
  for (const auto verdict : verdicts) state.judge(verdict, 3s, now += 1s);
  return state.value();
}

TEST(HeldState, believes_the_first_verdict_at_once) { EXPECT_EQ(after({latency}), latency); }
TEST(HeldState, believes_worse_news_at_once) { EXPECT_EQ(after({online, latency, loss}), loss); }
TEST(HeldState, holds_back_better_news) { EXPECT_EQ(after({loss, online, online, online}), loss); }
TEST(HeldState, believes_better_news_after_the_hold) { EXPECT_EQ(after({loss, online, online, online, online}), online); }
TEST(HeldState, starts_the_hold_again_after_a_relapse) {
  EXPECT_EQ(after({loss, online, online, loss, online, online, online}), loss);
}
TEST(HeldState, does_not_take_another_better_verdict_for_a_relapse) {
  EXPECT_EQ(after({online, down, loss, latency, loss, latency}), latency);
}
TEST(HeldState, holds_back_nothing_for_a_gateway_that_never_worked) { EXPECT_EQ(after({down, online}), online); }
TEST(HeldState, is_not_changed_by_missing_evidence) { EXPECT_EQ(after({online, pending}), online); }

TEST(HeldState, says_whether_it_changed) {
  HeldState state;
  state.force(online);
  EXPECT_FALSE(state.judge(online, 0s, TimePoint{1h}));
}

TEST(HeldState, without_a_hold_believes_better_news_at_once) {
  HeldState state;
  state.force(loss);
  EXPECT_TRUE(state.judge(online, 0s, TimePoint{1h}));
}

}  // namespace
}  // namespace vtid::monitor
