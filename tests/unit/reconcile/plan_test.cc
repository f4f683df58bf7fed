#include "reconcile/plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::address;
using test::device;
using test::prefix;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

model::Link link(std::uint32_t unit) {
  model::Link result;
  result.name = net::IfName::of({unit});
  result.if_id = {unit};
  result.reqid = {5000 + unit};
  result.alias = "vtid tunnels/t" + std::to_string(unit);
  return result;
}

model::ObservedLink seen(const model::Link& link) {
  model::ObservedLink result;
  result.index = {100 + link.if_id.value};
  result.name = link.name;
  result.owner = model::Owner::vtid;
  result.kind = "xfrm";
  result.if_id = link.if_id;
  result.mtu = link.mtu;
  result.up = link.up;
  result.multicast = link.multicast;
  result.alias = link.alias;
  return result;
}

model::ObservedLink foreign(std::string_view name, std::uint32_t index, std::string kind = {}) {
  model::ObservedLink result;
  result.index = {index};
  result.name = device(name);
  result.kind = std::move(kind);
  result.mtu = 1500;
  return result;
}

const model::InterfaceAddress kAddress{device("ipsec1"), prefix("10.6.106.1/30"), {}};
const model::Route kRoute{
    prefix("10.20.0.0/16"), {10}, net::kMainTable, model::ViaGateway{device("ipsec1"), address("10.6.106.2")}};

model::Desired desired() {
  model::Desired result;
  result.links = {{link(1), "tunnels/t1"}};
  result.addresses = {{kAddress, "tunnels/t1/children/v4"}};
  result.routes = {{kRoute, "routes/0"}};
  return result;
}

model::Observed observed() {
  model::Observed result;
  result.links = {seen(link(1))};
  result.addresses = {{{101}, kAddress.device, kAddress.local, {}, false}};
  result.routes = {{kRoute}};
  return result;
}

std::vector<std::string> lines(const model::Plan& plan) {
  std::vector<std::string> result;
  for (const model::Op& op : plan.ops) result.push_back(fmt::format("{}: {}", model::print(op.change), op.reason));
  return result;
}

std::vector<std::string> plan(const model::Desired& want, const model::Observed& have, Removal removal = Removal::allowed) {
  return lines(make_plan(want, have, model::Capabilities{}, removal));
}

// FreeBSD: a reqid instead of an if_id, outer addresses on the link, and a multicast flag that nobody can change.
const model::Capabilities kFreebsd{
    .system = "freebsd", .link_has_if_id = false, .link_has_outer = true, .link_multicast_is_free = false};

model::ObservedLink seen_on_freebsd(const model::Link& link) {
  model::ObservedLink result = seen(link);
  result.kind = "ipsec";
  result.if_id.reset();
  result.reqid = link.reqid;
  result.outer = link.outer;
  result.multicast = true;
  return result;
}

TEST(PlanOnFreebsd, ChangesReqidAndOuterAddressesInPlace) {
  model::Link want = link(1);
  want.multicast = false;
  want.outer = {address("192.0.2.1"), address("198.51.100.1")};
  model::Desired desired;
  desired.links = {{want, "tunnels/t1"}};
  model::Observed observed;
  observed.links = {seen_on_freebsd(want)};
  EXPECT_THAT(make_plan(desired, observed, kFreebsd, Removal::allowed).ops, IsEmpty());
  observed.links[0].reqid = net::ReqId{5009};
  observed.links[0].outer->second = address("198.51.100.9");
  EXPECT_THAT(lines(make_plan(desired, observed, kFreebsd, Removal::allowed)),
              ElementsAre(testing::EndsWith("reqid is 5009, wanted 5001, outer addresses moved")));
}

// A route that was added beside one of ours after a look: one of the two is as the file says.
TEST(PlanOnFreebsd, OfTwoRoutesOfOursToOneNetworkTheWrongOneGoes) {
  const auto by = [](const char* gateway) {
    return model::Route{*net::parse_prefix("10.20.0.0/16"),
                        {},
                        net::kMainTable,
                        model::ViaGateway{*net::IfName::parse("ipsec1"), address(gateway)}};
  };
  model::Desired desired;
  desired.routes = {{by("10.6.106.2"), "routes/0"}};
  for (const char* other : {"10.6.106.1", "10.6.106.3"}) {
    model::Observed observed;
    observed.routes = {{by("10.6.106.2")}, {by(other)}};
    std::ranges::sort(observed.routes, {}, &model::ObservedRoute::route);
    const model::Plan made = make_plan(desired, observed, kFreebsd, Removal::allowed);
    ASSERT_EQ(made.ops.size(), 1U);
    EXPECT_EQ(made.ops[0].change, model::Change{model::DeleteRoute{by(other)}});
  }
}

TEST(PlanOnFreebsd, AnotherInterfaceHasTheReqid) {
  model::Desired desired;
  desired.links = {{link(1), "tunnels/t1"}};
  model::Observed observed;
  observed.links = {foreign("other0", 7, "ipsec")};
  observed.links[0].reqid = net::ReqId{5001};
  const model::Plan plan = make_plan(desired, observed, kFreebsd, Removal::allowed);
  EXPECT_THAT(plan.ops, IsEmpty());
  ASSERT_EQ(plan.problems.size(), 1U);
  EXPECT_EQ(plan.problems[0].text, "other0 has reqid 5001, which ipsec1 needs, and vtid did not make it");
  EXPECT_EQ(plan.problems[0].remedy, "delete it (ifconfig other0 destroy), or give tunnels/t1 another \"unit\"");
}

TEST(PlanOnFreebsd, DropsWhatCharonHasLost) {
  const WallTime since{std::chrono::seconds{1'795'500'000}};
  const auto made = [&](std::uint32_t spi, std::uint32_t reqid, int seconds_before) {
    return model::CharonsSa{
        address("192.0.2.1"), spi, address("198.51.100.1"), {reqid}, since - std::chrono::seconds{seconds_before}};
  };
  model::Desired desired;
  desired.charon = model::KnownToCharon{{{5001}}, {0x1001}, since};
  model::Observed observed;
  observed.charons_sas = {made(0x1001, 5001, 60), made(0x1002, 5001, 60), made(0x1003, 5001, 9), made(0x1004, 5002, 60)};
  EXPECT_THAT(lines(make_plan(desired, observed, kFreebsd, Removal::allowed)),
              ElementsAre("drop SA 0x00001002 (198.51.100.1 to 192.0.2.1, reqid 5001): charon does not know it"));
  EXPECT_THAT(make_plan(desired, observed, kFreebsd, Removal::withheld).ops, IsEmpty());
  observed.charons_sas = {made(0x1002, 5001, 10)};
  EXPECT_EQ(make_plan(desired, observed, kFreebsd, Removal::allowed).ops.size(), 1U);
  desired.charon.reset();  // charon is away: who knows what it has
  EXPECT_THAT(make_plan(desired, observed, kFreebsd, Removal::allowed).ops, IsEmpty());
}

TEST(Plan, KeepsThePoliciesOfSasWhoseEndsNobodyKnows) {
  model::Observed observed;
  model::Policy& policy = observed.policies.emplace_back();
  policy.if_id = {1};
  policy.reqid = {5001};
  observed.charons_sas = {{address("192.0.2.1"), 0x1001, address("198.51.100.1"), {5001}}};
  model::Desired desired;
  desired.unplaced = {{1}};
  EXPECT_THAT(make_plan(desired, observed, {}, Removal::allowed).ops, IsEmpty());
  observed.charons_sas.clear();
  EXPECT_EQ(make_plan(desired, observed, {}, Removal::allowed).ops.size(), 1U);
}

TEST(Plan, IsEmptyWhenTheWorldIsAsWanted) {
  EXPECT_EQ(make_plan(desired(), observed(), model::Capabilities{}, Removal::allowed), model::Plan{});
}

TEST(Plan, BuildsLinkThenAddressThenRoute) {
  EXPECT_THAT(plan(desired(), {}), ElementsAre("create link ipsec1 (if_id 1, reqid 5001, mtu 1400, up): not there",
                                               "add address 10.6.106.1/30 on ipsec1: not there",
                                               "add route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 10: not there"));
}

TEST(Plan, RemovesRouteThenLinkAndLeavesAddressesToTheLink) {
  EXPECT_THAT(plan({}, observed()),
              ElementsAre("delete route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 10: no longer wanted",
                          "delete link ipsec1: no longer wanted"));
}

TEST(Plan, KeepsLinksUntilCharonWasSeenAndSaysSo) {
  const auto made = make_plan({}, observed(), model::Capabilities{}, Removal::withheld);
  EXPECT_THAT(made.ops, IsEmpty());
  ASSERT_EQ(made.problems.size(), 1U);
  EXPECT_THAT(made.problems[0].text, testing::HasSubstr("stays until charon's SAs have been read: link ipsec1 and "));
}

TEST(Plan, LinksOfStaticSasGoBeforeCharonWasSeen) {
  auto have = observed();
  model::Sa& sa = have.sas.emplace_back();
  sa.if_id = *have.links[0].if_id;
  sa.destination = address("192.0.2.1");
  EXPECT_THAT(plan({}, have, Removal::withheld), testing::Contains("delete link ipsec1: no longer wanted"));
}

TEST(PlanOnFreebsd, LinksOfStaticSasGoBeforeCharonWasSeen) {
  model::Observed have = observed();
  have.links[0].reqid = net::ReqId{5001};
  have.links[0].if_id.reset();
  model::Sa& sa = have.sas.emplace_back();
  sa.reqid = {5002};
  EXPECT_THAT(lines(make_plan({}, have, kFreebsd, Removal::withheld)), Not(Contains("delete link ipsec1: no longer wanted")));
  sa.reqid = {5001};
  EXPECT_THAT(lines(make_plan({}, have, kFreebsd, Removal::withheld)), Contains("delete link ipsec1: no longer wanted"));
}

TEST(Plan, RemovesNothingBeforeCharonWasSeenAndSaysSo) {
  auto want = desired();
  want.routes.clear();
  want.addresses.clear();
  const auto made = make_plan(want, observed(), model::Capabilities{}, Removal::withheld);
  EXPECT_THAT(made.ops, IsEmpty());
  ASSERT_EQ(made.problems.size(), 1U);
  EXPECT_EQ(made.problems[0].object, "charon");
  EXPECT_EQ(made.problems[0].text,
            "what is no longer wanted stays until charon's SAs have been read: address 10.6.106.1/30 on ipsec1 and 1 more");
  EXPECT_FALSE(made.problems[0].remedy.empty());
}

TEST(Plan, ChangesALinkInPlace) {
  auto have = observed();
  have.links[0].mtu = 1500;
  have.links[0].up = false;
  EXPECT_THAT(
      plan(desired(), have),
      ElementsAre("change link ipsec1 (if_id 1, reqid 5001, mtu 1400, up): mtu is 1500, wanted 1400, is down, wanted up"));
}

TEST(Plan, PutsAnAliasRight) {
  auto have = observed();
  have.links[0].alias = "somebody's";
  EXPECT_THAT(plan(desired(), have), ElementsAre(testing::EndsWith("alias is \"somebody's\", wanted \"vtid tunnels/t1\"")));
}

TEST(Plan, BringsBackWhatLeftWithADeletedLink) {
  auto have = observed();
  have.links.clear();
  have.addresses.clear();
  EXPECT_THAT(plan(desired(), have),
              ElementsAre("create link ipsec1 (if_id 1, reqid 5001, mtu 1400, up): not there",
                          "add address 10.6.106.1/30 on ipsec1: not there",
                          "add route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 10: points elsewhere"));
}

TEST(Plan, ReplacesARouteThatPointsElsewhere) {
  auto have = observed();
  have.routes[0].route.target = model::Blackhole{};
  EXPECT_THAT(plan(desired(), have),
              ElementsAre("replace route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 10: points elsewhere"));
}

TEST(Plan, TakesAnAddressAwayBeforeItAddsAnother) {
  auto have = observed();
  have.addresses[0].local = prefix("10.6.106.5/30");
  EXPECT_THAT(plan(desired(), have), ElementsAre("delete address 10.6.106.5/30 on ipsec1: no longer wanted",
                                                 "add address 10.6.106.1/30 on ipsec1: not there"));
}

TEST(Plan, LeavesAddressesOfTheKernelAndOfOtherLinks) {
  auto have = observed();
  have.addresses.push_back({{101}, device("ipsec1"), prefix("fe80::1/64"), {}, true});
  have.links.push_back(foreign("wan", 2));
  have.addresses.push_back({{2}, device("wan"), prefix("192.0.2.1/24"), {}, false});
  EXPECT_THAT(plan(desired(), have), IsEmpty());
}

TEST(Plan, RecreatesALinkOfOursWithAWrongNumber) {
  auto have = observed();
  have.links[0].if_id = net::IfId{7};
  EXPECT_THAT(plan(desired(), have), testing::Contains("delete link ipsec1: if_id is 7, wanted 1"));
}

TEST(Plan, LeavesAForeignLinkOfOurNameAlone) {
  auto have = observed();
  have.links[0].owner = model::Owner::other;
  have.links[0].kind = "dummy";
  have.links[0].if_id.reset();
  have.addresses.clear();
  have.routes.clear();
  const auto made = make_plan(desired(), have, model::Capabilities{}, Removal::allowed);
  EXPECT_THAT(made.ops, IsEmpty());
  EXPECT_THAT(made.problems,
              ElementsAre(model::Problem{model::Severity::error, "tunnels/t1",
                                         "a link named ipsec1 exists that vtid did not make (dummy)",
                                         "rename or delete it (ip link delete ipsec1), or give tunnels/t1 another \"unit\""}));
}

TEST(Plan, LeavesAForeignLinkOfOurNumberAlone) {
  auto have = observed();
  have.links = {foreign("vti9", 9, "xfrm")};
  have.links[0].if_id = net::IfId{1};
  have.addresses.clear();
  have.routes.clear();
  const auto made = make_plan(desired(), have, model::Capabilities{}, Removal::allowed);
  EXPECT_THAT(made.ops, IsEmpty());
  EXPECT_EQ(made.problems.at(0).text, "vti9 has if_id 1, which ipsec1 needs, and vtid did not make it");
}

TEST(Plan, NeverTouchesAForeignLink) {
  model::Observed have;
  have.links = {foreign("ipsec7", 9, "xfrm")};
  have.links[0].if_id = net::IfId{7};
  EXPECT_THAT(plan({}, have), IsEmpty());
}

TEST(Plan, SetsAPolicyThatDiffersAndDeletesOneThatIsNotWanted) {
  const model::Policy wanted{model::PolicyDirection::out, net::Family::ipv4,    {1}, {5001},
                             address("192.0.2.1"),        address("192.0.2.2"), 1};
  model::Desired want;
  want.policies = {{wanted, "tunnels/t1"}};
  model::Observed have;
  have.policies = {wanted, wanted};
  have.policies[0].outer_destination = address("192.0.2.9");
  have.policies[1].if_id = {2};
  EXPECT_THAT(plan(want, have),
              ElementsAre("delete policy out ipv4 if_id 2 (192.0.2.1 to 192.0.2.2, reqid 5001): no longer wanted",
                          "set policy out ipv4 if_id 1 (192.0.2.1 to 192.0.2.2, reqid 5001): differs"));
}

TEST(Plan, MakesNoPolicyWhereAnotherHasTheNumber) {
  model::Desired want;
  want.links = {{link(1), "tunnels/t1"}};
  want.policies = {
      {{model::PolicyDirection::out, net::Family::ipv4, {1}, {5001}, address("192.0.2.1"), address("192.0.2.2"), 1},
       "tunnels/t1"}};
  model::Observed have;
  have.links = {foreign("vti9", 9, "xfrm")};
  have.links[0].if_id = net::IfId{1};
  EXPECT_THAT(plan(want, have), IsEmpty());
}

TEST(Plan, WritesRulesAgainThatAreNotInForce) {
  model::Desired want;
  want.filter.emplace().value.filters = true;
  model::Observed have;
  have.filter = model::ObservedFilter{"enc", digest(want.filter->value)};
  EXPECT_THAT(plan(want, have), IsEmpty());
  have.filter->inactive_reason = "pf is disabled";
  EXPECT_THAT(plan(want, have), ElementsAre(testing::EndsWith("is not in force: pf is disabled")));
}

// NAT and MSS alone hold nobody back: that they are not in force is a problem, and no reason to write them again and again.
TEST(Plan, LeavesAFilterWithoutRulesThatIsNotInForce) {
  model::Desired want;
  want.filter.emplace();
  model::Observed have;
  have.filter = model::ObservedFilter{"enc", digest(want.filter->value), false, "pf is disabled"};
  EXPECT_THAT(plan(want, have), IsEmpty());
}

model::Sa sa(std::uint32_t spi) {
  return {address("198.51.100.1"), address("192.0.2.1"), spi, {5001}, {1}, {}, 32, model::Secret("sixteen and four now")};
}

struct SaWorld {
  model::Desired want;
  model::Observed have;
};
SaWorld sa_world() {
  SaWorld world;
  world.want.sas = {{sa(0x1001), "tunnels/lab"}};
  world.have.sas = {sa(0x1001)};
  return world;
}

TEST(PlanSa, LeavesOneThatIsRightAlone) {
  const auto [want, have] = sa_world();
  EXPECT_THAT(plan(want, have), IsEmpty());
}

TEST(PlanSa, LeavesOneAloneWhoseKeyTheKernelKeepsToItself) {
  auto [want, have] = sa_world();
  have.sas[0].key = {};
  EXPECT_THAT(plan(want, have), IsEmpty());
}

TEST(PlanSa, BringsTheNewInBeforePoliciesAndTakesTheOldOutLast) {
  SaWorld world = sa_world();
  world.want = desired();
  world.want.sas = {{sa(0x1002), "tunnels/lab"}};
  const model::Policy policy{model::PolicyDirection::in, net::Family::ipv4, {1}, {5001}, {}, {}, 1};
  world.want.policies = {{policy, "tunnels/lab"}};
  std::vector<std::string> kinds;
  for (const std::string& line : plan(world.want, world.have))
    kinds.push_back(line.substr(0, line.find(' ', line.find(' ') + 1)));
  EXPECT_THAT(kinds, ElementsAre("create link", "add address", "add SA", "set policy", "add route", "delete SA"));
}

TEST(PlanSa, DoesNotWaitForCharon) {
  auto [want, have] = sa_world();
  want.sas.clear();
  EXPECT_THAT(plan(want, have, Removal::withheld),
              ElementsAre("delete SA 0x00001001 (198.51.100.1 to 192.0.2.1, aes128gcm16, reqid 5001): no longer wanted"));
}

TEST(PlanSa, ReplacesOneThatDiffersAndShowsNoKey) {
  const std::string change = "replace SA 0x00001001 (198.51.100.1 to 192.0.2.1, aes128gcm16, reqid 5001): has another ";
  const auto planned = [](auto spoil) {
    auto [want, have] = sa_world();
    spoil(have.sas[0]);
    return plan(want, have);
  };
  EXPECT_THAT(planned([](model::Sa& sa) { sa.key = model::Secret("xyzzy"); }), ElementsAre(change + "key"));
  EXPECT_THAT(planned([](model::Sa& sa) { sa.algorithm.icv_bits = 64; }), ElementsAre(change + "algorithm"));
  EXPECT_THAT(planned([](model::Sa& sa) { sa.reqid = {1}; }), ElementsAre(change + "reqid"));
  EXPECT_THAT(planned([](model::Sa& sa) { sa.if_id = {7}; }), ElementsAre(change + "if_id"));
  EXPECT_THAT(planned([](model::Sa& sa) { sa.source = address("192.0.2.9"), sa.replay_window = 0; }),
              ElementsAre(change + "source, another replay window"));
}

TEST(PlanSa, MakesNoneWhereAnotherHasTheInterface) {
  SaWorld world = sa_world();
  world.want.links = {{link(1), "tunnels/lab"}};
  world.have.sas.clear();
  world.have.links = {foreign("ipsec1", 9)};
  EXPECT_THAT(plan(world.want, world.have), IsEmpty());
}

model::CharonsSa negotiated(std::uint32_t spi, bool held) {
  return {address("198.51.100.1"), spi, address("192.0.2.1"), {5001}, {}, true, held};
}

std::vector<std::string> holding(const std::vector<std::uint32_t>& order, std::vector<model::CharonsSa> have) {
  model::Desired want;
  want.send_orders.push_back({{{5001}, {}}, "tunnels/t1"});
  for (const std::uint32_t spi : order) want.send_orders[0].value.sas.emplace_back(address("198.51.100.1"), spi);
  model::Observed kernel;
  kernel.charons_sas = std::move(have);
  return plan(want, kernel);
}

TEST(Plan, HoldsTheFirstSaThatIsThere) {
  EXPECT_THAT(
      holding({1, 2}, {negotiated(2, false), negotiated(3, false)}),
      ElementsAre("hold SA 0x00000002 (to 198.51.100.1, reqid 5001): younger ones are not to be used while it is there"));
}

TEST(Plan, HoldsOneOfEachTunnel) {
  model::Desired want;
  want.send_orders.push_back({{{5002}, {{address("198.51.100.1"), 9}}}, "tunnels/t2"});  // whose SA is not there
  want.send_orders.push_back({{{5001}, {{address("198.51.100.1"), 1}}}, "tunnels/t1"});
  model::Observed kernel;
  kernel.charons_sas = {negotiated(1, false)};
  EXPECT_THAT(plan(want, kernel), testing::SizeIs(1));
}

TEST(Plan, LeavesAHeldSaAlone) { EXPECT_THAT(holding({1, 2}, {negotiated(1, true), negotiated(2, false)}), IsEmpty()); }

TEST(Plan, LetsGoOfAnSaThatCharonHasForgottenOnceAnotherIsHeld) {
  EXPECT_THAT(holding({2}, {negotiated(1, true), negotiated(2, false)}),
              ElementsAre("hold SA 0x00000002 (to 198.51.100.1, reqid 5001): younger ones are not to be used while it is there",
                          "let go of SA 0x00000001 (to 198.51.100.1, reqid 5001): charon sends by another"));
}

TEST(Plan, ARuleIsThereBeforeItsPredecessorAndThatOnesTableAreGone) {
  model::Rule old;
  old.priority = 11'800;
  old.table = {118'000'001};
  model::Route old_route = kRoute;
  old_route.table = old.table;
  model::Rule fresh = old;
  fresh.table = {118'000'002};
  model::Route fresh_route = kRoute;
  fresh_route.table = fresh.table;
  auto want = desired();
  want.rules = {{fresh, "policy_routes/0"}};
  want.routes.push_back({fresh_route, "policy_routes/0"});
  auto have = observed();
  have.rules = {old};
  have.routes.push_back({old_route});
  EXPECT_THAT(plan(want, have),
              ElementsAre("add route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 10 table 118000002: not there",
                          "add rule ipv4 11800: from all lookup 118000002: not there",
                          "delete rule ipv4 11800: from all lookup 118000001: no longer wanted",
                          "delete route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 10 table 118000001: no longer wanted"));
}

TEST(FormerHolders, AreNamedForWhatGoesAndForNothingElse) {
  model::Desired running = desired();
  const model::Policy policy{model::PolicyDirection::in, net::Family::ipv4,     {1}, {5001}, address("198.51.100.1"),
                             address("192.0.2.1"),       model::kPolicyPriority};
  model::Sa sa;
  sa.destination = address("192.0.2.1");
  sa.spi = 0x101;
  running.policies = {{policy, "tunnels/t1"}};
  running.sas = {{sa, "tunnels/t1"}};
  model::Plan plan;
  plan.ops = {{model::DeleteRoute{kRoute}, "", "", ""},
              {model::DeleteAddress{kAddress}, "", "", ""},
              {model::DeletePolicy{policy}, "", "", ""},
              {model::DeleteSa{sa}, "", "", ""},
              {model::DeleteLink{device("ipsec1")}, "", "", "tunnels/t2"},
              {model::DeleteLink{device("ipsec9")}, "", "", ""},
              {model::CreateLink{link(1)}, "", "", "tunnels/t1"}};
  name_former_holders(plan, running);
  std::vector<std::string> holders;
  for (const model::Op& op : plan.ops) holders.push_back(op.because);
  EXPECT_THAT(holders,
              ElementsAre("routes/0 of the running configuration", "tunnels/t1/children/v4 of the running configuration",
                          "tunnels/t1 of the running configuration", "tunnels/t1 of the running configuration", "tunnels/t2",
                          "", "tunnels/t1"));
}

}  // namespace
}  // namespace vtid::reconcile
