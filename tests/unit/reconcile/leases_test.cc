#include "reconcile/leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/derive.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

model::Config with_line(net::Family family = net::Family::ipv4) {
  model::Config config;
  config.interfaces.push_back({"WAN", model::DevicePort{test::device("eth0")}, true, "", std::nullopt});
  model::Gateway& line = config.gateways.emplace_back();
  line.name = "LINE";
  line.interface = "WAN";
  line.address = net::Address::any(family);
  line.dynamic = true;
  return config;
}

model::Route default_by(const char* device, const char* gateway, std::uint32_t metric = 0) {
  model::Route route;
  route.to = {net::Address::any(net::Family::ipv4), 0};
  route.metric.value = metric;
  route.target = model::ViaGateway{test::device(device), test::address(gateway)};
  return route;
}

std::string lease(const model::Config& config, const model::Observed& observed) {
  const Leases leases = other_leases(config, observed);
  return leases.empty() ? "as before" : net::print(leases.at(0));
}

TEST(Leases, AreTheNextHopOfTheDevicesDefaultRouteWithTheLowestMetric) {
  model::Observed observed;
  observed.defaults = {default_by("eth1", "203.0.113.254"), default_by("eth0", "198.51.100.254", 200),
                       default_by("eth0", "198.51.100.253", 100)};
  EXPECT_EQ(lease(with_line(), observed), "198.51.100.253");
}

TEST(Leases, AreOneOfSeveralNextHopsOfARoute) {
  model::Observed observed;
  model::Route& both = observed.defaults.emplace_back(default_by("eth0", "198.51.100.254"));
  both.target = model::Multipath{{{{test::device("eth1"), test::address("203.0.113.254")}, 1},
                                  {{test::device("eth0"), test::address("198.51.100.254")}, 1}}};
  EXPECT_EQ(lease(with_line(), observed), "198.51.100.254");
}

TEST(Leases, ArePeersOfPointToPointLinksWithoutADefaultRoute) {
  model::Observed observed;
  observed.addresses.push_back({{3}, test::device("eth0"), test::prefix("203.0.113.7/32"), test::address("192.0.2.1")});
  EXPECT_EQ(lease(with_line(), observed), "192.0.2.1");
  observed.defaults = {default_by("eth0", "198.51.100.254")};
  EXPECT_EQ(lease(with_line(), observed), "198.51.100.254");
}

TEST(Leases, AreOfTheGatewaysFamily) {
  model::Observed observed;
  observed.defaults = {default_by("eth0", "198.51.100.254")};
  EXPECT_EQ(lease(with_line(net::Family::ipv6), observed), "as before");
  observed.defaults.push_back(default_by("eth0", "fe80::1"));
  observed.defaults.back().to = {net::Address::any(net::Family::ipv6), 0};
  EXPECT_EQ(lease(with_line(net::Family::ipv6), observed), "fe80::1");
}

TEST(Leases, GoWithTheRoute) {
  model::Config config = with_line();
  model::Observed observed;
  observed.defaults = {default_by("eth0", "198.51.100.254")};
  assign(config, other_leases(config, observed));
  EXPECT_EQ(net::print(config.gateways[0].address), "198.51.100.254");
  EXPECT_EQ(lease(config, observed), "as before");
  EXPECT_EQ(lease(config, {}), "0.0.0.0");
}

TEST(Leases, AreOfDynamicGatewaysAlone) {
  model::Config config = with_line();
  EXPECT_THAT(leased_devices(config), ElementsAre(test::device("eth0")));
  config.gateways[0].dynamic = false;
  EXPECT_THAT(leased_devices(config), IsEmpty());
  model::Observed observed;
  observed.defaults = {default_by("eth0", "198.51.100.254")};
  EXPECT_EQ(lease(config, observed), "as before");
}

TEST(Leases, WithoutOneNothingIsRoutedByTheGateway) {
  model::Config config = with_line();
  config.default_gateway.ipv4 = "LINE";
  config.gateways[0].on_link = true;
  config.gateways[0].monitor.address = test::address("9.9.9.9");
  EXPECT_THAT(derive(config, {}, {}, {}, {}, {}).desired.routes, IsEmpty());
  config.default_gateway.ipv4 = model::kAutomaticDefault;
  EXPECT_THAT(derive(config, {}, {}, {}, {}, {}).desired.routes, IsEmpty());
  config.gateways[0].address = test::address("198.51.100.254");
  EXPECT_THAT(derive(config, {}, {}, {}, {}, {}).desired.routes, testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace vtid::reconcile
