// What a system has no means for is told, or done in its own way, and comes to rest.
#include <gmock/gmock.h>
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

TEST(Means, PolicyRoutesAreInForceOrAProblem) {
  Stage stage(file(R"(, "policy_routes": [ { "name": "voice", "in": "wan", "via": "BOTH" } ])"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_EQ(stage.kernel.observe().value().rules.empty(), !stage.kernel.is_linux());
  EXPECT_EQ(stage.problem(), stage.kernel.is_linux() ? "" : "no policy route is in force: vtid makes none on this system");
}

TEST(Means, NoLinkIsMadeWhereItsRulesCannotBe) {
  Stage stage(file(R"(, "rules": [])"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_EQ(stage.link() != nullptr, stage.kernel.is_linux());
  EXPECT_EQ(stage.snapshot()->converged, stage.kernel.is_linux());
  if (!stage.kernel.is_linux()) {
    EXPECT_THAT(stage.problem(), testing::HasSubstr("vtid writes no rules for pf yet"));
  }
}

}  // namespace
}  // namespace vtid::test
