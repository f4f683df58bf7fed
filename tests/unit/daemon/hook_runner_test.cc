#include "daemon/hook_runner.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/worlds.h"

namespace vtid::daemon {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using enum model::GatewayState;

class HookRun : public testing::Test {
 protected:
  HookRun() {
    config.gateways.push_back({"W", "WAN", test::address("192.0.2.254"), false, 1, {}});
    config.tunnels.emplace_back().name = "hq";
    config.on_change = model::OnChange{{"/bin/notify", "--now"}, 3s};
  }

  void ask_for(std::vector<model::ChangeEvent> events) { config.on_change->events = std::move(events); }

  void tunnel_is(const std::string& name, model::TunnelState state, std::string reason = {}) {
    TunnelView view;
    view.state = state;
    view.reason = std::move(reason);
    view.failed = state == model::TunnelState::down;
    hooks.on_change(config, TunnelChange{name, view, false, [&] {
                                           ++statuses;
                                           model::TunnelStatus status;
                                           status.name = name;
                                           return status;
                                         }});
  }

  static std::ptrdiff_t said(const std::string& log, std::string_view line) {
    std::ptrdiff_t times = 0;
    for (auto at = log.find(line); at != std::string::npos; at = log.find(line, at + 1)) ++times;
    return times;
  }

  void change(model::GatewayState state) { hooks.on_change(config, "W", {.state = state, .reason = "why"}); }

  Programs programs() {
    return {.start =
                [this](const auto& command, const auto& environment) {
                  commands.push_back(command);
                  environments.push_back(environment);
                  return Result<platform::Program>(platform::Program{static_cast<std::int32_t>(commands.size()), UniqueFd()});
                },
            .ended = [this](const platform::Program& program) -> std::optional<std::string> {
              return done.contains(program.pid) || killed.contains(program.pid) ? std::optional<std::string>("") : std::nullopt;
            },
            .read = [](const platform::Program&, std::size_t) { return std::string(); },
            .kill = [this](const platform::Program& program) { killed.insert(program.pid); }};
  }

  model::Config config;
  std::vector<std::vector<std::string>> commands;
  std::vector<std::vector<std::string>> environments;
  int statuses = 0;
  std::set<std::int32_t> done;
  std::set<std::int32_t> killed;
  HookRunner hooks{programs()};
  TimePoint now{1h};
};

TEST_F(HookRun, RunsTheCommandOfTheFile) {
  change(down);
  hooks.step(now);
  EXPECT_THAT(commands, ElementsAre(ElementsAre("/bin/notify", "--now")));
}

TEST_F(HookRun, TellsTheGatewayAndBothStates) {
  change(online);
  change(down);
  hooks.step(now);
  EXPECT_THAT(environments.at(1),
              ElementsAre(testing::StartsWith("PATH="), "VTID_EVENT=gateway", "VTID_GATEWAY=W", "VTID_INTERFACE=WAN",
                          "VTID_ADDRESS=192.0.2.254", "VTID_STATE=down", "VTID_OLD_STATE=online", "VTID_REASON=why",
                          "VTID_RTT_MS=0.0", "VTID_LOSS_PERCENT=0"));
  EXPECT_THAT(environments.at(0), Contains("VTID_OLD_STATE="));
}

TEST_F(HookRun, DoesNotRunForAStateThatStays) {
  change(down);
  change(down);
  hooks.step(now);
  EXPECT_THAT(commands, SizeIs(1));
}

TEST_F(HookRun, DoesNotRunWithoutACommand) {
  config.on_change.reset();
  change(down);
  hooks.step(now);
  EXPECT_THAT(commands, IsEmpty());
}

TEST_F(HookRun, FourRunAtATimeAndTheOthersFollow) {
  for (int i = 0; i < 6; ++i) change(i % 2 == 0 ? down : online);
  hooks.step(now);
  EXPECT_THAT(commands, SizeIs(4));
  done = {1, 2, 3, 4};
  hooks.step(now);
  EXPECT_THAT(commands, SizeIs(6));
}

TEST_F(HookRun, IsKilledAfterItsTimeoutAndNotBefore) {
  change(down);
  hooks.step(now);
  hooks.step(now + 3s - 1ms);
  EXPECT_THAT(killed, IsEmpty());
  hooks.step(now + 3s);
  EXPECT_THAT(killed, ElementsAre(1));
}

TEST_F(HookRun, OfTooManyTheOldestAreDropped) {
  for (std::size_t i = 0; i < kMostHooksWaiting + 2; ++i) change(i % 2 == 0 ? down : online);
  for (std::int32_t i = 1; i < 1'000; ++i) done.insert(i);
  for (int i = 0; i < 100; ++i) hooks.step(now);
  EXPECT_THAT(commands, SizeIs(kMostHooksWaiting));
}

TEST_F(HookRun, ABurstCostsNoMoreThanTheBoundAndIsSaidOnce) {
  ask_for({model::ChangeEvent::tunnel});
  testing::internal::CaptureStderr();
  for (int i = 0; i < 10'000; ++i) tunnel_is(fmt::format("t{}", i), model::TunnelState::up);
  for (std::int32_t i = 1; i < 10'000; ++i) done.insert(i);
  for (int i = 0; i < 1'000; ++i) hooks.step(now);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(commands, SizeIs(kMostHooksWaiting));
  EXPECT_THAT(environments.back(), Contains("VTID_TUNNEL=t9999"));
  EXPECT_EQ(said(log, "alarm dropped tunnel=t0 "), 1);
  EXPECT_EQ(said(log, "alarm dropped"), 1);
  EXPECT_EQ(said(log, fmt::format("alarms caught up dropped={}", 10'000 - kMostHooksWaiting)), 1);
}

TEST_F(HookRun, IsNotRunForWhatTheFileDoesNotName) {
  const model::GroupSelection group;
  tunnel_is("hq", model::TunnelState::up);
  hooks.on_change(config, GroupChange{"G", nullptr, group});
  hooks.on_change(config, RoleChange{model::Role::standby});
  ask_for({model::ChangeEvent::tunnel});
  change(down);
  hooks.step(now);
  EXPECT_THAT(commands, IsEmpty());
  EXPECT_EQ(statuses, 0);
}

TEST_F(HookRun, KnowsTheOldStateOfBeforeTheFileNamedIt) {
  tunnel_is("hq", model::TunnelState::up);
  ask_for({model::ChangeEvent::tunnel});
  tunnel_is("hq", model::TunnelState::down);
  hooks.step(now);
  EXPECT_THAT(environments.at(0), Contains("VTID_OLD_STATE=up"));
}

TEST_F(HookRun, WhatAPeerMaySayHasNoControlCharacters) {
  ask_for({model::ChangeEvent::tunnel});
  tunnel_is("hq", model::TunnelState::down, "refused\n\x1b[2J");
  hooks.step(now);
  EXPECT_THAT(environments.at(0), Contains("VTID_REASON=refused\\u000a\\u001b[2J"));
}

TEST_F(HookRun, AsksToBeCalledAgainOnlyWhileSomethingRuns) {
  EXPECT_EQ(hooks.next_deadline(), std::nullopt);
  change(down);
  hooks.step(now);
  EXPECT_LE(hooks.next_deadline().value(), now + 3s);
  done = {1};
  hooks.step(now + 1s);
  EXPECT_EQ(hooks.next_deadline(), std::nullopt);
}

TEST_F(HookRun, AProgramThatCannotBeStartedIsForgotten) {
  Programs broken = programs();
  broken.start = [](const auto&, const auto&) { return Result<platform::Program>(fail("cannot run it")); };
  HookRunner failing(broken);
  failing.on_change(config, "W", {.state = down});
  failing.step(now);
  EXPECT_EQ(failing.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace vtid::daemon
