// Interfaces that the file puts into VRFs: what derive wants of them, and what plan makes of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/derive.h"
#include "reconcile/deriver.h"
#include "reconcile/plan.h"
#include "reconcile/probe_routes.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::address;
using test::device;
using test::prefix;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Numbers kUnits{{"hq", {1}}};
constexpr net::TableId kRed{1'001};

model::Config in_red() {
  model::Config config;
  config.tunnels = {test::tunnel("hq")};
  test::assign(config, "A", "hq");
  config.interfaces[0].vrf = device("red");
  config.interfaces[0].mss = model::NoMss{};
  config.routes.push_back({prefix("10.20.0.0/16"), "A_VTIV4", std::nullopt, model::WhenDown::keep});
  return config;
}

Host with_red(bool up = true) {
  Host host;
  host.addresses = {address("192.0.2.1")};
  host.vrfs = {{device("red"), {kRed, up}}};
  return host;
}
Host without_red() {
  Host host = with_red();
  host.vrfs.clear();
  return host;
}

Derived derived(const model::Config& config, const Host& host) {
  return derive(config, kUnits, {}, {}, host, model::Capabilities{});
}

std::vector<std::string> problems_of(const Derived& derived) {
  std::vector<std::string> lines;
  for (const model::Problem& problem : derived.problems)
    lines.push_back(fmt::format("{} {}: {} ({})", print(problem.severity), problem.object, problem.text, problem.remedy));
  return lines;
}

TEST(Vrf, TheRoutesOfItsGatewaysStandInItsTable) {
  const Derived there = derived(in_red(), with_red());
  EXPECT_EQ(there.desired.links[0].value.vrf, device("red"));
  EXPECT_EQ(there.desired.routes[0].value.table, kRed);
  EXPECT_THAT(problems_of(there), IsEmpty());
}

TEST(Vrf, WhileItIsMissingNothingOfTheInterfaceIsElsewhere) {
  const Derived missing = derived(in_red(), without_red());
  EXPECT_FALSE(missing.desired.links[0].value.up);
  EXPECT_TRUE(missing.desired.links[0].value.vrf.empty());
  EXPECT_THAT(missing.desired.addresses, IsEmpty());
  EXPECT_THAT(missing.desired.routes, IsEmpty());
  EXPECT_THAT(problems_of(missing),
              ElementsAre("error tunnels/hq: interfaces/A belongs into the VRF red, and there is no such device: it stays down "
                          "until then (ip link add red type vrf table NUMBER, and ip link set red up)"));
}

TEST(Vrf, OneThatIsDownIsAWarning) {
  EXPECT_THAT(problems_of(derived(in_red(), with_red(false))),
              ElementsAre("warning tunnels/hq: interfaces/A belongs into the VRF red, which is down (ip link set red up)"));
}

TEST(Vrf, ABlackholeOfOneThatIsMissingIsNotInTheMainTable) {
  model::Config config = in_red();
  config.routes[0].when_down = model::WhenDown::blackhole;
  const model::GatewaySelection down{{"A_VTIV4"}, {}};
  EXPECT_THAT(derive(config, kUnits, {}, down, without_red(), model::Capabilities{}).desired.routes, IsEmpty());
}

TEST(Vrf, TheProbesOfItsGatewaysAreLedBeforeTheVrfIsAsked) {
  model::Config config = in_red();
  config.gateways[0].monitor.address = address("10.20.0.1");
  const Derived there = derived(config, with_red());
  ASSERT_EQ(there.desired.rules.size(), 1U);
  EXPECT_EQ(there.desired.rules[0].value.priority, kVrfProbePriority);
  EXPECT_LT(kVrfProbePriority, 1'000U);
}

// One part is derived again, and so is the rest, which has the routes.
TEST(Vrf, ADeriverFollowsTheDevice) {
  const model::Config config = in_red();
  Deriver deriver;
  const auto update = [&](const Host& host) {
    deriver.mark_all();
    (void)deriver.update(config, kUnits, {}, {}, host, model::Capabilities{}, {});
  };
  update(without_red());
  for (const Host& host : {with_red(), with_red(false), without_red(), with_red()}) {
    update(host);
    EXPECT_EQ(deriver.derived(), derived(config, host));
  }
}

model::Observed as_wanted(const model::Desired& desired) {
  model::Observed observed;
  model::ObservedLink& red = observed.links.emplace_back();
  red.index = {7};
  red.name = device("red");
  red.kind = "vrf";
  red.vrf_table = kRed;
  red.up = true;
  const model::Link& want = desired.links[0].value;
  model::ObservedLink& link = observed.links.emplace_back();
  link.index = {8};
  link.name = want.name;
  link.owner = model::Owner::vtid;
  link.kind = "xfrm";
  link.if_id = want.if_id;
  link.mtu = want.mtu;
  link.up = want.up;
  link.multicast = want.multicast;
  link.alias = want.alias;
  link.master = want.vrf;
  std::ranges::sort(observed.links, {}, &model::ObservedLink::name);
  for (const auto& item : desired.addresses)
    observed.addresses.push_back({{8}, item.value.device, item.value.local, item.value.peer});
  for (const auto& item : desired.routes) observed.routes.push_back({item.value});
  return observed;
}

std::vector<std::string> changes(const model::Desired& desired, const model::Observed& observed) {
  std::vector<std::string> lines;
  for (const model::Op& op : make_plan(desired, observed, model::Capabilities{}, Removal::allowed).ops)
    lines.push_back(fmt::format("{}: {}", print(op.change), op.reason));
  return lines;
}

model::Config in_none() {
  model::Config config = in_red();
  config.interfaces[0].vrf.reset();
  return config;
}

// The interface is kept; what the kernel takes with the move is put back by the same plan.
TEST(Vrf, PuttingARunningInterfaceInPutsBackWhatThatCosts) {
  const model::Observed before = as_wanted(derived(in_none(), with_red()).desired);
  EXPECT_THAT(changes(derived(in_red(), with_red()).desired, before),
              ElementsAre("delete route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 0: no longer wanted",
                          "change link ipsec1 (if_id 1, reqid 5001, mtu 1446, up, in red): is not in red",
                          "add address fd00:106::1/64 on ipsec1: goes when its interface moves",
                          "add route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 0 table 1001: not there"));
}

TEST(Vrf, ATableThatStaysHasItsRoutesSetAgain) {
  model::Observed before = as_wanted(derived(in_red(), with_red()).desired);
  for (model::ObservedLink& link : before.links) link.master = {};
  EXPECT_THAT(changes(derived(in_red(), with_red()).desired, before),
              Contains("add route 10.20.0.0/16 via 10.6.106.2 dev ipsec1 metric 0 table 1001: points elsewhere"));
}

TEST(Vrf, AnInterfaceThatBelongsIntoNoneIsTakenOut) {
  model::Observed before = as_wanted(derived(in_red(), with_red()).desired);
  EXPECT_THAT(changes(derived(in_none(), with_red()).desired, before),
              Contains("change link ipsec1 (if_id 1, reqid 5001, mtu 1446, up): is in red, wanted in none"));
}

TEST(Vrf, WithoutAChangeNothingIsWritten) {
  const model::Desired wanted = derived(in_red(), with_red()).desired;
  EXPECT_THAT(changes(wanted, as_wanted(wanted)), IsEmpty());
}

}  // namespace
}  // namespace vtid::reconcile
