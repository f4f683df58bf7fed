// Routes that follow gateways: what a change of state does to the kernel, to events and to problems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using enum model::GatewayState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Two tunnels, a group that prefers the first, a route that leaves with the group, and one that becomes a blackhole with B.
std::string file() {
  std::string text = many_tunnels_file(2);
  text.resize(text.rfind('}'));
  return text + R"(, "interfaces": { "A": { "tunnel": "t1" }, "B": { "tunnel": "t2" } },
    "gateway_groups": { "BOTH": { "members": [ { "gateway": "A_VTIV4" }, { "gateway": "B_VTIV4", "tier": 2 } ] } },
    "routes": [ { "to": "10.20.0.0/16", "via": "BOTH", "when_down": "withdraw" },
                { "to": "10.30.0.0/16", "via": "B_VTIV4", "when_down": "blackhole" } ] })";
}

class GatewayRoutes : public testing::Test {
 protected:
  GatewayRoutes() {
    stage.start_vtid();
    stage.run(Duration{5'000});
    stage.events.clear();
    writes_ = stage.kernel.writes();
  }

  void gateway_is(const std::string& gateway, model::GatewayState state, std::string reason = {}) {
    stage.gateway_is(gateway, state, std::move(reason));
    stage.run(Duration{0});
  }

  // "10.20.0.0/16 ipsec1"
  std::vector<std::string> routes() {
    std::vector<std::string> lines;
    const auto observed = stage.kernel.seen();
    for (const auto& [route] : observed.routes) {
      const auto* via = std::get_if<model::ViaGateway>(&route.target);
      lines.push_back(net::print(route.to) + ' ' + (via == nullptr ? "blackhole" : via->device.text()));
    }
    return lines;
  }
  std::vector<std::string> told(const std::string& kind) {
    std::vector<std::string> lines;
    for (const model::Event& event : stage.events) {
      if (event.kind == kind) lines.push_back(event.object + ' ' + event.text);
    }
    return lines;
  }

  Stage stage{file()};
  std::size_t writes_ = 0;
};

TEST_F(GatewayRoutes, GoThroughTheFirstTier) {
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 ipsec1", "10.30.0.0/16 ipsec2"));
}

TEST_F(GatewayRoutes, ADescriptionIsShownAfterAReloadAndChangesNothing) {
  gateway_is("A_VTIV4", down, "no answer");
  const auto since = stage.snapshot()->gateways.at("A_VTIV4").since;
  const std::size_t writes = stage.kernel.writes();
  stage.file.replace(stage.file.find("\"BOTH\": {"), 9, R"("BOTH": { "description": "the first line first",)");
  stage.file.insert(stage.file.rfind('}'), R"(, "gateways": { "A_VTIV4": { "description": "the first line" } })");
  EXPECT_EQ(stage.command(model::Reload{}), "configuration 2 accepted");
  const auto snapshot = stage.snapshot();
  EXPECT_EQ(snapshot->config->gateway("A_VTIV4")->description, "the first line");
  EXPECT_EQ(snapshot->config->group("BOTH")->description, "the first line first");
  EXPECT_EQ(snapshot->gateways.at("A_VTIV4").since, since);
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(GatewayRoutes, MoveInTheMomentInWhichTheGatewayFallsWithOneWrite) {
  gateway_is("A_VTIV4", down, "no answer");
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 ipsec2", "10.30.0.0/16 ipsec2"));
  EXPECT_EQ(stage.kernel.writes(), writes_ + 1);
  EXPECT_THAT(told("kernel"), ElementsAre(HasSubstr("replace route 10.20.0.0/16")));
}

TEST_F(GatewayRoutes, MoveBackWhenTheGatewayIsUsableAgain) {
  gateway_is("A_VTIV4", down, "no answer");
  gateway_is("A_VTIV4", loss, "12 % loss, more than 10 %");
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 ipsec1", "10.30.0.0/16 ipsec2"));
}

TEST_F(GatewayRoutes, LeaveOrBecomeBlackholesAsTheFileSays) {
  gateway_is("A_VTIV4", down);
  gateway_is("B_VTIV4", down);
  EXPECT_THAT(routes(), ElementsAre("10.30.0.0/16 blackhole"));
  gateway_is("B_VTIV4", online);
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 ipsec2", "10.30.0.0/16 ipsec2"));
}

TEST_F(GatewayRoutes, AreNotWrittenForAStateThatChangesNothing) {
  gateway_is("A_VTIV4", latency);
  EXPECT_EQ(stage.kernel.writes(), writes_);
}

TEST_F(GatewayRoutes, TellOfGatewaysAndGroups) {
  gateway_is("A_VTIV4", down, "tunnel t1 is down");
  EXPECT_THAT(told("gateway"), ElementsAre("A_VTIV4 is down: tunnel t1 is down; 0 % loss, 0.0 ms"));
  EXPECT_THAT(told("group"), ElementsAre("BOTH is carried by B_VTIV4: A_VTIV4 is down: tunnel t1 is down"));
}

TEST_F(GatewayRoutes, AGroupWithoutAUsableMemberIsAProblem) {
  gateway_is("A_VTIV4", down);
  EXPECT_EQ(stage.problem(), "");
  gateway_is("B_VTIV4", forced_down);
  EXPECT_EQ(stage.problem(), "no member is usable: A_VTIV4 is down; B_VTIV4 is forced_down; carried by A_VTIV4");
  EXPECT_TRUE(stage.snapshot()->converged);  // the kernel is as it should be
}

TEST_F(GatewayRoutes, DoNotMoveBecauseCharonIsSilent) {
  stage.stop_charon();
  stage.run(Duration{10'000});
  const auto targets = stage.engine->take_probes().value().targets;
  EXPECT_EQ(targets.at(0).underlay.state, monitor::Underlay::State::up);
}

TEST_F(GatewayRoutes, ATunnelOnDemandThatWaitsIsAsleepNotDown) {
  const std::string start = R"("t1": { )";
  Stage on_demand(file().insert(file().find(start) + start.size(), R"("start": "trap", )"));
  on_demand.start_vtid();
  EXPECT_EQ(on_demand.engine->take_probes().value().targets.at(0).underlay.state, monitor::Underlay::State::asleep);
  on_demand.settle();
  EXPECT_EQ(on_demand.state(), model::TunnelState::waiting);
  EXPECT_EQ(on_demand.engine->take_probes().value().targets.at(0).underlay.state, monitor::Underlay::State::asleep);
}

TEST_F(GatewayRoutes, ATunnelThatIsTakenDownIsKnownToItsMonitorAtOnce) {
  (void)stage.engine->take_probes();
  (void)stage.command(model::Down{"t1"}, Duration{100});
  const auto targets = stage.engine->take_probes().value().targets;
  EXPECT_EQ(targets.at(0).underlay, (monitor::Underlay{"t1", monitor::Underlay::State::down}));
}

TEST_F(GatewayRoutes, FollowTheMonitorsAfterAReload) {
  stage.gateways["A_VTIV4"].state = down;  // a gateway that is new to the monitors tells nothing by itself
  (void)stage.command(model::Reload{});
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 ipsec2", "10.30.0.0/16 ipsec2"));
}

TEST_F(GatewayRoutes, AreInThePlanOfADaemonThatNeverRan) {
  Stage fresh(file());
  fresh.start_vtid();
  std::vector<std::string> objects;
  const model::Plan plan = fresh.engine->plan_only().value();
  for (const model::Op& op : plan.ops) objects.push_back(op.object);
  EXPECT_THAT(objects, testing::IsSupersetOf({"route 10.20.0.0/16", "route 10.30.0.0/16"}));
}

TEST_F(GatewayRoutes, APlanForAnotherFileKnowsTheStatesToo) {
  gateway_is("A_VTIV4", down);
  gateway_is("B_VTIV4", down);
  EXPECT_THAT(stage.snapshot()->plan.ops, IsEmpty());
  std::optional<model::Plan> plan;
  stage.engine->on_command(
      model::MakePlan{file(), "other.json"}, [&plan](const model::CommandResult& result) { plan = result.value().plan; },
      stage.now);
  EXPECT_THAT(plan.value().ops, IsEmpty());
}

// From the last answer to the step after the last write. All of it is one step's work.
TEST_F(GatewayRoutes, SayHowLongTheyTookToLeaveAGateway) {
  stage.last_answers["A_VTIV4"] = stage.now.steady - Duration{1'400};
  gateway_is("A_VTIV4", down, "no answer");
  stage.run(Duration{100});
  EXPECT_THAT(told("gateway"),
              testing::Contains(testing::MatchesRegex(
                  R"(A_VTIV4 traffic moved by 1 change of the kernel, 1\.4[0-9]{2} s after its last answer)")));
  EXPECT_GE(stage.snapshot()->moves.at("A_VTIV4"), Duration{1'400});
}

TEST_F(GatewayRoutes, SayNothingOfAFallThatMovesNothing) {
  stage.last_answers["A_VTIV6"] = stage.now.steady;
  gateway_is("A_VTIV6", down, "no answer");
  stage.run(Duration{100});
  EXPECT_TRUE(stage.snapshot()->moves.empty());
}

TEST_F(GatewayRoutes, SayNothingOfTheWayBack) {
  gateway_is("A_VTIV4", down, "no answer");
  stage.run(Duration{100});
  stage.last_answers["A_VTIV4"] = stage.now.steady;
  gateway_is("A_VTIV4", online);
  stage.run(Duration{100});
  EXPECT_TRUE(stage.snapshot()->moves.empty());
}

// What follows a group is one plan and one step: the main table's routes and those of policy routes, by one write each, and
// never a moment without either. Neither rules nor NAT stand on who carries, so they are not written.
TEST(GroupMove, IsOneStepOfOneWriteForEachRoute) {
  std::string text = file();
  text.resize(text.rfind('}'));
  Stage stage(text + R"(, "rules": [],
    "nat": [ { "on": "A", "kind": "source", "from": "10.1.0.0/24", "to": "10.20.0.0/16", "address": "interface" } ],
    "filter": { "mode": "if_ipsec" },
    "policy_routes": [ { "name": "voip", "in": "lan", "from": "10.1.0.0/24", "protocol": "udp", "ports": "5060", "via": "BOTH" } ] })");
  stage.start_vtid();
  stage.run(Duration{5'000});
  const auto lead_to = [&](const char* device) {
    int routes = 0;
    for (const auto& [route] : stage.kernel.seen().routes) {
      const auto* via = std::get_if<model::ViaGateway>(&route.target);
      routes += via != nullptr && via->device.text() == device ? 1 : 0;
    }
    return routes;
  };
  const int before = lead_to("ipsec1");  // the ways of replies stay
  const std::size_t writes = stage.kernel.writes();
  stage.gateway_is("A_VTIV4", down, "no answer");
  if (stage.kernel.is_linux())
    (void)stage.engine->step(stage.now);
  else
    stage.run(Duration{500});  // pfctl takes its time, and a step does not wait for it
  EXPECT_EQ(before - lead_to("ipsec1"), stage.kernel.is_linux() ? 2 : 1);
  EXPECT_EQ(stage.kernel.writes(), writes + 2);  // FreeBSD: the route, and the filter that routes by policy
}

}  // namespace
}  // namespace vtid::test
