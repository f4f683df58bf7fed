// One of two nodes, which is active while it holds an address that somebody else moves between them.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::Role;
using model::TakeRole;
using model::TunnelState;

constexpr Duration kFiveMinutes = std::chrono::minutes{5};
constexpr std::string_view kFollows = R"("role": { "address": "192.0.2.10" }, )";

// On a device of somebody else's, which keepalived gives an address and takes it away again.
class FollowedRole : public testing::Test {
 protected:
  FollowedRole() {
    stage.kernel.add_foreign_link(kLan);
    stage.start_vtid();
    stage.settle();
    stage.file.insert(stage.file.find("\"tunnels\""), kFollows);
  }
  void follow() {
    (void)stage.command(model::Reload{});
    stage.run(kFiveMinutes);
  }
  void hold() { stage.kernel.add_foreign_address({kLan, *net::parse_prefix("192.0.2.10/32"), std::nullopt}); }
  void lose() { stage.kernel.flush_addresses(kLan); }
  [[nodiscard]] Role role() { return stage.snapshot()->role; }

  const net::IfName kLan = *net::IfName::parse("lan0");
  Stage stage;
};

TEST_F(FollowedRole, StandsByWithoutTheAddress) {
  follow();
  EXPECT_EQ(role(), Role::standby);
  EXPECT_TRUE(stage.charon.ikes.empty());
  EXPECT_EQ(stage.command(model::Up{"hq"}), "this node is on standby");
}

TEST_F(FollowedRole, IsActiveASecondAfterTheAddressCame) {
  follow();
  hold();
  stage.run(Duration{900});
  EXPECT_EQ(role(), Role::standby);
  stage.run(Duration{3'000});
  EXPECT_EQ(role(), Role::active);
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(FollowedRole, StandsByASecondAfterTheAddressWent) {
  hold();
  follow();
  ASSERT_EQ(role(), Role::active);
  lose();
  stage.run(Duration{3'000});
  EXPECT_EQ(role(), Role::standby);
  EXPECT_TRUE(stage.charon.ikes.empty());
}

TEST_F(FollowedRole, DoesNotFollowAnAddressThatOnlyComesByForAMoment) {
  follow();
  hold();
  stage.run(Duration{500});
  lose();
  stage.run(kFiveMinutes);
  EXPECT_EQ(role(), Role::standby);
  EXPECT_TRUE(std::ranges::none_of(stage.events, [](const auto& event) { return event.text == "this node is active"; }));
}

TEST_F(FollowedRole, StartsOnStandbyAndLooksBeforeItCalls) {
  stage.kill_vtid();
  stage.charon.served.clear();
  stage.start_vtid();
  stage.run(kFiveMinutes);
  EXPECT_EQ(role(), Role::standby);
  EXPECT_FALSE(stage.charon.served.contains("initiate"));
  stage.kill_vtid();
  hold();
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(role(), Role::active);
}

TEST_F(FollowedRole, RefusesAHandThatSaysOtherwise) {
  follow();
  EXPECT_EQ(stage.command(TakeRole{Role::active}), "the role follows 192.0.2.10");
  EXPECT_EQ(role(), Role::standby);
}

TEST_F(FollowedRole, StaysWhatItIsWhenTheFileNoLongerFollows) {
  follow();
  stage.file.erase(stage.file.find("\"role\""), kFollows.size());
  (void)stage.command(model::Reload{});
  stage.kill_vtid();
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(role(), Role::standby);
  EXPECT_EQ(stage.command(TakeRole{Role::active}), "this node is active");
}

}  // namespace
}  // namespace vtid::test
