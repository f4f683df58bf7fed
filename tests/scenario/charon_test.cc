// What charon and the peer do, and what must not follow from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;

class WithCharon : public testing::Test {
 protected:
  WithCharon() {
    stage.start_vtid();
    stage.settle();
    writes = stage.kernel.writes();
    initiations = stage.charon.served["initiate"];
  }
  std::uint32_t child() { return stage.charon.children.rbegin()->first; }
  std::uint32_t ike() { return stage.charon.ikes.rbegin()->first; }
  void expect_untouched() {
    stage.settle();
    EXPECT_EQ(stage.state(), TunnelState::up);
    EXPECT_EQ(stage.kernel.writes(), writes);
    EXPECT_EQ(stage.charon.served["initiate"], initiations);
  }
  Stage stage;
  std::size_t writes = 0;
  int initiations = 0;
};

TEST_F(WithCharon, ThatItCanDeadlockIsToldUntilItIsRenewed) {
  const auto told = [this] {
    return std::ranges::any_of(stage.snapshot()->problems,
                               [](const model::Problem& problem) { return problem.text.contains("can deadlock"); });
  };
  EXPECT_TRUE(told());
  stage.stop_charon();
  stage.start_charon("Nov 24 09:00:00 2026");
  stage.charon.version = "6.0.1";
  stage.run(Duration{10'000});
  EXPECT_FALSE(told());
}

TEST_F(WithCharon, AChildRekeyTouchesNothing) {
  stage.charon.rekey_child(child());
  expect_untouched();
}

TEST_F(WithCharon, AnIkeRekeyTouchesNothing) {
  stage.charon.rekey_ike(ike());
  expect_untouched();
}

TEST_F(WithCharon, AThousandRekeysTouchNothing) {
  for (int i = 0; i < 500; ++i) {
    stage.charon.rekey_child(child());
    stage.charon.rekey_ike(ike());
    stage.run(Duration{20});
  }
  expect_untouched();
}

TEST_F(WithCharon, TheEndOfADuplicateTouchesNothing) {
  const std::uint32_t first = ike();
  stage.charon.bring_up("hq", false);
  stage.settle();
  stage.charon.take_down(first);
  expect_untouched();
}

TEST_F(WithCharon, MakeBeforeBreakTouchesNothing) {
  for (int i = 0; i < 20; ++i) {
    const std::uint32_t old = ike();
    stage.charon.bring_up("hq");
    stage.charon.take_down(old);
  }
  expect_untouched();
}

TEST_F(WithCharon, EventsInAnyOrderEndInTheSameTable) {
  const std::uint32_t old = ike();
  stage.charon.keep_events();
  stage.charon.bring_up("hq");
  stage.charon.take_down(old);
  auto events = stage.charon.take_kept_events();
  for (auto event = events.rbegin(); event != events.rend(); ++event) stage.charon.raise(*event);
  expect_untouched();
}

TEST_F(WithCharon, APeerThatMovesIsFollowed) {
  stage.charon.move(ike(), address("192.0.2.99"));
  if (!stage.kernel.is_linux()) ++writes;  // there the link knows its outer addresses
  expect_untouched();
  const auto outer = stage.link()->outer;
  EXPECT_EQ(stage.kernel.is_linux(), !outer);
  EXPECT_EQ(outer.value_or(std::pair(address("192.0.2.99"), address("0.0.0.0"))).first, address("192.0.2.99"));
  EXPECT_EQ(stage.tunnel().local, "192.0.2.99");
}

TEST_F(WithCharon, AnSaThatACharonOfBeforeLeftBehindIsDroppedWhereItMutesTheTunnel) {
  model::Sa left;
  left.source = address("198.51.100.1");
  left.destination = address("192.0.2.1");
  left.spi = 0x7777;
  left.reqid = {5001};
  left.if_id = {1};
  left.key = model::Secret(std::string(20, 'k'));
  stage.kernel.add_foreign_sa(left);
  left.reqid = {9};  // somebody else's
  left.if_id = {0};
  left.spi = 0x7778;
  stage.kernel.add_foreign_sa(left);
  stage.kernel.lose_notices();
  stage.settle();
  EXPECT_TRUE(stage.kernel.has_foreign_sa(left));
  left.reqid = {5001};
  left.if_id = {1};
  left.spi = 0x7777;
  EXPECT_EQ(stage.kernel.has_foreign_sa(left), stage.kernel.is_linux());
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(WithCharon, ATunnelThatThePeerEndsIsBroughtUpAgain) {
  stage.charon.take_down(ike());
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(WithCharon, WhileCharonIsAwayEverythingStays) {
  stage.stop_charon();
  stage.run(std::chrono::minutes{10});
  EXPECT_EQ(stage.state(), TunnelState::unknown);
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.snapshot()->sas.children.size(), 1U);  // the last view, aged, not forgotten
}

TEST_F(WithCharon, ARestartedCharonGetsItsConnectionsAndTunnelsBack) {
  stage.stop_charon();
  stage.run(Duration{15'000});
  stage.start_charon("Nov 24 09:00:00 2026");
  stage.run(Duration{10'000});
  EXPECT_EQ(stage.state(), TunnelState::up);
  if (!stage.kernel.is_linux()) writes += 2;  // what was left behind mutes a tunnel there, so it goes once there is better
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.charon.connections.size(), 1U);
  EXPECT_EQ(stage.charon.children.size(), 1U);
}

TEST_F(WithCharon, NothingIsRemovedBeforeCharonWasSeen) {
  stage.stop_charon();
  stage.kill_vtid();
  stage.file = many_tunnels_file(2);  // unit 1 is gone
  const auto first = stage.file.find("\"t1\"");
  stage.file.erase(first, stage.file.find("\"t2\"") - first);
  stage.start_vtid();
  stage.settle();
  EXPECT_NE(stage.link(), nullptr);
  stage.start_charon("Nov 24 09:00:00 2026");
  stage.run(Duration{10'000});
  EXPECT_EQ(stage.link(), nullptr);
}

// charon reckons when it began from the wall clock, as it does in stats.
const std::string kTomorrow = "Nov 25 03:58:38 2026";
const std::string kYesterday = "Nov 23 03:58:38 2026";

class WithAClockThatIsSet : public WithCharon, public testing::WithParamInterface<std::chrono::hours> {
 protected:
  void set_clock() {
    stage.set_clock(GetParam());
    stage.charon.boot = GetParam() > GetParam().zero() ? kTomorrow : kYesterday;
  }
  void expect_an_edit_to_arrive() {
    const auto at = stage.file.find("198.51.100.1");
    stage.file.replace(at, std::string("198.51.100.1").size(), "198.51.100.9");
    stage.command(model::Reload{}, Duration{10'000});
    EXPECT_EQ(stage.charon.connections.at("hq").list("remote_addrs"), vici::Message::List{"198.51.100.9"});
    EXPECT_EQ(stage.problem(), "");
  }
};

TEST_P(WithAClockThatIsSet, WhileVtidIsDownEverythingIsAdoptedAndEditsArrive) {
  stage.kill_vtid();
  set_clock();
  stage.start_vtid();
  expect_untouched();
  expect_an_edit_to_arrive();
}

TEST_P(WithAClockThatIsSet, WhileVtidRunsNothingIsTouchedAndEditsArrive) {
  set_clock();
  stage.run(std::chrono::minutes{10});
  expect_untouched();
  stage.kill_vtid();
  stage.start_vtid();
  expect_untouched();
  expect_an_edit_to_arrive();
}

INSTANTIATE_TEST_SUITE_P(ADay, WithAClockThatIsSet, testing::Values(std::chrono::hours{24}, std::chrono::hours{-24}));

TEST_F(WithCharon, ACharonThatIsRestartedWithinASecondGetsItsConnectionsBack) {
  stage.stop_charon();
  stage.start_charon(stage.charon.boot);
  stage.run(Duration{10'000});
  EXPECT_EQ(stage.charon.connections.size(), 1U);
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.charon.children.size(), 1U);
}

TEST_F(WithCharon, WhatOthersUnloadIsBackWithinSecondsAndTold) {
  stage.run(std::chrono::minutes{1});
  stage.charon.unload_all();
  stage.charon.clear_credentials();
  stage.charon.unanswered.insert("load-shared");
  stage.run(Duration{8'000});
  EXPECT_FALSE(stage.snapshot()->converged);
  stage.charon.unanswered.clear();
  stage.charon.finish_work(0);
  stage.settle();
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_TRUE(stage.charon.connections.contains("hq") && stage.charon.secrets.contains("vtid-hq"));
  const auto told = std::ranges::count_if(
      stage.events, [](const model::Event& event) { return event.text.find("somebody unloaded the connection hq") == 0; });
  EXPECT_EQ(told, 1);
  expect_untouched();
}

TEST_F(WithCharon, WhileNothingIsMissingNothingIsLoaded) {
  const int loads = stage.loads();
  stage.run(std::chrono::minutes{30});
  EXPECT_EQ(stage.loads(), loads);
}

TEST(Peers, ARefusalIsToldAndTriedAgainAtGrowingDistances) {
  Stage stage;
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_THAT(stage.problem(), testing::HasSubstr("198.51.100.1"));
  stage.run(std::chrono::minutes{60});
  EXPECT_LE(stage.charon.served["initiate"], 80);
  EXPECT_GE(stage.charon.served["initiate"], 40);
}

TEST(Peers, OneThatComesBackIsConnected) {
  Stage stage;
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  stage.start_vtid();
  stage.run(Duration{30'000});
  stage.charon.peers.clear();
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.problem(), "");
}

TEST(Peers, OneThatIsSilentIsCalledSo) {
  Stage stage;
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_EQ(stage.state(), TunnelState::connecting);
  EXPECT_EQ(stage.tunnel().reason, "no answer from 198.51.100.1 so far");
}

TEST(Loads, OneThatIsRefusedIsAProblemWithCharonsWords) {
  Stage stage;
  stage.charon.refused_loads["hq"] = "invalid value for: proposals, config discarded";
  stage.start_vtid();
  stage.settle();
  EXPECT_THAT(stage.problem(), testing::HasSubstr("invalid value for: proposals, config discarded"));
  EXPECT_FALSE(stage.snapshot()->converged);
}

}  // namespace
}  // namespace vtid::test
