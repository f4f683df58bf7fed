#include "monitor/estimator.h"

#include <gtest/gtest.h>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

Instant at(Microseconds time) { return Instant{1h + time}; }

// Four slots of one second; a probe is lost after two.
model::MonitorOptions options(Duration interval = 1s, Duration period = 4s) {
  model::MonitorOptions result;
  result.interval = interval;
  result.loss_interval = 2s;
  result.period = period;
  return result;
}

// One probe a second from second 0 on, answered after that long, or never.
Estimator after(std::initializer_list<std::optional<Microseconds>> round_trips) {
  Estimator estimator(options());
  Microseconds now{};
  for (const auto& round_trip : round_trips) {
    const auto sequence = estimator.on_sent(at(now));
    if (round_trip) estimator.on_reply(sequence, at(now + *round_trip));
    now += 1s;
  }
  return estimator;
}

TEST(Estimator, knows_nothing_before_the_first_probe) { EXPECT_TRUE(Estimator(options()).estimate(at(0s)).empty()); }

TEST(Estimator, does_not_count_a_probe_as_lost_at_exactly_its_loss_interval) {
  EXPECT_TRUE(after({std::nullopt}).estimate(at(2s)).empty());
}

TEST(Estimator, counts_a_probe_as_lost_after_its_loss_interval) {
  EXPECT_EQ(after({std::nullopt}).estimate(at(2s + 1us)), (Estimate{.lost = 1, .loss_percent = 100}));
}

TEST(Estimator, has_the_mean_and_the_population_deviation_of_the_answers) {
  EXPECT_EQ(after({2ms, 4ms, 4ms, 6ms}).estimate(at(4s)), (Estimate{.received = 4, .rtt = 4ms, .stddev = Microseconds{1414}}));
}

TEST(Estimator, rounds_the_percentage_down) { EXPECT_EQ(after({1ms, std::nullopt, 1ms}).estimate(at(9s)).loss_percent, 33); }

TEST(Estimator, leaves_probes_that_may_still_be_answered_out_of_the_percentage) {
  EXPECT_EQ(after({1ms, std::nullopt, std::nullopt}).estimate(at(3500ms)).loss_percent, 50);
}

TEST(Estimator, takes_a_late_answer_as_an_answer) {
  Estimator estimator = after({std::nullopt, 1s, 1s});
  estimator.on_reply(0, at(3s));
  EXPECT_EQ(estimator.estimate(at(9s)),
            (Estimate{.received = 3, .rtt = Microseconds{1'666'666}, .stddev = Microseconds{942'809}}));
}

TEST(Estimator, counts_an_answer_once) { EXPECT_FALSE(after({1ms}).on_reply(0, at(5ms))); }

TEST(Estimator, forgets_the_oldest_probe_of_a_full_window) {
  EXPECT_EQ(after({std::nullopt, 1ms, 1ms, 1ms, 1ms}).estimate(at(9s)), (Estimate{.received = 4, .rtt = 1ms}));
}

TEST(Estimator, ignores_answers_to_probes_that_left_the_window) {
  EXPECT_FALSE(after({std::nullopt, 1ms, 1ms, 1ms, 1ms}).on_reply(0, at(5s)));
}

TEST(Estimator, ignores_answers_to_probes_that_were_never_sent) { EXPECT_FALSE(after({1ms}).on_reply(1, at(1s))); }

TEST(Estimator, ignores_answers_to_probes_from_before_a_clear) {
  Estimator estimator = after({std::nullopt, std::nullopt});
  estimator.clear();
  std::ignore = estimator.on_sent(at(2s));
  EXPECT_FALSE(estimator.on_reply(1, at(3s)));
}

TEST(Estimator, tells_probes_apart_when_the_sequence_wraps) {
  Estimator estimator(options());
  for (int i = 0; i < 65'534; ++i) std::ignore = estimator.on_sent(at(0s));
  for (int i = 0; i < 4; ++i) estimator.on_reply(estimator.on_sent(at(0s)), at(1ms));
  EXPECT_EQ(estimator.estimate(at(9s)), (Estimate{.received = 4, .rtt = 1ms}));
}

TEST(Estimator, never_has_a_negative_round_trip) {
  Estimator estimator(options());
  estimator.on_reply(estimator.on_sent(at(1s)), at(0s));
  EXPECT_EQ(estimator.estimate(at(1s)), (Estimate{.received = 1}));
}

TEST(Estimator, keeps_the_newest_probes_when_it_shrinks) {
  Estimator estimator = after({std::nullopt, std::nullopt, 1ms, 1ms});
  estimator.resize(options(1s, 2s));
  EXPECT_EQ(estimator.estimate(at(9s)), (Estimate{.received = 2, .rtt = 1ms}));
}

TEST(Slots, are_bounded_by_what_the_sequence_can_name) { EXPECT_EQ(slots(options(1ms, 24h)), kMostSlots); }

TEST(Slots, are_at_least_one) { EXPECT_EQ(slots(options(0ms, 0ms)), 1U); }

}  // namespace
}  // namespace vtid::monitor
