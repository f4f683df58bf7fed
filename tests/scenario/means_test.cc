// What a system has no means for is told, or done in its own way, and comes to rest.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

// Two tunnels, and a route through both.
std::string file(const std::string& more = {}) {
  std::string text = many_tunnels_file(2);
  text.resize(text.rfind('}'));
  return text + R"(, "interfaces": { "A": { "tunnel": "t1" }, "B": { "tunnel": "t2" } },
    "gateway_groups": { "BOTH": { "members": [ { "gateway": "A_VTIV4" }, { "gateway": "B_VTIV4" } ] } },
    "routes": [ { "to": "10.20.0.0/16", "via": "BOTH" } ])" +
         more + " }";
}

TEST(Means, ShareFlowsWhereARouteHasSeveralHops) {
  Stage stage(file());
  stage.start_vtid();
  stage.run(Duration{5'000});
  const model::Route route = stage.kernel.seen().routes.at(0).route;
  EXPECT_EQ(model::hops_of(route).size(), stage.kernel.is_linux() ? 2U : 1U);
  EXPECT_EQ(model::hops_of(route)[0].via.device, device("ipsec1"));
  EXPECT_TRUE(stage.snapshot()->converged);
  const std::size_t writes = stage.kernel.writes();
  stage.run(Duration{120'000});
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST(Means, PolicyRoutesAreRulesOfTheKernelOrOfTheFilter) {
  Stage stage(file(R"(, "policy_routes": [ { "name": "voice", "in": "wan", "via": "BOTH" } ])"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_EQ(stage.kernel.seen().rules.empty(), !stage.kernel.is_linux());
  EXPECT_EQ(stage.snapshot()->desired.filter->value.policy_routes.size(), stage.kernel.is_linux() ? 0U : 1U);
  EXPECT_EQ(stage.problem(), "");
  EXPECT_TRUE(stage.snapshot()->converged);
}

// Where a metric cannot tell two routes apart there is one of them, and the file's reader is told which.
TEST(Means, OfRoutesThatDifferInMetricAloneTheBestIsThere) {
  std::string text = many_tunnels_file(2);
  text.resize(text.rfind('}'));
  Stage stage(text + R"(, "interfaces": { "A": { "tunnel": "t1" }, "B": { "tunnel": "t2" } },
    "routes": [ { "to": "10.20.0.0/16", "via": "B_VTIV4", "metric": 20 },
                { "to": "10.20.0.0/16", "via": "A_VTIV4", "metric": 10, "when_down": "withdraw" } ] })");
  const auto devices = [&] {
    std::vector<net::IfName> names;
    const auto observed = stage.kernel.seen();
    for (const auto& [route] : observed.routes) names.push_back(model::hops_of(route)[0].via.device);
    return names;
  };
  const bool metrics = stage.kernel.is_linux();
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_EQ(devices(), metrics ? std::vector({device("ipsec1"), device("ipsec2")}) : std::vector{device("ipsec1")});
  EXPECT_TRUE(stage.snapshot()->converged);

  std::vector<std::string> told;
  for (const model::Problem& problem : stage.snapshot()->problems) {
    if (problem.object.starts_with("routes/")) told.push_back(problem.object + ": " + problem.text + "; " + problem.remedy);
  }
  const std::string line =
      "routes/0: this system holds one route to 10.20.0.0/16, without a metric: this one is made only while routes/1 is "
      "withdrawn; when it is to take over, routes/1 needs \"when_down\": \"withdraw\"";
  EXPECT_EQ(told, metrics ? std::vector<std::string>{} : std::vector{line});

  const std::size_t writes = stage.kernel.writes();
  stage.run(Duration{120'000});
  EXPECT_EQ(stage.kernel.writes(), writes);
  stage.gateway_is("A_VTIV4", model::GatewayState::down, "no answer");
  stage.run(Duration{1'000});
  EXPECT_EQ(devices(), std::vector{device("ipsec2")});
  stage.gateway_is("A_VTIV4", model::GatewayState::online);
  stage.run(Duration{1'000});
  EXPECT_EQ(devices().front(), device("ipsec1"));
}

// One route to an address leads to one gateway, and whoever else is probed by it is told that it is not known.
TEST(Means, OneMonitorAddressOfTwoGatewaysIsTwoWaysOrAProblem) {
  std::string text = many_tunnels_file(1);
  text.resize(text.rfind('}'));
  Stage stage(text + R"(, "interfaces": { "WAN": { "device": "eth0" } },
    "gateways": { "FIRST": { "interface": "WAN", "address": "192.0.2.253", "monitor": { "address": "203.0.113.77" } },
                  "SECOND": { "interface": "WAN", "address": "192.0.2.254", "monitor": { "address": "203.0.113.77" } } } })");
  stage.start_vtid();
  stage.run(Duration{5'000});
  const auto problems = stage.snapshot()->problems;
  const bool told = std::ranges::any_of(problems, [](const model::Problem& problem) {
    return problem.object == "gateways/SECOND" && problem.text.starts_with("its state is that of FIRST");
  });
  EXPECT_EQ(told, !stage.kernel.is_linux());
  EXPECT_EQ(stage.kernel.seen().rules.size(), stage.kernel.is_linux() ? 2U : 0U);
  const auto probes = stage.engine->take_probes().value();
  for (const auto& target : probes.targets) EXPECT_NE(target.mark, 0U);
}

TEST(Means, WhatComesByATunnelHasNoPolicyRouteWhereTheFilterMakesThem) {
  Stage stage(file(R"(, "policy_routes": [ { "name": "transit", "in": "A", "via": "B_VTIV4" } ])"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  const std::string told = "is not in force: this system has no policy routes for what comes in by a tunnel";
  EXPECT_EQ(stage.problem(), stage.kernel.is_linux() ? "" : told);
}

// The one that lies behind it has the gateway's mark, and the gateway itself needs none.
TEST(Means, EachTargetOfAGatewayIsProbed) {
  std::string text = many_tunnels_file(1);
  text.resize(text.rfind('}'));
  Stage stage(text + R"(, "interfaces": { "WAN": { "device": "eth0" } }, "gateways": { "W": { "interface": "WAN",
    "address": "192.0.2.254", "monitor": { "require": "all", "targets": [ { "kind": "icmp" },
      { "kind": "tcp", "address": "203.0.113.77", "port": 443 } ] } } } })");
  stage.start_vtid();
  stage.run(Duration{5'000});
  const auto targets = stage.engine->take_probes().value().targets;
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].address, address("192.0.2.254"));
  EXPECT_EQ(targets[0].mark, 0U);
  EXPECT_EQ(targets[1].kind, model::ProbeKind::tcp);
  EXPECT_EQ(targets[1].port, 443);
  EXPECT_EQ(targets[1].via, address("192.0.2.254"));
  EXPECT_NE(targets[1].mark, 0U);
}

}  // namespace
}  // namespace vtid::test
