#include "monitor/monitor.h"

#include <gtest/gtest.h>

#include "monitor/group_selection.h"

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;
using enum model::GatewayState;

Now at(Duration time) { return {TimePoint{1h + time}, WallTime{1000h + std::chrono::floor<std::chrono::seconds>(time)}}; }

model::MonitorOptions options(bool enabled, Duration latency_low) {
  model::MonitorOptions result;
  result.enabled = enabled;
  result.hold = 5s;
  result.latency_low = latency_low;
  return result;
}
const model::MonitorOptions kOptions = options(true, 200ms);
const model::MonitorOptions kDisabled = options(false, 200ms);

const Underlay kUp{"hq", Underlay::State::up};
const Underlay kDown{"hq", Underlay::State::down};
const Underlay kAsleep{"hq", Underlay::State::asleep};

// Online since second 1.
GatewayMonitor online_monitor() {
  GatewayMonitor monitor(kOptions, kUp, at(0s));
  const auto sequence = monitor.on_sent(at(1s).steady);
  monitor.on_reply(sequence, at(1s).steady + 20ms, at(1s));
  return monitor;
}

TEST(GatewayMonitor, is_pending_at_first) {
  EXPECT_EQ(GatewayMonitor(kOptions, kUp, at(0s)).health(),
            (model::GatewayHealth{.state = pending, .since = at(0s).wall, .reason = "no answer yet"}));
}

TEST(GatewayMonitor, is_online_with_the_first_answer) {
  EXPECT_EQ(online_monitor().health(),
            (model::GatewayHealth{.state = online, .since = at(1s).wall, .rtt_ms = 20, .answers = model::Answers::come}));
}

TEST(GatewayMonitor, is_down_when_nothing_answers_within_the_first_loss_interval) {
  GatewayMonitor monitor(kOptions, kUp, at(0s));
  std::ignore = monitor.on_sent(at(0s).steady);
  monitor.on_check(at(2001ms));
  EXPECT_EQ(monitor.health(),
            (model::GatewayHealth{.state = down, .since = at(2s).wall, .loss_percent = 100, .reason = "no answer"}));
}

TEST(GatewayMonitor, stays_pending_until_the_first_loss_interval_has_passed) {
  GatewayMonitor monitor(kOptions, kUp, at(0s));
  std::ignore = monitor.on_sent(at(0s).steady);
  EXPECT_FALSE(monitor.on_check(at(2s)));
}

TEST(GatewayMonitor, does_not_hold_losses_from_before_the_first_answer_against_the_path) {
  GatewayMonitor monitor(kOptions, kUp, at(0s));
  for (int i = 0; i < 100; ++i) std::ignore = monitor.on_sent(at(0s).steady);
  monitor.on_check(at(60s));
  monitor.on_reply(monitor.on_sent(at(60s).steady), at(60s).steady, at(60s));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = online, .since = at(60s).wall, .answers = model::Answers::come}));
}

TEST(GatewayMonitor, shows_the_latest_numbers_without_a_change_of_state) {
  GatewayMonitor monitor = online_monitor();
  monitor.on_reply(monitor.on_sent(at(2s).steady), at(2s).steady + 40ms, at(2s));
  monitor.on_check(at(3s));
  EXPECT_EQ(monitor.health(),
            (model::GatewayHealth{
                .state = online, .since = at(1s).wall, .rtt_ms = 30, .stddev_ms = 10, .answers = model::Answers::come}));
}

TEST(GatewayMonitor, goes_down_at_once_with_its_tunnel) {
  GatewayMonitor monitor = online_monitor();
  monitor.set_underlay(kDown, at(2s));
  EXPECT_EQ(monitor.health(),
            (model::GatewayHealth{
                .state = down, .since = at(2s).wall, .loss_percent = 100, .cut = true, .reason = "tunnel hq is down"}));
}

TEST(GatewayMonitor, is_pending_while_its_tunnel_sleeps) {
  EXPECT_EQ(GatewayMonitor(kOptions, kAsleep, at(0s)).health(),
            (model::GatewayHealth{.state = pending, .since = at(0s).wall, .reason = "tunnel hq is on demand"}));
}

TEST(GatewayMonitor, wants_no_probes_while_its_tunnel_sleeps) {
  EXPECT_FALSE(GatewayMonitor(kOptions, kAsleep, at(0s)).wants_probes());
}

TEST(GatewayMonitor, says_how_long_it_is_held_when_its_tunnel_is_back) {
  GatewayMonitor monitor = online_monitor();
  monitor.set_underlay(kDown, at(2s));
  monitor.set_underlay(kUp, at(3s));
  EXPECT_EQ(monitor.health().reason, "tunnel hq is up again; believed 5s after its first answer");
}

TEST(GatewayMonitor, wants_no_probes_while_its_tunnel_is_down) {
  EXPECT_FALSE(GatewayMonitor(kOptions, kDown, at(0s)).wants_probes());
}

TEST(GatewayMonitor, ignores_answers_while_its_tunnel_is_down) {
  GatewayMonitor monitor = online_monitor();
  const auto sequence = monitor.on_sent(at(2s).steady);
  monitor.set_underlay(kDown, at(2s));
  EXPECT_FALSE(monitor.on_reply(sequence, at(2s).steady, at(2s)));
}

TEST(GatewayMonitor, stays_down_for_the_hold_after_its_tunnel_is_back) {
  GatewayMonitor monitor = online_monitor();
  monitor.set_underlay(kDown, at(2s));
  monitor.set_underlay(kUp, at(3s));
  monitor.on_reply(monitor.on_sent(at(3s).steady), at(3s).steady, at(3s));
  EXPECT_FALSE(monitor.on_check(at(8s - 1ms)));
}

TEST(GatewayMonitor, is_online_again_when_the_hold_has_passed_since_the_first_answer_through_the_new_tunnel) {
  GatewayMonitor monitor = online_monitor();
  monitor.set_underlay(kDown, at(2s));
  monitor.set_underlay(kUp, at(3s));
  monitor.on_reply(monitor.on_sent(at(3s).steady), at(3s).steady, at(3s));
  monitor.on_check(at(8s));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = online, .since = at(8s).wall, .answers = model::Answers::come}));
}

TEST(GatewayMonitor, is_online_with_the_first_answer_when_its_tunnel_comes_up_for_the_first_time) {
  GatewayMonitor monitor(kOptions, kDown, at(0s));
  monitor.set_underlay(kUp, at(3s));
  monitor.on_reply(monitor.on_sent(at(4s).steady), at(4s).steady, at(4s));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = online, .since = at(4s).wall, .answers = model::Answers::come}));
}

TEST(GatewayMonitor, is_unmonitored_when_disabled_and_says_when_its_tunnel_is_down) {
  EXPECT_EQ(GatewayMonitor(kDisabled, kDown, at(0s)).health(),
            (model::GatewayHealth{
                .state = unmonitored, .since = at(0s).wall, .cut = true, .reason = "not monitored; tunnel hq is down"}));
}

TEST(GatewayMonitor, without_a_lease_is_pending_and_of_no_use) {
  const Underlay none{"eth0", Underlay::State::no_lease};
  GatewayMonitor monitor(kOptions, none, at(0s));
  EXPECT_EQ(monitor.health(),
            (model::GatewayHealth{
                .state = pending, .since = at(0s).wall, .cut = true, .reason = "no lease: there is no next hop on eth0"}));
  EXPECT_FALSE(monitor.wants_probes());
  EXPECT_FALSE(is_usable(monitor.health(), model::Trigger::down));
  EXPECT_EQ(GatewayMonitor(kDisabled, none, at(0s)).health().reason, "not monitored; no lease: there is no next hop on eth0");
  monitor.set_underlay({}, at(2s));
  EXPECT_TRUE(monitor.wants_probes());
  EXPECT_TRUE(is_usable(monitor.health(), model::Trigger::down));
}

TEST(GatewayMonitor, is_pending_when_monitoring_is_turned_on) {
  GatewayMonitor monitor(kDisabled, kUp, at(0s));
  monitor.set_options(kOptions, at(5s));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = pending, .since = at(5s).wall, .reason = "no answer yet"}));
}

TEST(GatewayMonitor, keeps_its_history_when_thresholds_change) {
  GatewayMonitor monitor = online_monitor();
  monitor.set_options(options(true, 10ms), at(2s));
  monitor.on_check(at(3s));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = latency,
                                                    .since = at(3s).wall,
                                                    .rtt_ms = 20,
                                                    .slow = true,
                                                    .answers = model::Answers::come,
                                                    .reason = "20.0 ms, more than 10ms"}));
}

TEST(GatewayMonitor, is_pending_when_it_cannot_measure) {
  GatewayMonitor monitor = online_monitor();
  monitor.on_blind(at(2s));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = pending, .since = at(2s).wall, .reason = "no answer yet"}));
}

TEST(GatewayMonitor, keeps_its_since_while_it_cannot_measure) {
  GatewayMonitor monitor(kOptions, kUp, at(0s));
  EXPECT_FALSE(monitor.on_blind(at(2s)));
}

void answer(GatewayMonitor& monitor, Duration when) {
  monitor.on_reply(monitor.on_sent(at(when).steady), at(when).steady, at(when));
}

// Answered after 20 ms until second 10, and not again; the third probe of that is under way.
GatewayMonitor cut_monitor(const model::MonitorOptions& options = kOptions) {
  GatewayMonitor monitor(options, kUp, at(0s));
  for (Duration time = 500ms; time <= 10s; time += 500ms) {
    monitor.on_reply(monitor.on_sent(at(time).steady), at(time).steady + 20ms, at(time));
  }
  for (Duration time = 10'500ms; time <= 11'500ms; time += 500ms) std::ignore = monitor.on_sent(at(time).steady);
  return monitor;
}

TEST(GatewayMonitor, is_due_at_no_moment_of_its_own_while_it_is_answered) {
  EXPECT_EQ(online_monitor().due(), TimePoint::max());
}

TEST(GatewayMonitor, is_due_when_the_probe_is_late_that_makes_it_silent) {
  EXPECT_EQ(cut_monitor().due(), at(11'620ms).steady);
}

// A probe that leaves late is sent after the moment at which it was due, and before anybody judged.
TEST(GatewayMonitor, is_due_at_once_when_it_is_sending_that_finds_it_silent) {
  GatewayMonitor monitor = cut_monitor();
  std::ignore = monitor.on_sent(at(11'700ms).steady);
  EXPECT_LT(monitor.due(), at(11'700ms).steady);
  EXPECT_TRUE(monitor.on_check(at(11'700ms)));
  EXPECT_EQ(monitor.due(), TimePoint::max());
}

TEST(GatewayMonitor, is_due_at_once_when_it_is_silent_again_before_anybody_judged_its_answer) {
  GatewayMonitor monitor = cut_monitor();
  monitor.on_check(at(11'620ms));
  answer(monitor, 12s);
  for (Duration time = 12'500ms; time <= 15s; time += 500ms) std::ignore = monitor.on_sent(at(time).steady);
  EXPECT_LT(monitor.due(), at(15s).steady);
}

TEST(GatewayMonitor, is_down_when_it_is_silent) {
  GatewayMonitor monitor = cut_monitor();
  EXPECT_FALSE(monitor.on_check(at(11'619ms)));
  EXPECT_TRUE(monitor.on_check(at(11'620ms)));
  EXPECT_EQ(monitor.health(),
            (model::GatewayHealth{.state = down,
                                  .since = at(11s).wall,
                                  .rtt_ms = 20,
                                  .answers = model::Answers::ceased,
                                  .reason = "3 probes in a row unanswered for 1.6 s, at 0.0 % loss measured: silent"}));
  EXPECT_EQ(monitor.due(), TimePoint::max());
}

// Its state is held meanwhile.
TEST(GatewayMonitor, is_silent_no_more_with_the_first_answer) {
  GatewayMonitor monitor = cut_monitor();
  monitor.on_check(at(11'620ms));
  answer(monitor, 12s);
  EXPECT_TRUE(monitor.on_check(at(12'500ms)));
  EXPECT_EQ(monitor.health().state, down);
  EXPECT_NE(monitor.health().answers, model::Answers::ceased);
}

TEST(GatewayMonitor, is_not_silent_as_long_as_it_has_never_answered) {
  GatewayMonitor monitor(kOptions, kUp, at(0s));
  for (Duration time = 500ms; time <= 10s; time += 500ms) std::ignore = monitor.on_sent(at(time).steady);
  EXPECT_TRUE(monitor.on_check(at(10s)));
  EXPECT_EQ(monitor.health().state, down);
  EXPECT_NE(monitor.health().answers, model::Answers::ceased);
}

TEST(GatewayMonitor, is_silent_when_its_window_holds_no_answer_even_where_silence_is_off) {
  model::MonitorOptions options = kOptions;
  options.silence = model::NoSilence{};
  options.period = 5s;
  GatewayMonitor monitor = cut_monitor(options);
  for (Duration time = 12s; time <= 30s; time += 500ms) std::ignore = monitor.on_sent(at(time).steady);
  monitor.on_check(at(30s));
  EXPECT_EQ(monitor.health().answers, model::Answers::ceased);
}

TEST(GatewayMonitor, is_not_silent_when_an_answer_comes_at_the_last_moment) {
  GatewayMonitor monitor = cut_monitor();
  answer(monitor, 11'600ms);
  EXPECT_FALSE(monitor.on_check(at(11'620ms)));
  EXPECT_EQ(monitor.due(), TimePoint::max());
}

TEST(GatewayMonitor, is_silent_no_more_for_what_it_lost_before_its_tunnel_was_renewed) {
  GatewayMonitor monitor = cut_monitor();
  monitor.set_underlay(kDown, at(11'600ms));
  monitor.set_underlay(kUp, at(11'700ms));
  answer(monitor, 12s);
  EXPECT_EQ(monitor.due(), TimePoint::max());
  EXPECT_TRUE(monitor.on_check(at(17s)));
  EXPECT_EQ(monitor.health().state, online);
}

TEST(GatewayMonitor, follows_a_file_that_asks_for_fewer_silent_probes) {
  GatewayMonitor monitor = cut_monitor();
  model::MonitorOptions options = kOptions;
  options.silence = 1;
  monitor.set_options(options, at(11'600ms));
  EXPECT_TRUE(monitor.on_check(at(11'600ms)));
  EXPECT_EQ(monitor.health().reason, "2 probes in a row unanswered for 1.6 s, at 0.0 % loss measured: silent");
}

TEST(GatewayMonitor, leaves_silence_to_the_window_where_the_file_says_so) {
  model::MonitorOptions options = kOptions;
  options.silence = model::NoSilence{};
  GatewayMonitor monitor = cut_monitor(options);
  EXPECT_EQ(monitor.due(), TimePoint::max());
  EXPECT_FALSE(monitor.on_check(at(12s)));
}

// Down since second 2, after it had worked; as a monitor that starts at second 4 takes it up.
Memory down_memory() {
  GatewayMonitor monitor = online_monitor();
  monitor.set_underlay(kDown, at(2s));
  return monitor.remember(at(3s));
}
GatewayMonitor restarted(const Memory& memory, const Underlay& underlay = kUp,
                         const model::MonitorOptions& options = kOptions) {
  GatewayMonitor monitor(options, underlay, at(4s));
  monitor.recall(memory, at(4s));
  return monitor;
}

TEST(GatewayMonitor, is_down_after_a_restart_as_before_it) {
  EXPECT_EQ(restarted(down_memory()).health(),
            (model::GatewayHealth{.state = down,
                                  .since = at(2s).wall,
                                  .loss_percent = 100,
                                  .reason = "was so before vtid started; believed 5s after its first answer"}));
}

TEST(GatewayMonitor, is_held_after_a_restart) {
  GatewayMonitor monitor = restarted(down_memory());
  answer(monitor, 5s);
  EXPECT_FALSE(monitor.on_check(at(10s - 1ms)));
  EXPECT_TRUE(monitor.on_check(at(10s)));
  EXPECT_EQ(monitor.health(), (model::GatewayHealth{.state = online, .since = at(10s).wall, .answers = model::Answers::come}));
}

TEST(GatewayMonitor, is_held_after_a_restart_when_its_tunnel_comes_up_later) {
  GatewayMonitor monitor = restarted(down_memory(), kDown);
  monitor.set_underlay(kUp, at(6s));
  answer(monitor, 7s);
  EXPECT_FALSE(monitor.on_check(at(12s - 1ms)));
  EXPECT_TRUE(monitor.on_check(at(12s)));
}

TEST(GatewayMonitor, does_not_hold_after_a_restart_what_has_never_worked) {
  GatewayMonitor never(kOptions, kDown, at(0s));
  GatewayMonitor monitor = restarted(never.remember(at(1s)));
  answer(monitor, 5s);
  EXPECT_EQ(monitor.health().state, online);
}

TEST(GatewayMonitor, waits_after_a_restart_for_nobody_who_was_well) { EXPECT_EQ(online_monitor().remember(at(3s)), Memory{}); }

TEST(GatewayMonitor, believes_the_file_more_than_its_memory) {
  EXPECT_EQ(restarted(down_memory(), kUp, kDisabled).health().state, unmonitored);
  EXPECT_EQ(restarted(down_memory(), kAsleep).health().state, pending);
}

TEST(GatewayMonitor, is_damped_after_a_restart_by_the_falls_before_it) {
  Memory memory = down_memory();
  memory.falls = {at(0s).wall, at(1s).wall, at(2s).wall};
  EXPECT_EQ(restarted(memory).health().reason, "was so before vtid started; believed 10s after its first answer");
  EXPECT_EQ(restarted(memory).remember(at(4s)).falls, memory.falls);
}

TEST(GatewayMonitor, takes_a_fall_of_the_future_for_one_of_now) {
  Memory memory = down_memory();
  memory.falls = {at(1h).wall};
  EXPECT_EQ(restarted(memory).remember(at(4s)).falls, (std::vector{at(4s).wall}));
}

}  // namespace
}  // namespace vtid::monitor
