// The table follows charon: events, lists, restarts, silence.
#include <gtest/gtest.h>

#include "support/charon_wire.h"
#include "support/worlds.h"

namespace vtid::vici {
namespace {

using test::ScriptedCharon;
using Ids = std::set<std::uint32_t>;
constexpr Duration kLong{400'000};  // the slow relist has passed

class CharonTable : public testing::Test {
 protected:
  CharonTable() { server.connections["hq"] = Message{}; }
  Ids ikes() const { return ids(charon.table().ikes); }
  Ids children() const { return ids(charon.table().children); }
  // What the table says is what charon has.
  bool in_step() const { return ids(server.ikes) == ikes() && ids(server.children) == children(); }
  Result<void> outcome() {
    const auto outcomes = charon.take_outcomes();
    return outcomes.size() == 1 ? outcomes.front().result : fail("not one outcome");
  }

  ScriptedCharon server;
  Charon charon{{}, [] { return 0U; }};
  test::CharonWire wire{charon, server};

 private:
  template <class Map>
  static Ids ids(const Map& map) {
    Ids ids;
    for (const auto& [id, sa] : map) ids.insert(id);
    return ids;
  }
};

TEST_F(CharonTable, ConnectingReadsEverythingOnce) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  const model::SaTable& table = charon.table();
  EXPECT_EQ((std::tuple{table.connected, table.known, table.version, table.charon, children()}),
            (std::tuple{true, true, std::string("5.9.8"), server.run, Ids{1}}));
}

TEST_F(CharonTable, BeforeCharonRunsThereIsAProblemAndARetry) {
  server.running = false;
  wire.pass(Duration{60'000});
  EXPECT_EQ(charon.problems().at(0).text, "charon does not answer: Connection refused");
  EXPECT_FALSE(charon.table().known);
  server.running = true;
  wire.pass(Duration{15'000});
  EXPECT_TRUE(charon.table().connected);
}

TEST_F(CharonTable, AnOldCharonIsACaveat) {
  wire.pass(Duration{0});
  EXPECT_EQ(charon.problems().at(0).severity, model::Severity::caveat);
  server.start("Nov 24 05:00:00 2026");
  server.version = "6.0.1";
  wire.pass(Duration{15'000});
  EXPECT_EQ(charon.problems(), std::vector<model::Problem>{});
}

TEST_F(CharonTable, EventsBringAndTakeSas) {
  wire.pass(Duration{0});
  server.bring_up("hq");
  wire.settle();
  EXPECT_EQ(children(), Ids{1});
  server.take_down(1);
  wire.settle();
  EXPECT_EQ(children(), Ids{});
}

TEST_F(CharonTable, RekeysSwapIds) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  server.rekey_child(1);
  wire.pass(Duration{10'000});
  EXPECT_EQ(children(), Ids{2});
  server.rekey_ike(1);
  wire.pass(Duration{10'000});
  EXPECT_EQ(ikes(), Ids{2});
  EXPECT_EQ(charon.table().children.at(2).ike_id, 2U);
}

TEST_F(CharonTable, AMoveChangesTheEndpoints) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  server.move(1, test::address("192.0.2.77"));
  wire.settle();
  EXPECT_EQ(charon.table().ikes.at(1).local, test::address("192.0.2.77"));
}

TEST_F(CharonTable, TheLoserOfARekeyCollisionIsFoundOutSoon) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  const std::uint32_t loser = server.rekey_child(1);
  server.children.at(1).state = model::ChildState::installed;
  server.rekey_child(1);
  server.children.erase(loser);  // deleted without an event
  wire.settle();
  EXPECT_EQ(children(), (Ids{2, 3}));
  wire.pass(Duration{2'000});
  EXPECT_EQ(children(), Ids{3});
}

TEST_F(CharonTable, EveryOrderOfTheEventsOfALifeEndsInTheSameTable) {
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    ScriptedCharon own;
    own.connections["hq"] = Message{};
    Charon client{{}, [] { return 0U; }};
    test::CharonWire line{client, own};
    line.pass(Duration{0});
    own.keep_events();
    own.bring_up("hq");
    own.rekey_child(1);
    own.rekey_ike(1);
    own.children.erase(1);
    const auto events = own.take_kept_events();
    ASSERT_EQ(events.size(), order.size());
    for (const std::size_t i : order) own.raise(events.at(i));
    line.pass(Duration{5'000});
    EXPECT_EQ(client.table().ikes.size(), 1U);
    EXPECT_TRUE(client.table().ikes.contains(2));
    EXPECT_EQ(client.table().children.size(), 1U);
    EXPECT_TRUE(client.table().children.contains(2));
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(CharonTable, EventsBetweenSubscriptionAndListCount) {
  server.unanswered.insert("list-sas");
  wire.pass(Duration{0});
  server.bring_up("hq");
  const std::uint32_t gone = server.ikes.begin()->first;
  server.bring_up("hq");
  server.take_down(gone);
  wire.settle();
  EXPECT_FALSE(charon.table().connected);
  server.unanswered.clear();
  server.finish_work(0);
  wire.settle();
  EXPECT_TRUE(charon.table().connected);
  EXPECT_EQ(children(), Ids{2});
}

TEST_F(CharonTable, ABusyIkeSaIsWaitedForBeforeTheTableCounts) {
  server.bring_up("hq");
  server.busy.insert(1);
  wire.pass(Duration{5'000});
  EXPECT_FALSE(charon.table().known);
  server.finish_work(1);
  wire.settle();
  EXPECT_EQ(children(), Ids{1});
}

TEST_F(CharonTable, ACharonThatHangsOnABusyIkeSaIsReadWithoutIt) {
  server.bring_up("hq");
  server.busy.insert(1);
  wire.pass(Duration{90'000});
  EXPECT_TRUE(charon.table().connected);
  EXPECT_EQ(children(), Ids{});
}

TEST_F(CharonTable, ALostEventIsMadeGoodByTheSlowRelist) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  server.keep_events();
  server.take_down(1);
  server.bring_up("hq");
  wire.settle();
  EXPECT_EQ(children(), Ids{1});
  wire.pass(kLong);
  EXPECT_TRUE(in_step());
}

TEST_F(CharonTable, ABusyIkeSaSurvivesTheRelist) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  server.busy.insert(1);
  wire.pass(kLong);
  EXPECT_EQ(children(), Ids{1});
}

TEST_F(CharonTable, SilenceKeepsTheLastView) {
  server.bring_up("hq");
  wire.pass(Duration{0});
  server.stop();
  wire.pass(Duration{30'000});
  EXPECT_EQ((std::tuple{charon.table().connected, charon.table().known, children()}), (std::tuple{false, true, Ids{1}}));
}

TEST_F(CharonTable, ACrashDropsTheOldIdsOnlyWhenTheNewCharonWasRead) {
  server.bring_up("hq");
  server.bring_up("hq");
  wire.pass(Duration{0});
  server.start("Nov 24 05:00:00 2026");
  server.connections["hq"] = Message{};
  server.unanswered.insert("list-sas");
  wire.pass(Duration{5'000});
  EXPECT_EQ(children(), (Ids{1, 2}));
  server.unanswered.clear();
  server.finish_work(0);
  wire.pass(Duration{1'000});
  EXPECT_EQ(children(), Ids{});
  EXPECT_EQ(charon.table().charon, server.run);
}

TEST_F(CharonTable, AHangingCharonIsLeftAndTriedAgain) {
  wire.pass(Duration{0});
  server.unanswered = {"stats", "get-conns"};
  wire.pass(kLong);
  EXPECT_FALSE(charon.table().connected);
  EXPECT_EQ(charon.problems().at(0).text, "charon does not answer: charon did not answer \"stats\" within 10s");
  server.unanswered.clear();
  wire.pass(Duration{30'000});
  EXPECT_TRUE(charon.table().connected);
}

TEST_F(CharonTable, JunkOnAnyLineStartsOver) {
  for (const int line : {0, 1, 2}) {
    wire.pass(Duration{15'000});
    server.send_junk(line, "HTTP/1.1 400 Bad Request\r\n");
    wire.settle();
    EXPECT_FALSE(charon.table().connected) << line;
  }
  wire.pass(Duration{15'000});
  EXPECT_TRUE(charon.table().connected);
}

TEST_F(CharonTable, AnAttemptWithoutAnAnswerShowsWhileItLastsAndGoesWhenItEnds) {
  wire.pass(Duration{0});
  server.peers["hq"] = ScriptedCharon::Peer::silent;
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), Result<void>{});
  charon.look(2, "hq", wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), Result<void>{});
  EXPECT_EQ((std::pair{charon.table().ikes.at(1).state, charon.table().ikes.at(1).peer_answered}),
            (std::pair{model::IkeState::connecting, false}));
  server.give_up(1);
  charon.look(3, "hq", wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), Result<void>{});
  EXPECT_EQ(ikes(), Ids{});
}

TEST_F(CharonTable, ALookAtABusyIkeSaAnswersWhenItIsFree) {
  wire.pass(Duration{0});
  server.peers["hq"] = ScriptedCharon::Peer::silent;
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  (void)charon.take_outcomes();
  server.busy.insert(1);
  charon.look(2, "hq", wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes(), std::vector<Outcome>{});
  server.finish_work(1);
  wire.settle();
  EXPECT_EQ(outcome(), Result<void>{});
  EXPECT_EQ(ikes(), Ids{1});
}

TEST_F(CharonTable, RequestsAreCarriedOut) {
  wire.pass(Duration{0});
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), Result<void>{});
  charon.rekey(2, {"", "hq"}, wire.now);
  charon.rekey(3, {"hq", ""}, wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes(), (std::vector<Outcome>{{2, {}}, {3, {}}}));
  wire.pass(Duration{2'000});
  EXPECT_EQ((std::pair{ikes(), children()}), (std::pair{Ids{2}, Ids{2}}));
  charon.terminate(4, {"hq", "", 0, true}, wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), Result<void>{});
  EXPECT_EQ((std::pair{ikes(), children()}), (std::pair{Ids{}, Ids{}}));
}

TEST_F(CharonTable, RefusalsComeInTheWordsOfCharon) {
  wire.pass(Duration{0});
  charon.initiate(1, "nobody", "nobody", wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), fail("CHILD_SA config 'nobody' not found"));
  charon.terminate(2, {"hq", "", 0, false}, wire.now);
  wire.settle();
  EXPECT_EQ(outcome(), fail("no matching SAs to terminate found"));
}

TEST_F(CharonTable, WhileCharonIsAwayRequestsFailAtOnce) {
  charon.initiate(1, "hq", "hq", wire.now);
  EXPECT_EQ(outcome(), fail("charon does not answer"));
  charon.look(2, "hq", wire.now);
  EXPECT_EQ(outcome(), fail("charon does not answer"));
}

TEST_F(CharonTable, ARequestThatCharonDidNotLiveToAnswerFails) {
  wire.pass(Duration{0});
  server.unanswered.insert("initiate");
  charon.initiate(1, "hq", "hq", wire.now);
  wire.settle();
  server.stop();
  wire.settle();
  EXPECT_EQ(outcome(), fail("charon went away: Connection reset by peer"));
}

TEST_F(CharonTable, ManyLooksBecomeOneReading) {
  wire.pass(Duration{0});
  for (int i = 0; i < 500; ++i) server.bring_up(std::to_string(i));
  wire.settle();
  wire.pass(Duration{2'000});
  server.served.clear();
  for (Ticket i = 0; i < 500; ++i) charon.look(i, std::to_string(i), wire.now);
  wire.settle();
  EXPECT_EQ(charon.take_outcomes().size(), 500U);
  EXPECT_LE(server.served["list-sas"], 3);
}

TEST_F(CharonTable, QuietTimesChangeNothing) {
  server.bring_up("hq");
  wire.pass(Duration{10'000});
  const std::uint64_t revision = charon.revision();
  wire.pass(kLong);
  EXPECT_EQ(charon.revision(), revision);
}

}  // namespace
}  // namespace vtid::vici
