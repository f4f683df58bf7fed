// A peer with several addresses: who is called, when the next one has its turn, and what an edit of the list costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kOneAddress = R"("198.51.100.1", "id": "there1" },)";

std::string file_with_list(const std::string& list) {
  std::string text = one_tunnel_file();
  const std::string one = kOneAddress;
  return text.replace(text.find(one), one.size(), list + R"(, "id": "there1" },)");
}

class Several : public testing::Test {
 protected:
  explicit Several(const std::string& list = R"(["198.51.100.9", "198.51.100.1"])") : stage(file_with_list(list)) {}

  void start() {
    stage.start_vtid();
    stage.settle();
  }
  void edit(const std::string& list) {
    stage.file = file_with_list(list);
    EXPECT_THAT(stage.command(model::Reload{}, Duration{5'000}), HasSubstr("accepted"));
  }
  // The one that is called does not answer, and charon gives it up.
  void no_answer() {
    stage.run(std::chrono::seconds{10});
    stage.charon.give_up(stage.charon.ikes.begin()->first);
    stage.run(std::chrono::seconds{10});
  }
  void peer_dies() {
    stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
    stage.charon.take_down(stage.charon.ikes.begin()->first);
    stage.run(std::chrono::seconds{10});
  }
  std::string remote() { return stage.charon.ikes.empty() ? "" : net::print(stage.charon.ikes.begin()->second.remote); }
  std::vector<int> asked() { return {stage.charon.served["initiate"], stage.charon.served["terminate"]}; }

  Stage stage;
};

TEST_F(Several, AreCalledInTheFilesOrder) {
  start();
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.9 198.51.100.1 ");
  EXPECT_EQ(remote(), "198.51.100.9");
  EXPECT_EQ(stage.tunnel().remote, "198.51.100.9");
  EXPECT_EQ(stage.lookups, 0);
}

TEST_F(Several, TheNextIsCalledWhenOneDoesNotAnswerAndStaysUntilItBreaks) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  start();
  stage.run(std::chrono::seconds{5});
  EXPECT_EQ(stage.tunnel().reason, "no answer from 198.51.100.9 so far");
  stage.charon.peers.clear();
  no_answer();
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(remote(), "198.51.100.1");
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.1 198.51.100.9 ");
  EXPECT_EQ(stage.snapshot()->called_peers.at("hq"), (std::vector{address("198.51.100.1"), address("198.51.100.9")}));
  const auto before = asked();
  stage.run(std::chrono::hours{1});
  EXPECT_EQ(asked(), before);
  peer_dies();
  EXPECT_EQ(remote(), "198.51.100.1");
  stage.charon.peers.clear();
  no_answer();
  EXPECT_EQ(remote(), "198.51.100.9");
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(Several, OneThatRefusesIsNotLeft) {
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  start();
  stage.run(std::chrono::minutes{2});
  EXPECT_THAT(stage.tunnel().reason, HasSubstr("198.51.100.9"));
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.9 198.51.100.1 ");
}

TEST_F(Several, MoreOfThemOrAnotherOrderLeavesSasAlone) {
  start();
  const auto before = asked();
  edit(R"(["198.51.100.1", "198.51.100.9", "198.51.100.5"])");
  EXPECT_EQ(asked(), before);
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.1 198.51.100.9 198.51.100.5 ");
  EXPECT_EQ(remote(), "198.51.100.9");
}

TEST_F(Several, WithoutTheLiveOneTheTunnelIsCalledAgain) {
  start();
  const auto index = stage.link()->index;
  edit(R"(["198.51.100.5", "198.51.100.1"])");
  EXPECT_EQ(remote(), "198.51.100.5");
  EXPECT_EQ(stage.charon.ikes.size(), 1U);
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.link()->index, index);
}

class SeveralWithName : public Several {
 protected:
  SeveralWithName() : Several(R"(["vpn.example.org", "198.51.100.1"])") {}
};

TEST_F(SeveralWithName, ANameStandsForItsAddressesAndHoldsNobodyUp) {
  start();
  EXPECT_EQ(remote(), "198.51.100.1");
  EXPECT_THAT(stage.problem(),
              StartsWith("cannot resolve vpn.example.org: Host not found (authoritative); the peer's other addresses"));
  const auto before = asked();
  stage.hosts["vpn.example.org"] = {"198.51.100.8", "2001:db8::8", "198.51.100.7"};
  stage.run(std::chrono::seconds{70});
  EXPECT_EQ(stage.problem(), "");
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.7 198.51.100.8 198.51.100.1 ");
  EXPECT_EQ(asked(), before);
}

class Callers : public Several {
 protected:
  Callers() : Several(R"("198.51.100.0/24")") {}
};

TEST_F(Callers, AreWaitedForAndAreWhereTheirSasAre) {
  start();
  EXPECT_EQ(stage.state(), TunnelState::waiting);
  EXPECT_EQ(stage.remote_addresses(), "198.51.100.0/24 ");
  EXPECT_EQ(stage.charon.served["initiate"], 0);
  EXPECT_EQ(stage.tunnel().remote, "198.51.100.0/24");
  stage.charon.bring_up("hq", false);
  stage.charon.ikes.begin()->second.remote = address("198.51.100.77");
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.tunnel().remote, "198.51.100.77");
}

}  // namespace
}  // namespace vtid::test
