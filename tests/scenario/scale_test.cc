// What a step costs with 2,000 tunnels, counted and not timed: it follows what changed. And what has been kept over any history
// equals what is derived from nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>

#include "control/dispatch.h"
#include "property/seeds.h"
#include "reconcile/derive.h"
#include "reconcile/plan.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

constexpr int kMany = 2'000;
constexpr std::size_t kFew = 20;  // visits that one tunnel's news may cost, whatever the number of tunnels

std::string many_with_gateways(int count) {
  std::string tunnels, interfaces, routes;
  for (int n = 1; n <= count; ++n) {
    const std::string comma = n == 1 ? "" : ", ";
    tunnels += fmt::format(
        R"({}"t{}": {{ "ike": {{ "local": {{ "address": "192.0.2.1", "id": "here" }}, )"
        R"("remote": {{ "address": "198.18.{}.{}", "id": "there{}" }}, "auth": {{ "psk": {{ "text": "only-a-test" }} }} }}, )"
        R"("children": {{ "v4": {{ "local": "10.{}.{}.1/30", "remote": "10.{}.{}.2", "proposals": ["aes128gcm16-ecp256"] }} }} }})",
        comma, n, n / 250, n % 250 + 1, n, 100 + n / 250, n % 250, 100 + n / 250, n % 250);
    interfaces += fmt::format(R"({}"I{}": {{ "tunnel": "t{}" }})", comma, n, n);
    routes += fmt::format(R"({}{{ "to": "172.{}.{}.0/24", "via": "I{}_VTIV4" }})", comma, 16 + n / 250, n % 250, n);
  }
  return fmt::format(R"({{ "tunnels": {{ {} }}, "interfaces": {{ {} }}, "routes": [ {} ] }})", tunnels, interfaces, routes);
}

// All are up; the counters of work and of writes are read again.
class TwoThousand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    stage = std::make_unique<Stage>(many_with_gateways(kMany));
    stage->kernel.shared_with_charon = false;  // what charon puts there is not the matter, and would take the time
    stage->store = daemon::make_memory_store([](std::string_view) {
      ++saves;
      return Result<void>{};
    });
    stage->start_vtid();
    stage->run(Duration{40'000});
    came_up = stage->engine->work();
  }
  static void TearDownTestSuite() { stage.reset(); }

  TwoThousand() {
    EXPECT_EQ(stage->charon.children.size(), static_cast<std::size_t>(kMany));
    stage->settle();
    before = stage->engine->work();
    writes = stage->kernel.writes();
  }
  [[nodiscard]] std::size_t visits() const { return stage->engine->work().visited - before.visited; }
  [[nodiscard]] std::size_t plans() const { return stage->engine->work().planned - before.planned; }
  [[nodiscard]] std::size_t derivations() const { return stage->engine->work().derived - before.derived; }
  [[nodiscard]] std::size_t compared() const { return stage->engine->work().compared - before.compared; }
  [[nodiscard]] std::size_t written() const { return stage->kernel.writes() - writes; }
  static std::uint32_t some_child() { return std::next(stage->charon.children.begin(), kMany / 2)->first; }

  [[nodiscard]] std::size_t parts() const { return stage->engine->work().parts - before.parts; }
  [[nodiscard]] std::size_t statuses() const { return stage->engine->work().statuses - before.statuses; }
  // As a session does it: the answer's line.
  static std::string ask(const std::string& method, const std::string& parameters) {
    const std::string line = fmt::format(R"({{"jsonrpc": "2.0", "id": 1, "method": "{}", "params": {}}})", method, parameters);
    const auto now = [] { return stage->engine->view(); };
    const auto action = std::get<control::Execute>(control::dispatch(line, control::Access::view, now));
    (void)stage->command(action.command, Duration{0});
    return action.reply(model::Answer{}, now());
  }

  static inline std::unique_ptr<Stage> stage;
  static inline daemon::Engine::Work came_up;
  static inline std::size_t saves = 0;
  daemon::Engine::Work before;
  std::size_t writes = 0;
};

// Each tunnel is derived with the file, with its link and with its SAs; that another one comes up is nothing to it.
TEST_F(TwoThousand, ComingUpDerivesEachAFewTimesAndPlansWhatIsWantedAnew) {
  EXPECT_GE(came_up.parts, static_cast<std::size_t>(kMany));
  EXPECT_LE(came_up.parts, 4U * kMany);
  EXPECT_LE(came_up.planned, kFew);
  EXPECT_LE(came_up.compared,
            12U * kMany);  // with the file and what the kernel then has all of them, and each when it comes up
}

TEST_F(TwoThousand, WhatIsLoadedIsNotRecordedForEach) { EXPECT_LE(saves, 2 * kFew); }

TEST_F(TwoThousand, ShowAndExplainMakeTheStatusOfOne) {
  EXPECT_THAT(ask("show", R"({"kind": "tunnels", "name": "t1000"})"), testing::HasSubstr(R"("state":"up")"));
  EXPECT_EQ(statuses(), 1U);
  EXPECT_THAT(ask("explain", R"({"name": "t1000"})"), testing::HasSubstr("INSTALLED"));
  EXPECT_EQ(statuses(), 2U);
  EXPECT_THAT(ask("explain", R"({"name": "172.20.0.0/24"})"), testing::HasSubstr("installed"));
  EXPECT_EQ(statuses(), 3U);
}

TEST_F(TwoThousand, AStatusMakesEachOnce) {
  EXPECT_THAT(ask("status", "{}"), testing::HasSubstr(R"("converged":true)"));
  EXPECT_EQ(statuses(), static_cast<std::size_t>(kMany));
}

TEST_F(TwoThousand, AGatewayThatNoRouteFollowsDerivesNothing) {
  stage->gateway_is("I1000_VTIV4", model::GatewayState::down);
  stage->settle();
  stage->gateway_is("I1000_VTIV4", model::GatewayState::online);
  stage->settle();
  EXPECT_EQ(derivations(), 0U);
  EXPECT_EQ(plans(), 0U);
}

TEST_F(TwoThousand, ATunnelThatFallsSilentIsVisitedAlone) {
  const std::size_t visited = stage->engine->work().visited;
  stage->gateway_falls_silent("I1000_VTIV4");
  stage->settle();
  stage->gateway_falls_silent("I1000_VTIV4", false);
  stage->settle();
  EXPECT_LE(stage->engine->work().visited - visited, 4U);
  EXPECT_EQ(derivations(), 0U);
  EXPECT_EQ(plans(), 0U);
}

TEST_F(TwoThousand, AnMtuThatIsNegotiatedAnewDerivesOneAndWritesOne) {
  const std::uint32_t id = some_child();
  stage->charon.move(stage->charon.children.at(id).ike_id, address("2001:db8::1"));
  stage->run(Duration{5'000});
  EXPECT_LE(parts(), 3U);
  EXPECT_LE(written(), 3U);
}

TEST_F(TwoThousand, NothingIsVisitedOrPlannedWhenNothingChanges) {
  stage->run(Duration{30'000});
  EXPECT_EQ(stage->engine->work(), before);
}

TEST_F(TwoThousand, ARekeyOfOneVisitsOneAndPlansNothing) {
  const std::uint32_t old = some_child();
  stage->charon.rekey_child(old);
  stage->charon.children.erase(old);
  stage->run(Duration{5'000});
  EXPECT_GE(visits(), 1U);
  EXPECT_LE(visits(), kFew);
  EXPECT_EQ(plans(), 0U);
  EXPECT_EQ(written(), 0U);
}

TEST_F(TwoThousand, ARekeyOfAllVisitsEachAFewTimesAndPlansNothing) {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, child] : stage->charon.children) ids.push_back(id);
  for (const std::uint32_t id : ids) {
    stage->charon.rekey_child(id);
    stage->charon.children.erase(id);
  }
  stage->run(Duration{5'000});
  EXPECT_GE(visits(), static_cast<std::size_t>(kMany));
  EXPECT_LE(visits(), 4U * kMany);
  EXPECT_EQ(plans(), 0U);
  EXPECT_EQ(written(), 0U);
}

TEST_F(TwoThousand, OneThatGoesAndComesBackIsVisitedAlone) {
  stage->charon.take_down(stage->charon.children.at(some_child()).ike_id);
  stage->run(Duration{10'000});
  EXPECT_EQ(stage->charon.children.size(), static_cast<std::size_t>(kMany));
  EXPECT_LE(visits(), 2 * kFew);
  EXPECT_LE(derivations(), 4U);
  EXPECT_LE(parts(), 4U);
  EXPECT_LE(compared(), 4U);
  EXPECT_EQ(plans(), 0U);
  EXPECT_EQ(written(), 0U);
}

TEST_F(TwoThousand, AReloadWithoutChangeMakesNothingAnewAndWritesNothing) {
  (void)stage->command(model::Reload{});
  EXPECT_EQ(visits(), 0U);
  EXPECT_EQ(derivations(), 0U);
  EXPECT_EQ(compared(), 0U);
  EXPECT_LE(plans(), 2U);
  EXPECT_EQ(written(), 0U);
}

TEST_F(TwoThousand, AFileWithOneChangeMakesOneConnectionAndWritesOneLink) {
  const auto replace = [](std::string_view from, std::string_view to) {
    stage->file.replace(stage->file.find(from), from.size(), to);
    (void)stage->command(model::Reload{});
    stage->settle();
  };
  replace(R"("I1000": { "tunnel": "t1000" })", R"("I1000": { "tunnel": "t1000", "mtu": 1300 })");
  EXPECT_EQ(stage->engine->work().connections - before.connections, 0U);
  EXPECT_GE(written(), 1U);
  EXPECT_LE(written(), 2U);
  replace(R"("t1000": { "ike")", R"("t1000": { "description": "moved", "ike")");
  EXPECT_EQ(stage->engine->work().connections - before.connections, 1U);
  EXPECT_LE(written(), 2U);
  EXPECT_EQ(visits(), 0U);
}

// ---- the same bytes as from nothing -----------------------------------------------------------------------------------

reconcile::Derived from_nothing(const model::Snapshot& snapshot, const model::Capabilities& system) {
  const reconcile::SpiScope scope{reconcile::units_with_own_policies(*snapshot.config, snapshot.numbers, system),
                                  reconcile::may_have_orphans(snapshot.observed, snapshot.sas, system)};
  const auto facts = reconcile::facts_of(snapshot.sas, model::SaIndex(snapshot.sas), scope);
  return reconcile::derive(*snapshot.config, snapshot.numbers, facts, snapshot.selection,
                           reconcile::read_host(snapshot.observed), system);
}

void disturb(Stage& stage, Dice& dice) {
  auto& children = stage.charon.children;
  const auto some = [&] { return std::next(children.begin(), dice.below(static_cast<int>(children.size()))); };
  switch (children.empty() ? 5 : dice.below(8)) {
    case 0: (void)stage.charon.rekey_child(some()->first); break;
    case 1: (void)stage.charon.rekey_ike(some()->second.ike_id); break;
    case 2: stage.charon.take_down(some()->second.ike_id); break;
    case 3: stage.charon.move(some()->second.ike_id, address(dice.chance(50) ? "192.0.2.1" : "192.0.2.9")); break;
    case 4: stage.gateway_is("I1_VTIV4", dice.chance(50) ? model::GatewayState::down : model::GatewayState::online); break;
    case 5: stage.kernel.delete_link(net::IfName::of({static_cast<std::uint32_t>(dice.below(4) + 1)})); break;
    case 6:
      stage.file = many_with_gateways(dice.below(4) + 1);
      (void)stage.command(model::Reload{});
      break;
    case 7:
      stage.stop_charon();
      stage.run(Duration{dice.below(3'000)});
      stage.start_charon("Nov 25 08:00:0" + std::to_string(dice.below(10)) + " 2026");
      break;
  }
}

TEST(AnyHistory, EndsInWhatIsDerivedAndPlannedFromNothing) {
  for_each_seed(30, [](std::uint64_t seed) {
    Dice dice(seed);
    Stage stage(many_with_gateways(4));
    stage.start_vtid();
    stage.settle();
    for (int n = 0; n < 12; ++n) {
      disturb(stage, dice);
      stage.run(Duration{dice.below(2'000)});
      if (dice.chance(50)) continue;
      stage.settle();
      const auto snapshot = stage.snapshot();
      const reconcile::Derived fresh = from_nothing(*snapshot, stage.kernel.capabilities());
      ASSERT_EQ(snapshot->desired, fresh.desired);
      ASSERT_EQ(snapshot->plan.ops, reconcile::make_plan(fresh.desired, snapshot->observed, stage.kernel.capabilities(),
                                                         reconcile::Removal::allowed)
                                        .ops);
    }
  });
}

}  // namespace
}  // namespace vtid::test
