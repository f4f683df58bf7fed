// Gateways of lines whose next hop somebody else learns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::string line_file() {
  std::string text = many_tunnels_file(1);
  text.resize(text.rfind('}'));
  return text + R"(, "interfaces": { "WAN": { "device": "eth0" }, "WAN2": { "device": "eth1" } },
    "gateways": { "LINE": { "interface": "WAN", "address": "dynamic", "family": "ipv4" },
                  "OTHER": { "interface": "WAN2", "address": "203.0.113.254" } },
    "gateway_groups": { "BOTH": { "members": [ { "gateway": "LINE" }, { "gateway": "OTHER", "tier": 2 } ] } },
    "routes": [ { "to": "10.20.0.0/16", "via": "LINE" } ] })";
}

model::Route default_by(const char* gateway, std::uint32_t metric = 0) {
  model::Route route;
  route.to = {net::Address::any(net::Family::ipv4), 0};
  route.metric.value = metric;
  route.target = model::ViaGateway{device("eth0"), address(gateway)};
  return route;
}

class DynamicGateway : public testing::Test {
 protected:
  DynamicGateway() {
    for (const char* name : {"eth0", "eth1"}) stage.kernel.add_foreign_link(device(name));
    stage.kernel.add_foreign_address({device("eth0"), prefix("198.51.100.7/24"), {}});
    stage.kernel.add_foreign_address({device("eth1"), prefix("203.0.113.7/24"), {}});
  }

  std::vector<std::string> routes() {
    std::vector<std::string> lines;
    for (const auto& [route] : stage.kernel.seen().routes) {
      if (const auto* via = std::get_if<model::ViaGateway>(&route.target); via != nullptr && via->gateway)
        lines.push_back(net::print(route.to) + " via " + net::print(*via->gateway));
    }
    return lines;
  }
  monitor::ProbeTarget probed() {
    const auto news = stage.engine->take_probes();
    return news ? *std::ranges::find(news->targets, "LINE", &monitor::ProbeTarget::gateway) : monitor::ProbeTarget{};
  }

  Stage stage{line_file()};
};

TEST_F(DynamicGateway, HasTheNextHopThatTheLineHasFromTheFirstPlanOn) {
  stage.kernel.add_foreign_route(default_by("198.51.100.254"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 via 198.51.100.254"));
  EXPECT_TRUE(stage.kernel.has_foreign_route(default_by("198.51.100.254")));
  const auto target = probed();
  EXPECT_EQ(target.address, address("198.51.100.254"));
  EXPECT_EQ(target.underlay, monitor::Underlay{});
}

TEST_F(DynamicGateway, WithoutALeaseHasNoRouteAndIsNotProbed) {
  stage.start_vtid();
  stage.run(Duration{5'000});
  EXPECT_THAT(routes(), IsEmpty());
  EXPECT_EQ(probed().underlay, (monitor::Underlay{"eth0", monitor::Underlay::State::no_lease}));
}

TEST_F(DynamicGateway, FollowsTheLeaseAsItComesChangesAndGoes) {
  stage.start_vtid();
  stage.run(Duration{5'000});
  const auto generation = stage.snapshot()->generation;
  stage.kernel.add_foreign_route(default_by("198.51.100.254"));
  stage.run(Duration{1'000});
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 via 198.51.100.254"));
  const std::size_t writes = stage.kernel.writes();
  stage.kernel.delete_foreign_route(default_by("198.51.100.254"));
  stage.kernel.add_foreign_route(default_by("198.51.100.253"));
  stage.run(Duration{1'000});
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 via 198.51.100.253"));
  EXPECT_EQ(stage.kernel.writes(), writes + 1);
  EXPECT_EQ(probed().address, address("198.51.100.253"));
  stage.kernel.delete_foreign_route(default_by("198.51.100.253"));
  stage.run(Duration{1'000});
  EXPECT_THAT(routes(), IsEmpty());
  EXPECT_EQ(stage.snapshot()->generation, generation);  // it is no other file
}

// In one plan: what goes by a group is never without a route.
TEST_F(DynamicGateway, LeavesItsGroupWithItsLease) {
  const std::string via = R"("via": "LINE")";
  stage.file.replace(stage.file.find(via), via.size(), R"("via": "BOTH")");
  stage.kernel.add_foreign_route(default_by("198.51.100.254"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  ASSERT_THAT(routes(), ElementsAre("10.20.0.0/16 via 198.51.100.254"));
  const std::size_t writes = stage.kernel.writes();
  stage.kernel.delete_foreign_route(default_by("198.51.100.254"));
  stage.run(Duration{1'000});
  EXPECT_THAT(routes(), ElementsAre("10.20.0.0/16 via 203.0.113.254"));
  EXPECT_EQ(stage.kernel.writes(), writes + 1);
}

TEST_F(DynamicGateway, OfAReloadIsThereWithItsNextHopAtOnce) {
  const std::string dynamic = R"("address": "dynamic", "family": "ipv4")";
  stage.file.replace(stage.file.find(dynamic), dynamic.size(), R"("address": "198.51.100.254")");
  stage.kernel.add_foreign_route(default_by("198.51.100.254"));
  stage.start_vtid();
  stage.run(Duration{5'000});
  const std::size_t writes = stage.kernel.writes();
  const std::string written = R"("address": "198.51.100.254")";
  stage.file.replace(stage.file.find(written), written.size(), dynamic);
  EXPECT_EQ(stage.command(model::Reload{}), "configuration 2 accepted");
  stage.run(Duration{5'000});
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.command(model::Reload{}), "configuration 3 accepted, unchanged");
}

TEST_F(DynamicGateway, IsInThePlanOfAFileThatHasOne) {
  Stage other{many_tunnels_file(1)};
  other.kernel.add_foreign_link(device("eth0"));
  other.kernel.add_foreign_link(device("eth1"));
  other.kernel.add_foreign_address({device("eth0"), prefix("198.51.100.7/24"), {}});
  other.kernel.add_foreign_route(default_by("198.51.100.254"));
  other.start_vtid();
  other.run(Duration{5'000});
  std::vector<std::string> lines;
  other.engine->on_command(
      model::MakePlan{line_file(), "other.json"},
      [&](const model::CommandResult& result) {
        ASSERT_TRUE(result && result->plan);
        for (const model::Op& op : result->plan->ops) lines.push_back(print(op.change));
      },
      other.now);
  EXPECT_THAT(lines, Contains(testing::HasSubstr("add route 10.20.0.0/16 via 198.51.100.254 dev eth0")));
}

}  // namespace
}  // namespace vtid::test
