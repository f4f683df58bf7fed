#include "monitor/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vtid::monitor {
namespace {

using model::Answers;
using model::GatewayHealth;
using model::GatewayState;
using enum model::GatewayState;
using testing::HasSubstr;

struct JudgedAs {
  GatewayState state;
  int since = 0;
  Answers answers = Answers::come;
};

std::vector<JudgedTarget> targets(const std::vector<JudgedAs>& all) {
  std::vector<JudgedTarget> result;
  for (const auto& [state, since, answers] : all) {
    GatewayHealth health;
    health.state = state;
    health.since = WallTime{std::chrono::seconds{since}};
    health.answers = answers;
    health.reason = state == online ? "" : "reason " + std::to_string(result.size());
    health.rtt_ms = static_cast<double>(result.size());
    result.push_back({"icmp 192.0.2." + std::to_string(result.size()), health});
  }
  return result;
}

GatewayState state_of(const std::vector<JudgedAs>& all, std::size_t required) { return combine(targets(all), required).state; }

std::int64_t since_of(const std::vector<JudgedAs>& all, std::size_t required) {
  return combine(targets(all), required).since.time_since_epoch().count();
}

TEST(Targets, OneIsTheGatewayItself) {
  const auto only = targets({{loss, 7}});
  EXPECT_EQ(combine(only, 1), only.front().health);
}

TEST(Targets, AnyIsTheBestOfThem) {
  EXPECT_EQ(state_of({{down}, {loss}, {latency}}, 1), latency);
  EXPECT_EQ(state_of({{down}, {online}}, 1), online);
  EXPECT_EQ(state_of({{down}, {down}}, 1), down);
}

TEST(Targets, AllIsTheWorstOfThem) {
  EXPECT_EQ(state_of({{online}, {loss}, {latency}}, 3), loss);
  EXPECT_EQ(state_of({{online}, {down}}, 2), down);
  EXPECT_EQ(state_of({{online}, {online}}, 2), online);
}

TEST(Targets, ANumberIsTheWorstOfSoManyOfTheBest) {
  EXPECT_EQ(state_of({{down}, {online}, {loss}}, 2), loss);
  EXPECT_EQ(state_of({{down}, {online}, {online}}, 2), online);
  EXPECT_EQ(state_of({{down}, {online}, {down}}, 2), down);
}

// It may be well, so it stands between what is bad and what is gone.
TEST(Targets, OfWhichNothingIsKnownYetMakeNobodyDown) {
  EXPECT_EQ(state_of({{pending}, {down}}, 1), pending);
  EXPECT_EQ(state_of({{pending}, {loss}}, 1), loss);
  EXPECT_EQ(state_of({{pending}, {down}}, 2), down);
}

TEST(Targets, ShareWhatTheFileSaysOfTheGateway) {
  EXPECT_EQ(state_of({{unmonitored}, {unmonitored}}, 1), unmonitored);
  EXPECT_EQ(state_of({{forced_down}, {forced_down}}, 2), forced_down);
}

TEST(Targets, AreMeasuredEachForItself) {
  EXPECT_EQ(combine(targets({{online}, {loss}, {down}}), 2).rtt_ms, 1);  // of the one that decides
}

TEST(Targets, TellSinceWhenTheOneThatDecidesIsSo) {
  EXPECT_EQ(since_of({{down, 10}, {loss, 20}, {online, 30}}, 2), 20);
  EXPECT_EQ(since_of({{online, 30}, {down, 10}}, 2), 10);
}

TEST(Targets, SayWhichOfThemAreTooFew) {
  EXPECT_EQ(combine(targets({{down}, {online}, {down}}), 2).reason,
            "icmp 192.0.2.0 is down (reason 0), icmp 192.0.2.2 is down (reason 2); 2 of 3 targets have to be better");
  EXPECT_EQ(combine(targets({{down}, {online}}), 1).reason, "");
}

TEST(Targets, SayOnceWhatIsWrongWithAll) {
  auto both = targets({{down}, {down}});
  both[0].health.reason = both[1].health.reason = "tunnel hq is down";
  EXPECT_EQ(combine(both, 1).reason, "tunnel hq is down");
}

TEST(Targets, AreSilentWhenNoneAnswers) {
  const auto answers = [](Answers first, Answers second) {
    return combine(targets({{down, 0, first}, {down, 0, second}}), 2).answers;
  };
  EXPECT_EQ(answers(Answers::ceased, Answers::unknown), Answers::ceased);
  EXPECT_EQ(answers(Answers::ceased, Answers::come), Answers::come);
  EXPECT_EQ(answers(Answers::unknown, Answers::unknown), Answers::unknown);
}

TEST(Targets, AreAllShown) {
  const GatewayHealth health = combine(targets({{down}, {online}}), 1);
  ASSERT_EQ(health.targets.size(), 2U);
  EXPECT_EQ(health.targets[0], (model::TargetHealth{"icmp 192.0.2.0", down, 0, 0, "reason 0"}));
}

}  // namespace
}  // namespace vtid::monitor
