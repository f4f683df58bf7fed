// A peer that is known by its host name: what follows when the name stands for something else, and when nobody can tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kName = "vpn.example.org";

std::string file_with_name(const std::string& more = {}) {
  std::string text = one_tunnel_file();
  const std::string address = R"("198.51.100.1", "id": "there1" },)";
  const auto at = text.find(address);
  return text.replace(at, address.size(), R"("vpn.example.org", "id": "there1" }, )" + more);
}

class Names : public testing::Test {
 protected:
  explicit Names(const std::string& more = {}) : stage(file_with_name(more)) {}

  void start(const std::vector<std::string>& addresses) {
    if (!addresses.empty()) stage.hosts[kName] = addresses;
    stage.start_vtid();
    stage.settle();
  }
  void rename(const std::vector<std::string>& addresses) {
    stage.hosts[kName] = addresses;
    stage.run(std::chrono::seconds{70});
  }
  std::string remote() { return net::print(stage.charon.ikes.begin()->second.remote); }
  std::uint32_t child() { return stage.charon.children.begin()->first; }
  // Everything that was ever asked of charon, and written to the kernel.
  std::vector<int> done() {
    std::vector<int> counts{static_cast<int>(stage.kernel.writes()), stage.loads()};
    for (const char* command : {"initiate", "terminate", "rekey"}) counts.push_back(stage.charon.served[command]);
    return counts;
  }
  // Where the link knows its outer addresses it follows the peer, by one write.
  void expect_outer(const std::string& peer, std::vector<int>& expected) {
    if (stage.kernel.is_linux()) return;
    ++expected[0];
    EXPECT_EQ(stage.link()->outer.value().second, address(peer));
  }

  Stage stage;
};

TEST_F(Names, ThePeerIsCalledAtItsAddress) {
  start({"198.51.100.1"});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(remote(), "198.51.100.1");
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.1 ");
  EXPECT_EQ(stage.problem(), "");
  EXPECT_EQ(stage.snapshot()->host_names.at(kName).addresses, std::vector{address("198.51.100.1")});
}

TEST_F(Names, TheSameAddressChangesNothing) {
  start({"198.51.100.1"});
  const auto before = done();
  const int lookups = stage.lookups;
  stage.run(std::chrono::minutes{10});
  EXPECT_EQ(done(), before);
  EXPECT_EQ(stage.lookups, lookups + 10);
}

TEST_F(Names, AnotherOrderChangesNothing) {
  start({"198.51.100.1", "198.51.100.2", "198.51.100.3"});
  const auto before = done();
  rename({"198.51.100.3", "198.51.100.1", "198.51.100.2"});
  rename({"198.51.100.2", "198.51.100.3", "198.51.100.1", "198.51.100.2"});
  EXPECT_EQ(done(), before);
}

TEST_F(Names, AnotherAddressReestablishesOnceAndKeepsTheInterface) {
  start({"198.51.100.1"});
  const auto old = child();
  const auto index = stage.link()->index;
  auto expected = done();
  rename({"198.51.100.7"});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_NE(child(), old);
  EXPECT_EQ(remote(), "198.51.100.7");
  EXPECT_EQ(stage.link()->index, index);
  ++expected[1], ++expected[2], ++expected[3];  // one load, one initiation, one termination
  expect_outer("198.51.100.7", expected);
  EXPECT_EQ(done(), expected);
  stage.run(std::chrono::minutes{10});
  EXPECT_EQ(done(), expected);
}

TEST_F(Names, OneMoreAddressIsLoadedAndNoSaIsTouched) {
  start({"198.51.100.1"});
  auto expected = done();
  rename({"198.51.100.0", "198.51.100.1"});
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.0 198.51.100.1 ");
  ++expected[1];
  EXPECT_EQ(done(), expected);
}

TEST_F(Names, APeerThatMovedByItselfIsLeftAloneUntilItsNameChanges) {
  start({"198.51.100.1"});
  stage.charon.ikes.begin()->second.remote = address("203.0.113.5");
  auto before = done();
  stage.run(std::chrono::minutes{10});
  expect_outer("203.0.113.5", before);
  EXPECT_EQ(done(), before);
  EXPECT_EQ(stage.tunnel().remote, "203.0.113.5");
  rename({"203.0.113.5"});  // the name follows it
  EXPECT_EQ(done()[3], before[3]);
  rename({"198.51.100.7"});  // the name leaves it
  EXPECT_EQ(remote(), "198.51.100.7");
  EXPECT_EQ(done()[3], before[3] + 1);
}

TEST_F(Names, WithoutAnAddressTheReasonIsClear) {
  start({});
  EXPECT_EQ(stage.state(), TunnelState::down);
  EXPECT_EQ(stage.tunnel().reason, "cannot resolve vpn.example.org: Host not found (authoritative)");
  const auto of_the_tunnel = [](const model::Problem& problem) { return problem.object == "tunnels/hq"; };
  EXPECT_EQ(std::ranges::count_if(stage.snapshot()->problems, of_the_tunnel), 1);
  EXPECT_THAT(std::ranges::find_if(stage.snapshot()->problems, of_the_tunnel)->remedy,
              HasSubstr("getent ahosts vpn.example.org"));
  EXPECT_TRUE(stage.charon.connections.empty());
  EXPECT_EQ(stage.charon.served["initiate"], 0);
  EXPECT_NE(stage.link(), nullptr);
}

TEST_F(Names, ItIsTriedAgainAndComesUp) {
  start({});
  stage.run(std::chrono::minutes{5});
  EXPECT_GE(stage.lookups, 8);  // 1, 2, 4 ... s, then a minute
  EXPECT_LE(stage.lookups, 16);
  rename({"198.51.100.1"});
  stage.run(std::chrono::seconds{10});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(Names, AFailureTakesNothingDown) {
  start({"198.51.100.1"});
  const auto before = done();
  stage.hosts.clear();
  stage.run(std::chrono::minutes{10});
  EXPECT_EQ(done(), before);
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(stage.problem(), StartsWith("cannot resolve vpn.example.org: Host not found (authoritative); what it said last"));
  rename({"198.51.100.1"});
  EXPECT_EQ(stage.problem(), "");
  EXPECT_EQ(done(), before);
}

TEST_F(Names, TheLastAnswerServesWhileThereIsNoOther) {
  start({"198.51.100.1"});
  stage.hosts.clear();
  stage.run(std::chrono::minutes{2});
  stage.charon.take_down(stage.charon.ikes.begin()->first);
  stage.run(std::chrono::seconds{10});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(remote(), "198.51.100.1");
}

TEST_F(Names, AChangeWhileCharonIsAwayIsNotForgotten) {
  start({"198.51.100.1"});
  const auto boot = stage.charon.boot;
  stage.charon.running = false;
  for (const int line : {0, 1, 2}) stage.charon.close(line);
  rename({"198.51.100.7"});
  stage.charon.running = true;
  stage.run(std::chrono::seconds{30});
  EXPECT_EQ(remote(), "198.51.100.7");
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(Names, ARestartAdoptsWhatExistsEvenWithoutNameServers) {
  start({"198.51.100.1"});
  const auto old = child();
  stage.kill_vtid();
  stage.hosts.clear();
  stage.start_vtid();
  stage.run(std::chrono::minutes{5});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(child(), old);
  EXPECT_EQ(stage.charon.connections.size(), 1U);
  EXPECT_THAT(stage.problem(), StartsWith("cannot resolve vpn.example.org"));
}

TEST_F(Names, TheNextAddressIsCalledWhenOneDoesNotAnswer) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  start({"198.51.100.1", "198.51.100.2"});
  EXPECT_EQ(remote(), "198.51.100.1");
  stage.run(std::chrono::seconds{10});
  stage.charon.peers.clear();
  stage.charon.give_up(stage.charon.ikes.begin()->first);
  stage.run(std::chrono::seconds{10});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(remote(), "198.51.100.2");
  const auto before = done();
  stage.run(std::chrono::minutes{5});
  EXPECT_EQ(done(), before);
}

TEST_F(Names, AnAttemptAtTheOldAddressIsGivenUp) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  start({"198.51.100.1"});
  stage.charon.peers.clear();
  rename({"198.51.100.7"});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(remote(), "198.51.100.7");
  EXPECT_EQ(stage.charon.ikes.size(), 1U);
}

TEST_F(Names, OnlyAddressesOfOurFamilyAreCalled) {
  start({"2001:db8::1"});
  EXPECT_EQ(stage.tunnel().reason, "cannot resolve vpn.example.org: it has no ipv4 address, as our end has");
  rename({"2001:db8::1", "198.51.100.1"});
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.1 ");
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(Names, UpLooksAtOnce) {
  start({});
  stage.run(std::chrono::minutes{10});
  EXPECT_THAT(stage.command(model::Up{"hq"}), StartsWith("hq did not come up: cannot resolve vpn.example.org"));
  stage.hosts[kName] = {"198.51.100.1"};
  EXPECT_THAT(stage.command(model::Up{"hq"}), StartsWith("hq is up"));
}

TEST_F(Names, AReloadKeepsWhatIsKnown) {
  start({"198.51.100.1"});
  const auto before = done();
  const int lookups = stage.lookups;
  EXPECT_EQ(stage.command(model::Reload{}), "configuration 2 accepted, unchanged");
  EXPECT_EQ(done(), before);
  EXPECT_EQ(stage.lookups, lookups);
}

TEST_F(Names, ADisabledTunnelAsksNobody) {
  start({"198.51.100.1"});
  const auto at = stage.file.find("\"unit\": 1");
  stage.file.insert(at, "\"enabled\": false, ");
  stage.file = stage.file.substr(0, stage.file.find(", \"interfaces\"")) + " }";
  (void)stage.command(model::Reload{}, Duration{10'000});
  const int lookups = stage.lookups;
  stage.run(std::chrono::minutes{10});
  EXPECT_EQ(stage.lookups, lookups);
  EXPECT_TRUE(stage.snapshot()->host_names.empty());
}

class SplitNames : public Names {
 protected:
  SplitNames() : Names(R"("split": true, )") {}
};

TEST_F(SplitNames, AllChildrenMoveTogetherIntoOneIkeSa) {
  stage.file = stage.file.substr(0, stage.file.find(", \"interfaces\"")) + " }";
  stage.file.replace(stage.file.find("\"unit\": 1, "), 11, "");
  start({"198.51.100.1"});
  ASSERT_EQ(stage.state(), TunnelState::up);
  const auto initiations = done()[2];
  rename({"198.51.100.7"});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.charon.ikes.size(), 1U);
  EXPECT_EQ(stage.charon.children.size(), 2U);
  EXPECT_EQ(remote(), "198.51.100.7");
  EXPECT_EQ(done()[2], initiations + 2);
}

class SeldomNames : public Names {
 protected:
  SeldomNames() : Names(R"("resolve": "1h", )") {}
};

TEST_F(SeldomNames, AreLookedUpWhenTheFileSaysSo) {
  start({"198.51.100.1"});
  stage.run(std::chrono::minutes{59});
  EXPECT_EQ(stage.lookups, 1);
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(stage.lookups, 2);
}

}  // namespace
}  // namespace vtid::test
