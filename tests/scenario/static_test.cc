// Tunnels with static SAs: kept by vtid alone, whatever charon does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOldAndNew =
    R"([{ "spi": "0x1001", "algorithm": "aes128gcm16", "key": { "text": "1111111111111111111111111111111111111111" } },)"
    R"( { "spi": "0x2001", "algorithm": "aes128gcm16", "key": { "text": "3333333333333333333333333333333333333333" } }])";
constexpr const char* kOtherKey =
    R"({ "spi": "0x1001", "algorithm": "aes128gcm16", "key": { "text": "4444444444444444444444444444444444444444" } })";

class StaticSas : public testing::Test {
 protected:
  StaticSas() : stage(static_tunnel_file()) {}
  std::vector<std::uint32_t> spis() {
    std::vector<std::uint32_t> result;
    const model::Observed observed = stage.kernel.seen();
    for (const model::Sa& sa : observed.sas) result.push_back(sa.spi);
    return result;
  }
  std::vector<std::string> told(const std::string& kind) {
    std::vector<std::string> texts;
    for (const model::Event& event : stage.events) {
      if (event.kind == kind) texts.push_back(event.text);
    }
    return texts;
  }
  void reload(const std::string& file) {
    stage.file = file;
    stage.events.clear();
    (void)stage.command(model::Reload{});
  }
  Stage stage;
};

TEST_F(StaticSas, AreUpWithoutCharon) {
  stage.stop_charon();
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(spis(), ElementsAre(0x1002, 0x1001));
  EXPECT_EQ(stage.kernel.seen().policies.size(), stage.kernel.is_linux() ? 6U : 0U);  // or the kernel's own
  EXPECT_FALSE(stage.snapshot()->converged);                                          // of charon nothing is known
}

TEST_F(StaticSas, AskCharonForNothing) {
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.loads(), 0);
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_EQ(stage.tunnel().children_up, 1);
  EXPECT_EQ(stage.tunnel().remote, "198.51.100.1");
}

TEST_F(StaticSas, ThatWereDeletedComeBackAndTheTunnelSaysSo) {
  stage.start_vtid();
  stage.settle();
  stage.events.clear();
  stage.kernel.delete_sa(stage.kernel.seen().sas.at(1));
  stage.settle();
  EXPECT_THAT(spis(), ElementsAre(0x1002, 0x1001));
  EXPECT_THAT(told("tunnel"), ElementsAre("is down: the kernel has no inbound SA of it", "is up"));
}

TEST_F(StaticSas, AreRekeyedWithoutTheTunnelGoingDown) {
  stage.start_vtid();
  stage.settle();
  reload(static_tunnel_file(kOldAndNew));
  EXPECT_THAT(spis(), ElementsAre(0x1002, 0x1001, 0x2001));
  EXPECT_THAT(told("tunnel"), IsEmpty());
  reload(static_tunnel_file());
  EXPECT_THAT(spis(), ElementsAre(0x1002, 0x1001));
  EXPECT_THAT(told("tunnel"), IsEmpty());
}

TEST_F(StaticSas, OldOnesLeaveEvenWhileCharonIsAway) {
  stage.stop_charon();
  stage.file = static_tunnel_file(kOldAndNew);
  stage.start_vtid();
  stage.settle();
  reload(static_tunnel_file());
  EXPECT_THAT(spis(), ElementsAre(0x1002, 0x1001));
}

TEST_F(StaticSas, OfAnotherKeyAreReplaced) {
  stage.start_vtid();
  stage.settle();
  reload(static_tunnel_file(kOtherKey));
  EXPECT_EQ(stage.kernel.seen().sas.at(1).key.reveal(), std::string(20, '\x44'));
  EXPECT_THAT(told("kernel"), ElementsAre(HasSubstr("replace SA 0x00001001")));
}

TEST_F(StaticSas, AreNotTouchedByARestart) {
  stage.start_vtid();
  stage.settle();
  const std::size_t writes = stage.kernel.writes();
  stage.kill_vtid();
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(StaticSas, OfAnotherOwnerStandInTheWay) {
  model::Sa theirs;
  theirs.source = address("198.51.100.1");
  theirs.destination = address("192.0.2.1");
  theirs.spi = 0x1001;
  theirs.key = model::Secret(std::string(20, 'k'));
  stage.kernel.add_foreign_sa(theirs);
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::down);
  EXPECT_EQ(stage.tunnel().reason, "the kernel has no inbound SA of it");
  EXPECT_THAT(stage.problem(), HasSubstr("what is there is not vtid's"));
  EXPECT_TRUE(stage.kernel.has_foreign_sa(theirs));
}

TEST_F(StaticSas, HaveNobodyToAsk) {
  stage.start_vtid();
  stage.settle();
  for (const std::string& answer :
       {stage.command(model::Up{"lab"}), stage.command(model::Down{"lab"}), stage.command(model::Rekey{"lab/v4"})}) {
    EXPECT_THAT(answer, HasSubstr("lab has static SAs"));
  }
}

TEST_F(StaticSas, TakeThePlaceOfIke) {
  stage.file = one_tunnel_file();
  stage.start_vtid();
  stage.settle();
  std::string file = static_tunnel_file();
  file.replace(file.find("lab"), 3, "hq");
  file.replace(file.find("\"tunnel\": \"lab\""), 15, "\"tunnel\": \"hq\"");
  reload(file);
  stage.run(Duration{10'000});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(stage.snapshot()->sas.ikes, IsEmpty());
  EXPECT_TRUE(stage.snapshot()->converged);
}

// Nobody renews their SAs; that nothing comes back is said.
TEST_F(StaticSas, ThatCarryNothingAreSilent) {
  stage.start_vtid();
  stage.settle();
  stage.gateway_falls_silent("VTI_VTIV4");
  stage.events.clear();
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::silent);
  EXPECT_EQ(stage.tunnel().children_up, 1);
  (void)stage.command(model::Reload{});
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::silent);
  stage.gateway_falls_silent("VTI_VTIV4", false);
  stage.settle();
  EXPECT_THAT(told("tunnel"),
              ElementsAre("is silent: its SAs are there, and nothing comes back: VTI_VTIV4 is silent", "is up"));
}

}  // namespace
}  // namespace vtid::test
