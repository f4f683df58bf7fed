// What is kept from one derivation to the next equals what is derived from nothing, whatever happened in between.
#include <gtest/gtest.h>

#include "property/seeds.h"
#include "reconcile/deriver.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::Dice;
using test::for_each_seed;

constexpr int kTunnels = 5;
constexpr int kEvents = 40;

std::string gateway_of(int tunnel) { return "I" + std::to_string(tunnel) + "_VTIV4"; }

// Of every kind a tunnel, and for each gateway a route that may follow it.
model::Config some_file(Dice& dice) {
  model::Config config;
  for (int n = 1; n <= kTunnels; ++n) {
    const std::string name = "t" + std::to_string(n);
    model::Tunnel& tunnel = config.tunnels.emplace_back(n == 1 ? test::static_tunnel(name, n) : test::tunnel(name, n));
    if (n == 2) std::get<model::Ike>(tunnel.ike).split = true;
    if (n == 3) tunnel.start = model::Start::trap;
    if (n == 4) tunnel.children.front().policies = model::PolicyOwner::vtid;
    if (n == 5) tunnel.enabled = dice.chance(70);
  }
  for (int n = 1; n <= kTunnels; ++n) {
    if (n == 2) continue;
    test::assign(config, "I" + std::to_string(n), "t" + std::to_string(n));
    const auto when_down = static_cast<model::WhenDown>(dice.below(3));
    config.routes.push_back({test::prefix("10.1." + std::to_string(n) + ".0/24"), gateway_of(n), std::nullopt, when_down});
  }
  if (dice.chance(30)) config.default_gateway.ipv4 = "automatic";
  return config;
}

// What derive() reads, at one moment.
struct Moment {
  model::Config config;
  Numbers numbers;
  SaFacts sas;
  model::GatewaySelection selection;
  Host host;
  model::Capabilities system;
  Restraints restraints;
  model::LocalEnds local_ends;

  std::set<net::Unit> changed_units{};  // since the last update
  bool everything_changed = false;

  [[nodiscard]] Derived from_nothing() const {
    return derive(config, numbers, sas, selection, host, system, restraints, local_ends);
  }
  bool update(Deriver& deriver) {
    for (const net::Unit unit : std::exchange(changed_units, {})) deriver.mark(unit);
    if (std::exchange(everything_changed, false)) deriver.mark_all();
    return deriver.update(config, numbers, sas, selection, host, system, restraints, local_ends);
  }
};

template <class Set, class Value>
void turn(Set& set, const Value& value) {
  if (!set.erase(value)) set.insert(value);
}

net::Unit some_unit(const Moment& moment, Dice& dice) {
  return std::next(moment.numbers.begin(), dice.below(static_cast<int>(moment.numbers.size())))->second;
}

SaPath some_path(Dice& dice) {
  SaPath path;
  const bool known = dice.chance(80);
  if (known) path.ends = {test::address("192.0.2." + std::to_string(dice.below(2) + 1)), test::address("198.51.100.1")};
  path.udp = dice.chance(30);
  path.shape = dice.chance(50) ? EspShape{8, 16, 4} : EspShape{};
  return path;
}

void change_facts(Moment& moment, Dice& dice) {
  const net::Unit unit = some_unit(moment, dice);
  moment.changed_units.insert(unit);
  if (dice.chance(25)) {
    moment.sas.units.erase(unit);
    return;
  }
  UnitFacts& facts = moment.sas.units[unit];
  facts.paths = {some_path(dice)};
  facts.newest = facts.paths.front().ends;
  facts.sends = {{test::address("198.51.100.1"), static_cast<std::uint32_t>(dice.below(3))}};
  facts.was_replaced = dice.chance(20);
  facts.spis = {static_cast<std::uint32_t>(dice.below(5))};
}

void change_host(Moment& moment, Dice& dice) {
  const net::Address local = test::address("192.0.2." + std::to_string(dice.below(2) + 1));
  switch (dice.below(3)) {
    case 0: turn(moment.host.addresses, local); break;
    case 1: moment.host.mtu_by_address[local] = dice.chance(50) ? 1'500 : 1'400; break;
    case 2:
      moment.host.own_mtus[net::IfName::of(some_unit(moment, dice))] = static_cast<std::uint32_t>(1'400 + dice.below(40));
      break;
  }
}

// A gateway that nothing follows is no news.
void turn_gateway(Moment& moment, Deriver& deriver, const std::string& gateway) {
  turn(moment.selection.down, gateway);
  if (deriver.reads(gateway)) deriver.mark_selection();
}

// Some tunnel of those from t3 on begins at one of two gateways, or nowhere for now.
void move_an_end(Moment& moment, Deriver& deriver, Dice& dice) {
  const auto way = [](int n) {
    const std::string network = "192.0.2." + std::to_string(n);
    return model::OuterWay{"W" + std::to_string(n), test::device("eth" + std::to_string(n)), test::address(network + "54"),
                           test::address(network)};
  };
  model::LocalEnd end;
  end.ways = {way(1), way(2)};
  if (dice.chance(70)) end.peers = {test::address("198.51.100." + std::to_string(dice.below(2) + 1))};
  if (dice.chance(80)) {
    const model::OuterWay& carrier = end.ways[static_cast<std::size_t>(dice.below(2))];
    end.address = carrier.local;
    end.gateway = carrier.gateway;
  }
  moment.local_ends["t" + std::to_string(dice.below(kTunnels - 2) + 3)] = end;
  deriver.mark_local_ends();
}

void happen(Moment& moment, Deriver& deriver, Dice& dice) {
  const std::string tunnel = "t" + std::to_string(dice.below(kTunnels) + 1);
  switch (dice.below(8)) {
    case 0:
    case 1: return change_facts(moment, dice);
    case 2: change_host(moment, dice); break;
    case 3: return turn_gateway(moment, deriver, gateway_of(dice.below(kTunnels) + 1));
    case 4: turn(moment.restraints.ended, std::next(moment.numbers.begin(), dice.below(3))->first); break;
    case 5: turn(moment.restraints.early, tunnel); break;
    case 6:
      moment.sas.orphans_before = dice.chance(30) ? std::optional(WallTime{std::chrono::seconds{1}}) : std::nullopt;
      break;
    case 7: return move_an_end(moment, deriver, dice);
  }
  moment.everything_changed = true;
}

TEST(AnyChanges, AreDerivedAsFromNothing) {
  for_each_seed(200, [](std::uint64_t seed) {
    Dice dice(seed);
    Moment moment;
    moment.config = some_file(dice);
    moment.numbers = allocate(moment.config, {}).value();
    moment.system.link_has_outer = dice.chance(30);
    moment.system.has_rules = dice.chance(70);
    Deriver deriver;
    for (int n = 0; n < kEvents; ++n) {
      const Derived before = deriver.derived();
      const bool changed = moment.update(deriver);
      ASSERT_EQ(deriver.derived(), moment.from_nothing());
      ASSERT_EQ(changed, deriver.derived() != before);
      ASSERT_FALSE(moment.update(deriver));
      if (dice.chance(5)) {
        deriver.forget();
        moment.config = some_file(dice);
        moment.numbers = allocate(moment.config, moment.numbers).value();
      }
      for (int events = dice.below(3); events >= 0; --events) happen(moment, deriver, dice);
    }
  });
}

TEST(Deriver, MakesThePartOfATunnelWhoseInputsChangedAndNoOther) {
  Dice dice(1);
  Moment moment;
  moment.config = some_file(dice);
  moment.numbers = allocate(moment.config, {}).value();
  Deriver deriver;
  (void)moment.update(deriver);
  const std::size_t all = deriver.parts();
  EXPECT_GE(all, static_cast<std::size_t>(kTunnels - 1));
  const std::size_t compared = deriver.compared();
  moment.sas.units[moment.numbers.at("t3")].paths = {SaPath{std::nullopt, true, EspShape{}}};
  moment.changed_units = {moment.numbers.at("t3")};
  EXPECT_TRUE(moment.update(deriver));
  EXPECT_EQ(deriver.parts(), all + 1);
  EXPECT_EQ(deriver.compared(), compared + 1);
  moment.everything_changed = true;
  moment.host.own_mtus[net::IfName::of(moment.numbers.at("t4"))] = 1'350;
  (void)moment.update(deriver);
  EXPECT_EQ(deriver.parts(), all + 2);
}

TEST(Deriver, ReadsAGatewayOnlyWhereSomethingFollowsIt) {
  Dice dice(1);
  Moment moment;
  moment.config = some_file(dice);
  moment.config.default_gateway = {};
  for (model::StaticRoute& route : moment.config.routes) route.when_down = model::WhenDown::keep;
  moment.config.routes.back().when_down = model::WhenDown::withdraw;
  moment.numbers = allocate(moment.config, {}).value();
  Deriver deriver;
  (void)moment.update(deriver);
  EXPECT_TRUE(deriver.reads(moment.config.routes.back().via));
  EXPECT_FALSE(deriver.reads(moment.config.routes.front().via));
}

}  // namespace
}  // namespace vtid::reconcile
