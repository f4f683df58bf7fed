#include "daemon/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::daemon {
namespace {

using model::TunnelState;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

const AskInitiate kInitiate{"hq", "hq", "hq"};
const AskTerminate kTerminate{"hq", "hq", "", false};
const AskLook kLook{"hq", "hq"};

DesiredChildSa desired() {
  DesiredChildSa result;
  result.name = result.tunnel = result.ike = result.child = "hq";
  result.unit = net::Unit{1};
  result.peer = "192.0.2.2";
  return result;
}

// A supervisor of one tunnel, a table and a clock that the test moves.
class Supervised : public testing::Test {
 protected:
  Supervised() {
    sas.connected = sas.known = true;
    supervisor.supervise({desired()}, now);
  }

  std::vector<Ask> step(Duration later = Duration{0}) {
    now.steady += later;
    return supervisor.step(sas, model::SaIndex(sas), {.everywhere = true, .units = {}, .connections = {}}, now);
  }
  void half_open(bool peer_answered) {
    model::IkeSa ike;
    ike.id = 1;
    ike.name = "hq";
    ike.state = model::IkeState::connecting;
    ike.initiator = true;
    ike.peer_answered = peer_answered;
    sas.ikes[1] = ike;
  }
  // An attempt that charon has accepted.
  void attempt() {
    ASSERT_THAT(step(), ElementsAre(Ask(kInitiate)));
    supervisor.on_initiated("hq", {}, now);
  }
  [[nodiscard]] TunnelState state() const { return supervisor.view("hq")->state; }
  [[nodiscard]] std::string reason() const { return supervisor.view("hq")->reason; }

  Now now{TimePoint{Duration{1'000'000}}, {}};
  model::SaTable sas;
  Supervisor supervisor{[] { return 512U; }};
};

TEST_F(Supervised, InitiatesAtOnce) { EXPECT_THAT(step(), ElementsAre(Ask(kInitiate))); }

TEST_F(Supervised, IsUpWhenACarryingChildIsThere) {
  test::install(sas, 1, "hq", {1});
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::up);
}

// Up, and no probe by it is answered any more.
class Silent : public Supervised {
 protected:
  void fall_silent(std::optional<Duration> renew) {
    DesiredChildSa silent = desired();
    silent.renew_when_silent = renew;
    supervisor.supervise({silent}, now);
    test::install(sas, 1, "hq", {1});
    (void)step();
    supervisor.on_silence("hq", "A_VTIV4 is silent", now);
  }
};

TEST_F(Silent, IsAStateWithAReason) {
  fall_silent(std::nullopt);
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::silent);
  EXPECT_EQ(reason(), "its SAs are there, and nothing comes back: A_VTIV4 is silent");
  EXPECT_THAT(supervisor.view("hq")->remedy, testing::HasSubstr("renew_when_silent"));
}

TEST_F(Silent, EndsWithAnAnswer) {
  fall_silent(std::nullopt);
  (void)step();
  supervisor.on_silence("hq", "", now);
  (void)step();
  EXPECT_EQ(state(), TunnelState::up);
  EXPECT_EQ(reason(), "");
}

TEST_F(Silent, IsLeftAloneWhereTheFileSaysNothing) {
  fall_silent(std::nullopt);
  EXPECT_THAT(step(std::chrono::hours{24}), IsEmpty());
}

TEST_F(Silent, HasItsChildRekeyedAfterAsLongAsTheFileSays) {
  fall_silent(Duration{30'000});
  EXPECT_THAT(step(Duration{29'999}), IsEmpty());
  EXPECT_THAT(step(Duration{1}), ElementsAre(Ask(AskRekey{"hq", "hq", "hq", true})));
  EXPECT_THAT(step(), IsEmpty());
}

// And by nothing else: the IKE_SA is not touched.
TEST_F(Silent, IsRekeyedEverLessOftenWhileItStaysSo) {
  fall_silent(Duration{30'000});
  std::vector<int> seconds;
  for (int second = 0; second < 7'200; ++second) {
    for (const Ask& ask : step(Duration{1'000})) {
      EXPECT_EQ(ask, Ask(AskRekey{"hq", "hq", "hq", true}));
      seconds.push_back(second + 1);
    }
  }
  EXPECT_THAT(seconds, ElementsAre(30, 90, 210, 450, 930, 1'890, 3'810));
}

TEST_F(Silent, BeginsAnewWithTheNextSilence) {
  fall_silent(Duration{30'000});
  (void)step(Duration{30'000});
  (void)step(Duration{10'000});
  supervisor.on_silence("hq", "", now);
  (void)step();
  supervisor.on_silence("hq", "A_VTIV4 is silent", now);
  EXPECT_THAT(step(Duration{29'999}), IsEmpty());
  EXPECT_THAT(step(Duration{1}), ElementsAre(Ask(AskRekey{"hq", "hq", "hq", true})));
}

TEST_F(Silent, OfATunnelThatIsDownMeansNothing) {
  fall_silent(Duration{30'000});
  sas.ikes.clear();
  sas.children.clear();
  EXPECT_THAT(step(Duration{60'000}), ElementsAre(Ask(kInitiate)));
  EXPECT_EQ(state(), TunnelState::connecting);
}

TEST_F(Supervised, StaysUpOnADuplicateWhenOneOfThemGoes) {
  test::install(sas, 1, "hq", {1});
  test::install(sas, 2, "hq", {1});
  (void)step();
  sas.children.erase(1);
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::up);
}

TEST_F(Supervised, InitiatesAgainWhenTheTunnelIsLost) {
  test::install(sas, 1, "hq", {1});
  (void)step();
  sas.children.clear();
  sas.ikes.clear();
  EXPECT_THAT(step(), ElementsAre(Ask(kInitiate)));
}

TEST_F(Supervised, YieldsToTheOtherEndFirst) {
  DesiredChildSa later = desired();
  later.name = later.tunnel = "other";
  later.initial_delay = Duration{1'500};
  supervisor.supervise({desired(), later}, now);
  EXPECT_THAT(step(), ElementsAre(Ask(kInitiate)));
  EXPECT_THAT(step(Duration{1'500}), Contains(Ask(AskInitiate{"other", "hq", "hq"})));
}

TEST_F(Supervised, WaitsForAPeerThatIsConnecting) {
  half_open(true);
  sas.ikes[1].initiator = false;
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::connecting);
}

TEST_F(Supervised, OnlyWaitsWhenTheFileSaysSo) {
  DesiredChildSa responder = desired();
  responder.start = model::Start::none;
  supervisor.supervise({responder}, now);
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::waiting);
}

TEST_F(Supervised, SaysThatNobodyAnswers) {
  attempt();
  half_open(false);
  (void)step(Duration{4'000});
  EXPECT_EQ(reason(), "no answer from 192.0.2.2 so far");
  EXPECT_EQ(state(), TunnelState::connecting);
}

TEST_F(Supervised, KnowsARefusedAuthentication) {
  attempt();
  half_open(true);
  EXPECT_THAT(step(Duration{100}), ElementsAre(Ask(kLook)));
  sas.ikes.clear();
  supervisor.on_looked("hq");
  (void)step(Duration{100});
  EXPECT_EQ(reason(), "authentication with 192.0.2.2 failed: it answered, then one end refused the other");
  EXPECT_TRUE(supervisor.view("hq")->failed);
}

TEST_F(Supervised, KnowsARefusalThatWasTooQuickToSee) {
  attempt();
  EXPECT_THAT(step(Duration{100}), ElementsAre(Ask(kLook)));
  supervisor.on_looked("hq");
  (void)step();
  EXPECT_EQ(reason(), "192.0.2.2 refused at once: the PSK, certificates or keys, the ids or the proposals do not match");
}

TEST_F(Supervised, KnowsARefusedChild) {
  attempt();
  half_open(true);
  sas.ikes[1].state = model::IkeState::established;
  (void)step(Duration{100});
  (void)step(Duration{3'000});
  EXPECT_EQ(state(), TunnelState::connecting);
  (void)step(Duration{100});
  EXPECT_EQ(reason(), "192.0.2.2 accepted the IKE_SA and refused the CHILD_SA");
  EXPECT_TRUE(supervisor.view("hq")->failed);
}

// charon reports the IKE_SA a moment before its CHILD_SA.
TEST_F(Supervised, DoesNotTakeASlowPeerForOneThatRefusedTheChild) {
  attempt();
  half_open(true);
  (void)step(Duration{4'000});
  sas.ikes[1].state = model::IkeState::established;
  (void)step(Duration{100});
  EXPECT_EQ(state(), TunnelState::connecting);
  EXPECT_FALSE(supervisor.view("hq")->failed);
}

TEST_F(Supervised, DoesNotJudgeBeforeItHasLooked) {
  attempt();
  (void)step(Duration{100});
  EXPECT_EQ(state(), TunnelState::connecting);
}

TEST_F(Supervised, GivesCharonsOwnReason) {
  (void)step();
  supervisor.on_initiated("hq", fail("CHILD_SA config 'hq' not found"), now);
  EXPECT_EQ(reason(), "CHILD_SA config 'hq' not found");
}

TEST_F(Supervised, WaitsLongerAfterEachFailure) {
  for (const int seconds : {1, 2, 4}) {
    attempt();
    supervisor.on_initiated("hq", fail("no"), now);
    EXPECT_THAT(step(Duration{seconds * 1'000 - 1}), IsEmpty());
    now.steady += Duration{1};
  }
  EXPECT_THAT(step(), ElementsAre(Ask(kInitiate)));
}

TEST_F(Supervised, KeepsTheReasonWhileItTriesAgain) {
  attempt();
  supervisor.on_initiated("hq", fail("no"), now);
  (void)step(Duration{1'000});
  EXPECT_EQ(reason(), "no");
}

TEST_F(Supervised, HoldsDownUntilUp) {
  test::install(sas, 1, "hq", {1});
  (void)step();
  supervisor.hold_down("hq");
  EXPECT_THAT(step(), ElementsAre(Ask(kTerminate), Ask(kLook)));
  sas.children.clear();
  sas.ikes.clear();
  EXPECT_THAT(step(Duration{60'000}), IsEmpty());
  EXPECT_TRUE(supervisor.is_gone("hq"));
  supervisor.bring_up("hq", now);
  EXPECT_THAT(step(), ElementsAre(Ask(kInitiate)));
}

TEST_F(Supervised, TakesDownAnAttemptThatIsNotInTheTableYet) {
  attempt();
  supervisor.hold_down("hq");
  EXPECT_THAT(step(Duration{50}), ElementsAre(Ask(kLook)));
  EXPECT_FALSE(supervisor.is_gone("hq"));
  half_open(false);
  supervisor.on_looked("hq");
  EXPECT_THAT(step(), Contains(Ask(kTerminate)));
}

TEST_F(Supervised, AttemptsWithoutATraceAreGone) {
  attempt();
  supervisor.stand_by(true, now);
  (void)step(Duration{50});
  supervisor.on_looked("hq");
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_TRUE(supervisor.is_gone("hq"));
}

TEST_F(Supervised, ARefusedAttemptIsGone) {
  (void)step();
  supervisor.hold_down("hq");
  (void)step();
  supervisor.on_initiated("hq", fail("no"), now);
  (void)step();
  EXPECT_TRUE(supervisor.is_gone("hq"));
}

TEST_F(Supervised, ForcesAPeerThatDoesNotConsent) {
  test::install(sas, 1, "hq", {1});
  supervisor.hold_down("hq");
  (void)step();
  EXPECT_THAT(step(Duration{3'000}), Contains(Ask(AskTerminate{"hq", "hq", "", true})));
}

TEST_F(Supervised, TakesDownWhatLeftTheFile) {
  test::install(sas, 1, "hq", {1});
  supervisor.supervise({}, now);
  EXPECT_THAT(step(), Contains(Ask(kTerminate)));
  sas.children.clear();
  sas.ikes.clear();
  (void)step();
  EXPECT_EQ(supervisor.view("hq"), nullptr);
}

TEST_F(Supervised, LeavesTheAdministratorsConnectionAlone) {
  DesiredChildSa external = desired();
  external.external = true;
  supervisor.supervise({external}, now);
  test::install(sas, 1, "hq", {1});
  supervisor.supervise({}, now);
  EXPECT_THAT(step(), IsEmpty());
}

TEST_F(Supervised, ReplacesSasThatBelongToAnotherPeer) {
  test::install(sas, 1, "hq", {1});
  (void)step();
  DesiredChildSa moved = desired();
  moved.identity = "elsewhere";
  supervisor.supervise({moved}, now);
  EXPECT_THAT(step(), Contains(Ask(kTerminate)));
  sas.children.clear();
  sas.ikes.clear();
  EXPECT_THAT(step(), ElementsAre(Ask(kInitiate)));
}

TEST_F(Supervised, IsUnknownWhileCharonIsAway) {
  sas.connected = false;
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::unknown);
}

TEST_F(Supervised, BeginsAtMostAHundredAttemptsASecond) {
  std::vector<DesiredChildSa> all_desired;
  for (int i = 0; i < 250; ++i) {
    all_desired.push_back(desired());
    all_desired.back().name = all_desired.back().tunnel = all_desired.back().ike = "t" + std::to_string(i);
    all_desired.back().unit = net::Unit{static_cast<std::uint32_t>(i) + 10};
  }
  supervisor.supervise(all_desired, now);
  EXPECT_EQ(step().size(), 100U);
  EXPECT_EQ(step(Duration{1'000}).size(), 100U);
  EXPECT_EQ(step(Duration{1'000}).size(), 50U);
}

// Two CHILD_SAs of one connection, one with an interface.
class Shared : public testing::Test {
 protected:
  Shared() {
    sas.connected = sas.known = true;
    supervisor.supervise({of("v4"), of("lan")}, now);
  }
  static DesiredChildSa of(const std::string& child) {
    DesiredChildSa result = desired();
    result.name = "hq/" + child;
    result.child = child;
    result.unit = child == "v4" ? std::optional(net::Unit{1}) : std::nullopt;
    return result;
  }
  // Under the IKE_SA 1 "hq".
  void install(std::uint32_t id, const std::string& child) {
    test::install(sas, 1, "hq", {child == "v4" ? 1U : 9U});
    model::ChildSa sa = sas.children[1];
    sas.children.erase(1);
    sa.id = id;
    sa.name = child;
    sas.children[id] = sa;
  }
  std::vector<Ask> step(Duration later = Duration{0}) {
    now.steady += later;
    return supervisor.step(sas, model::SaIndex(sas), {.everywhere = true, .units = {}, .connections = {}}, now);
  }
  TunnelState state() const { return supervisor.tunnel("hq")->state; }

  Now now{TimePoint{Duration{1'000'000}}, {}};
  model::SaTable sas;
  Supervisor supervisor{[] { return 512U; }};
};

TEST_F(Shared, EachIsInitiated) {
  EXPECT_THAT(step(), ElementsAre(AskInitiate{"hq/lan", "hq", "lan"}, AskInitiate{"hq/v4", "hq", "v4"}));
}

TEST_F(Shared, TheTunnelIsUpWhenAllAre) {
  install(11, "v4");
  (void)step();
  EXPECT_EQ(state(), TunnelState::connecting);
  EXPECT_EQ(supervisor.tunnel("hq")->reason, "lan: connecting");
  install(12, "lan");
  (void)step();
  EXPECT_EQ(state(), TunnelState::up);
}

TEST_F(Shared, OneIsTakenDownAlone) {
  install(11, "v4");
  install(12, "lan");
  (void)step();
  supervisor.hold_down("hq/lan");
  EXPECT_THAT(step(), Contains(Ask(AskTerminate{"hq/lan", "hq", "lan", false})));
  sas.children.erase(12);
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_TRUE(supervisor.is_gone("hq/lan"));
  EXPECT_EQ(supervisor.tunnel("hq")->reason, "lan: held down by vtictl");
  EXPECT_EQ(supervisor.view("hq/v4")->state, TunnelState::up);
}

TEST_F(Shared, TheLastTakesTheConnectionWithIt) {
  install(11, "v4");
  install(12, "lan");
  supervisor.supervise({}, now);
  EXPECT_THAT(step(), Contains(Ask(AskTerminate{"hq/v4", "hq", "", false})));
}

TEST_F(Shared, OneThatLeavesTheFileLeavesAlone) {
  install(11, "v4");
  install(12, "lan");
  supervisor.supervise({of("v4")}, now);
  EXPECT_THAT(step(), Contains(Ask(AskTerminate{"hq/lan", "hq", "lan", false})));
  EXPECT_EQ(state(), TunnelState::up);
}

TEST_F(Supervised, OnDemandWaitsForAPacket) {
  DesiredChildSa on_demand = desired();
  on_demand.start = model::Start::trap;
  supervisor.supervise({on_demand}, now);
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(state(), TunnelState::waiting);
  half_open(false);  // charon begins by itself
  (void)step();
  EXPECT_EQ(state(), TunnelState::connecting);
}

// A tunnel that is up, a kernel that has what it needs, and hands that take it away.
class Losing : public Supervised {
 protected:
  Losing() {
    test::install(sas, 1, "hq", {1});
    sas.children.at(1).protocol = "ESP";
    sas.children.at(1).spi_in = 0xa1;
    sas.children.at(1).spi_out = 0xb1;
    kernel.charons_sas = {{test::address("192.0.2.1"), 0xa1, test::address("198.51.100.1"), {5001}},
                          {test::address("198.51.100.1"), 0xb1, test::address("192.0.2.1"), {5001}}};
    (void)step();
  }
  void look(Duration later = Duration{0}) {
    now.steady += later;
    supervisor.on_kernel(sas, model::SaIndex(sas), reconcile::KernelSide(kernel, sas, {}), now);
  }
  void lose_charon(DesiredChildSa changed) {
    supervisor.supervise({changed}, now);
    (void)step();
    sas.connected = false;
    (void)step();
    sas = {};
    sas.connected = sas.known = true;
  }
  model::Observed kernel;
};

TEST_F(Losing, ALossCountsWhenTheNextLookFindsItToo) {
  kernel = {};
  look();
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(supervisor.missing("hq"), "");
  ASSERT_EQ(supervisor.kernel_look(), now.steady + Duration{400});
  look(Duration{400});
  EXPECT_EQ(supervisor.missing("hq"), "inbound SA, outbound SA");
  EXPECT_THAT(step(), ElementsAre(Ask(AskRekey{"hq", "hq", "hq"})));
  EXPECT_EQ(state(), TunnelState::silent);
  EXPECT_THAT(reason(), testing::HasSubstr("inbound SA, outbound SA"));
}

TEST_F(Losing, WhatIsBackAtTheNextLookWasNone) {
  const model::Observed whole = std::exchange(kernel, {});
  look();
  kernel = whole;
  look(Duration{400});
  EXPECT_THAT(step(), IsEmpty());
  EXPECT_EQ(supervisor.kernel_look(), std::nullopt);
}

TEST_F(Losing, AChildThatARekeyDoesNotMendIsTerminatedAndCalled) {
  kernel = {};
  look();
  look(Duration{400});
  EXPECT_THAT(step(), ElementsAre(Ask(AskRekey{"hq", "hq", "hq"})));
  look(Duration{2'000});
  EXPECT_THAT(step(), IsEmpty());
  look(Duration{3'000});
  (void)step();
  EXPECT_THAT(step(), Contains(Ask(kTerminate)));
  sas.ikes.clear();
  sas.children.clear();
  EXPECT_THAT(step(), ElementsAre(Ask(kInitiate)));
}

TEST_F(Losing, AResponderThatKnowsItsPeerCallsOnceAfterCharonWasLost) {
  DesiredChildSa responder = desired();
  responder.start = model::Start::none;
  responder.callable = true;
  lose_charon(responder);
  look();
  EXPECT_THAT(step(), IsEmpty());  // spread over a while
  EXPECT_TRUE(supervisor.view("hq")->left_behind);
  EXPECT_THAT(step(Duration{1'000}), ElementsAre(Ask(kInitiate)));
  supervisor.on_initiated("hq", fail("refused"), now);
  EXPECT_THAT(step(Duration{120'000}), IsEmpty());
  EXPECT_EQ(state(), TunnelState::waiting);
  EXPECT_TRUE(supervisor.view("hq")->left_behind);
}

TEST_F(Losing, AResponderForAnybodyHasNobodyToCall) {
  DesiredChildSa responder = desired();
  responder.start = model::Start::none;
  lose_charon(responder);
  look();
  EXPECT_THAT(step(Duration{60'000}), IsEmpty());
}

TEST_F(Losing, WhatIsLeftBehindIsSoUntilItIsGoneOrHeldDown) {
  lose_charon(desired());
  look();
  (void)step();
  ASSERT_TRUE(supervisor.view("hq")->left_behind);
  EXPECT_EQ(supervisor.ended(), std::set<std::string>{});
  supervisor.hold_down("hq");
  (void)step();
  EXPECT_FALSE(supervisor.view("hq")->left_behind);
  EXPECT_EQ(supervisor.ended(), std::set<std::string>{"hq"});
}

}  // namespace
}  // namespace vtid::daemon
