// What other hands take from the kernel under charon's SAs, and what a charon that was killed leaves in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::HasSubstr;
using Underlay = monitor::Underlay::State;

// One tunnel, assigned, with one gateway and one route; `members` begin its part of the file.
std::string file_with(const std::string& members) {
  std::string text = one_tunnel_file();
  const std::string start = R"("hq": { )";
  return text.insert(text.find(start) + start.size(), members);
}

class Losses : public testing::Test {
 protected:
  Losses() {
    stage.start_vtid();
    stage.run(Duration{2'000});
    before = stage.charon.served;
  }
  int asked(const std::string& command) { return stage.charon.served[command] - before[command]; }
  [[nodiscard]] bool is_whole() {
    const auto snapshot = stage.snapshot();
    return snapshot->converged && stage.state() == TunnelState::up && stage.problem().empty();
  }
  Stage stage;
  std::map<std::string, int> before;
};

TEST_F(Losses, FlushedSasAreMadeAnewByARekeyWithinSeconds) {
  stage.flush_sas();
  stage.run(Duration{2'000});
  EXPECT_EQ(asked("rekey"), 1);
  EXPECT_EQ(stage.charons_sas(), 2U);
  stage.run(Duration{2'000});
  EXPECT_TRUE(is_whole());
  stage.run(std::chrono::minutes{10});
  EXPECT_EQ(asked("rekey"), 1);
  EXPECT_EQ(asked("terminate"), 0);
}

TEST_F(Losses, WhatIsMissingIsAnErrorUntilItIsThere) {
  stage.charon.unanswered = {"rekey"};
  stage.flush_sas();
  stage.run(Duration{1'500});
  EXPECT_THAT(stage.problem(), HasSubstr("the kernel lacks what its packets need: inbound SA, outbound SA"));
  EXPECT_FALSE(stage.snapshot()->converged);
}

TEST_F(Losses, WhenARekeyDoesNotHelpTheChildIsRenewed) {
  stage.charon.rekeys_nothing = true;
  stage.flush_sas();
  stage.run(Duration{10'000});
  EXPECT_EQ(asked("rekey"), 1);
  EXPECT_EQ(asked("terminate"), 1);
  EXPECT_EQ(asked("initiate"), 1);
  EXPECT_TRUE(is_whole());
}

TEST_F(Losses, SomebodyWhoTakesThemAgainAndAgainIsAnsweredEverLessOften) {
  for (int second = 0; second < 600; ++second) {
    stage.flush_sas();
    stage.run(Duration{1'000});
  }
  EXPECT_LE(asked("rekey") + asked("terminate"), 30);
  EXPECT_GE(asked("rekey") + asked("terminate"), 8);
}

TEST_F(Losses, ATunnelThatIsHeldDownLacksNothing) {
  (void)stage.command(model::Down{"hq"}, Duration{2'000});
  stage.flush_sas();
  stage.run(Duration{5'000});
  EXPECT_EQ(asked("rekey"), 0);
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(Losses, ARekeyByCharonIsNoLossAndCostsNoWrite) {
  const std::size_t writes = stage.kernel.writes();
  for (int i = 0; i < 20; ++i) {
    stage.charon.rekey_child(stage.charon.children.rbegin()->first);
    stage.run(Duration{2'000});
  }
  EXPECT_EQ(asked("rekey"), 0);
  EXPECT_EQ(stage.kernel.writes(), writes);
}

class Restart : public Losses {
 protected:
  Underlay underlay() {
    if (auto targets = stage.engine->take_probes()) targets_ = std::move(targets->targets);
    return targets_.at(0).underlay.state;
  }
  // Whether the gateway's tunnel passed for one that may carry, all the time.
  bool carries_through(Duration time) {
    bool always = true;
    for (Duration passed{0}; passed < time; passed += Duration{20}) {
      stage.run(Duration{20});
      always = always && underlay() == Underlay::up;
    }
    return always;
  }
  void restart_charon() {
    stage.stop_charon();
    stage.run(Duration{15'000});  // an SA of the last seconds before is not taken for one that was left behind
    stage.start_charon("Nov 24 09:00:00 2026");
    before = stage.charon.served;
  }

 private:
  std::vector<monitor::ProbeTarget> targets_;
};

TEST_F(Restart, OfCharonLeavesTheGatewayToItsProbes) {
  ASSERT_EQ(underlay(), Underlay::up);
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;  // the tunnel stays away for long
  restart_charon();
  EXPECT_TRUE(carries_through(Duration{30'000}));
  EXPECT_NE(stage.state(), TunnelState::up);
}

TEST_F(Restart, OfCharonIsOverWhenTheTunnelIsBackAndThenItsEndCounts) {
  restart_charon();
  EXPECT_TRUE(carries_through(Duration{10'000}));
  EXPECT_EQ(stage.state(), TunnelState::up);
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  stage.charon.take_down(stage.charon.ikes.rbegin()->first);
  stage.run(Duration{200});
  EXPECT_EQ(underlay(), Underlay::down);
}

TEST_F(Restart, SasThatAreGoneTakeTheGatewayDownAtOnce) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  restart_charon();
  stage.run(Duration{5'000});
  ASSERT_EQ(underlay(), Underlay::up);
  stage.flush_sas();
  stage.run(Duration{1'000});
  EXPECT_EQ(underlay(), Underlay::down);
}

TEST_F(Restart, ATunnelThatIsHeldDownIsDown) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  restart_charon();
  stage.run(Duration{5'000});
  (void)stage.command(model::Down{"hq"}, Duration{1'000});
  EXPECT_EQ(underlay(), Underlay::down);
  EXPECT_EQ(stage.charons_sas(), stage.kernel.is_linux() ? 2U : 0U);  // there they would mute the tunnel
}

TEST_F(Restart, OfVtidToo) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  stage.stop_charon();
  stage.kill_vtid();
  stage.start_charon("Nov 24 09:00:00 2026");
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_EQ(underlay(), Underlay::up);
}

TEST_F(Restart, ANewTunnelIsDownUntilItIsUp) {
  Stage fresh;
  fresh.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  fresh.start_vtid();
  fresh.settle();
  EXPECT_EQ(fresh.engine->take_probes().value().targets.at(0).underlay.state, Underlay::down);
}

class Responder : public Restart {
 protected:
  explicit Responder(const std::string& members = R"("start": "none", )") {
    stage.kill_vtid();
    stage.file = file_with(members);
    stage.start_vtid();
    stage.run(Duration{2'000});
    before = stage.charon.served;
  }
};

TEST_F(Responder, CallsOnceAfterItsCharonWasLost) {
  restart_charon();
  EXPECT_TRUE(carries_through(Duration{10'000}));
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(asked("initiate"), 1);
}

TEST_F(Responder, CallsNoMoreThanOnceAndKeepsWhatCarries) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  restart_charon();
  EXPECT_TRUE(carries_through(Duration{60'000}));
  EXPECT_EQ(asked("initiate"), 1);
  EXPECT_EQ(stage.charons_sas(), 2U);
}

TEST_F(Responder, DoesNotCallBecauseThePeerEndedTheTunnel) {
  stage.charon.take_down(stage.charon.ikes.rbegin()->first);
  stage.run(Duration{10'000});
  EXPECT_EQ(asked("initiate"), 0);
  EXPECT_EQ(stage.state(), TunnelState::waiting);
}

TEST_F(Responder, DoesNotCallWhenOnlyTheSocketWasLost) {
  stage.stop_charon();
  stage.run(Duration{3'000});
  stage.charon.running = true;
  stage.run(Duration{10'000});
  EXPECT_EQ(asked("initiate"), 0);
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST(RestartOnDemand, LeavesOneThatAnSaWouldMuteNothing) {
  Stage stage(file_with(R"("start": "trap", )"));
  stage.start_vtid();
  stage.settle();
  stage.charon.bring_up("hq");
  stage.settle();
  ASSERT_EQ(stage.charons_sas(), 2U);
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  stage.run(Duration{30'000});
  stage.stop_charon();
  stage.run(Duration{30'000});
  stage.start_charon("Nov 24 09:00:00 2026");
  stage.run(Duration{10'000});
  EXPECT_EQ(stage.charons_sas(), stage.kernel.is_linux() ? 2U : 0U);
}

TEST(ClosedFilter, IsWrittenWithinASecondHoweverOftenItWasRefused) {
  std::string text = one_tunnel_file();
  Stage stage(text.substr(0, text.rfind('}')) + R"(, "rules": [] })");
  stage.start_vtid();
  stage.run(Duration{2'000});
  ASSERT_TRUE(stage.snapshot()->converged);
  const auto whole = stage.snapshot()->observed.filter;
  stage.kernel.refuse_filters(true);
  stage.kernel.delete_filter();
  stage.kernel.lose_notices();  // pf tells nobody
  stage.run(std::chrono::minutes{5});
  EXPECT_NE(stage.problem(), "");
  EXPECT_FALSE(stage.snapshot()->converged);
  stage.kernel.refuse_filters(false);
  stage.run(Duration{1'000});
  EXPECT_EQ(stage.kernel.seen().filter, whole);
}

}  // namespace
}  // namespace vtid::test
