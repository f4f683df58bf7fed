// Tunnels with "start": "trap": nothing asks charon for SAs before it can answer.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

std::string on_demand_file(const std::string& child = {}) {
  std::string text = one_tunnel_file();
  text.insert(text.find("\"unit\""), R"("start": "trap", )");
  return text.insert(text.find("\"v4\": { ") + 8, child);
}

class OnDemand : public testing::Test {
 protected:
  // What makes a packet ask for SAs: the interface's outer addresses, or policies of ours.
  bool asks() { return stage.kernel.is_linux() ? !stage.kernel.observe()->policies.empty() : stage.link()->outer.has_value(); }
  void restart_vtid() {
    stage.kill_vtid();
    stage.start_vtid();
    stage.settle();
  }
  Stage stage{on_demand_file(R"("policies": "vtid", )")};
};

TEST_F(OnDemand, AsksOnceCharonHasTheConnection) {
  stage.stop_charon();
  stage.start_vtid();
  stage.settle();
  ASSERT_NE(stage.link(), nullptr);
  EXPECT_TRUE(stage.link()->up);
  EXPECT_EQ(stage.kernel.observe()->routes.size(), 1U);  // meanwhile nothing goes by another way
  EXPECT_FALSE(asks());
  stage.start_charon("another");
  stage.settle();
  EXPECT_TRUE(asks());
  EXPECT_TRUE(stage.snapshot()->converged) << stage.problem();
}

TEST_F(OnDemand, StaysAsItIsWhileCharonIsAway) {
  stage.start_vtid();
  stage.settle();
  ASSERT_TRUE(asks());
  stage.stop_charon();
  stage.settle();
  EXPECT_TRUE(asks());
  const std::size_t writes = stage.kernel.writes();
  restart_vtid();
  EXPECT_TRUE(asks());
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(OnDemand, DoesNotAskOnStandby) {
  stage.start_vtid();
  (void)stage.command(model::TakeRole{model::Role::standby});
  stage.kernel.delete_link(device("ipsec1"));
  stage.settle();
  ASSERT_NE(stage.link(), nullptr);
  EXPECT_FALSE(asks());
  (void)stage.command(model::TakeRole{model::Role::active});
  EXPECT_TRUE(asks());
}

TEST_F(OnDemand, ATunnelThatCallsByItselfDoesNotWait) {
  stage.file = one_tunnel_file();
  if (stage.kernel.is_linux()) stage.file.insert(stage.file.find("\"v4\": { ") + 8, R"("policies": "vtid", )");
  stage.stop_charon();
  stage.start_vtid();
  stage.settle();
  EXPECT_TRUE(asks());
}

class OuterAddress : public testing::Test {
 protected:
  OuterAddress() {
    stage.start_vtid();
    stage.settle();
  }
  void lose_address() {
    stage.kernel.flush_addresses(device("wan"));
    stage.settle();
  }
  Stage stage;
};

TEST_F(OuterAddress, ThatLeavesThisHostIsAProblem) {
  ASSERT_EQ(stage.problem(), "");
  lose_address();
  EXPECT_EQ(stage.problem(), "its outer address 192.0.2.1 is not on this host: what it sends does not leave");
  EXPECT_TRUE(std::ranges::count(stage.snapshot()->problems, "tunnels/hq", &model::Problem::object) == 1);
  EXPECT_EQ(stage.state(), model::TunnelState::up);  // charon has not noticed
  stage.kernel.add_foreign_address({device("wan"), prefix("192.0.2.1/24"), {}});
  stage.settle();
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(OuterAddress, OfAPeersMoveIsNamed) {
  stage.charon.move(stage.charon.ikes.begin()->first, address("192.0.2.99"));
  stage.settle();
  EXPECT_EQ(stage.problem(), "its outer address 192.0.2.99 is not on this host: what it sends does not leave");
}

TEST_F(OuterAddress, IsNotMissedOnStandby) {
  (void)stage.command(model::TakeRole{model::Role::standby});
  lose_address();
  EXPECT_EQ(stage.problem(), "");
}

TEST(OuterAddressOf, StaticSasIsAProblemToo) {
  Stage stage(static_tunnel_file());
  stage.start_vtid();
  stage.settle();
  ASSERT_EQ(stage.problem(), "");
  stage.kernel.flush_addresses(device("wan"));
  stage.settle();
  EXPECT_EQ(stage.problem(), "its outer address 192.0.2.1 is not on this host: what it sends does not leave");
}

}  // namespace
}  // namespace vtid::test
