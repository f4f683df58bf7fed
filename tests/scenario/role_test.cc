// One of two nodes: a standby keeps its interfaces, calls nobody and watches nothing, also after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::Role;
using model::TakeRole;
using model::TunnelState;
using testing::HasSubstr;

constexpr Duration kLong = std::chrono::minutes{5};

class Roles : public testing::Test {
 protected:
  Roles() {
    stage.start_vtid();
    stage.settle();
  }
  void stand_by() { EXPECT_EQ(stage.command(TakeRole{Role::standby}), "this node is on standby"); }
  // With another "start", which is the last word of this text before it is parsed.
  void start_is(const std::string& start) {
    stage.file.insert(stage.file.find("\"unit\""), "\"start\": \"" + start + "\", ");
    (void)stage.command(model::Reload{});
  }
  std::string start_action() {
    return std::string(stage.charon.connections.at("hq").find_section("children")->find_section("hq")->text("start_action"));
  }

  Stage stage;
};

TEST_F(Roles, IsActiveUnlessToldOtherwise) { EXPECT_EQ(stage.snapshot()->role, Role::active); }

TEST_F(Roles, AStandbyEndsItsTunnelsAndSaysWhy) {
  stand_by();
  EXPECT_TRUE(stage.charon.ikes.empty());
  EXPECT_EQ(stage.state(), TunnelState::down);
  EXPECT_EQ(stage.tunnel().reason, "this node is on standby");
}

TEST_F(Roles, AStandbyKeepsItsInterfacesAndRoutes) {
  const auto index = stage.link()->index;
  stand_by();
  EXPECT_EQ(stage.link()->index, index);
  EXPECT_TRUE(stage.snapshot()->plan.ops.empty());
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(Roles, AStandbyCallsNobody) {
  stand_by();
  stage.charon.served.clear();
  stage.run(kLong);
  EXPECT_FALSE(stage.charon.served.contains("initiate"));
}

TEST_F(Roles, AStandbyTurnsACallerAway) {
  stand_by();
  (void)stage.charon.bring_up("hq", false);
  stage.settle();
  EXPECT_TRUE(stage.charon.ikes.empty());
}

TEST_F(Roles, ARestartedStandbyIsStillOne) {
  stand_by();
  stage.kill_vtid();
  stage.charon.served.clear();
  stage.start_vtid();
  stage.run(kLong);
  EXPECT_EQ(stage.snapshot()->role, Role::standby);
  EXPECT_FALSE(stage.charon.served.contains("initiate"));
}

TEST_F(Roles, AReloadDoesNotWakeAStandby) {
  stand_by();
  stage.charon.served.clear();
  (void)stage.command(model::Reload{}, kLong);
  EXPECT_FALSE(stage.charon.served.contains("initiate"));
}

TEST_F(Roles, AnActiveNodeCallsAtOnce) {
  stand_by();
  stage.run(kLong);
  EXPECT_EQ(stage.command(TakeRole{Role::active}), "this node is active");
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(Roles, UpIsRefusedOnStandby) {
  stand_by();
  EXPECT_EQ(stage.command(model::Up{"hq"}), "this node is on standby");
  EXPECT_TRUE(stage.charon.ikes.empty());
}

TEST_F(Roles, WhatWasHeldDownIsStillHeldOnTheActiveNode) {
  (void)stage.command(model::Down{"hq"});
  stand_by();
  (void)stage.command(TakeRole{Role::active});
  EXPECT_EQ(stage.tunnel().reason, "held down by vtictl");
}

TEST_F(Roles, CharonHasNoTrapsOnStandby) {
  start_is("trap");
  ASSERT_EQ(start_action(), "trap");
  stand_by();
  EXPECT_EQ(start_action(), "none");
  (void)stage.command(TakeRole{Role::active});
  EXPECT_EQ(start_action(), "trap");
  EXPECT_EQ(stage.state(), TunnelState::waiting);
}

TEST_F(Roles, AStandbyWatchesNoGateway) {
  stage.file.insert(stage.file.find("\"VTI\""), R"("WAN": { "device": "wan" }, )");
  stage.file.insert(stage.file.rfind('}'), R"(, "gateways": { "WAN_GW": { "interface": "WAN", "address": "192.0.2.254" } })");
  EXPECT_THAT(stage.command(model::Reload{}), HasSubstr("accepted"));
  stand_by();
  const auto targets = stage.engine->take_probes().value().targets;
  EXPECT_EQ(targets.size(), 3U);
  for (const auto& target : targets) {
    EXPECT_FALSE(target.options.enabled && target.underlay.state == monitor::Underlay::State::up) << target.gateway;
  }
}

}  // namespace
}  // namespace vtid::test
