#include "reconcile/local_ends.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "model/op.h"
#include "reconcile/derive.h"
#include "reconcile/outer_routes.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::address;
using test::device;
using test::prefix;
using testing::ElementsAre;
using testing::IsEmpty;

// "hq" from a group of two gateways, of which the second waits.
model::Config two_uplinks() {
  model::Config config;
  config.tunnels = {test::tunnel("hq")};
  config.interfaces.push_back({"WAN", model::DevicePort{device("eth0")}, true, "", std::nullopt});
  config.interfaces.push_back({"WAN2", model::DevicePort{device("eth1")}, true, "", std::nullopt});
  config.gateways = {{"A", "WAN", address("192.0.2.254"), false, 1, {}}, {"B", "WAN2", address("203.0.113.254"), false, 1, {}}};
  config.groups = {{"BOTH", model::Trigger::down, model::WhenAllDown::first_tier, {{"A", 1, {}}, {"B", 2, {}}}}};
  model::IkePeer& local = std::get<model::Ike>(config.tunnels.front().ike).local;
  local.address = model::AnyAddress{};
  local.gateway = "BOTH";
  return config;
}

model::Config by_interface(const std::string& name) {
  model::Config config = two_uplinks();
  model::IkePeer& local = std::get<model::Ike>(config.tunnels.front().ike).local;
  local.gateway.clear();
  local.interface = name;
  return config;
}

model::ObservedAddress held(const char* name, const char* local, bool spare = false) {
  return {{1}, device(name), prefix(local), std::nullopt, false, spare};
}

model::Observed host(std::vector<model::ObservedAddress> addresses) {
  model::Observed observed;
  observed.addresses = std::move(addresses);
  return observed;
}
const model::Observed kHost = host({held("eth0", "192.0.2.1/24"), held("eth1", "203.0.113.1/24")});

model::GatewaySelection carried_by(std::vector<std::string> names, bool usable = true) {
  model::GatewaySelection selection;
  model::GroupSelection& group = selection.groups["BOTH"];
  for (std::string& name : names) group.active.push_back({std::move(name), 1});
  group.usable = usable;
  return selection;
}

model::LocalEnd end_of(const model::Config& config, const model::Observed& observed = kHost,
                       const model::GatewaySelection& selection = carried_by({"A"}), const model::LocalEnds& before = {}) {
  return local_ends(config, observed, selection, {}, before).at("hq");
}
std::string local_of(const model::LocalEnd& end) { return end.address ? net::print(*end.address) : ""; }

TEST(LocalEndsOf, AnAddressOrAnyThereAreNone) {
  model::Config config;
  config.tunnels = {test::tunnel("hq")};
  EXPECT_THAT(local_ends(config, kHost, {}, {}, {}), IsEmpty());
  EXPECT_FALSE(has_located_tunnels(config));
  config = two_uplinks();
  EXPECT_TRUE(has_located_tunnels(config));
  config.tunnels.front().enabled = false;
  EXPECT_THAT(local_ends(config, kHost, carried_by({"A"}), {}, {}), IsEmpty());
}

TEST(LocalEndsOf, AGroupAreWhereItIsCarried) {
  EXPECT_EQ(local_of(end_of(two_uplinks())), "192.0.2.1");
  const model::LocalEnd second = end_of(two_uplinks(), kHost, carried_by({"B"}));
  EXPECT_EQ(local_of(second), "203.0.113.1");
  EXPECT_EQ(second.device, device("eth1"));
  EXPECT_EQ(second.gateway, "B");
  EXPECT_EQ(second.peers, std::vector{address("198.51.100.1")});
}

TEST(LocalEndsOf, AGroupStayWhileTheirGatewayIsAmongThoseThatCarry) {
  const auto before = local_ends(two_uplinks(), kHost, carried_by({"B"}), {}, {});
  EXPECT_EQ(end_of(two_uplinks(), kHost, carried_by({"A", "B"}), before).gateway, "B");
  EXPECT_EQ(end_of(two_uplinks(), kHost, carried_by({"A"}), before).gateway, "A");
}

TEST(LocalEndsOf, AGroupStayWhileNobodyIsUsable) {
  const auto before = local_ends(two_uplinks(), kHost, carried_by({"B"}), {}, {});
  EXPECT_EQ(end_of(two_uplinks(), kHost, carried_by({"A"}, false), before).gateway, "B");
  EXPECT_EQ(end_of(two_uplinks(), kHost, carried_by({}, false), before).gateway, "B");
  EXPECT_EQ(end_of(two_uplinks(), kHost, carried_by({"A"}, false)).gateway, "A");
}

TEST(LocalEndsOf, AGroupThatNobodyCarriesAreNowhere) {
  const model::LocalEnd end = end_of(two_uplinks(), kHost, carried_by({}, false));
  EXPECT_FALSE(end.address);
  EXPECT_EQ(end.reason, "nobody carries BOTH");
  EXPECT_FALSE(end_of(two_uplinks(), kHost, {}).address);  // before the first choice
}

TEST(LocalEndsOf, AGroupPassAGatewayWithoutAnAddressBy) {
  const auto only_second = host({held("eth1", "203.0.113.1/24")});
  EXPECT_EQ(end_of(two_uplinks(), only_second, carried_by({"A", "B"})).gateway, "B");
  EXPECT_EQ(end_of(two_uplinks(), only_second).reason, "eth0, the device of A, has no ipv4 address");
}

TEST(LocalEndsOf, AGatewayHaveTheAddressInItsNetwork) {
  model::Config config = two_uplinks();
  std::get<model::Ike>(config.tunnels.front().ike).local.gateway = "A";
  const auto several = host({held("eth0", "10.0.0.1/24"), held("eth0", "192.0.2.9/24"), held("eth0", "192.0.2.200/32")});
  EXPECT_EQ(local_of(end_of(config, several)), "192.0.2.9");
  EXPECT_EQ(end_of(config, several).reason, "the way of A");
  const auto far = host({held("eth0", "10.0.0.1/24"), held("eth0", "2001:db8::1/64")});
  EXPECT_EQ(local_of(end_of(config, far)), "10.0.0.1");
}

TEST(LocalEndsOf, AnInterfaceHaveItsBestAddressOfThePeersFamily) {
  EXPECT_EQ(local_of(end_of(by_interface("WAN"))), "192.0.2.1");
  EXPECT_EQ(local_of(end_of(by_interface("eth1"))), "203.0.113.1");
  EXPECT_EQ(end_of(by_interface("eth1")).reason, "the address of eth1");
  const auto several = host({held("eth0", "127.0.0.5/8"), held("eth0", "192.0.2.1/24", true), held("eth0", "192.0.2.7/24"),
                             held("eth0", "192.0.2.9/24"), held("eth0", "2001:db8::1/64")});
  EXPECT_EQ(local_of(end_of(by_interface("WAN"), several)), "192.0.2.7");
  EXPECT_EQ(local_of(end_of(by_interface("WAN"), host({held("eth0", "192.0.2.1/24", true)}))), "192.0.2.1");
  EXPECT_EQ(end_of(by_interface("WAN"), host({held("eth0", "2001:db8::1/64")})).reason, "WAN (eth0) has no ipv4 address");
}

TEST(LocalEndsOf, APeerThatMayBeAnywhereHaveAnyFamilyButNoLinkLocalAddress) {
  model::Config config = by_interface("WAN");
  std::get<model::Ike>(config.tunnels.front().ike).remote.address = model::AnyAddress{};
  EXPECT_EQ(local_of(end_of(config, host({held("eth0", "2001:db8::1/64"), held("eth0", "fe80::1/64")}))), "2001:db8::1");
  EXPECT_FALSE(end_of(config, host({held("eth0", "fe80::1/64")})).address);
}

TEST(LocalEndsOf, ANamedPeerKnowWhereItIs) {
  model::Config config = two_uplinks();
  std::get<model::Ike>(config.tunnels.front().ike).remote.address = model::HostName{"vpn.example.org"};
  EXPECT_THAT(located_with_named_peers(config), ElementsAre("hq"));
  const std::vector peers{address("198.51.100.7"), address("198.51.100.8")};
  EXPECT_EQ(local_ends(config, kHost, carried_by({"A"}), {{"hq", peers}}, {}).at("hq").peers, peers);
}

TEST(LocalEndsOf, AMemberHaveItsOwnAddressOnceTheHostHasIt) {
  model::Config config = two_uplinks();
  config.groups.front().members.front().local = address("192.0.2.9");
  const model::LocalEnd none = end_of(config);
  EXPECT_EQ(local_of(none), "");
  EXPECT_EQ(none.reason, "this host does not have 192.0.2.9, the address for A");
  const model::LocalEnd end = end_of(config, host({held("eth0", "192.0.2.1/24"), held("eth0", "192.0.2.9/24")}));
  EXPECT_EQ(local_of(end), "192.0.2.9");
  EXPECT_EQ(end.ways.front().local, address("192.0.2.9"));
  EXPECT_EQ(local_of(end_of(config, kHost, carried_by({"A", "B"}))), "203.0.113.1");
}

TEST(LocalEndsOf, ANetworkOfCallersHaveItsFamily) {
  model::Config config = by_interface("WAN");
  std::get<model::Ike>(config.tunnels.front().ike).remote.address = prefix("2001:db8:1::/48");
  EXPECT_EQ(local_of(end_of(config, host({held("eth0", "192.0.2.1/24"), held("eth0", "2001:db8::1/64")}))), "2001:db8::1");
}

TEST(LocalEndsOf, APeerWithSeveralAddressesIsWhereverItMayBe) {
  model::Config config = two_uplinks();
  std::get<model::Ike>(config.tunnels.front().ike).remote.address =
      model::SeveralAddresses{{address("198.51.100.7"), address("198.51.100.8")}};
  EXPECT_THAT(located_with_named_peers(config), ElementsAre("hq"));
}

// ---- ways to the peers

std::vector<std::string> outer_ways(const model::LocalEnds& ends, const model::Config& config = {},
                                    const model::Capabilities& system = {}) {
  std::vector<std::string> lines;
  const model::Desired desired = derive(config, {{"hq", {1}}, {"lab", {2}}}, {}, {}, {}, system, {}, ends).desired;
  for (const auto& [route, because] : desired.routes) lines.push_back(print(model::SetRoute{route}) + " of " + because);
  for (const auto& [rule, because] : desired.rules) lines.push_back(print(model::AddRule{rule}));
  return lines;
}

std::string table_of(const std::string& gateway, const model::LocalEnds& ends) {
  for (const std::string& line : outer_ways(ends)) {
    if (const auto at = line.find(" table "); at != std::string::npos && line.ends_with("gateways/" + gateway))
      return line.substr(at + 7, 9);
  }
  return "none";
}

// All ways stand at once, whoever carries.
TEST(OuterRoutes, AreATableOfEachGatewayAndARuleForItsAddress) {
  const auto ends = local_ends(two_uplinks(), kHost, carried_by({"A"}), {}, {});
  const std::string a = table_of("A", ends), b = table_of("B", ends);
  EXPECT_NE(a, b);
  const auto ways = outer_ways(ends);
  EXPECT_THAT(ways, testing::UnorderedElementsAre(
                        fmt::format("add route 198.51.100.1/32 via 192.0.2.254 dev eth0 metric 0 table {} of gateways/A", a),
                        fmt::format("add route 198.51.100.1/32 via 203.0.113.254 dev eth1 metric 0 table {} of gateways/B", b),
                        fmt::format("add rule ipv4 11698: from 192.0.2.1/32 lookup {}", a),
                        fmt::format("add rule ipv4 11698: from 203.0.113.1/32 lookup {}", b)));
  EXPECT_EQ(outer_ways(local_ends(two_uplinks(), kHost, carried_by({"B"}), {}, {})), ways);
}

TEST(OuterRoutes, OfAGatewayWithoutALeaseAreNone) {
  model::Config config = two_uplinks();
  config.gateways[0].dynamic = true;
  config.gateways[0].address = net::Address::any(net::Family::ipv4);
  const auto ends = local_ends(config, kHost, carried_by({"A"}), {}, {});
  EXPECT_EQ(local_of(ends.at("hq")), "");
  EXPECT_EQ(ends.at("hq").reason, "A has no next hop on eth0");
  EXPECT_EQ(table_of("A", ends), "none");
  EXPECT_NE(table_of("B", ends), "none");
  EXPECT_THAT(outer_ways(ends, {}, {.has_rules = false}), IsEmpty());
}

TEST(OuterRoutes, OfTunnelsWithOneGatewayShareTableAndRule) {
  model::Config config = two_uplinks();
  config.tunnels.push_back(config.tunnels.front());
  config.tunnels.back().name = "lab";
  EXPECT_EQ(outer_ways(local_ends(config, kHost, carried_by({"A"}), {}, {})).size(), 4U);
  std::get<model::Ike>(config.tunnels.back().ike).remote.address = address("198.51.100.2");
  EXPECT_EQ(outer_ways(local_ends(config, kHost, carried_by({"A"}), {}, {})).size(), 6U);
}

TEST(OuterRoutes, WithoutRulesAreThatOfTheGatewayThatCarries) {
  const auto of = [](const std::string& carrier, const model::Config& config = {}) {
    return outer_ways(local_ends(two_uplinks(), kHost, carried_by({carrier}), {}, {}), config, {.has_rules = false});
  };
  EXPECT_THAT(of("A"), ElementsAre("add route 198.51.100.1/32 via 192.0.2.254 dev eth0 metric 0 of gateways/A"));
  EXPECT_THAT(of("B"), ElementsAre("add route 198.51.100.1/32 via 203.0.113.254 dev eth1 metric 0 of gateways/B"));
  model::Config written;
  written.interfaces = two_uplinks().interfaces;
  written.gateways = two_uplinks().gateways;
  written.routes = {{prefix("198.51.100.1/32"), "A", std::nullopt, model::WhenDown::keep}};
  EXPECT_THAT(of("A", written), ElementsAre("add route 198.51.100.1/32 via 192.0.2.254 dev eth0 metric 0 of routes/0"));
}

TEST(OuterRoutes, ToAPeerThatIsTheGatewayLeadToItsDevice) {
  model::Config config = two_uplinks();
  std::get<model::Ike>(config.tunnels.front().ike).remote.address = address("192.0.2.254");
  EXPECT_THAT(outer_ways(local_ends(config, kHost, carried_by({"A"}), {}, {})).front(),
              testing::StartsWith("add route 192.0.2.254/32 dev eth0"));
}

TEST(OuterRoutes, OfAnInterfaceOrWithoutAPeerAreNone) {
  EXPECT_THAT(outer_ways(local_ends(by_interface("WAN"), kHost, {}, {}, {})), IsEmpty());
  model::Config config = two_uplinks();
  std::get<model::Ike>(config.tunnels.front().ike).remote.address = model::HostName{"vpn.example.org"};
  EXPECT_THAT(outer_ways(local_ends(config, kHost, carried_by({"A"}), {}, {})), IsEmpty());
}

// What the interface's MTU follows, and on FreeBSD its outer addresses.
TEST(ATunnelWithALocalEnd, IsDerivedFromIt) {
  const auto config = two_uplinks();
  const auto ends = local_ends(config, kHost, carried_by({"B"}), {}, {});
  Host facts;
  facts.mtu_by_address = {{address("192.0.2.1"), 1'500}, {address("203.0.113.1"), 1'400}};
  const auto link = [&](const model::LocalEnds& known) {
    return derive(config, {{"hq", {1}}}, {}, {}, facts, {.link_has_outer = true}, {}, known).desired.links.front().value;
  };
  EXPECT_EQ(link(ends).outer, std::pair(address("203.0.113.1"), address("198.51.100.1")));
  EXPECT_EQ(link(ends).mtu, link({}).mtu - 100);
}

}  // namespace
}  // namespace vtid::reconcile
