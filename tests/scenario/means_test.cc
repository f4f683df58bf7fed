// What a system has no means for is told, or done in its own way, and comes to rest.
#include <gtest/gtest.h>

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
  const model::Route route = stage.kernel.observe().value().routes.at(0).route;
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
  EXPECT_EQ(stage.kernel.observe().value().rules.empty(), !stage.kernel.is_linux());
  EXPECT_EQ(stage.snapshot()->desired.filter->value.policy_routes.size(), stage.kernel.is_linux() ? 0U : 1U);
  EXPECT_EQ(stage.problem(), "");
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST(Means, WhatComesByATunnelHasNoPolicyRouteWhereTheFilterMakesThem) {
  Stage stage(file(R"(, "policy_routes": [ { "name": "transit", "in": "A", "via": "B_VTIV4" } ])"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  const std::string told = "is not in force: this system has no policy routes for what comes in by a tunnel";
  EXPECT_EQ(stage.problem(), stage.kernel.is_linux() ? "" : told);
}

}  // namespace
}  // namespace vtid::test
