#include "daemon/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/troubled_kernel.h"
#include "support/worlds.h"

namespace vtid::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

model::Op create(std::uint32_t unit) {
  model::Link link;
  link.name = net::IfName::of({unit});
  link.if_id = {unit};
  return {model::CreateLink{link}, "link " + link.name.text(), "not there", "tunnels/t"};
}

model::Op address(std::uint32_t unit) {
  const model::InterfaceAddress value{net::IfName::of({unit}), test::prefix("10.6.106.1/30"), {}};
  return {model::AddAddress{value}, "address 10.6.106.1/30", "not there", "tunnels/t/children/v4"};
}

model::Op rule_to(net::TableId table) {
  model::Rule rule;
  rule.table = table;
  return {model::AddRule{rule}, "rule", "not there", "policy_routes/0"};
}

class Executing : public testing::Test {
 protected:
  void run() {
    while (executor.busy()) (void)executor.step(now, 512);
  }
  test::TroubledKernel kernel;
  Executor executor{kernel};
  TimePoint now{Duration{1'000'000}};
};

TEST_F(Executing, AppliesAPlanInItsOrder) {
  executor.accept({{create(1), address(1)}, {}}, now);
  run();
  EXPECT_THAT(executor.failed(), IsEmpty());
  EXPECT_EQ(kernel.observe()->link(net::IfName::of({1}))->if_id, net::IfId{1});
}

TEST_F(Executing, GoesOnAfterAFailureAndShowsIt) {
  kernel.fail_apply(0, EPERM);
  executor.accept({{create(1), create(2)}, {}}, now);
  run();
  EXPECT_NE(kernel.observe()->link(net::IfName::of({2})), nullptr);
  EXPECT_EQ(executor.problems().at(0).object, "tunnels/t");
  EXPECT_THAT(executor.problems().at(0).text, testing::HasSubstr("ipsec1"));
}

TEST_F(Executing, WaitsBeforeItTriesAFailedObjectAgain) {
  kernel.fail_apply(0, EPERM);
  const model::Plan plan{{create(1)}, {}};
  executor.accept(plan, now);
  run();
  executor.accept(plan, now + Duration{499});
  EXPECT_FALSE(executor.busy());
  executor.accept(plan, now + Duration{500});
  run();
  EXPECT_THAT(executor.failed(), IsEmpty());
}

TEST_F(Executing, TriesWhatShutsAWayWithinASecondForEver) {
  model::Route route;
  route.to = test::prefix("10.20.0.0/16");
  route.target = model::Blackhole{};
  model::Rule rule;
  rule.table = {118'500'001};
  model::FilterSet filter;
  filter.filters = true;
  const model::Plan plan{{{model::SetFilter{filter}, "filter", "", ""},
                          {model::SetRoute{route, false}, "route 10.20.0.0/16", "", ""},
                          {model::AddRule{rule}, "rule", "", ""},
                          {model::DeleteLink{net::IfName::of({9})}, "link ipsec9", "", ""}},
                         {}};
  for (int attempt = 0; attempt < 50; ++attempt) {
    SCOPED_TRACE(attempt);
    for (std::size_t op = 0; op < plan.ops.size(); ++op) kernel.fail_apply(op, EPERM);
    executor.accept(plan, now);
    std::size_t tried = 0;
    while (executor.busy()) tried += executor.step(now, 1'023).size();
    EXPECT_EQ(tried, plan.ops.size());
    EXPECT_EQ(executor.failed().size(), plan.ops.size());
    now += Duration{1'000};
  }
}

TEST_F(Executing, TriesOtherThingsAtGrowingDistances) {
  const model::Plan plan{{create(1)}, {}};
  int tried = 0;
  for (int second = 0; second < 300; ++second) {
    kernel.fail_apply(0, EPERM);
    executor.accept(plan, now);
    while (executor.busy()) tried += static_cast<int>(executor.step(now, 512).size());
    now += Duration{1'000};
  }
  EXPECT_LE(tried, 20);
}

TEST_F(Executing, TriesAtOnceWhatSomebodyHasTouchedButOnceASecondAtMost) {
  const model::Plan plan{{create(1)}, {}};
  const auto fail_once = [&] {
    kernel.fail_apply(0, EEXIST);
    executor.accept(plan, now);
    run();
  };
  for (int i = 0; i < 10; ++i, now += Duration{31'000}) fail_once();
  fail_once();
  model::Observed before;
  model::Observed after;
  after.links.emplace_back().name = net::IfName::of({2});
  executor.on_seen(before, after, now);  // another's business
  executor.accept(plan, now);
  EXPECT_FALSE(executor.busy());
  after.links.emplace_back().name = net::IfName::of({1});
  executor.on_seen(before, after, now);
  executor.accept(plan, now);
  EXPECT_TRUE(executor.busy());
  fail_once();
  executor.on_seen(after, before, now + Duration{300});
  executor.accept(plan, now + Duration{300});
  EXPECT_FALSE(executor.busy());
}

TEST_F(Executing, TriesAtOnceWhenWhatIsWantedChanged) {
  kernel.fail_apply(0, EPERM);
  executor.accept({{create(1)}, {}}, now);
  run();
  auto other = create(1);
  std::get<model::CreateLink>(other.change).link.mtu = 1380;
  executor.accept({{other}, {}}, now);
  EXPECT_TRUE(executor.busy());
}

TEST_F(Executing, PutsNothingOnALinkThatCouldNotBeMade) {
  kernel.fail_apply(0, EPERM);
  const model::Plan plan{{create(1), address(1)}, {}};
  executor.accept(plan, now);
  run();
  EXPECT_EQ(executor.problems().size(), 1U);  // the address's failure is a consequence
  executor.accept(plan, now + Duration{499});
  EXPECT_FALSE(executor.busy());
}

TEST_F(Executing, ForgetsAFailureThatNobodyWantsAnyMore) {
  kernel.fail_apply(0, EPERM);
  executor.accept({{create(1)}, {}}, now);
  run();
  executor.accept({}, now);
  EXPECT_THAT(executor.failed(), IsEmpty());
}

TEST_F(Executing, ALinkThatCameBackByItselfIsNotHeldUpByItsFailedCreation) {
  kernel.fail_apply(0, EEXIST);
  executor.accept({{create(1), address(1)}, {}}, now);
  run();
  const std::vector<model::Op> elsewhere{create(1)};
  (void)platform::apply_all(kernel, elsewhere);  // moved back from another namespace, say
  model::Link link = std::get<model::CreateLink>(create(1).change).link;
  link.mtu = 1380;
  executor.accept({{{model::ChangeLink{link}, "link ipsec1", "mtu", "tunnels/t"}, address(1)}, {}}, now);
  run();
  EXPECT_THAT(executor.failed(), IsEmpty());
  EXPECT_EQ(kernel.observe()->link(link.name)->mtu, 1380U);
  EXPECT_EQ(kernel.observe()->addresses.front().device, link.name);
}

TEST_F(Executing, LinksWaitForTheFilterThatHasToKeepSomethingOut) {
  model::FilterSet closed;
  closed.filters = true;
  const model::Op filter{model::SetFilter{closed}, "filter", "not there", "filter"};
  kernel.fail_apply(0, EPERM);
  executor.accept({{filter, create(1), address(1)}, {}}, now);
  run();
  EXPECT_EQ(kernel.observe()->link(net::IfName::of({1})), nullptr);
  EXPECT_EQ(executor.failed().size(), 1U);
  executor.accept({{filter, create(1), address(1)}, {}}, now);  // its time has not come
  run();
  EXPECT_EQ(kernel.observe()->link(net::IfName::of({1})), nullptr);
  executor.accept({{filter, create(1), address(1)}, {}}, now + Duration{60'000});
  while (executor.busy()) (void)executor.step(now + Duration{60'000}, 512);
  EXPECT_NE(kernel.filter(), nullptr);
  executor.accept({{create(1), address(1)}, {}}, now + Duration{60'000});
  run();
  EXPECT_NE(kernel.observe()->link(net::IfName::of({1})), nullptr);
}

TEST_F(Executing, LinksDoNotWaitForAFilterThatKeepsNothingOut) {
  kernel.fail_apply(0, EPERM);
  executor.accept({{{model::SetFilter{}, "filter", "not there", "filter"}, create(1)}, {}}, now);
  run();
  EXPECT_NE(kernel.observe()->link(net::IfName::of({1})), nullptr);
}

TEST_F(Executing, WorksInPortions) {
  model::Plan plan;
  for (std::uint32_t unit = 1; unit <= Executor::kPortion + 1; ++unit) plan.ops.push_back(create(unit));
  executor.accept(plan, now);
  EXPECT_EQ(executor.step(now, 0).size(), Executor::kPortion);
  EXPECT_EQ(executor.step(now, 0).size(), 1U);
  EXPECT_FALSE(executor.busy());
}

TEST_F(Executing, AStepBeginsNothingAfterItsBudget) {
  Duration spent{};
  std::uint32_t unit = 0;
  for (const Duration each : {Duration{5}, Duration{15}, Duration{80}}) {
    kernel.cost([&](const model::Change&) {
      spent += each;
      return each;
    });
    model::Plan plan;
    for (int i = 0; i < 12; ++i) plan.ops.push_back(create(++unit));
    executor.accept(plan, now);
    int steps = 0;
    for (; executor.busy(); ++steps) {
      spent = {};
      EXPECT_FALSE(executor.step(now, 0).empty());
      EXPECT_LT(spent, Executor::kBudget + each);
    }
    EXPECT_EQ(steps, each == Duration{5} ? 3 : each == Duration{15} ? 6 : 12);
  }
}

class Slowly : public Executing {
 protected:
  Slowly() {
    closed.filters = true;
    be_slow();
  }
  void be_slow() {
    kernel.be_slow([](const model::Change& change) { return std::holds_alternative<model::SetFilter>(change); });
  }
  [[nodiscard]] model::Op filter() const { return {model::SetFilter{closed}, "filter", "not there", "filter"}; }
  [[nodiscard]] bool has_link() { return kernel.observe()->link(net::IfName::of({1})) != nullptr; }

  model::FilterSet closed;
  const model::Op rule = rule_to({118'500'001});
};

TEST_F(Slowly, AFilterThatIsUnderWayHoldsUpTheLinksAndNothingElse) {
  executor.accept({{filter(), create(1), address(1), rule}, {}}, now);
  run();
  EXPECT_TRUE(executor.waits());
  EXPECT_FALSE(has_link());
  EXPECT_EQ(kernel.observe()->rules.size(), 1U);
  EXPECT_THAT(executor.step(now, 0), IsEmpty());
  executor.accept({{filter(), create(1), address(1)}, {}}, now);  // a look has not seen it yet
  run();
  EXPECT_FALSE(has_link());
  kernel.finish();
  const auto done = executor.step(now, 0);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_TRUE(done[0].waited);
  EXPECT_FALSE(done[0].error);
  EXPECT_FALSE(executor.waits());
  executor.accept({{create(1), address(1)}, {}}, now);
  run();
  EXPECT_TRUE(has_link());
}

TEST_F(Slowly, WhatFailsInTheEndIsTriedAgainAfterItsTime) {
  executor.accept({{filter(), create(1)}, {}}, now);
  run();
  kernel.finish();
  kernel.fail_apply(0, EPERM);
  EXPECT_TRUE(executor.step(now, 1'023).at(0).error);
  executor.accept({{filter(), create(1)}, {}}, now);
  EXPECT_FALSE(executor.busy());
  EXPECT_EQ(executor.failed().size(), 1U);
  now += Duration{1'000};
  be_slow();
  executor.accept({{filter(), create(1)}, {}}, now);
  run();
  EXPECT_FALSE(executor.next_deadline());  // it is being tried
  kernel.finish();
  (void)executor.step(now, 0);
  EXPECT_THAT(executor.failed(), IsEmpty());
}

TEST_F(Slowly, AnotherFilterTakesThePlaceOfTheOneThatIsUnderWay) {
  executor.accept({{filter()}, {}}, now);
  run();
  closed.mode = model::FilterMode::if_ipsec;
  executor.accept({{filter()}, {}}, now);
  kernel.finish();
  run();
  EXPECT_FALSE(executor.waits());
  ASSERT_NE(kernel.filter(), nullptr);
  EXPECT_EQ(kernel.filter()->mode, model::FilterMode::if_ipsec);
}

TEST_F(Slowly, WhatCouldNotBeginAndIsNoLongerPlannedIsForgotten) {
  kernel.be_slow([](const model::Change& change) { return std::holds_alternative<model::CreateLink>(change); });
  executor.accept({{create(1)}, {}}, now);
  run();
  EXPECT_TRUE(executor.waits());
  executor.accept({{rule}, {}}, now);
  EXPECT_FALSE(executor.waits());
  kernel.finish();
  run();
  EXPECT_FALSE(has_link());
}

}  // namespace
}  // namespace vtid::daemon
