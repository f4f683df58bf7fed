#include "reconcile/derive_filter.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "reconcile/derive.h"
#include "reconcile/next_hops.h"
#include "reconcile/plan.h"
#include "reconcile/policy_routes.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using model::FilterMode;
using testing::ElementsAre;
using testing::IsEmpty;

// hq (unit 1) is assigned as VTI_HQ, lab (unit 2) is not.
model::Config two_tunnels() {
  model::Config config;
  for (const auto* name : {"hq", "lab"}) {
    model::Child child;
    child.name = "v4";
    child.local = test::prefix(config.tunnels.empty() ? "10.6.106.1/30" : "10.6.107.1/30");
    child.remote = *net::parse_address(config.tunnels.empty() ? "10.6.106.2" : "10.6.107.2");
    model::Tunnel tunnel;
    tunnel.name = name;
    tunnel.ike = model::Ike{};
    tunnel.children = {child};
    config.tunnels.push_back(tunnel);
  }
  model::Interface interface;
  interface.name = "VTI_HQ";
  interface.port = model::TunnelPort{"hq", ""};
  config.interfaces = {interface};
  return config;
}

const Numbers kNumbers{{"hq", {1}}, {"lab", {2}}};

std::optional<model::FilterSet> filter_of(const model::Config& config, bool system_filters = true) {
  const model::Capabilities system{.filters = system_filters};
  const auto derived = derive(config, kNumbers, {}, {}, {}, system);
  return derived.desired.filter ? std::optional(derived.desired.filter->value) : std::nullopt;
}

model::FilterRule pass_on(std::string on) {
  model::FilterRule rule;
  rule.on = std::move(on);
  return rule;
}

TEST(DeriveFilter, ClampsOnlyWhatIsAssigned) {
  const auto filter = filter_of(two_tunnels());
  ASSERT_TRUE(filter);
  EXPECT_FALSE(filter->is_restrictive());
  const net::IfName device = net::IfName::of({1});
  const auto mtu = derive(two_tunnels(), kNumbers, {}, {}, {}, {}).desired.links.front().value.mtu;
  EXPECT_THAT(filter->clamps, ElementsAre(model::MssClamp{device, net::Family::ipv4, static_cast<std::uint16_t>(mtu - 40)},
                                          model::MssClamp{device, net::Family::ipv6, static_cast<std::uint16_t>(mtu - 60)}));
  EXPECT_THAT(filter->devices, IsEmpty());
  EXPECT_THAT(filter->transits, IsEmpty());
}

TEST(DeriveFilter, ATunnelWithoutAnAssignmentAsksForNoTable) {
  model::Config config = two_tunnels();
  config.interfaces.clear();
  EXPECT_FALSE(filter_of(config));
}

TEST(DeriveFilter, AnMssThatTheFileTurnsOffAsksForNoTable) {
  model::Config config = two_tunnels();
  config.interfaces.front().mss = model::NoMss{};
  EXPECT_FALSE(filter_of(config));
}

TEST(DeriveFilter, AnotherDeviceIsClampedToTheNumberOfTheFile) {
  model::Config config = two_tunnels();
  config.interfaces.front().mss = model::NoMss{};
  model::Interface& lan = config.interfaces.emplace_back();
  lan.name = "LAN";
  lan.port = model::DevicePort{test::device("eth1")};
  EXPECT_FALSE(filter_of(config));
  lan.mss = std::uint16_t{1300};
  const auto filter = filter_of(config);
  ASSERT_TRUE(filter);
  EXPECT_THAT(filter->clamps, ElementsAre(model::MssClamp{test::device("eth1"), net::Family::ipv4, 1300},
                                          model::MssClamp{test::device("eth1"), net::Family::ipv6, 1300}));
  lan.enabled = false;
  EXPECT_FALSE(filter_of(config));
}

TEST(DeriveFilter, ASystemWithoutFiltersIsNotAskedForClamps) { EXPECT_FALSE(filter_of(two_tunnels(), false)); }

TEST(DeriveFilter, ASystemWithoutFiltersIsAskedForRulesAllTheSame) {
  model::Config config = two_tunnels();
  config.filter.rules.emplace();
  EXPECT_TRUE(filter_of(config, false));
}

TEST(DeriveFilter, EncHasOneListForAllTunnels) {
  model::Config config = two_tunnels();
  config.filter.rules = {pass_on("ipsec")};
  const auto filter = filter_of(config);
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->is_restrictive());
  EXPECT_THAT(filter->rules, ElementsAre(model::DeviceRule{"rules/0", {}, pass_on("ipsec")}));
  EXPECT_THAT(filter->devices, IsEmpty());
  EXPECT_EQ(filter->transits.size(), 2U);
}

TEST(DeriveFilter, IfIpsecPutsRulesOnDevicesAndMarksReplies) {
  model::Config config = two_tunnels();
  config.filter.mode = FilterMode::if_ipsec;
  config.filter.rules = {pass_on("VTI_HQ")};
  const auto filter = filter_of(config);
  ASSERT_TRUE(filter);
  EXPECT_THAT(filter->rules, ElementsAre(model::DeviceRule{"rules/0", net::IfName::of({1}), pass_on("VTI_HQ")}));
  EXPECT_THAT(filter->devices,
              ElementsAre(model::FilterDevice{net::IfName::of({1}), {1}, true, *net::parse_address("10.6.106.2"), {}}));
}

TEST(DeriveFilter, RulesOfADisabledInterfaceWait) {
  model::Config config = two_tunnels();
  config.filter.mode = FilterMode::if_ipsec;
  config.filter.rules = {pass_on("VTI_HQ")};
  config.interfaces.front().enabled = false;
  EXPECT_THAT(filter_of(config)->rules, IsEmpty());
}

// hq's traffic to the far end of lab, whose interface is assigned too.
model::Config with_gateway(model::WhenDown when_down = model::WhenDown::blackhole) {
  model::Config config = two_tunnels();
  model::Interface interface;
  interface.name = "VTI_LAB";
  interface.port = model::TunnelPort{"lab", ""};
  config.interfaces.push_back(interface);
  model::Gateway gateway;
  gateway.name = "LAB_GW";
  gateway.interface = "VTI_LAB";
  gateway.address = *net::parse_address("10.6.107.2");
  config.gateways = {gateway};
  config.filter.mode = FilterMode::if_ipsec;
  config.filter.rules = {pass_on("VTI_HQ")};
  config.filter.rules->front().gateway = "LAB_GW";
  config.filter.rules->front().when_down = when_down;
  return config;
}

const model::GatewaySelection kLabDown{{"LAB_GW"}, {}};

TEST(DeriveFilter, ARuleWithAGatewayIsAMarkAndAWayForIt) {
  const auto desired = derive(with_gateway(), kNumbers, {}, {}, {}, {}).desired;
  const auto& route_to = desired.filter->value.rules.front().route_to;
  ASSERT_TRUE(route_to);
  EXPECT_EQ(route_to->family, net::Family::ipv4);
  EXPECT_GE(route_to->mark >> model::kMarkShift, model::kFirstChoice);
  EXPECT_THAT(route_to->hops, IsEmpty());
  const auto rule = std::ranges::find(desired.rules, kChoicePriority, [](const auto& item) { return item.value.priority; });
  ASSERT_NE(rule, desired.rules.end());
  EXPECT_EQ(rule->value.mark, route_to->mark);
  EXPECT_EQ(rule->because, "rules/0");
  const std::string way = "LAB_GW/blackhole";
  EXPECT_EQ(rule->value.table.value, kFirstPolicyTable + spread({way}, kPolicyTables).at(way));
  std::vector<std::string> routes;
  for (const auto& route : desired.routes) {
    if (route.value.table == rule->value.table) routes.push_back(print(model::SetRoute{route.value}));
  }
  const std::string table = std::to_string(rule->value.table.value);
  EXPECT_THAT(routes, ElementsAre("add route 0.0.0.0/0 via 10.6.107.2 dev ipsec2 metric 0 table " + table,
                                  "add route 0.0.0.0/0 blackhole metric 4294967295 table " + table));
}

TEST(DeriveFilter, AGatewayThatGoesDownChangesItsTableAndNotTheFilter) {
  const auto up = derive(with_gateway(), kNumbers, {}, {}, {}, {}).desired;
  const auto down = derive(with_gateway(), kNumbers, {}, kLabDown, {}, {}).desired;
  EXPECT_EQ(up.filter, down.filter);
  EXPECT_EQ(up.rules, down.rules);
  EXPECT_EQ(up.routes.size(), down.routes.size() + 1);
}

model::DeviceRule rule_without_tables(model::WhenDown when_down, const model::GatewaySelection& selection) {
  const model::Capabilities system{.has_rules = false};
  return derive(with_gateway(when_down), kNumbers, {}, selection, {}, system).desired.filter->value.rules.front();
}

TEST(DeriveFilter, WithoutRoutingRulesTheRuleHasTheNextHopsThatCarry) {
  const auto rule = rule_without_tables(model::WhenDown::blackhole, {});
  EXPECT_THAT(rule.route_to->hops, ElementsAre(model::FilterHop{net::IfName::of({2}), *net::parse_address("10.6.107.2")}));
  EXPECT_EQ(rule.rule.action, model::RuleAction::pass);
}

TEST(DeriveFilter, WithoutRoutingRulesAGatewayThatIsDownBlocksUnlessItMayLeak) {
  using enum model::WhenDown;
  const auto text = [](model::WhenDown when_down) {
    const auto rule = rule_without_tables(when_down, kLabDown);
    return std::string(print(rule.rule.action)) + " " + std::to_string(rule.route_to->hops.size());
  };
  EXPECT_EQ(text(blackhole), "block 0");
  EXPECT_EQ(text(withdraw), "pass 0");
  EXPECT_EQ(text(keep), "pass 1");
}

TEST(Spread, KeepsANumberForEachNameAndNeverGivesOneTwice) {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(std::to_string(i));
  std::set<std::uint32_t> numbers;
  for (const auto& [name, number] : spread(names, 100)) numbers.insert(number);
  EXPECT_EQ(numbers.size(), 100U);
  EXPECT_EQ(spread({"a"}, 500'000).at("a"), spread({"a", "b"}, 500'000).at("a"));
}

// ---- the plan ----------------------------------------------------------------------------------------------------------

model::Desired wanting(const model::FilterSet& set) {
  model::Desired desired;
  desired.filter = {set, "filter"};
  return desired;
}

std::vector<std::string> reasons(const model::Desired& desired, const model::Observed& observed,
                                 Removal removal = Removal::allowed) {
  std::vector<std::string> texts;
  for (const model::Op& op : make_plan(desired, observed, {}, removal).ops)
    texts.push_back(print(op.change) + ": " + op.reason);
  return texts;
}

TEST(PlanFilter, WritesOnlyWhatIsNotThereAsWanted) {
  model::FilterSet set;
  set.filters = true;
  const std::string write = "set filter (mode enc, 0 rules, 0 translations): ";
  model::Observed observed;
  EXPECT_THAT(reasons(wanting(set), observed), ElementsAre(write + "not there"));
  observed.filter = {"enc", digest(set), false};
  EXPECT_THAT(reasons(wanting(set), observed), IsEmpty());
  observed.filter->altered = true;
  EXPECT_THAT(reasons(wanting(set), observed), ElementsAre(write + "was changed by somebody else"));
  observed.filter = {"if_ipsec", "0", false};
  EXPECT_THAT(reasons(wanting(set), observed), ElementsAre(write + R"(mode is "if_ipsec", wanted "enc")"));
  observed.filter = {"enc", "0", false};
  EXPECT_THAT(reasons(wanting(set), observed), ElementsAre(write + "differs"));
}

TEST(PlanFilter, TakesItAwayOnlyWhenEverythingHasBeenSeen) {
  model::Observed observed;
  observed.filter = {"enc", "0", false};
  EXPECT_THAT(reasons({}, observed), ElementsAre("delete filter: no longer wanted"));
  EXPECT_THAT(reasons({}, observed, Removal::withheld), IsEmpty());
}

TEST(PlanFilter, ComesBeforeTheFirstLinkAndGoesAfterTheLast) {
  model::Config config = two_tunnels();
  config.filter.rules.emplace();
  const auto derived = derive(config, kNumbers, {}, {}, {}, {});
  const auto making = make_plan(derived.desired, {}, {}, Removal::allowed);
  EXPECT_TRUE(std::holds_alternative<model::SetFilter>(making.ops.front().change));
  model::Observed observed;
  observed.filter = {"enc", "0", false};
  model::ObservedLink link;
  link.name = net::IfName::of({1});
  link.owner = model::Owner::vtid;
  observed.links = {link};
  const auto removing = make_plan({}, observed, {}, Removal::allowed);
  EXPECT_TRUE(std::holds_alternative<model::DeleteFilter>(removing.ops.back().change));
}

// filtertunnel of both families, then the masks of enc(4) out and in.
TEST(FilterSysctls, AreThoseOfTheMode) {
  std::vector<std::int64_t> enc, if_ipsec;
  for (const auto& [name, value] : model::filter_sysctls(FilterMode::enc)) enc.push_back(value);
  for (const auto& [name, value] : model::filter_sysctls(FilterMode::if_ipsec)) if_ipsec.push_back(value);
  EXPECT_THAT(enc, ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(if_ipsec, ElementsAre(1, 1, 0, 0, 0, 0));
}

// A field that a digest forgets would be a change that is never written.
TEST(FilterDigest, DiffersWhereverSetsDiffer) {
  model::FilterSet set;
  set.rules = {{"rules/0", {}, pass_on("ipsec")}};
  std::set<std::string> digests{digest(set)};
  const auto with = [&](auto change) {
    model::FilterSet other = set;
    change(other);
    EXPECT_TRUE(digests.insert(digest(other)).second);
  };
  with([](auto& other) { other.mode = FilterMode::if_ipsec; });
  with([](auto& other) { other.filters = true; });
  with([](auto& other) { other.rules[0].rule.action = model::RuleAction::block; });
  with([](auto& other) { other.rules[0].rule.direction = model::RuleDirection::out; });
  with([](auto& other) { other.rules[0].rule.traffic.protocols = {6}; });
  with([](auto& other) { other.rules[0].rule.traffic.ports = {{6, 6}}; });
  with([](auto& other) { other.rules[0].rule.traffic.from_ports = {{6, 6}}; });
  with([](auto& other) { other.rules[0].rule.traffic.icmp_types = {6}; });
  with([](auto& other) { other.rules[0].rule.traffic.from = {test::prefix("10.0.0.0/8")}; });
  with([](auto& other) { other.rules[0].rule.traffic.to = {test::prefix("10.0.0.0/8")}; });
  with([](auto& other) { other.rules[0].rule.traffic.from_not = {test::prefix("10.0.0.0/8")}; });
  with([](auto& other) { other.rules[0].rule.traffic.to_not = {test::prefix("10.0.0.0/8")}; });
  with([](auto& other) { other.rules[0].rule.traffic.dscp = {46}; });
  with([](auto& other) { other.rules[0].rule.log = ""; });
  with([](auto& other) { other.rules[0].device = net::IfName::of({1}); });
  with([](auto& other) { other.rules[0].route_to.emplace(); });
  with([](auto& other) { other.rules[0].route_to.emplace().mark = 6; });
  with([](auto& other) { other.rules[0].route_to.emplace().family = net::Family::ipv6; });
  with([](auto& other) { other.rules[0].route_to.emplace().hops = {{net::IfName::of({1}), *net::parse_address("10.0.0.1")}}; });
  with([](auto& other) { other.nat.emplace_back(); });
  with([](auto& other) { other.nat.emplace_back().nat.address = model::NoTranslation{}; });
  with([](auto& other) { other.nat.emplace_back().nat.address = test::prefix("10.0.0.0/8"); });
  with([](auto& other) { other.nat.emplace_back().nat.target_port = 80; });
  with([](auto& other) { other.nat.emplace_back().nat.kind = model::NatKind::destination; });
  with([](auto& other) { other.clamps.emplace_back(); });
  with([](auto& other) { other.transits.emplace_back(); });
  with([](auto& other) { other.devices.emplace_back(); });
  with([](auto& other) { other.devices.emplace_back().replies = true; });
}

model::ListRef list_of(std::vector<net::Prefix> networks, std::string name = "OFFICES") {
  model::List list{std::move(name)};
  list.networks = std::move(networks);
  return model::ListRef(std::move(list));
}

// Of a list its name and its entries count, not what somebody says of it.
TEST(FilterDigest, CoversWhatListsHold) {
  const auto digest_with = [](const model::ListRef& list, bool to = false) {
    model::FilterSet set;
    set.rules = {{"rules/0", {}, pass_on("ipsec")}};
    (to ? set.rules[0].rule.traffic.to : set.rules[0].rule.traffic.from).lists = {list};
    return digest(set);
  };
  const auto one = list_of({test::prefix("10.2.0.0/16")});
  EXPECT_NE(digest_with(one), digest_with(list_of({test::prefix("10.3.0.0/16")})));
  EXPECT_NE(digest_with(one), digest_with(list_of({test::prefix("10.2.0.0/16")}, "OTHERS")));
  EXPECT_NE(digest_with(one), digest_with(one, true));
  model::List described = *one;
  described.description = "all of them";
  EXPECT_EQ(digest_with(one), digest_with(model::ListRef(described)));
  EXPECT_NE(one, model::ListRef(described));
}

TEST(FilterSet, NamesEachListOnce) {
  model::FilterSet set;
  set.rules = {{"rules/0", {}, pass_on("ipsec")}, {"rules/1", {}, pass_on("ipsec")}};
  const auto offices = list_of({test::prefix("10.2.0.0/16")}), others = list_of({test::prefix("10.3.0.0/16")}, "A");
  for (model::DeviceRule& item : set.rules) item.rule.traffic.from.lists = {offices};
  set.nat.emplace_back().nat.traffic.to.lists = {others};
  EXPECT_THAT(lists_of(set), ElementsAre(others, offices));
}

// A rule matches the address families only that its lists have.
TEST(Traffic, CoversTheFamiliesOfItsLists) {
  model::Traffic traffic;
  traffic.from.lists = {list_of({test::prefix("10.2.0.0/16")})};
  EXPECT_TRUE(traffic.covers(net::Family::ipv4));
  EXPECT_FALSE(traffic.covers(net::Family::ipv6));
  traffic.from.values = {test::prefix("fd00:2::/64")};
  EXPECT_TRUE(traffic.covers(net::Family::ipv6));
}

// Every address of a /24 is in what is left exactly when it is in the one and not in the other.
TEST(Lists, DifferAsTheirAddressesDo) {
  using Any = model::AnyOf<net::Prefix>;
  const Any wholes{test::prefix("10.1.1.0/25"), test::prefix("10.1.1.128/26"), test::prefix("10.1.1.0/26")};
  Any except{test::prefix("10.1.1.3/32"), test::prefix("10.1.1.64/27"), test::prefix("10.1.1.128/25"),
             test::prefix("fd00::/8")};
  except.lists = {list_of({test::prefix("10.1.1.0/31"), test::prefix("10.9.0.0/16")})};
  const auto within = [](const std::vector<net::Prefix>& all, const net::Address& address) {
    return std::ranges::any_of(all, [&](const net::Prefix& item) { return item.contains(address); });
  };
  const auto left = model::difference(wholes, except, net::Family::ipv4);
  for (int last = 0; last < 256; ++last) {
    const auto address = *net::parse_address("10.1.1." + std::to_string(last));
    EXPECT_EQ(within(left, address), within(wholes.all(), address) && !within(except.all(), address)) << last;
  }
  EXPECT_EQ(model::difference({}, {test::prefix("10.0.0.0/8")}, net::Family::ipv4).size(), 8U);
  EXPECT_EQ(model::difference({}, {test::prefix("2001:db8::1/128")}, net::Family::ipv6).size(), 128U);
  EXPECT_THAT(model::difference({}, {test::prefix("10.0.0.0/8")}, net::Family::ipv6), ElementsAre(test::prefix("::/0")));
  EXPECT_THAT(model::difference({}, {test::prefix("::/0")}, net::Family::ipv6), IsEmpty());
  EXPECT_FALSE(model::leaves_any({}, {test::prefix("0.0.0.0/1"), test::prefix("128.0.0.0/1")}, net::Family::ipv4));
  EXPECT_TRUE(model::leaves_any({}, {test::prefix("0.0.0.0/1"), test::prefix("128.0.0.0/2")}, net::Family::ipv4));
}

// An exception alone is of its own family; beside networks it takes from those.
TEST(Traffic, CoversTheFamiliesThatItsExceptionsLeave) {
  model::Traffic traffic;
  traffic.to_not = {test::prefix("10.0.0.0/8")};
  EXPECT_TRUE(traffic.covers(net::Family::ipv4));
  EXPECT_FALSE(traffic.covers(net::Family::ipv6));
  traffic.to = {test::prefix("10.1.0.0/16"), test::prefix("fd00::/8")};
  EXPECT_FALSE(traffic.covers(net::Family::ipv4));
  EXPECT_TRUE(traffic.covers(net::Family::ipv6));
}

TEST(Lists, AreWithoutWhatTheyHoldAlready) {
  EXPECT_THAT(
      model::reduced(std::vector{test::prefix("10.2.3.0/24"), test::prefix("fd00::/16"), test::prefix("10.3.0.0/16"),
                                 test::prefix("10.2.0.0/16"), test::prefix("10.2.0.0/16"), test::prefix("fd00:1::1/128")}),
      ElementsAre(test::prefix("10.2.0.0/16"), test::prefix("10.3.0.0/16"), test::prefix("fd00::/16")));
  EXPECT_THAT(model::reduced(std::vector<model::PortRange>{{80, 90}, {443, 443}, {91, 91}, {85, 88}, {1, 65535}}),
              ElementsAre(model::PortRange{1, 65535}));
  EXPECT_THAT(model::reduced(std::vector<model::PortRange>{{80, 90}, {443, 443}, {91, 91}, {85, 88}}),
              ElementsAre(model::PortRange{80, 91}, model::PortRange{443, 443}));
}

TEST(DeriveFilter, RepliesHaveARuleAndATableOfTheirTunnelUnlessTheInterfaceDeclines) {
  model::Config config = two_tunnels();
  config.filter.mode = model::FilterMode::if_ipsec;
  const auto desired = derive(config, kNumbers, {}, {}, {}, {}).desired;
  ASSERT_FALSE(desired.rules.empty());
  EXPECT_EQ(print(desired.rules.front().value), "rule ipv4 11700: from all fwmark 0x10000/0xffff0000 lookup 118500001");
  EXPECT_EQ(desired.routes.front().value.table, net::TableId{118'500'001});
  for (model::Interface& interface : config.interfaces) interface.reply_to = false;
  EXPECT_THAT(derive(config, kNumbers, {}, {}, {}, {}).desired.rules, IsEmpty());
}

TEST(DeriveFilter, RepliesOfATunnelOfIpv6AloneHaveThemToo) {
  model::Config config = two_tunnels();
  config.filter.mode = model::FilterMode::if_ipsec;
  model::Child& child = config.tunnels.front().children.front();
  child.local = test::prefix("fd00:106::1/64");
  child.remote = test::address("fd00:106::2");
  const auto desired = derive(config, kNumbers, {}, {}, {}, {}).desired;
  ASSERT_EQ(desired.rules.size(), 1U);
  EXPECT_EQ(print(desired.rules.front().value), "rule ipv6 11700: from all fwmark 0x10000/0xffff0000 lookup 118500001");
}

// "0 lan0 ipv4 to 1 hop", "1 lan0 ipv4 past"
std::vector<std::string> filter_routes(const model::Config& config) {
  std::vector<std::string> lines;
  for (const auto& item : filter_policy_routes(config, NextHopResolver(config, kNumbers, {}))) {
    lines.push_back(item.name.substr(item.name.find('/') + 1) + ' ' + item.in.text() + ' ' +
                    std::string(net::print(item.family)) +
                    (item.is_exception ? " past" : " to " + std::to_string(item.hops.size())));
  }
  return lines;
}

TEST(FilterPolicyRoutes, AreThoseOfWhatComesByOtherDevices) {
  model::Config config = two_tunnels();
  model::Interface& lan = config.interfaces.emplace_back();
  lan.name = "LAN";
  lan.port = model::DevicePort{test::device("lan0")};
  config.gateways.push_back({"HQ", "VTI_HQ", test::address("10.6.106.2"), true, 1, {}});
  model::PolicyRoute route{"a", "LAN", {}, "HQ"};
  model::PolicyRoute exception{"b", "LAN", {}, std::string(model::kByRoutes)};
  exception.traffic.to = {test::prefix("10.0.0.0/8")};
  model::PolicyRoute by_tunnel{"c", "VTI_HQ", {}, "HQ"};
  config.policy_routes = {route, exception, by_tunnel};
  EXPECT_THAT(filter_routes(config), ElementsAre("0 lan0 ipv4 to 1", "1 lan0 ipv4 past"));
  config.interfaces.front().mss = model::NoMss{};
  EXPECT_TRUE(derive(config, kNumbers, {}, {}, {}, {.has_rules = false, .filters = true}).desired.filter);
  config.interfaces.back().enabled = false;
  EXPECT_THAT(filter_routes(config), IsEmpty());
  EXPECT_FALSE(derive(config, kNumbers, {}, {}, {}, {.has_rules = false, .filters = true}).desired.filter);
}

}  // namespace
}  // namespace vtid::reconcile
