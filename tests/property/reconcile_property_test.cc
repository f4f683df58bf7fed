// Random files in random worlds.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "monitor/group_selection.h"
#include "property/seeds.h"
#include "reconcile/derive.h"
#include "reconcile/order.h"
#include "reconcile/plan.h"
#include "support/troubled_kernel.h"
#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

constexpr int kMostRounds = 4;

using test::Dice;
using test::for_each_seed;

// Split or not, either version, other modes beside, on demand, with a child disabled, in another order.
void reshape(model::Tunnel& tunnel, Dice& dice) {
  auto& ike = std::get<model::Ike>(tunnel.ike);
  ike.split = dice.chance(25);
  if (dice.chance(20)) ike.version = model::IkeVersion::v1;
  if (dice.chance(15)) tunnel.start = model::Start::trap;
  if (model::has_interface_per_child(tunnel) && dice.chance(30)) tunnel.children.back().mode = model::ChildMode::tunnel;
  if (tunnel.children.size() > 1 && dice.chance(25)) tunnel.children.back().enabled = false;
  if (dice.chance(20)) std::ranges::reverse(tunnel.children);
  if (dice.chance(20)) tunnel.description = "edited";
}

// A mode, and rules on all tunnels or on what is assigned.
void add_filter(model::Config& config, Dice& dice) {
  if (dice.chance(40)) config.filter.mode = model::FilterMode::if_ipsec;
  if (dice.chance(50)) return;
  auto& rules = config.filter.rules.emplace();
  const bool enc = config.filter.mode == model::FilterMode::enc;
  for (int n = dice.below(4); n > 0 && (enc || !config.interfaces.empty()); --n) {
    model::FilterRule& rule = rules.emplace_back();
    rule.on = enc ? "ipsec"
                  : config.interfaces[static_cast<std::size_t>(dice.below(static_cast<int>(config.interfaces.size())))].name;
    if (dice.chance(50)) rule.traffic.to = {test::prefix("10.1." + std::to_string(dice.below(3)) + ".0/24")};
    if (dice.chance(30)) rule.direction = model::RuleDirection::out;
    if (enc || rule.direction == model::RuleDirection::out || config.groups.empty() || dice.chance(50)) continue;
    rule.gateway = dice.chance(50) ? config.groups[0].members[0].gateway : "ALL";
    rule.when_down = static_cast<model::WhenDown>(dice.below(3));
  }
}

bool is_in_vrf(const model::Config& config, const model::Gateway& gateway) {
  return config.interface(gateway.interface)->vrf.has_value();
}

// All IPv4 gateways that are in no VRF, in one group; now and then it has the default route.
void add_group(model::Config& config, Dice& dice) {
  model::GatewayGroup group{"ALL", model::Trigger::loss, static_cast<model::WhenAllDown>(dice.below(3)), {}};
  for (const model::Gateway& gateway : config.gateways) {
    if (gateway.address.is_v4() && !is_in_vrf(config, gateway))
      group.members.push_back({gateway.name, dice.below(3) + 1, std::nullopt});
  }
  if (group.members.empty()) return;
  config.groups = {group};
  if (dice.chance(30)) config.default_gateway.ipv4 = "ALL";
  for (int n = dice.below(3); n > 0; --n) {
    model::PolicyRoute& route = config.policy_routes.emplace_back();
    route.name = "p" + std::to_string(n);
    route.in = "eth0";
    route.via = dice.chance(50) ? "ALL" : group.members[0].gateway;
    route.when_down = static_cast<model::WhenDown>(dice.below(3));
    if (dice.chance(50)) route.traffic.to = {test::prefix("10.1." + std::to_string(dice.below(3)) + ".0/24")};
  }
}

// Up to eight tunnels out of a fixed set of names, so that successive files overlap.
model::Config random_file(Dice& dice) {
  model::Config config;
  for (int n = 1; n <= 8; ++n) {
    if (dice.chance(40)) continue;
    model::Tunnel tunnel = test::tunnel("t" + std::to_string(n), n);
    if (dice.chance(30)) {
      tunnel = test::static_tunnel("t" + std::to_string(n), n);
      auto& keys = std::get<model::StaticKeys>(tunnel.ike);
      if (dice.chance(50)) keys.in.push_back(test::static_sa(0x9000U + static_cast<std::uint32_t>(n), "aes256-sha512", '3'));
      if (dice.chance(50)) keys.in[0] = test::static_sa(keys.in[0].spi, "chacha20poly1305", '4');
    }
    tunnel.enabled = dice.chance(85);
    if (dice.chance(30)) tunnel.children.pop_back();
    if (!has_static_keys(tunnel)) reshape(tunnel, dice);
    if (dice.chance(20) && !has_static_keys(tunnel)) tunnel.children[0].policies = model::PolicyOwner::vtid;
    if (dice.chance(20))
      tunnel.children[0].local = test::prefix("10.7." + std::to_string(n) + ".1/30"),
      tunnel.children[0].remote = test::address("10.7." + std::to_string(n) + ".2");
    config.tunnels.push_back(tunnel);
    const model::Child& first = tunnel.children.front();
    if (!dice.chance(70) || first.mode != model::ChildMode::vti || !first.enabled) continue;
    test::assign(config, "VTI_" + std::to_string(n), tunnel.name);
    if (model::has_interface_per_child(tunnel)) {
      std::get<model::TunnelPort>(config.interfaces.back().port).child = first.name;
    }
    if (dice.chance(30)) config.interfaces.back().mtu = 1300U + static_cast<std::uint32_t>(dice.below(100));
    if (dice.chance(30)) config.interfaces.back().vrf = test::device(dice.chance(70) ? "red" : "blue");
    const bool in_vrf = config.interfaces.back().vrf.has_value();
    if (config.gateways.back().address.is_v4() && dice.chance(60)) {
      config.routes.push_back({test::prefix("10.20." + std::to_string(dice.below(4) + n * 10) + ".0/24"),
                               !in_vrf && dice.chance(30) ? "ALL" : config.gateways.back().name,
                               net::Metric{static_cast<std::uint32_t>(dice.below(3)) * 10},
                               static_cast<model::WhenDown>(dice.below(3))});
    }
  }
  add_group(config, dice);
  if (dice.chance(20)) std::ranges::reverse(config.tunnels);
  add_filter(config, dice);
  return config;
}

class World {
 public:
  explicit World(std::uint64_t seed) : dice(seed) {
    kernel.add_foreign_link("veth", test::device("wan"));
    kernel.add_foreign_address({test::device("wan"), test::prefix("192.0.2.1/24"), {}});
    kernel.add_vrf(test::device("red"), {1'001});
    if (dice.chance(50)) kernel.add_vrf(test::device("blue"), {1'002});
    if (dice.chance(30)) kernel.add_foreign_link("dummy", net::IfName::of({static_cast<std::uint32_t>(dice.below(8)) + 1}));
    if (dice.chance(30))
      kernel.add_foreign_link("xfrm", test::device("foreign0"), net::IfId{static_cast<std::uint32_t>(dice.below(8)) + 1});
  }

  void use(const model::Config& config) {
    file = config;
    numbers = allocate(config, numbers).value();  // kept from file to file, as the daemon does
    model::Gateways health;                       // different in every file, and always the same for the same one
    std::size_t n = config.tunnels.size() + config.routes.size();
    for (const model::Gateway& gateway : config.gateways) {
      health[gateway.name].state = static_cast<model::GatewayState>((n += 3) % 7);
    }
    selection = monitor::choose(config, health, {}, WallTime{});
  }
  model::Plan plan() {
    const model::Observed observed = kernel.observe().value();
    return make_plan(derive(file, numbers, {}, selection, read_host(observed), model::Capabilities{}).desired, observed,
                     model::Capabilities{}, Removal::allowed);
  }
  // Plans and applies until nothing is left to do. Whether that took few enough rounds.
  bool converge() {
    for (int round = 0; round < kMostRounds; ++round) {
      const model::Plan next = plan();
      if (next.ops.empty()) return true;
      (void)apply_all(kernel, next.ops);
    }
    return plan().ops.empty();
  }
  // What hands do to VRFs and to what is in them.
  void stir() {
    const net::IfName red = test::device("red");
    if (kernel.observe()->link(red) == nullptr) return kernel.add_vrf(red, {1'001});
    if (dice.chance(50)) return kernel.delete_link(red);
    const model::Observed observed = kernel.observe().value();
    for (const model::ObservedLink& link : observed.links) {
      if (link.owner == model::Owner::vtid && dice.chance(30))
        kernel.set_master(link.name, dice.chance(50) ? red : net::IfName{});
    }
  }
  std::vector<model::ObservedLink> foreign_links() {
    auto links = kernel.observe()->links;
    std::erase_if(links, [](const model::ObservedLink& link) { return link.owner == model::Owner::vtid; });
    return links;
  }
  // Everything but the numbers of this boot.
  model::Observed picture() {
    model::Observed observed = kernel.observe().value();
    for (auto& link : observed.links) link.index = {};
    for (auto& address : observed.addresses) address.index = {};
    return observed;
  }

  Dice dice;
  test::TroubledKernel kernel;
  model::Config file;
  Numbers numbers;
  model::GatewaySelection selection;
};

TEST(RandomWorlds, ConvergeAndStayConverged) {
  for_each_seed(150, [](std::uint64_t seed) {
    World world(seed);
    for (int edit = 0; edit < 5; ++edit) {
      world.use(random_file(world.dice));
      ASSERT_TRUE(world.converge());
      if (world.dice.chance(50)) world.stir();
      ASSERT_TRUE(world.converge());
      const std::size_t writes = world.kernel.writes();
      ASSERT_TRUE(world.converge());
      EXPECT_EQ(world.kernel.writes(), writes);
    }
  });
}

TEST(RandomWorlds, LeaveForeignThingsAlone) {
  for_each_seed(150, [](std::uint64_t seed) {
    World world(seed);
    const auto before = world.foreign_links();
    for (int edit = 0; edit < 5; ++edit) {
      world.use(random_file(world.dice));
      (void)world.converge();
    }
    EXPECT_EQ(world.foreign_links(), before);
  });
}

TEST(RandomWorlds, ConvergeAfterFailuresAtAnyStep) {
  for_each_seed(60, [](std::uint64_t seed) {
    World world(seed);
    world.use(random_file(world.dice));
    const std::size_t steps = world.plan().ops.size();
    for (std::size_t step = 0; step < steps; ++step) {
      World broken(seed);
      broken.use(world.file);
      broken.kernel.fail_apply(step, 12);
      EXPECT_TRUE(broken.converge());
      EXPECT_EQ(broken.picture(), [&] {
        World whole(seed);
        whole.use(world.file);
        (void)whole.converge();
        return whole.picture();
      }());
    }
  });
}

TEST(RandomWorlds, EndWhereTheLastFileAloneWouldEnd) {
  for_each_seed(150, [](std::uint64_t seed) {
    World edited(seed);
    for (int edit = 0; edit < 5; ++edit) {
      edited.use(random_file(edited.dice));
      (void)edited.converge();
    }
    World direct(seed);
    direct.numbers = edited.numbers;  // units outlive edits by design
    direct.use(edited.file);
    (void)direct.converge();
    EXPECT_EQ(edited.picture(), direct.picture());
  });
}

TEST(RandomWorlds, KeepTheInterfaceOfATunnelWhoseEntryStays) {
  for_each_seed(150, [](std::uint64_t seed) {
    World world(seed);
    world.use(random_file(world.dice));
    (void)world.converge();
    for (int edit = 0; edit < 5; ++edit) {
      const model::Config before = world.file;
      const model::Observed old = world.kernel.observe().value();
      world.use(random_file(world.dice));
      (void)world.converge();
      for (const model::Tunnel& tunnel : world.file.tunnels) {
        const model::Tunnel* same = before.tunnel(tunnel.name);
        if (same == nullptr || *same != tunnel || !tunnel.enabled) continue;
        for (const model::ChildConfig& config : model::child_configs(tunnel)) {
          if (config.mode != model::ChildMode::vti) continue;
          const net::IfName device = net::IfName::of(world.numbers.at(config.holder));
          if (old.link(device) == nullptr) continue;
          EXPECT_EQ(world.kernel.observe()->link(device)->index, old.link(device)->index);
        }
      }
    }
  });
}

TEST(RandomWorlds, PlanInAValidOrderAndTheSameBytesTwice) {
  for_each_seed(150, [](std::uint64_t seed) {
    World world(seed);
    world.use(random_file(world.dice));
    (void)world.converge();
    world.use(random_file(world.dice));
    const model::Plan plan = world.plan();
    EXPECT_TRUE(std::ranges::is_sorted(plan.ops, {}, [](const model::Op& op) { return phase_of(op.change); }));
    EXPECT_EQ(plan, world.plan());
  });
}

}  // namespace
}  // namespace vtid::reconcile
