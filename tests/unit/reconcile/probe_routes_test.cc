#include "reconcile/probe_routes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "model/op.h"
#include "reconcile/derive.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::address;
using test::device;
using testing::ElementsAre;
using testing::IsEmpty;

model::Gateway probed(const std::string& name, const char* own, const char* target) {
  model::Gateway gateway{name, "WAN", address(own), false, 1, {}};
  gateway.monitor.address = address(target);
  return gateway;
}

// Two gateways on one device that are probed by one address.
model::Config one_segment() {
  model::Config config;
  config.interfaces.push_back({"WAN", model::DevicePort{device("eth0")}, true, "", std::nullopt});
  config.gateways = {probed("A", "192.0.2.253", "203.0.113.77"), probed("B", "192.0.2.254", "203.0.113.77")};
  return config;
}

std::vector<std::string> ways_of_probes(const model::Config& config, const model::Capabilities& system = {}) {
  std::vector<std::string> lines;
  const model::Desired desired = derive(config, {}, {}, {}, {}, system).desired;
  for (const auto& [route, because] : desired.routes) lines.push_back(print(model::SetRoute{route}));
  for (const auto& [rule, because] : desired.rules) lines.push_back(print(model::AddRule{rule}));
  return lines;
}

std::uint32_t number_of(const std::string& gateway) { return probe_marks(one_segment()).at(gateway) >> model::kMarkShift; }
std::string table_for(const std::string& gateway) { return std::to_string(kFirstProbeTable + number_of(gateway)); }

// Its rule comes before all others, and while its route is not there no other is taken.
TEST(ProbeRoutes, AreATableOfEachGatewayThatIsProbedBeyond) {
  model::Config config = one_segment();
  config.gateways.pop_back();
  EXPECT_THAT(ways_of_probes(config),
              ElementsAre("add route 203.0.113.77/32 via 192.0.2.253 dev eth0 metric 0 table " + table_for("A"),
                          "add route 203.0.113.77/32 blackhole metric 4294967295 table " + table_for("A"),
                          fmt::format("add rule ipv4 11699: from all fwmark {:#x}/0xffff0000 lookup {}",
                                      probe_marks(config).at("A"), table_for("A"))));
}

TEST(ProbeRoutes, OfTwoGatewaysWithOneMonitorAddressDoNotMeet) {
  EXPECT_NE(table_for("A"), table_for("B"));
  EXPECT_EQ(ways_of_probes(one_segment()).size(), 6U);
}

TEST(ProbeRoutes, OfSeveralTargetsAreOneTable) {
  model::Config config = one_segment();
  config.gateways.pop_back();
  model::MonitorOptions& monitor = config.gateways.front().monitor;
  monitor.address.reset();
  monitor.targets = {{address("203.0.113.78"), model::ProbeKind::tcp, 443},
                     {address("203.0.113.77")},
                     {address("203.0.113.77"), model::ProbeKind::tcp, 80},
                     {std::nullopt, model::ProbeKind::icmp},
                     {address("192.0.2.9"), model::ProbeKind::arp}};  // on the link
  EXPECT_THAT(ways_of_probes(config), testing::UnorderedElementsAre(
                                          "add route 203.0.113.77/32 via 192.0.2.253 dev eth0 metric 0 table " + table_for("A"),
                                          "add route 203.0.113.77/32 blackhole metric 4294967295 table " + table_for("A"),
                                          "add route 203.0.113.78/32 via 192.0.2.253 dev eth0 metric 0 table " + table_for("A"),
                                          "add route 203.0.113.78/32 blackhole metric 4294967295 table " + table_for("A"),
                                          testing::StartsWith("add rule")));
}

TEST(ProbeRoutes, OfIpv6LeadToTheGatewayToo) {
  model::Config config = one_segment();
  config.gateways = {probed("A", "fd00:9::1", "fd00:77::1")};
  EXPECT_THAT(ways_of_probes(config).front(), testing::StartsWith("add route fd00:77::1/128 via fd00:9::1 dev eth0"));
}

TEST(ProbeRoutes, AreNotMadeForGatewaysThatAreProbedThemselves) {
  model::Config config = one_segment();
  config.gateways[0].monitor.address = config.gateways[0].address;
  config.gateways[1].monitor.address.reset();
  EXPECT_THAT(ways_of_probes(config), IsEmpty());
}

TEST(ProbeRoutes, AreNotMadeForGatewaysThatAreNotProbed) {
  model::Config config = one_segment();
  config.gateways[0].monitor.enabled = false;
  config.gateways[1].monitor.forced_down = true;
  EXPECT_THAT(ways_of_probes(config), IsEmpty());
}

TEST(ProbeRoutes, AreNotMadeOnADisabledInterface) {
  model::Config config = one_segment();
  config.interfaces[0].enabled = false;
  EXPECT_THAT(ways_of_probes(config), IsEmpty());
}

// One that stays keeps its mark, whoever else comes or goes.
TEST(ProbeRoutes, KeepTheirMarks) {
  model::Config config = one_segment();
  config.gateways.erase(config.gateways.begin());
  EXPECT_EQ(probe_marks(config).at("B"), probe_marks(one_segment()).at("B"));
}

TEST(ProbeRoutes, HaveMarksOfTheirOwn) {
  EXPECT_GE(number_of("A"), model::kFirstChoice + model::kChoices);
  EXPECT_LE(number_of("A"), 0xffffU);
}

model::Capabilities without_rules() {
  model::Capabilities system;
  system.has_rules = system.route_has_metric = system.multipath = false;
  return system;
}

TEST(ProbeRoutes, AreARouteToTheMonitorAddressWhereThereAreNoRules) {
  model::Config config = one_segment();
  config.gateways.pop_back();
  EXPECT_THAT(ways_of_probes(config, without_rules()),
              ElementsAre("add route 203.0.113.77/32 via 192.0.2.253 dev eth0 metric 0"));
}

TEST(ProbeRoutes, LeaveARouteOfTheFileAloneWhereThereAreNoRules) {
  model::Config config = one_segment();
  config.gateways.push_back({"C", "WAN", address("192.0.2.252"), false, 1, {}});
  config.routes.push_back({test::prefix("203.0.113.77/32"), "C", std::nullopt, model::WhenDown::keep});
  EXPECT_THAT(ways_of_probes(config, without_rules()),
              ElementsAre("add route 203.0.113.77/32 via 192.0.2.252 dev eth0 metric 0"));
}

}  // namespace
}  // namespace vtid::reconcile
