// The daemon's own life: start, reload, crash, stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;

// As text replaces `from` once.
std::string edited(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to edit: " + from);
  return text.replace(at, from.size(), to);
}

class Life : public testing::Test {
 protected:
  Life() {
    stage.start_vtid();
    stage.settle();
  }
  Stage stage;
};

TEST_F(Life, ColdStartEndsInATunnelThatIsUp) {
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_EQ(stage.link()->if_id.has_value(), stage.kernel.is_linux());
  EXPECT_EQ(stage.link()->reqid.has_value(), !stage.kernel.is_linux());
  EXPECT_EQ(stage.snapshot()->observed.routes.size(), 1U);
  EXPECT_EQ(stage.charon.connections.size(), 1U);
}

TEST_F(Life, NothingIsWrittenOnceItIsConverged) {
  const std::size_t writes = stage.kernel.writes();
  const int loads = stage.loads();
  stage.run(std::chrono::minutes{30});
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.loads(), loads);
}

TEST_F(Life, ReloadWithoutChangeWritesAndLoadsNothing) {
  const std::size_t writes = stage.kernel.writes();
  const int loads = stage.loads();
  EXPECT_EQ(stage.command(model::Reload{}), "configuration 2 accepted, unchanged");
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.loads(), loads);
}

TEST_F(Life, AnInvalidFileChangesNothingAndIsShown) {
  const std::size_t writes = stage.kernel.writes();
  stage.file = edited(stage.file, "10.6.1.1/30", "10.6.1.1/99");
  EXPECT_THAT(stage.command(model::Reload{}),
              testing::StartsWith("the file is refused and the running configuration stays:\nvtid.json:1: /tunnels/hq"));
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(stage.problem(), testing::HasSubstr("10.6.1.1/99"));
}

TEST_F(Life, AMendedFileTakesTheProblemAway) {
  const std::string good = stage.file;
  stage.file = "{";
  (void)stage.command(model::Reload{});
  stage.file = good;
  (void)stage.command(model::Reload{});
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(Life, ARestartAdoptsEverything) {
  const auto index = stage.link()->index;
  const std::size_t writes = stage.kernel.writes();
  const int loads = stage.loads();
  const int initiations = stage.charon.served["initiate"];
  stage.kill_vtid();
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_EQ(stage.link()->index, index);
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.charon.served["initiate"], initiations);
  EXPECT_LE(stage.loads(), loads + 1);  // a secret cannot be compared with what charon has, so it is given again
}

TEST_F(Life, AnEditOfOneTunnelLeavesTheOther) {
  stage.kill_vtid();
  Stage two(many_tunnels_file(2));
  two.start_vtid();
  two.settle();
  const auto index = two.link(1)->index;
  const auto child = two.charon.children.begin()->first;
  two.file = edited(two.file, "10.6.2.1/30", "10.6.2.5/30");
  two.file = edited(two.file, "10.6.2.2", "10.6.2.6");
  const int loads = two.loads();
  (void)two.command(model::Reload{});
  EXPECT_TRUE(two.snapshot()->converged);
  EXPECT_EQ(two.link(1)->index, index);
  EXPECT_TRUE(two.charon.children.contains(child));
  EXPECT_EQ(two.loads(), loads);  // inner addresses are no business of charon
}

TEST_F(Life, ATunnelThatLeavesTheFileTakesEverythingOfItsOwn) {
  stage.file = R"({ "tunnels": {} })";
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_EQ(stage.link(), nullptr);
  EXPECT_TRUE(stage.charon.children.empty());
  EXPECT_TRUE(stage.charon.connections.empty());
  EXPECT_TRUE(stage.charon.secrets.empty());
}

TEST_F(Life, ATunnelThatComesBackIsToldAndProbedAnew) {
  const std::string whole = stage.file;
  stage.file = R"({ "tunnels": {} })";
  (void)stage.command(model::Reload{}, Duration{10'000});
  (void)stage.engine->take_probes();
  stage.events.clear();
  stage.file = whole;
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_EQ(std::ranges::count(stage.events, std::string("is up"), &model::Event::text), 1);
  EXPECT_EQ(stage.engine->take_probes().value().targets.at(0).underlay.state, monitor::Underlay::State::up);
  EXPECT_FALSE(stage.engine->take_probes().has_value());
}

TEST_F(Life, ADisabledTunnelIsTakenDown) {
  stage.file = R"({ "tunnels": { "hq": { "enabled": false, )" + one_tunnel_file().substr(one_tunnel_file().find("\"unit\""));
  stage.file = stage.file.substr(0, stage.file.find(", \"interfaces\"")) + " }";
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_EQ(stage.state(), TunnelState::disabled);
  EXPECT_EQ(stage.link(), nullptr);
  EXPECT_TRUE(stage.charon.children.empty());
}

TEST_F(Life, AnotherPeerReplacesTheSas) {
  const auto old = stage.charon.children.begin()->first;
  stage.file = edited(stage.file, "198.51.100.1", "198.51.100.77");
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_FALSE(stage.charon.children.contains(old));
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(Life, StopLeavesEverything) {
  stage.engine->stop(stage.now);
  EXPECT_NE(stage.link(), nullptr);
}

TEST_F(Life, StopRemovesWhenTheFileSaysSo) {
  stage.file = edited(stage.file, R"({ "tunnels")", R"({ "on_stop": "remove", "tunnels")");
  (void)stage.command(model::Reload{});
  stage.engine->stop(stage.now);
  EXPECT_EQ(stage.link(), nullptr);
}

TEST_F(Life, UnitsOutliveAReorderedFile) {
  stage.kill_vtid();
  Stage units(R"({ "tunnels": {} })");
  ASSERT_TRUE(units.store->save_numbers({{"t2", {7}}}).has_value());
  units.file = edited(edited(many_tunnels_file(2), "\"unit\": 1, ", ""), "\"unit\": 2, ", "");
  units.start_vtid();
  units.settle();
  EXPECT_EQ(units.tunnel(1).device.text(), "ipsec7");
  EXPECT_EQ(units.tunnel(0).device.text(), "ipsec1");
}

TEST_F(Life, TwoHundredTunnelsConverge) {
  stage.kill_vtid();
  Stage many(many_tunnels_file(200));
  many.start_vtid();
  many.run(Duration{20'000});
  EXPECT_TRUE(many.snapshot()->converged);
  EXPECT_EQ(many.charon.children.size(), 200U);
}

TEST(WithoutCharon, ALinkThatLeavesTheFileGoesWhenNothingNeedsIt) {
  for (const std::string& before : {many_tunnels_file(1), static_tunnel_file()}) {
    Stage stage(before);
    stage.stop_charon();
    stage.start_vtid();
    stage.settle();
    ASSERT_NE(stage.link(), nullptr);
    stage.file = R"({ "tunnels": {} })";
    stage.command(model::Reload{});
    EXPECT_EQ(stage.link(), nullptr);
  }
}

TEST(WithoutCharon, ALinkOfStaticSasGoesBesideTunnelsThatNeedIt) {
  Stage stage(static_tunnel_file());
  stage.stop_charon();
  stage.start_vtid();
  stage.settle();
  ASSERT_NE(stage.link(), nullptr);
  stage.file = many_tunnels_file(2);
  const auto first = stage.file.find("\"t1\"");
  stage.file.erase(first, stage.file.find("\"t2\"") - first);
  stage.command(model::Reload{});
  EXPECT_EQ(stage.link(1), nullptr);
  EXPECT_NE(stage.link(2), nullptr);
}

TEST(WithoutCharon, WhatWaitsForItIsSaid) {
  Stage stage;
  stage.stop_charon();
  stage.start_vtid();
  stage.settle();
  const auto routes = stage.file.find("\"routes\"");
  stage.file = stage.file.substr(0, routes) + "\"routes\": [] }";
  const auto told = [&] {
    return std::ranges::any_of(stage.snapshot()->problems, [](const model::Problem& problem) {
      return problem.text.contains("stays until charon's SAs have been read: route 10.20.0.0/16");
    });
  };
  stage.command(model::Reload{});
  EXPECT_TRUE(told());
  EXPECT_EQ(stage.kernel.seen().routes.size(), 1U);
  stage.start_charon("a boot");
  stage.run(Duration{40'000});
  EXPECT_FALSE(told());
  EXPECT_TRUE(stage.kernel.seen().routes.empty());
}

}  // namespace
}  // namespace vtid::test
