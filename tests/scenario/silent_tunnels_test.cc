// Tunnels whose SAs are there and by which nothing comes back any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::HasSubstr;
using testing::IsEmpty;

std::string file_that_renews(const std::string& after) {
  std::string text = one_tunnel_file();
  const std::string start = R"("hq": { )";
  return text.insert(text.find(start) + start.size(), R"("renew_when_silent": ")" + after + R"(", )");
}

class SilentTunnel : public testing::Test {
 protected:
  void begin(const std::string& renew) {
    stage.file = file_that_renews(renew);
    stage.start_vtid();
    stage.run(Duration{2'000});
    stage.gateway_is(gateway, model::GatewayState::online);
    stage.run(Duration{100});
    ASSERT_EQ(stage.state(), TunnelState::up);
  }
  Stage stage;
  const std::string gateway = "VTI_VTIV4";
};

TEST_F(SilentTunnel, IsNotUpAndSaysSo) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{100});
  EXPECT_EQ(stage.state(), TunnelState::silent);
  EXPECT_THAT(stage.problem(), HasSubstr("nothing comes back: " + gateway + " is silent"));
  stage.gateway_falls_silent(gateway, false);
  stage.run(Duration{100});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(stage.problem(), IsEmpty());
}

TEST_F(SilentTunnel, IsLeftAloneUnlessTheFileSaysOtherwise) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{60'000});
  EXPECT_EQ(stage.charon.served["rekey"], 0);
}

TEST_F(SilentTunnel, HasItsChildRenewedAndNotItsIkeSa) {
  begin("10s");
  const auto ike = stage.charon.ikes.begin()->first;
  const auto child = stage.charon.children.begin()->first;
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{9'000});
  EXPECT_EQ(stage.charon.served["rekey"], 0);
  stage.run(Duration{2'000});
  EXPECT_EQ(stage.charon.served["rekey"], 1);
  EXPECT_NE(stage.charon.children.rbegin()->first, child);
  EXPECT_TRUE(stage.charon.ikes.contains(ike));
  EXPECT_EQ(stage.charon.served["terminate"], 0);
}

// Its probes go on: they are what ends it.
TEST_F(SilentTunnel, IsStillProbed) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  (void)stage.engine->take_probes();
  stage.command(model::Reload{});
  EXPECT_EQ(stage.state(), TunnelState::silent);
  EXPECT_EQ(stage.engine->take_probes().value().targets.at(0).underlay.state, monitor::Underlay::State::up);
}

// The state of the gateway is held, and it is told once.
TEST_F(SilentTunnel, IsUpWithTheFirstAnswer) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{100});
  stage.events.clear();
  stage.gateways[gateway].answers = model::Answers::come;
  stage.gateway_is(gateway, model::GatewayState::down);
  stage.run(Duration{100});
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(stage.events, testing::Not(testing::Contains(testing::Field(&model::Event::kind, "gateway"))));
}

// A peer of another make, at the same address, which answers no echo requests.
TEST_F(SilentTunnel, IsUpWhenThePeerHasMadeAnotherIkeSa) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{100});
  const auto before = stage.charon.ikes.begin();
  const std::string connection = before->second.name;
  const std::uint32_t old = before->first;
  (void)stage.charon.bring_up(connection);
  stage.run(Duration{1'000});
  stage.charon.take_down(old);
  stage.run(Duration{1'000});
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(SilentTunnel, IsUpWhenItIsNoLongerMonitored) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{100});
  stage.gateways[gateway].answers = model::Answers::unknown;
  stage.gateway_is(gateway, model::GatewayState::unmonitored);
  stage.run(Duration{100});
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(SilentTunnel, IsUpWhenItsInterfaceHasLeftTheFile) {
  begin("off");
  stage.gateway_falls_silent(gateway);
  stage.run(Duration{100});
  stage.file = many_tunnels_file(1);
  stage.command(model::Reload{});
  for (const auto& tunnel : stage.snapshot()->tunnels) EXPECT_NE(tunnel.state, TunnelState::silent);
}

}  // namespace
}  // namespace vtid::test
