#include "reconcile/on_link_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/op.h"
#include "reconcile/derive.h"
#include "reconcile/plan.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

model::Config with_far_gateway(const char* own, bool on_link = true) {
  model::Config config;
  config.interfaces.push_back({"WAN", model::DevicePort{test::device("eth0")}, true, "", std::nullopt});
  config.gateways.push_back({"FAR", "WAN", test::address(own), false, 1, {}, on_link});
  config.default_gateway.ipv4 = "FAR";
  return config;
}

// In the order in which they are made.
std::vector<std::string> made(const model::Config& config) {
  std::vector<std::string> lines;
  model::Observed observed;
  observed.links.emplace_back().name = test::device("eth0");
  for (const model::Op& op : make_plan(derive(config, {}, {}, {}, {}, {}).desired, observed, {}, Removal::allowed).ops) {
    lines.push_back(print(op.change));
  }
  return lines;
}

TEST(OnLinkRoutes, ComeBeforeWhatLeadsToTheirGateways) {
  EXPECT_THAT(made(with_far_gateway("198.51.100.1")), ElementsAre("add route 198.51.100.1/32 dev eth0 metric 0",
                                                                  "add route 0.0.0.0/0 via 198.51.100.1 dev eth0 metric 0"));
}

TEST(OnLinkRoutes, AreNotMadeUnlessTheFileSaysSo) {
  EXPECT_THAT(made(with_far_gateway("198.51.100.1", false)), testing::SizeIs(1));
}

TEST(OnLinkRoutes, OfIpv6AreHostRoutesToo) {
  EXPECT_THAT(made(with_far_gateway("2001:db8::1")), Contains("add route 2001:db8::1/128 dev eth0 metric 1"));
}

TEST(OnLinkRoutes, OfTwoGatewaysWithOneAddressAreOne) {
  model::Config config = with_far_gateway("198.51.100.1");
  config.default_gateway.ipv4 = model::kNoDefault;
  config.gateways.push_back(config.gateways.front());
  config.gateways.back().name = "AGAIN";
  EXPECT_THAT(made(config), testing::SizeIs(1));
}

TEST(OnLinkRoutes, AreLeftToTheFileThatHasThem) {
  model::Config config = with_far_gateway("198.51.100.1");
  config.default_gateway.ipv4 = model::kNoDefault;
  config.gateways.push_back({"OTHER", "WAN", test::address("192.0.2.254"), false, 1, {}});
  config.routes.push_back({test::prefix("198.51.100.1/32"), "OTHER", std::nullopt});
  EXPECT_THAT(made(config), ElementsAre("add route 198.51.100.1/32 via 192.0.2.254 dev eth0 metric 0"));
}

TEST(OnLinkRoutes, GoWithTheirInterface) {
  model::Config config = with_far_gateway("198.51.100.1");
  config.interfaces.front().enabled = false;
  EXPECT_THAT(made(config), IsEmpty());
}

}  // namespace
}  // namespace vtid::reconcile
