#include "monitor/silence.h"

#include <gtest/gtest.h>

#include <deque>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;

Instant at(Microseconds time) { return Instant{1h + time}; }

// Probes every 500 ms; each of these sends the next one, and the clock stays at the moment of it.
class Path {
 public:
  explicit Path(decltype(model::MonitorOptions::silence) wanted = {}, Duration interval = 500ms, Duration loss_interval = 2s) {
    options_.silence = wanted;
    options_.interval = interval;
    options_.loss_interval = loss_interval;
    silence.emplace(options_);
    answer(1ms);
  }

  std::uint16_t send() {
    now += options_.interval;
    silence->on_sent(++sequence_, at(now));
    return sequence_;
  }
  Path& answer(Microseconds round_trip, int times = 1) {
    for (int i = 0; i < times; ++i) silence->on_answer(send(), round_trip, at(now + round_trip));
    return *this;
  }
  Path& lose(int times = 1) {
    for (int i = 0; i < times; ++i) send();
    return *this;
  }
  // When the path is cut now: from the last probe that was answered until it is silent.
  std::optional<Duration> silent_after() {
    const Microseconds heard = now;
    for (int i = 0; i < 2'000; ++i) {
      send();
      if (const auto due = silence->due(); due && *due < at(now + options_.interval)) {
        silence->look(*due);
        return silence->silent() ? std::chrono::round<Duration>(*due - at(heard)) : std::optional<Duration>{};
      }
    }
    return std::nullopt;
  }

  std::optional<Silence> silence;
  Microseconds now{};

 private:
  model::MonitorOptions options_;
  std::uint16_t sequence_ = 0;
};

TEST(Silence, of_a_healthy_path_is_known_when_its_third_probe_is_late) {
  EXPECT_EQ(Path().answer(10ms, 100).silent_after(), 1500ms + 110ms);
}

TEST(Silence, is_none_a_microsecond_before) {
  Path path;
  path.answer(10ms, 100).lose(3);
  const Instant due = *path.silence->due();
  path.silence->look(due - 1us);
  EXPECT_FALSE(path.silence->silent());
  path.silence->look(due);
  EXPECT_TRUE(path.silence->silent());
}

TEST(Silence, wants_nobody_to_look_while_probes_are_answered) {
  Path path;
  path.answer(10ms, 10).lose(2);
  EXPECT_EQ(path.silence->due(), std::nullopt);
}

TEST(Silence, wants_nobody_to_look_once_it_is_known) {
  Path path;
  path.answer(10ms, 10).silent_after();
  path.lose();
  EXPECT_TRUE(path.silence->silent());
  EXPECT_EQ(path.silence->due(), std::nullopt);
}

TEST(Silence, ends_with_an_answer) {
  Path path;
  path.answer(10ms, 10).lose(10).answer(10ms);
  EXPECT_FALSE(path.silence->silent());
}

TEST(Silence, ends_with_a_late_answer_too) {
  Path path;
  path.answer(10ms, 10);
  const auto first = path.send();
  path.lose(9);
  EXPECT_TRUE(path.silence->silent());
  path.silence->on_answer(first, 4500ms, at(path.now));
  EXPECT_FALSE(path.silence->silent());
}

TEST(Silence, is_unknown_of_a_path_that_has_never_answered) {
  Silence silence({});
  for (int i = 0; i < 100; ++i) silence.on_sent(static_cast<std::uint16_t>(i), at(i * 500ms));
  EXPECT_FALSE(silence.silent());
  EXPECT_EQ(silence.due(), std::nullopt);
}

TEST(Silence, is_unknown_again_of_a_path_that_may_be_another) {
  Path path;
  path.answer(10ms, 10).lose(10).silence->clear();
  path.lose(10);
  EXPECT_FALSE(path.silence->silent());
}

TEST(Silence, leaves_a_probe_the_time_that_the_path_takes) {
  EXPECT_EQ(Path().answer(250ms, 100).silent_after(), 1500ms + 350ms);
}

TEST(Silence, leaves_a_probe_longer_where_round_trips_vary) {
  Path path;
  for (int i = 0; i < 100; ++i) path.answer(i % 2 == 0 ? 20ms : 300ms);
  EXPECT_GT(path.silent_after(), 1500ms + 500ms);
}

TEST(Silence, waits_for_no_probe_longer_than_the_loss_interval) {
  EXPECT_EQ(Path({}, 100ms, 80ms).answer(10ms, 100).silent_after(), 300ms + 80ms);
}

TEST(Silence, of_a_path_of_several_seconds_is_known_as_soon_after_its_last_answer) {
  Path path({}, 500ms, 10s);
  std::deque<std::uint16_t> flying;
  for (int i = 0; i < 200; ++i) {
    flying.push_back(path.send());
    if (flying.size() <= 10) continue;
    path.silence->on_answer(flying.front(), 5s, at(path.now));  // sent ten probes ago
    flying.pop_front();
  }
  const auto after = path.silent_after();
  EXPECT_GE(after, 1500ms);
  EXPECT_LE(after, 1650ms);
}

TEST(Silence, is_none_where_all_answers_come_later_than_the_loss_interval) {
  Path path;
  std::deque<std::uint16_t> flying;
  for (int i = 0; i < 200; ++i) {
    flying.push_back(path.send());
    EXPECT_FALSE(i > 10 && path.silence->silent()) << i;
    if (flying.size() <= 6) continue;
    path.silence->on_answer(flying.front(), 3s, at(path.now));
    flying.pop_front();
  }
}

TEST(Silence, is_none_when_the_path_gets_a_second_slower) {
  Path path;
  path.answer(10ms, 100);
  std::deque<std::uint16_t> flying;
  for (int i = 0; i < 50; ++i) {
    flying.push_back(path.send());
    EXPECT_FALSE(path.silence->silent()) << i;
    if (flying.size() <= 2) continue;
    path.silence->on_answer(flying.front(), 1s, at(path.now));
    flying.pop_front();
  }
}

TEST(Silence, takes_no_probe_for_late_that_nobody_listened_for) {
  Path path({}, 500ms, 10s);
  path.answer(5s, 100).lose(9);  // all of them are under way when the host falls asleep
  path.now += 1h;
  path.lose(2);
  EXPECT_EQ(path.silence->late(), 0);
}

TEST(Silence, is_judged_by_the_probes_that_were_sent) {
  Path path;
  path.answer(10ms, 100);
  for (int i = 0; i < 2; ++i) {
    path.lose();
    path.now += 5s;  // the loop was busy
  }
  path.lose();
  EXPECT_FALSE(path.silence->silent());
}

TEST(Silence, is_as_many_probes_as_the_user_says) {
  EXPECT_EQ(Path(1).answer(10ms, 100).silent_after(), 500ms + 110ms);
  EXPECT_EQ(Path(10).answer(10ms, 100).silent_after(), 5000ms + 110ms);
}

TEST(Silence, is_never_judged_when_the_user_says_so) { EXPECT_EQ(Path(model::NoSilence{}).silent_after(), std::nullopt); }

TEST(Silence, waits_for_more_probes_where_more_are_lost) {
  Path path;
  for (int i = 0; i < 1'000; ++i) path.answer(10ms, 19).lose();
  path.answer(10ms);
  EXPECT_EQ(path.silent_after(), 3000ms + 110ms);
}

TEST(Silence, learns_nothing_about_chance_from_an_outage) {
  Path path;
  for (int i = 0; i < 20; ++i) path.answer(10ms, 20).lose(4 + i);
  path.answer(10ms);
  EXPECT_EQ(path.silence->loss(), 0);
  EXPECT_EQ(path.silent_after(), 1500ms + 110ms);
}

TEST(Silence, counts_answers_that_are_late_as_losses) {
  Path path;
  path.answer(10ms, 100).answer(150ms);
  EXPECT_GT(path.silence->loss(), 0);
}

}  // namespace
}  // namespace vtid::monitor
