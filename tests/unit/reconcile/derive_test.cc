#include "reconcile/derive.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/next_hops.h"
#include "reconcile/policy_routes.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::address;
using test::device;
using test::prefix;
using testing::ElementsAre;
using testing::IsEmpty;

const model::Capabilities kLinux{};
const Numbers kNumbers{{"hq", {1}}};

model::Config one_tunnel() {
  model::Config config;
  config.tunnels.push_back(test::tunnel("hq"));
  return config;
}

Derived of(const model::Config& config, const model::SaTable& sas = {}, const Host& host = {},
           const model::Capabilities& system = kLinux) {
  const SpiScope scope{units_with_own_policies(config, kNumbers, system), system.orphaned_sas_mute};
  return derive(config, kNumbers, facts_of(sas, model::SaIndex(sas), scope), {}, host, system);
}

// "hq" and "lab" behind interfaces A and B, a WAN gateway W, and a group ALL over A and B.
model::Config two_ways() {
  model::Config config;
  config.tunnels = {test::tunnel("hq", 106), test::tunnel("lab", 107)};
  test::assign(config, "A", "hq");
  test::assign(config, "B", "lab");
  config.interfaces.push_back({"WAN", model::DevicePort{device("eth0")}, true, "", std::nullopt});
  config.gateways.push_back({"W", "WAN", address("192.0.2.254"), false, 1, {}});
  config.groups.push_back(
      {"ALL", model::Trigger::down, model::WhenAllDown::first_tier, {{"A_VTIV4", 1, {}}, {"B_VTIV4", 1, {}}}});
  return config;
}

// "10.20.0.0/16 metric 0 via 10.6.106.2 on ipsec1 (routes/0)"
std::vector<std::string> routes_of(const model::Config& config, const model::GatewaySelection& selection) {
  std::vector<std::string> lines;
  const Derived derived = derive(config, {{"hq", {1}}, {"lab", {2}}}, {}, selection, {}, kLinux);
  for (const auto& [route, because] : derived.desired.routes) {
    const auto* via = std::get_if<model::ViaGateway>(&route.target);
    lines.push_back(fmt::format(
        "{} metric {} {} ({})", net::print(route.to), route.metric.value,
        via == nullptr ? "blackhole" : fmt::format("via {} on {}", net::print(*via->gateway), via->device.text()), because));
  }
  return lines;
}

std::vector<std::string> route_via(const std::string& via, model::WhenDown when_down,
                                   const model::GatewaySelection& selection) {
  model::Config config = two_ways();
  config.routes.push_back({prefix("10.20.0.0/16"), via, std::nullopt, when_down});
  return routes_of(config, selection);
}

std::vector<std::string> default_via(const std::string& via, const model::GatewaySelection& selection) {
  model::Config config = two_ways();
  config.default_gateway.ipv4 = via;
  return routes_of(config, selection);
}

const std::string kThroughA = "10.20.0.0/16 metric 0 via 10.6.106.2 on ipsec1 (routes/0)";
const std::string kThroughB = "10.20.0.0/16 metric 0 via 10.6.107.2 on ipsec2 (routes/0)";

TEST(Derive, ATunnelsLinkFollowsFromItsUnit) {
  auto config = one_tunnel();
  config.tunnels[0].children[0].proposals = {"aes128gcm16-ecp256"};
  model::Link link;
  link.name = device("ipsec1");
  link.if_id = {1};
  link.reqid = {5001};
  link.mtu = 1446;
  link.alias = "vtid tunnels/hq";
  EXPECT_THAT(of(config).desired.links, ElementsAre(model::Wanted<model::Link>{link, "tunnels/hq"}));
}

TEST(Derive, BothFamiliesShareTheInterface) {
  EXPECT_THAT(
      of(one_tunnel()).desired.addresses,
      ElementsAre(
          model::Wanted<model::InterfaceAddress>{{device("ipsec1"), prefix("10.6.106.1/30"), {}}, "tunnels/hq/children/v4"},
          model::Wanted<model::InterfaceAddress>{{device("ipsec1"), prefix("fd00:106::1/64"), {}}, "tunnels/hq/children/v6"}));
}

TEST(Derive, ChildrenWithOneAddressShareIt) {
  auto config = one_tunnel();
  config.tunnels[0].children = {test::child("a", "10.6.106.1/30", "10.6.106.2"),
                                test::child("b", "10.6.106.1/30", "10.6.106.2")};
  EXPECT_THAT(of(config).desired.addresses, ElementsAre(model::Wanted<model::InterfaceAddress>{
                                                {device("ipsec1"), prefix("10.6.106.1/30"), {}}, "tunnels/hq/children/a"}));
}

// The outer way is never one of our own links: its MTU would follow itself.
TEST(ReadHost, TellsOurLinksFromOthers) {
  const auto link = [](std::string_view name, std::uint32_t index, model::Owner owner, std::uint32_t mtu) {
    model::ObservedLink result;
    result.name = device(name);
    result.index = {index};
    result.owner = owner;
    result.mtu = mtu;
    return result;
  };
  model::Observed observed;
  observed.links = {link("ipsec1", 101, model::Owner::vtid, 1400), link("wan", 2, model::Owner::other, 1500)};
  observed.addresses = {{{2}, device("wan"), prefix("192.0.2.1/24"), {}, false},
                        {{101}, device("ipsec1"), prefix("10.6.106.1/30"), {}, false}};
  const Host host = read_host(observed);
  EXPECT_THAT(host.mtu_by_address, ElementsAre(testing::Pair(address("192.0.2.1"), 1500)));
  EXPECT_THAT(host.own_mtus, ElementsAre(testing::Pair(device("ipsec1"), 1400)));
  EXPECT_THAT(host.addresses, testing::SizeIs(2));
}

TEST(Derive, APeerOutsideThePrefixMakesTheAddressPointToPoint) {
  auto config = one_tunnel();
  config.tunnels[0].children = {test::child("v4", "10.6.106.1/32", "10.9.9.9")};
  EXPECT_EQ(of(config).desired.addresses[0].value.peer, address("10.9.9.9"));
}

TEST(Derive, FreeBsdNeedsThePeerOfIpv4Only) {
  const auto addresses = of(one_tunnel(), {}, {}, {.address_needs_peer = true}).desired.addresses;
  EXPECT_EQ(addresses[0].value.peer, address("10.6.106.2"));
  EXPECT_EQ(addresses[1].value.peer, std::nullopt);
}

TEST(Derive, ADisabledTunnelWantsNothing) {
  auto config = one_tunnel();
  config.tunnels[0].enabled = false;
  EXPECT_EQ(of(config).desired, model::Desired{});
}

TEST(Derive, ARouteGoesByItsGateway) {
  auto config = one_tunnel();
  test::assign(config, "VTI_HQ", "hq");
  config.routes.push_back({prefix("10.20.0.0/16"), "VTI_HQ_VTIV4", net::Metric{10}, model::WhenDown::keep});
  const model::Route route{
      prefix("10.20.0.0/16"), {10}, net::kMainTable, model::ViaGateway{device("ipsec1"), address("10.6.106.2")}};
  EXPECT_THAT(of(config).desired.routes, ElementsAre(model::Wanted<model::Route>{route, "routes/0"}));
}

TEST(Derive, OneNextHopIsTheFirstWhereARouteHasNoMore) {
  const std::vector<model::NextHop> hops{{{device("ipsec2"), address("10.6.107.2")}, 1},
                                         {{device("ipsec1"), address("10.6.106.2")}, 3}};
  EXPECT_EQ(std::get<model::ViaGateway>(target_of(hops, {.multipath = false})), hops[0].via);
  EXPECT_EQ(std::get<model::Multipath>(target_of(hops, kLinux)).hops.size(), 2U);
}

TEST(Derive, ARouteOfADisabledInterfaceIsNotWanted) {
  auto config = one_tunnel();
  test::assign(config, "VTI_HQ", "hq");
  config.interfaces[0].enabled = false;
  config.routes.push_back({prefix("10.20.0.0/16"), "VTI_HQ_VTIV4", {}, model::WhenDown::keep});
  EXPECT_THAT(of(config).desired.routes, IsEmpty());
}

TEST(Derive, AnIpv6RouteSpellsOutTheKernelsDefaultMetric) {
  auto config = one_tunnel();
  test::assign(config, "VTI_HQ", "hq");
  config.gateways[0].address = address("fd00:106::2");
  config.routes.push_back({prefix("fd20::/32"), "VTI_HQ_VTIV4", {}, model::WhenDown::keep});
  EXPECT_EQ(of(config).desired.routes[0].value.metric, net::Metric{1024});
}

TEST(Derive, WhereRoutesHaveNoMetricTheBestStaysWithoutOne) {
  auto config = two_ways();
  config.routes.push_back({prefix("10.20.0.0/16"), "B_VTIV4", net::Metric{20}, model::WhenDown::keep});
  config.routes.push_back({prefix("10.20.0.0/16"), "A_VTIV4", net::Metric{10}, model::WhenDown::keep});
  const auto routes = derive(config, {{"hq", {1}}, {"lab", {2}}}, {}, {}, {}, {.route_has_metric = false}).desired.routes;
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].because, "routes/1");
  EXPECT_EQ(routes[0].value.metric, net::Metric{});
}

TEST(Derive, OnlySasThatCharonMadeCanBeOnesThatItHasLost) {
  auto config = one_tunnel();
  config.tunnels.push_back(test::static_tunnel("lab", 107));
  model::SaTable sas;
  sas.connected = true;
  test::install(sas, 1, "hq", {1});
  test::install(sas, 2, "lab", {2});
  model::Capabilities system;
  system.orphaned_sas_mute = true;
  const Numbers numbers{{"hq", {1}}, {"lab", {2}}};
  const auto facts = facts_of(sas, model::SaIndex(sas), {units_with_own_policies(config, numbers, system), true});
  EXPECT_THAT(derive(config, numbers, facts, {}, {}, system).desired.charon->reqids, ElementsAre(net::ReqId{5001}));
}

// Of a tunnel that is merely down charon may be making an SA.
TEST(Derive, AnSaCanBeLostWhereOneIsUpAndWhereNoneShallBe) {
  model::SaTable sas;
  sas.connected = true;
  model::Capabilities system;
  system.orphaned_sas_mute = true;
  const auto looked_after = [&](const model::Config& config, const Restraints& restraints = {}) {
    const auto facts = facts_of(sas, model::SaIndex(sas), {{}, true});
    return !derive(config, kNumbers, facts, {}, {}, system, restraints).desired.charon->reqids.empty();
  };
  auto config = one_tunnel();
  EXPECT_FALSE(looked_after(config));
  auto mixed = config;
  mixed.tunnels[0].children.insert(mixed.tunnels[0].children.begin(), test::child("net", "10.9.0.1/24", "10.9.1.1"));
  mixed.tunnels[0].children.front().mode = model::ChildMode::tunnel;
  EXPECT_FALSE(looked_after(mixed));
  EXPECT_TRUE(looked_after(config, {.ended = {"hq"}}));
  config.tunnels[0].start = model::Start::trap;
  EXPECT_TRUE(looked_after(config));
  test::install(sas, 1, "hq", {1});
  EXPECT_TRUE(looked_after(one_tunnel()));
  sas.replaced = {{{5001}, {{address("198.51.100.1"), 0x101}}}};
  EXPECT_FALSE(looked_after(one_tunnel()));
  EXPECT_FALSE(looked_after(config, {.ended = {"hq"}}));
}

TEST(Derive, AnOuterAddressThatThisHostLacksIsAProblemOnce) {
  const auto problems = [](const model::Config& config, const Host& host, const model::Capabilities& system = kLinux,
                           const Restraints& restraints = {}) {
    return derive(config, kNumbers, {}, {}, host, system, restraints).problems.size();
  };
  Host host;
  auto config = one_tunnel();
  EXPECT_EQ(problems(config, host), 0U) << "nobody has looked";
  host.addresses = {address("203.0.113.1")};
  EXPECT_EQ(problems(config, host), 1U);
  EXPECT_EQ(problems(config, host, {.shared_with_charon = false}), 0U);
  EXPECT_EQ(problems(config, host, kLinux, {.ended = {"hq"}}), 0U);
  config.tunnels[0].children.push_back(test::child("net", "10.9.0.1/24", "10.9.1.1"));
  config.tunnels[0].children.back().mode = model::ChildMode::tunnel;
  EXPECT_EQ(problems(config, host), 1U) << "of one tunnel";
  host.addresses.insert(address("192.0.2.1"));
  EXPECT_EQ(problems(config, host), 0U);
}

TEST(Derive, OurPoliciesOfATunnelOnDemandWaitForItsConnection) {
  auto config = one_tunnel();
  config.tunnels[0].start = model::Start::trap;
  config.tunnels[0].children[0].policies = model::PolicyOwner::vtid;
  const auto early = derive(config, kNumbers, {}, {}, {}, kLinux, {.early = {"hq"}}).desired;
  EXPECT_THAT(early.policies, IsEmpty());
  EXPECT_THAT(early.withheld, ElementsAre(net::IfId{1}));
  const auto ready = derive(config, kNumbers, {}, {}, {}, kLinux).desired;
  EXPECT_EQ(ready.policies.size(), 6U);
  EXPECT_THAT(ready.withheld, IsEmpty());
}

TEST(Derive, WhatIsOldIsReckonedFromTheOldestStampThatAnSaOfThisCharonMayBear) {
  model::SaTable sas;
  sas.connected = true;
  sas.since = WallTime{std::chrono::hours{100}};
  sas.oldest_own = WallTime{std::chrono::hours{76}};  // the clock was set back
  model::Capabilities system;
  system.orphaned_sas_mute = true;
  EXPECT_EQ(of(one_tunnel(), sas, {}, system).desired.charon->since, sas.oldest_own);
}

TEST(Derive, CharonsPoliciesAreNotOurs) { EXPECT_THAT(of(one_tunnel()).desired.policies, IsEmpty()); }

TEST(Derive, OurPoliciesFollowTheLiveOuterAddresses) {
  auto config = one_tunnel();
  config.tunnels[0].children[0].policies = model::PolicyOwner::vtid;
  model::SaTable sas;
  test::install(sas, 1, "hq", {1});
  sas.ikes[1].remote = address("203.0.113.9");
  const auto policies = of(config, sas).desired.policies;
  EXPECT_EQ(policies.size(), 6U);
  EXPECT_EQ(policies[2].value, (model::Policy{model::PolicyDirection::out,
                                              net::Family::ipv4,
                                              {1},
                                              {5001},
                                              address("192.0.2.1"),
                                              address("203.0.113.9"),
                                              model::kPolicyPriority}));
}

TEST(Derive, BehindOurPoliciesTheOldestSaThatCarriesIsToSend) {
  auto config = one_tunnel();
  config.tunnels[0].children[0].policies = model::PolicyOwner::vtid;
  model::SaTable sas;
  for (const std::uint32_t id : {3U, 1U, 2U, 4U}) {
    test::install(sas, id, "hq", {1});
    sas.children[id].spi_out = 0x100 + id;
  }
  sas.children[1].state = model::ChildState::deleting;
  sas.children[2].state = model::ChildState::rekeyed;
  sas.ikes[3].remote = address("203.0.113.9");
  const model::SendOrder order{
      {5001}, {{address("198.51.100.1"), 0x102}, {address("203.0.113.9"), 0x103}, {address("198.51.100.1"), 0x104}}};
  EXPECT_THAT(of(config, sas).desired.send_orders, ElementsAre(model::Wanted<model::SendOrder>{order, "tunnels/hq"}));
}

TEST(Derive, BehindOurPoliciesOneThatWasReplacedComesBeforeItsSuccessor) {
  auto config = one_tunnel();
  config.tunnels[0].children[0].policies = model::PolicyOwner::vtid;
  model::SaTable sas;
  test::install(sas, 2, "hq", {1});
  sas.children[2].spi_out = 0x102;
  sas.replaced = {{{5001}, {{address("198.51.100.1"), 0x101}}}, {{5002}, {{address("198.51.100.1"), 0x201}}}};
  const model::SendOrder order{{5001}, {{address("198.51.100.1"), 0x101}, {address("198.51.100.1"), 0x102}}, 1};
  EXPECT_THAT(of(config, sas).desired.send_orders, ElementsAre(model::Wanted<model::SendOrder>{order, "tunnels/hq"}));
}

TEST(Derive, BehindCharonsPoliciesWhichSaSendsIsCharonsAffair) {
  model::SaTable sas;
  test::install(sas, 1, "hq", {1});
  EXPECT_THAT(of(one_tunnel(), sas).desired.send_orders, IsEmpty());
}

model::Config one_static_tunnel() {
  model::Config config;
  config.tunnels.push_back(test::static_tunnel("hq", 1));
  return config;
}

TEST(Derive, StaticSasFollowFromTheFileAlone) {
  auto config = one_static_tunnel();
  auto& keys = std::get<model::StaticKeys>(config.tunnels[0].ike);
  keys.in.push_back(test::static_sa(0x150, "aes256-sha256", '3'));
  const auto sa = [](std::string_view from, std::string_view to, std::uint32_t spi, std::string_view algorithm,
                     std::uint32_t window, std::string key) {
    return model::Wanted<model::Sa>{{address(from),
                                     address(to),
                                     spi,
                                     {5001},
                                     {1},
                                     model::parse_sa_algorithm(algorithm).value(),
                                     window,
                                     model::Secret(std::move(key))},
                                    "tunnels/hq"};
  };
  model::SaTable of_former_days;
  test::install(of_former_days, 1, "hq", {1});
  of_former_days.ikes[1].remote = address("203.0.113.9");
  EXPECT_THAT(of(config, of_former_days).desired.sas,
              ElementsAre(sa("192.0.2.1", "198.51.100.1", 0x101, "aes128gcm16", 0, std::string(20, '\x22')),
                          sa("198.51.100.1", "192.0.2.1", 0x100, "aes128gcm16", 32, std::string(20, '\x11')),
                          sa("198.51.100.1", "192.0.2.1", 0x150, "aes256-sha256", 32, std::string(64, '\x33'))));
}

TEST(Derive, AReplayWindowIsRoundedUpToWhatTheSystemCounts) {
  auto config = one_static_tunnel();
  for (const auto& [window, rounded] : {std::pair{32U, 32U}, {33U, 40U}, {40U, 40U}}) {
    std::get<model::StaticKeys>(config.tunnels[0].ike).replay_window = window;
    const auto sas = of(config, {}, {}, {.replay_window_step = 8}).desired.sas;
    ASSERT_EQ(sas.size(), 2U);
    EXPECT_EQ(std::max(sas[0].value.replay_window, sas[1].value.replay_window), rounded);
  }
}

TEST(Derive, StaticSasGetPoliciesOfVtidAndTheMtuOfTheirAlgorithm) {
  auto config = one_static_tunnel();
  std::get<model::StaticKeys>(config.tunnels[0].ike).out = test::static_sa(0x101, "aes128-sha256", '2');
  const auto desired = of(config).desired;
  EXPECT_EQ(desired.policies.size(), 6U);
  EXPECT_EQ(desired.links[0].value.mtu, 1438U);
}

TEST(Derive, AKeyThatIsWithheldMakesNoSa) {
  auto config = one_static_tunnel();
  std::get<model::StaticKeys>(config.tunnels[0].ike).out.key.secret = model::Secret("(secret)");
  EXPECT_EQ(of(config).desired.sas.size(), 1U);
}

TEST(Derive, ARouteThroughADownGatewayStays) {
  EXPECT_THAT(route_via("A_VTIV4", model::WhenDown::keep, {{"A_VTIV4"}, {}}), ElementsAre(kThroughA));
}

TEST(Derive, ARouteThroughADownGatewayLeavesWhenItSaysSo) {
  EXPECT_THAT(route_via("A_VTIV4", model::WhenDown::withdraw, {{"A_VTIV4"}, {}}), IsEmpty());
  EXPECT_THAT(route_via("A_VTIV4", model::WhenDown::withdraw, {{"B_VTIV4"}, {}}), ElementsAre(kThroughA));
}

TEST(Derive, ARouteThroughADownGatewayBecomesABlackholeWhenItSaysSo) {
  EXPECT_THAT(route_via("A_VTIV4", model::WhenDown::blackhole, {{"A_VTIV4"}, {}}),
              ElementsAre("10.20.0.0/16 metric 0 blackhole (routes/0)"));
}

TEST(Derive, ARouteThroughAGroupFollowsItsCarriers) {
  const model::GatewaySelection selection{{"A_VTIV4"}, {{"ALL", {{{"B_VTIV4", 1}}, true, "", {}}}}};
  EXPECT_THAT(route_via("ALL", model::WhenDown::withdraw, selection), ElementsAre(kThroughB));
}

TEST(Derive, ARouteThroughAGroupWithoutUsableMembersDoesWhatItSays) {
  const model::GatewaySelection selection{{"A_VTIV4", "B_VTIV4"}, {{"ALL", {{{"A_VTIV4", 1}}, false, "", {}}}}};
  EXPECT_THAT(route_via("ALL", model::WhenDown::keep, selection), ElementsAre(kThroughA));
  EXPECT_THAT(route_via("ALL", model::WhenDown::withdraw, selection), IsEmpty());
  EXPECT_THAT(route_via("ALL", model::WhenDown::blackhole, selection),
              ElementsAre("10.20.0.0/16 metric 0 blackhole (routes/0)"));
}

TEST(Derive, ARouteThroughAGroupThatNobodyCarriesHasNowhereToGo) {
  EXPECT_THAT(route_via("ALL", model::WhenDown::keep, {{}, {{"ALL", {{}, false, "", {}}}}}), IsEmpty());
}

TEST(Derive, TheDefaultRouteGoesThroughAGatewayOrAGroup) {
  EXPECT_THAT(default_via("W", {}), ElementsAre("0.0.0.0/0 metric 0 via 192.0.2.254 on eth0 (default_gateway/ipv4)"));
  EXPECT_THAT(default_via("ALL", {{}, {{"ALL", {{{"B_VTIV4", 1}}, true, "", {}}}}}),
              ElementsAre("0.0.0.0/0 metric 0 via 10.6.107.2 on ipsec2 (default_gateway/ipv4)"));
  EXPECT_THAT(default_via("none", {}), IsEmpty());
}

TEST(Derive, TheAutomaticDefaultIsTheFirstUsableGatewayOnNoTunnel) {
  model::Config config = two_ways();
  config.interfaces.push_back({"DSL", model::DevicePort{device("ppp0")}, true, "", std::nullopt});
  config.gateways.push_back({"X", "DSL", address("203.0.113.254"), false, 1, {}});
  config.default_gateway.ipv4 = config.default_gateway.ipv6 = "automatic";
  const std::string w = "0.0.0.0/0 metric 0 via 192.0.2.254 on eth0 (default_gateway/ipv4)";
  EXPECT_THAT(routes_of(config, {}), ElementsAre(w));
  EXPECT_THAT(routes_of(config, {{"W"}, {}}),
              ElementsAre("0.0.0.0/0 metric 0 via 203.0.113.254 on ppp0 (default_gateway/ipv4)"));
  EXPECT_THAT(routes_of(config, {{"W", "X"}, {}}), ElementsAre(w));
}

model::Desired with_policy(model::PolicyRoute route, const model::GatewaySelection& selection) {
  model::Config config = two_ways();
  config.policy_routes = {std::move(route)};
  const Numbers numbers{{"hq", {1}}, {"lab", {2}}};
  return derive(config, numbers, {}, selection, {}, {}).desired;
}

std::vector<std::string> changes_of(const model::Desired& desired) {
  std::vector<std::string> lines;
  for (const auto& [route, because] : desired.routes) lines.push_back(print(model::SetRoute{route}));
  for (const auto& [rule, because] : desired.rules) lines.push_back(print(model::AddRule{rule}));
  return lines;
}

std::string table_of(const std::string& when_down) {
  const std::string way = "A_VTIV4/" + when_down;
  return std::to_string(kFirstPolicyTable + spread({way}, kPolicyTables).at(way));
}

TEST(Derive, APolicyRouteIsATableAndARuleForEachCombination) {
  model::PolicyRoute route{"voice", "WAN", {}, "A_VTIV4"};
  route.traffic.protocols = {17};
  route.traffic.from = {prefix("10.1.0.0/24"), prefix("fd00:1::/64")};
  route.traffic.ports = {{5060, 5061}, {7000, 7000}};
  const std::string table = table_of("blackhole");
  EXPECT_THAT(changes_of(with_policy(route, {})),
              ElementsAre("add route 0.0.0.0/0 via 10.6.106.2 dev ipsec1 metric 0 table " + table,
                          "add route 0.0.0.0/0 blackhole metric 4294967295 table " + table,
                          "add rule ipv4 11800: from 10.1.0.0/24 iif eth0 ipproto 17 dport 5060-5061 lookup " + table,
                          "add rule ipv4 11800: from 10.1.0.0/24 iif eth0 ipproto 17 dport 7000 lookup " + table));
}

// The kernel's rules know no "not", and what nothing is left of is no rule, not one for everything.
TEST(Derive, APolicyRouteWithAnExceptionIsForEachNetworkThatIsLeft) {
  model::PolicyRoute route{"most", "eth9", {}, "A_VTIV4", model::WhenDown::withdraw};
  route.traffic.to = {prefix("10.0.0.0/14")};
  route.traffic.to_not = {prefix("10.1.0.0/16")};
  const std::string table = table_of("withdraw");
  EXPECT_THAT(changes_of(with_policy(route, {{"A_VTIV4"}, {}})),
              ElementsAre("add rule ipv4 11800: from all to 10.0.0.0/16 iif eth9 lookup " + table,
                          "add rule ipv4 11800: from all to 10.2.0.0/15 iif eth9 lookup " + table));
  route.traffic.to_not = {prefix("10.0.0.0/8")};
  EXPECT_THAT(changes_of(with_policy(route, {{"A_VTIV4"}, {}})), testing::IsEmpty());
}

// It goes past them all, whatever the main table has, and to both families where it says so.
TEST(Derive, AnExceptionGoesPastThePolicyRoutes) {
  model::PolicyRoute route{"local", "eth9", {}, std::string(model::kByRoutes)};
  route.traffic.to = {prefix("10.0.0.0/8"), prefix("fd00::/8")};
  EXPECT_THAT(
      changes_of(with_policy(route, {})),
      ElementsAre("add rule ipv4 11800: from all to 10.0.0.0/8 iif eth9 goto 12824", "add rule ipv4 12824: from all nop",
                  "add rule ipv6 11800: from all to fd00::/8 iif eth9 goto 12824", "add rule ipv6 12824: from all nop"));
}

TEST(Derive, APolicyRouteWhoseGatewayIsDownKeepsItsRuleAndDropsOrWithdraws) {
  const auto down = [](model::WhenDown when_down) {
    return changes_of(with_policy({"all", "eth9", {}, "A_VTIV4", when_down}, {{"A_VTIV4"}, {}}));
  };
  EXPECT_THAT(down(model::WhenDown::blackhole),
              ElementsAre("add route 0.0.0.0/0 blackhole metric 4294967295 table " + table_of("blackhole"),
                          "add rule ipv4 11800: from all iif eth9 lookup " + table_of("blackhole")));
  EXPECT_THAT(down(model::WhenDown::withdraw),
              ElementsAre("add rule ipv4 11800: from all iif eth9 lookup " + table_of("withdraw")));
  EXPECT_THAT(down(model::WhenDown::keep).front(), testing::HasSubstr("via 10.6.106.2 dev ipsec1"));
}

TEST(Derive, APolicyRouteThroughAGroupGoesOverAllOfItsCarriersByWeight) {
  const model::GatewaySelection both{{}, {{"ALL", {{{"A_VTIV4", 1}, {"B_VTIV4", 3}}, true, "", {}}}}};
  EXPECT_THAT(changes_of(with_policy({"all", "eth9", {}, "ALL"}, both)).front(),
              testing::HasSubstr("nexthop via 10.6.106.2 dev ipsec1 weight 1 nexthop via 10.6.107.2 dev ipsec2 weight 3"));
}

TEST(NextHopResolver, LeadToEveryCarrierWithItsWeight) {
  const model::Config config = two_ways();
  const Numbers numbers{{"hq", {1}}, {"lab", {2}}};
  const model::GatewaySelection selection{{}, {{"ALL", {{{"A_VTIV4", 1}, {"B_VTIV4", 3}}, true, "", {}}}}};
  EXPECT_THAT(NextHopResolver(config, numbers, selection).of("ALL").hops,
              ElementsAre(model::NextHop{{device("ipsec1"), address("10.6.106.2")}, 1},
                          model::NextHop{{device("ipsec2"), address("10.6.107.2")}, 3}));
}

TEST(Derive, AnMtuOfTheFileWins) {
  auto config = one_tunnel();
  test::assign(config, "VTI_HQ", "hq");
  config.interfaces[0].mtu = 1380;
  EXPECT_EQ(of(config).desired.links[0].value.mtu, 1380U);
}

TEST(Derive, TheMtuFollowsTheOuterLink) {
  const Host host{{{address("192.0.2.1"), 9000}}, {}};
  EXPECT_EQ(of(one_tunnel(), {}, host).desired.links[0].value.mtu, 8946U);
}

TEST(Derive, TheMtuFollowsTheLiveSa) {
  model::SaTable sas;
  test::install(sas, 1, "hq", {1});
  sas.children[1].udp_encapsulation = true;
  EXPECT_EQ(of(one_tunnel(), sas).desired.links[0].value.mtu, 1438U);
}

TEST(Derive, TheMtuLeavesRoomForUdpThatTheFileForces) {
  auto config = one_tunnel();
  std::get<model::Ike>(config.tunnels[0].ike).encapsulate = true;
  EXPECT_EQ(of(config).desired.links[0].value.mtu, 1438U);
}

TEST(Derive, TheMtuIsOneThatPassesByEveryPeerOfTheInterface) {
  model::SaTable sas;
  test::install(sas, 1, "hq", {1});
  test::install(sas, 2, "hq", {1});
  sas.children[1].udp_encapsulation = true;
  EXPECT_EQ(of(one_tunnel(), sas).desired.links[0].value.mtu, 1438U);
  sas.children[1].state = model::ChildState::deleting;
  EXPECT_EQ(of(one_tunnel(), sas).desired.links[0].value.mtu, 1446U);
}

// Before it is known at which of them the peer is.
TEST(Derive, TheFamilyOfSeveralAddressesDecidesOnTheMtu) {
  model::Config config = one_tunnel();
  model::Ike& ike = std::get<model::Ike>(config.tunnels[0].ike);
  ike.local.address = model::AnyAddress{};
  ike.remote.address = address("2001:db8::1");
  const auto one = of(config).desired.links[0].value.mtu;
  ike.remote.address = model::SeveralAddresses{{model::HostName{"vpn.example.org"}, address("2001:db8::2")}};
  EXPECT_EQ(of(config).desired.links[0].value.mtu, one);
  ike.remote.address = model::SeveralAddresses{{address("198.51.100.1"), address("198.51.100.2")}};
  EXPECT_GT(of(config).desired.links[0].value.mtu, one);
}

TEST(Derive, TheMtuStaysWhenTheTunnelGoesDown) {
  const Host host{{}, {{device("ipsec1"), 1438}}};  // what an SA behind NAT had given
  EXPECT_EQ(of(one_tunnel(), {}, host).desired.links[0].value.mtu, 1438U);
}

TEST(Derive, AnMtuThatNoProposalGivesIsPutRight) {
  const Host host{{}, {{device("ipsec1"), 1400}}};
  EXPECT_EQ(of(one_tunnel(), {}, host).desired.links[0].value.mtu, 1446U);
}

TEST(Derive, ASplitTunnelHasAnInterfacePerChild) {
  model::Config config = one_tunnel();
  std::get<model::Ike>(config.tunnels[0].ike).split = true;
  const Derived derived = derive(config, {{"hq", {1}}, {"hq/v4", {2}}, {"hq/v6", {3}}}, {}, {}, {}, kLinux);
  std::vector<std::string> lines;
  for (const auto& [link, because] : derived.desired.links) lines.push_back(link.name.text() + ' ' + because);
  for (const auto& [own, because] : derived.desired.addresses) lines.push_back(own.device.text() + ' ' + net::print(own.local));
  EXPECT_THAT(lines, ElementsAre("ipsec2 tunnels/hq/children/v4", "ipsec3 tunnels/hq/children/v6", "ipsec2 10.6.106.1/30",
                                 "ipsec3 fd00:106::1/64"));
}

TEST(Derive, OnlyVtiChildrenHaveInterfaces) {
  model::Config config = one_tunnel();
  for (model::Child& child : config.tunnels[0].children) child.mode = model::ChildMode::tunnel;
  EXPECT_EQ(of(config).desired, model::Desired{});
}

TEST(Derive, ATunnelOnDemandSendsNoMulticast) {
  model::Config config = one_tunnel();
  config.tunnels[0].start = model::Start::trap;
  EXPECT_FALSE(of(config).desired.links[0].value.multicast);
}

}  // namespace
}  // namespace vtid::reconcile
