#include "monitor/chance.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

constexpr int kHour = 7'200;  // of probes every 500 ms

// Loses the last `burst` of every `every` probes.
void live(Chance& chance, int probes, int every, int burst = 1) {
  for (int i = 0; i < probes; i += every) {
    for (int answered = 0; answered < every - burst - 1; ++answered) chance.on_answer();
    chance.on_run(burst);
  }
}
void live_well(Chance& chance, int probes) {
  for (int i = 0; i < probes; ++i) chance.on_answer();
}
Chance after(int every, int burst = 1) {
  Chance chance(500ms);
  live(chance, 5 * kHour, every, burst);
  return chance;
}

TEST(Chance, takes_a_new_path_for_healthy) {
  const Chance chance(500ms);
  EXPECT_EQ(chance.needed(), 3);
  EXPECT_EQ(chance.loss(), 0);
}

TEST(Chance, needs_no_more_of_a_healthy_path_for_a_probe_that_was_lost_once) {
  Chance chance(500ms);
  live_well(chance, kHour);
  chance.on_run(1);
  live_well(chance, 60);
  EXPECT_EQ(chance.needed(), 3);
}

TEST(Chance, needs_more_the_more_is_lost) {
  EXPECT_EQ(after(100).needed(), 4);
  EXPECT_EQ(after(20).needed(), 6);
  EXPECT_EQ(after(10).needed(), 8);
}

TEST(Chance, multiplies_what_is_independent) {
  const Chance chance = after(20);
  EXPECT_NEAR(chance.probability(1), 0.05, 0.01);
  EXPECT_NEAR(chance.probability(4), std::pow(chance.probability(1), 4), 1e-9);
}

TEST(Chance, measures_the_loss) { EXPECT_NEAR(after(20).loss(), 0.05, 0.001); }

TEST(Chance, needs_more_where_the_same_loss_comes_in_bursts) { EXPECT_GT(after(60, 3).needed(), 2 * after(20).needed()); }

TEST(Chance, believes_at_once_that_a_path_got_worse) {
  Chance chance(500ms);
  live_well(chance, 24 * kHour);
  live(chance, 60, 10);
  EXPECT_EQ(chance.needed(), 5);
}

TEST(Chance, believes_within_hours_that_a_path_got_better) {
  Chance chance = after(10);
  live_well(chance, 120);
  EXPECT_GT(chance.needed(), 3);
  live_well(chance, 8 * kHour);
  EXPECT_EQ(chance.needed(), 3);
}

TEST(Chance, counts_the_probes_of_a_month_by_their_interval) {
  Chance often = after(20);
  often.set_interval(10ms);
  Chance seldom = after(20);
  seldom.set_interval(1h);
  EXPECT_EQ(seldom.needed(), 3);
  EXPECT_EQ(after(20).needed(), 6);
  EXPECT_EQ(often.needed(), 7);
}

TEST(Chance, of_a_path_that_answers_nothing_in_time_is_bounded) {
  Chance chance(10ms);
  for (int i = 0; i < 1'000'000; ++i) chance.on_run(1'000);
  EXPECT_GT(chance.needed(), 1'000);
  EXPECT_LT(chance.needed(), 30'000);
}

}  // namespace
}  // namespace vtid::monitor
