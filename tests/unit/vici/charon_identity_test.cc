// Which run of charon is at the other end: what was loaded and seen belongs to that one, whatever the clock says.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "support/charon_wire.h"
#include "support/worlds.h"

namespace vtid::vici {
namespace {

using test::ScriptedCharon;

constexpr std::chrono::hours kDay{24};

class CharonIdentity : public testing::Test {
 protected:
  static std::vector<WantedConnection> wanted(const std::string& remote = {}) {
    model::Tunnel tunnel = test::tunnel("hq");
    if (!remote.empty()) std::get<model::Ike>(tunnel.ike).remote.address = test::address(remote);
    return {make_connection(tunnel, {{"hq", net::Unit{1}}}).value()};
  }
  CharonIdentity() {
    charon->want(wanted(), wire->now);
    wire->pass(Duration{0});
    server.served.clear();
  }
  // vtid dies, and another one begins with what was saved.
  void restart_vtid() {
    const Now now = wire->now;
    const Loaded saved = charon->loaded();
    for (const int line : {0, 1, 2}) server.close(line);
    charon = std::make_unique<Charon>(saved, [] { return 0U; });
    wire = std::make_unique<test::CharonWire>(*charon, server);
    wire->now = now;
  }
  std::string remote() { return server.connections.at("hq").list("remote_addrs").at(0); }
  std::string problem() {
    for (const model::Problem& problem : charon->problems()) {
      if (problem.severity != model::Severity::caveat) return problem.text;
    }
    return "";
  }

  ScriptedCharon server;
  std::unique_ptr<Charon> charon = std::make_unique<Charon>(Loaded{}, [] { return 0U; });
  std::unique_ptr<test::CharonWire> wire = std::make_unique<test::CharonWire>(*charon, server);
};

TEST_F(CharonIdentity, AnEditReachesCharonAfterTheClockWasSetWhileVtidWasDown) {
  for (const std::chrono::hours step : {kDay, -kDay}) {
    restart_vtid();
    wire->set_clock(step);
    server.boot = step > step.zero() ? "Nov 25 03:58:38 2026" : "Nov 23 03:58:38 2026";  // charon reckons it from the clock
    charon->want(wanted("192.0.2.99"), wire->now);
    wire->pass(Duration{1'000});
    EXPECT_EQ(remote(), "192.0.2.99");
    EXPECT_EQ(problem(), "");
    restart_vtid();
    charon->want(wanted("192.0.2.98"), wire->now);
    wire->pass(Duration{1'000});
    EXPECT_EQ(remote(), "192.0.2.98");
  }
}

TEST_F(CharonIdentity, AClockThatIsSetWhileVtidRunsChangesNothing) {
  server.bring_up("hq");
  wire->pass(Duration{10'000});
  const model::SaTable before = charon->table();
  for (const std::chrono::hours step : {kDay, -kDay, -kDay}) {
    wire->set_clock(step);
    wire->pass(Duration{400'000});
  }
  EXPECT_EQ(charon->table().children, before.children);
  EXPECT_EQ(server.served["load-conn"] + server.served["load-shared"], 0);
  charon->want(wanted("192.0.2.99"), wire->now);
  wire->pass(Duration{1'000});
  EXPECT_EQ(remote(), "192.0.2.99");
}

TEST_F(CharonIdentity, ARestartWithinTheSameSecondIsNoticed) {
  server.bring_up("hq");
  wire->pass(Duration{10'000});
  server.start(server.boot);
  server.connections["hq"] = Message{}.add("version", "1");  // its administrator was faster
  wire->pass(Duration{15'000});
  EXPECT_TRUE(charon->table().children.empty());
  EXPECT_EQ(problem(), "charon already has a connection \"hq\" that vtid did not load");
}

TEST_F(CharonIdentity, ARestartWithinTheSameSecondIsNoticedByANewVtid) {
  server.start(server.boot);
  restart_vtid();
  server.connections["hq"] = Message{}.add("version", "1");
  charon->want(wanted(), wire->now);
  wire->pass(Duration{15'000});
  EXPECT_EQ(server.connections.at("hq"), Message{}.add("version", "1"));
}

TEST_F(CharonIdentity, WhatVersion010RememberedIsLoadedOver) {
  const Now now = wire->now;
  for (const int line : {0, 1, 2}) server.close(line);
  charon = std::make_unique<Charon>(Loaded{"", {{"hq", "0123456789abcdef"}}, {"hq"}}, [] { return 0U; });
  wire = std::make_unique<test::CharonWire>(*charon, server);
  wire->now = now;
  charon->want(wanted("192.0.2.99"), wire->now);
  wire->pass(Duration{1'000});
  EXPECT_EQ(remote(), "192.0.2.99");
  EXPECT_EQ(problem(), "");
  EXPECT_EQ(charon->loaded().charon, server.run);
}

TEST_F(CharonIdentity, OfACharonThatIsNotKnownTheSasAreKeptUntilTheListProvesTheirEnd) {
  server.bring_up("hq");
  wire->pass(Duration{10'000});
  server.stop();
  server.running = true;
  server.run.clear();
  server.children.clear();
  server.ikes.clear();
  server.unanswered.insert("list-sas");
  wire->pass(Duration{5'000});
  EXPECT_EQ(charon->table().children.size(), 1U);
  server.unanswered.clear();
  server.finish_work(0);
  wire->pass(Duration{15'000});
  EXPECT_TRUE(charon->table().connected);
  EXPECT_TRUE(charon->table().children.empty());
}

TEST_F(CharonIdentity, LinesToTwoProcessesAreGivenUpAndOpenedAgain) {
  Charon client({}, [] { return 0U; });
  const Now now = wire->now;
  client.on_time(now);
  EXPECT_EQ(client.take_effects().size(), 3U);
  client.on_opened(Channel::events, "charon 1", now);
  client.on_opened(Channel::queries, "charon 2", now);
  EXPECT_EQ(client.problems().at(0).text,
            "charon does not answer: it was replaced by another while the connections were opened");
  const Now later{client.next_deadline(), now.wall};
  client.on_time(later);
  const std::vector<Effect> effects = client.take_effects();
  EXPECT_EQ(std::ranges::count(effects, Effect(Open{Channel::commands})), 1);
}

TEST_F(CharonIdentity, AnInitiateThatComesWithANewCharonWaitsForItsConnection) {
  server.start(server.boot);
  server.unanswered.insert("get-shared");
  wire->pass(Duration{5'000});
  ASSERT_TRUE(charon->table().connected);
  charon->initiate(1, "hq", "hq", wire->now);
  wire->settle();
  EXPECT_EQ(server.served["initiate"], 0);
  server.unanswered.clear();
  server.finish_work(0);
  wire->settle();
  EXPECT_EQ(charon->take_outcomes(), (std::vector<Outcome>{{1, {}}}));
}

}  // namespace
}  // namespace vtid::vici
