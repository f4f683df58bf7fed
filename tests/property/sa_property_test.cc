// What is kept up to date with charon's SAs equals what is made of them from nothing, after any history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/supervisor.h"
#include "property/seeds.h"
#include "reconcile/derive.h"
#include "reconcile/sa_facts.h"
#include "support/worlds.h"
#include "vici/sa_view.h"

namespace vtid {
namespace {

using model::ChildState;
using model::IkeState;
using test::Dice;
using test::for_each_seed;

constexpr int kTunnels = 6;  // "t1" to "t6"; the last two have policies of vtid's
constexpr int kEvents = 60;

std::string name_of(int tunnel) { return "t" + std::to_string(tunnel); }

// A charon that does anything at any time, and the view that listens to it.
class History {
 public:
  explicit History(Dice& dice) : dice_(dice) { view.adopt({}, "charon 1", "5.9.8", now); }

  void happen() {
    switch (dice_.below(9)) {
      case 0: view.apply(vici::IkeUpdown{dice_.chance(70), some_ike()}); break;
      case 1: rekey_ike(); break;
      case 2: view.apply(vici::IkeMoved{some_ike()}); break;
      case 3:
      case 4: come_or_go(dice_.chance(75)); break;
      case 5:
      case 6: rekey_child(); break;
      case 7: read(); break;
      case 8: fall_silent_or_return(); break;
    }
  }

  vici::SaView view;
  Now now{TimePoint{Duration{1'000'000}}, WallTime{std::chrono::seconds{1'795'500'000}}};

 private:
  model::IkeSa some_ike() {
    model::IkeSa ike;
    ike.id = static_cast<std::uint32_t>(dice_.below(12) + 1);
    const int tunnel = static_cast<int>(ike.id - 1) % kTunnels + 1;
    ike.name = name_of(dice_.chance(95) ? tunnel : 1);
    ike.state = dice_.chance(80) ? IkeState::established : IkeState::connecting;
    ike.initiator = dice_.chance(60);
    ike.peer_answered = ike.state == IkeState::established || dice_.chance(50);
    ike.local = test::address("192.0.2." + std::to_string(dice_.below(2) + 1));
    ike.remote = test::address("198.51.100." + std::to_string(dice_.below(3) + 1));
    return ike;
  }
  model::ChildSa some_child(const model::IkeSa& ike) {
    model::ChildSa child;
    child.id = static_cast<std::uint32_t>(dice_.below(24) + 1);
    child.ike_id = ike.id;
    child.name = ike.name;
    const auto unit = static_cast<std::uint32_t>(std::stoi(ike.name.substr(1)));
    if (dice_.chance(90)) child.reqid = net::reqid_of({unit});
    if (dice_.chance(80)) child.if_id_in = child.if_id_out = net::if_id_of({unit});
    child.state = dice_.chance(85) ? ChildState::installed : ChildState::installing;
    child.protocol = "ESP";
    child.spi_in = child.id * 2 + static_cast<std::uint32_t>(dice_.below(2)) * 1'000;
    child.spi_out = child.spi_in + 1;
    child.udp_encapsulation = dice_.chance(10);
    child.algorithms = {dice_.chance(80) ? "AES_GCM_16" : "AES_CBC", 128, "HMAC_SHA2_256_128", ""};
    return child;
  }
  void come_or_go(bool up) {
    const model::IkeSa ike = some_ike();
    view.apply(vici::ChildUpdown{up, {ike, {some_child(ike)}}});
  }
  void rekey_ike() {
    model::IkeSa before = some_ike(), after = before;
    after.id = static_cast<std::uint32_t>(dice_.below(12) + 1);
    view.apply(vici::IkeRekeyed{before, after});
  }
  void rekey_child() {
    const auto& children = view.table().children;
    if (children.empty()) return;
    const auto place = std::next(children.begin(), dice_.below(static_cast<int>(children.size())));
    model::ChildSa before = place->second;
    const auto ike = view.table().ikes.find(before.ike_id);
    if (ike == view.table().ikes.end()) return;
    model::ChildSa after = before;
    after.id = static_cast<std::uint32_t>(dice_.below(24) + 1);
    after.spi_in += 10'000;
    after.spi_out += 10'000;
    view.apply(vici::ChildRekeyed{ike->second, before, after});
  }
  void read() {
    const auto name = dice_.chance(50) ? std::optional<std::string>() : name_of(dice_.below(kTunnels) + 1);
    view.begin_reading(name);
    for (int n = dice_.below(4); n > 0; --n) {
      model::IkeSa ike = some_ike();
      if (name && ike.name != *name) continue;
      view.read({ike, {some_child(ike)}});
    }
    (void)view.end_reading(dice_.chance(60));
  }
  void fall_silent_or_return() {
    now.wall += std::chrono::seconds{dice_.below(40) - 10};
    if (view.table().connected) {
      if (dice_.chance(70)) return view.follow_clock(now);
      return view.disconnect(now.wall);
    }
    vici::SaView fresh;
    const model::IkeSa ike = some_ike();
    fresh.apply(vici::ChildUpdown{true, {ike, {some_child(ike)}}});
    (void)view.adopt(std::move(fresh), dice_.chance(50) ? "charon 1" : "charon 2", "5.9.8", now);
  }

  Dice& dice_;
};

template <class Pointers>
auto ids(const Pointers& pointers) {
  std::vector<std::uint32_t> found;
  for (const auto* item : pointers) found.push_back(item->id);
  return found;
}

TEST(RandomHistories, TheIndexIsThatOfTheTable) {
  for_each_seed(100, [](std::uint64_t seed) {
    Dice dice(seed);
    History history(dice);
    for (int n = 0; n < kEvents; ++n) {
      history.happen();
      const model::SaIndex &kept = history.view.index(), fresh(history.view.table());
      for (int tunnel = 0; tunnel <= kTunnels; ++tunnel) {
        const net::Unit unit{static_cast<std::uint32_t>(tunnel)};
        const std::string name = name_of(tunnel);
        ASSERT_EQ(ids(kept.of(unit)), ids(fresh.of(unit)));
        ASSERT_EQ(ids(kept.called(name)), ids(fresh.called(name)));
        ASSERT_EQ(ids(kept.connection(name)), ids(fresh.connection(name)));
        ASSERT_EQ(ids(kept.named(name, name)), ids(fresh.named(name, name)));
      }
      for (std::uint32_t id = 0; id <= 13; ++id) ASSERT_EQ(ids(kept.under(id)), ids(fresh.under(id)));
    }
  });
}

// What is refreshed where the view says that it changed, and nowhere else.
TEST(RandomHistories, TheFactsKeptAreThoseOfTheTable) {
  for_each_seed(150, [](std::uint64_t seed) {
    Dice dice(seed);
    History history(dice);
    const reconcile::SpiScope scope{{{5}, {6}}, dice.chance(30)};
    const auto whole = [&] { return reconcile::facts_of(history.view.table(), history.view.index(), scope); };
    reconcile::SaFacts kept = whole();
    (void)history.view.take_changes();
    for (int n = 0; n < kEvents; ++n) {
      history.happen();
      const model::SaChanges changes = history.view.take_changes();
      const reconcile::SaFacts before = kept;
      bool told = changes.everywhere;
      if (changes.everywhere) kept = whole();
      for (const net::Unit unit : changes.units)
        told |= reconcile::refresh(kept, unit, history.view.table(), history.view.index(), scope);
      ASSERT_EQ(kept, whole());
      if (!told) {
        ASSERT_EQ(kept, before);
      }
    }
  });
}

model::Config six_tunnels() {
  model::Config config;
  for (int n = 1; n <= kTunnels; ++n) {
    config.tunnels.push_back(test::tunnel(name_of(n), n));
    if (n > 4) config.tunnels.back().children[0].policies = model::PolicyOwner::vtid;
  }
  return config;
}

// Tables that differ in what no fact tells: ids, SPIs of charon's policies, names, times, identities.
TEST(RandomHistories, EqualFactsEqualDesired) {
  const model::Config config = six_tunnels();
  const auto numbers = reconcile::allocate(config, {}).value();
  const reconcile::SpiScope scope{reconcile::units_with_own_policies(config, numbers, {}), false};
  int equal = 0;
  for_each_seed(100, [&](std::uint64_t seed) {
    Dice dice(seed);
    History history(dice);
    std::optional<reconcile::SaFacts> facts;
    std::optional<reconcile::Derived> derived;
    for (int n = 0; n < kEvents; ++n) {
      history.happen();
      const auto now = reconcile::facts_of(history.view.table(), history.view.index(), scope);
      auto fresh = reconcile::derive(config, numbers, now, {}, {}, {});
      if (facts == now) {
        ++equal;
        ASSERT_EQ(*derived, fresh);
      }
      facts = now;
      derived = std::move(fresh);
    }
  });
  EXPECT_GT(equal, 100);
}

}  // namespace

namespace daemon {
namespace {

std::vector<DesiredChildSa> some_desired(Dice& dice) {
  std::vector<DesiredChildSa> all_desired;
  for (int n = 1; n <= kTunnels; ++n) {
    if (dice.chance(10)) continue;
    DesiredChildSa desired;
    desired.tunnel = desired.name = desired.ike = desired.child = name_of(n);
    desired.unit = net::Unit{static_cast<std::uint32_t>(n)};
    desired.peer = "198.51.100.1";
    desired.identity = dice.chance(85) ? "the same" : "another";
    desired.enabled = dice.chance(90);
    desired.callable = dice.chance(80);
    desired.external = n == 4 && dice.chance(50);
    if (n == 2 && dice.chance(50)) desired.initial_delay = Duration{1'500};
    if (n == 3 && dice.chance(70)) desired.start = dice.chance(50) ? model::Start::trap : model::Start::none;
    all_desired.push_back(desired);
    if (n != 1 || dice.chance(30)) continue;
    desired.name += "/lan";
    desired.child = "lan";
    desired.unit.reset();
    all_desired.push_back(desired);
  }
  return all_desired;
}

// Two supervisors to whom the same happens: one visits who changed or is due, the other everybody at each step.
class Twins {
 public:
  explicit Twins(std::uint64_t seed) : dice(seed), history(dice) {
    const auto all_desired = some_desired(dice);
    for (Supervisor* twin : both) twin->supervise(all_desired, now);
  }

  void happen() {
    now.steady += Duration{dice.chance(50) ? 0 : dice.below(dice.chance(80) ? 700 : 20'000)};
    if (dice.chance(40) && economical.next_deadline()) now.steady = std::max(now.steady, *economical.next_deadline());
    now.wall += std::chrono::seconds{dice.below(2)};
    if (dice.chance(50)) history.happen();
    if (dice.chance(30)) say_something();
  }

  void step() {
    model::SaChanges changes = history.view.take_changes();
    const auto& view = history.view;
    const auto asked = economical.step(view.table(), view.index(), changes, now);
    changes.everywhere = true;
    ASSERT_EQ(asked, thorough.step(view.table(), view.index(), changes, now));
    for (const Ask& ask : asked) answer_perhaps(ask);
    compare();
  }

 private:
  void compare() {
    for (int n = 1; n <= kTunnels; ++n) {
      for (const std::string& name : {name_of(n), name_of(n) + "/lan"}) {
        const TunnelView *one = economical.view(name), *other = thorough.view(name);
        ASSERT_EQ(one == nullptr, other == nullptr) << name;
        if (one != nullptr) {
          ASSERT_EQ(*one, *other) << name << ": " << one->reason << " / " << other->reason;
        }
        ASSERT_EQ(economical.is_gone(name), thorough.is_gone(name)) << name;
      }
      ASSERT_EQ(economical.missing(name_of(n)), thorough.missing(name_of(n)));
    }
    ASSERT_EQ(economical.next_deadline(), thorough.next_deadline());
    ASSERT_EQ(economical.kernel_look(), thorough.kernel_look());
    ASSERT_EQ(economical.leans_on_the_kernel(), thorough.leans_on_the_kernel());
    ASSERT_EQ(economical.take_changed(), thorough.take_changed());
    ASSERT_EQ(economical.take_unanswered(), thorough.take_unanswered());
  }

  void answer_perhaps(const Ask& ask) {
    if (const auto* initiate = std::get_if<AskInitiate>(&ask); initiate != nullptr && dice.chance(85)) {
      const Result<void> outcome = dice.chance(80) ? Result<void>{} : fail("charon is busy");
      for (Supervisor* twin : both) twin->on_initiated(initiate->desired, outcome, now);
    }
    if (const auto* look = std::get_if<AskLook>(&ask); look != nullptr && dice.chance(85)) {
      for (Supervisor* twin : both) twin->on_looked(look->desired);
    }
  }

  void say_something() {
    const std::string name = name_of(dice.below(kTunnels) + 1);
    switch (dice.below(6)) {
      case 0:
        for (Supervisor* twin : both) twin->hold_down(name);
        break;
      case 1:
        for (Supervisor* twin : both) twin->bring_up(name, now);
        break;
      case 2: {
        const bool standby = dice.chance(30);
        for (Supervisor* twin : both) twin->stand_by(standby, now);
        break;
      }
      case 3: {
        const auto all_desired = some_desired(dice);
        for (Supervisor* twin : both) twin->supervise(all_desired, now);
        break;
      }
      case 4: {
        std::optional<ResolvedPeer> resolved_peer;
        if (dice.chance(70)) resolved_peer = ResolvedPeer{"vpn.example.org", {}, dice.chance(50) ? "not found" : "", ""};
        if (resolved_peer && dice.chance(60))
          resolved_peer->addresses = {test::address("198.51.100." + std::to_string(dice.below(4) + 1))};
        for (Supervisor* twin : both) twin->locate(name, resolved_peer, now);
        break;
      }
      case 5: look_at_kernel(); break;
    }
  }

  void look_at_kernel() {
    model::Observed kernel;
    for (const auto& [id, child] : history.view.table().children) {
      if (dice.chance(80))
        kernel.charons_sas.push_back({test::address("198.51.100.1"), child.spi_in, test::address("192.0.2.1"), child.reqid});
      if (dice.chance(80))
        kernel.charons_sas.push_back({test::address("192.0.2.1"), child.spi_out, test::address("198.51.100.1"), child.reqid});
    }
    std::ranges::sort(kernel.charons_sas);
    const auto& view = history.view;
    for (Supervisor* twin : both)
      twin->on_kernel(view.table(), view.index(), reconcile::KernelSide(kernel, view.table(), {}), now);
  }

 public:
  Dice dice;
  History history;
  Now& now = history.now;
  std::uint32_t first_random = 0, second_random = 0;
  Supervisor economical{[this] { return first_random += 0x9e3779b9; }};
  Supervisor thorough{[this] { return second_random += 0x9e3779b9; }};
  const std::array<Supervisor*, 2> both{&economical, &thorough};
};

TEST(RandomHistories, WhoDidNotChangeAndIsNotDueNeedsNoVisit) {
  std::size_t saved = 0;
  for_each_seed(400, [&](std::uint64_t seed) {
    Twins twins(seed);
    for (int n = 0; n < 2 * kEvents && !testing::Test::HasFailure(); ++n) {
      twins.happen();
      SCOPED_TRACE("step " + std::to_string(n));
      twins.step();
    }
    saved += twins.thorough.visited() - twins.economical.visited();
  });
  EXPECT_GT(saved, 10'000U);
}

}  // namespace
}  // namespace daemon
}  // namespace vtid
