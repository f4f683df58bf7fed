// What hands and accidents do to the kernel, and how it is put right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

class Kernel : public testing::Test {
 protected:
  Kernel() {
    stage.start_vtid();
    stage.settle();
    whole = picture();
  }
  // Everything but the numbers of this boot.
  model::Observed picture() {
    model::Observed observed = stage.kernel.observe().value();
    for (auto& link : observed.links) link.index = {};
    for (auto& address : observed.addresses) address.index = {};
    return observed;
  }
  // Within a second everything is as it was.
  void expect_repaired() {
    stage.run(Duration{1'000});
    EXPECT_EQ(picture(), whole);
    EXPECT_TRUE(stage.snapshot()->converged);
  }
  Stage stage;
  model::Observed whole;
  const net::IfName ipsec1 = device("ipsec1");
};

TEST_F(Kernel, ADeletedLinkComesBackWithAllThatStoodOnIt) {
  stage.kernel.delete_link(ipsec1);
  expect_repaired();
}

TEST_F(Kernel, DeletedAddressesComeBack) {
  stage.kernel.flush_addresses(ipsec1);
  expect_repaired();
}

TEST_F(Kernel, ADeletedRouteComesBack) {
  stage.kernel.delete_route(whole.routes.at(0).route);
  expect_repaired();
}

TEST_F(Kernel, ADeletedFilterComesBack) {
  ASSERT_TRUE(whole.filter);
  stage.kernel.delete_filter();
  expect_repaired();
}

TEST_F(Kernel, AFilterThatSomebodyChangedIsWrittenAnew) {
  stage.kernel.alter_filter();
  expect_repaired();
  EXPECT_EQ(stage.events.back().text, "set filter (mode enc, no rules, 0 translations): was changed by somebody else");
}

TEST_F(Kernel, ALinkThatWasSetDownIsSetUp) {
  stage.kernel.set_link(ipsec1, false, 1446);
  expect_repaired();
}

TEST_F(Kernel, AnMtuThatWasChangedIsChangedBack) {
  stage.kernel.set_link(ipsec1, true, 1300);
  expect_repaired();
}

TEST_F(Kernel, ARepairChangesTheLinkInPlace) {
  const auto index = stage.link()->index;
  stage.kernel.set_link(ipsec1, false, 1300);
  stage.settle();
  EXPECT_EQ(stage.link()->index, index);
}

TEST_F(Kernel, LostNoticesCostTimeOnly) {
  stage.kernel.delete_link(ipsec1);
  (void)stage.kernel.drain();  // nobody heard
  stage.run(Duration{61'000});
  EXPECT_EQ(picture(), whole);
}

TEST_F(Kernel, AnOverflowIsAReasonToLook) {
  stage.kernel.flush_addresses(ipsec1);
  (void)stage.kernel.drain();
  stage.kernel.lose_notices();
  expect_repaired();
}

TEST_F(Kernel, ALookThatFailsIsShownAndRepeated) {
  stage.kernel.fail_observe(ENOBUFS);
  stage.kernel.lose_notices();
  stage.run(Duration{10});
  EXPECT_NE(stage.problem(), "");
  stage.run(Duration{2'000});
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(Kernel, OthersNoticesWriteNothing) {
  const std::size_t writes = stage.kernel.writes();
  stage.kernel.add_foreign_link("dummy", device("dummy0"));
  stage.kernel.add_foreign_address({device("dummy0"), prefix("203.0.113.1/24"), {}});
  stage.settle();
  EXPECT_EQ(stage.kernel.writes(), writes);
}

// The whole way of a rule: from the file to the table, without a rewrite while nothing changes, and to the list.
TEST(Filtering, FollowsTheFileAndKeepsItsCounters) {
  Stage stage;
  const std::string open = stage.file;
  const auto with = [&](const std::string& members) { return open.substr(0, open.rfind('}')) + ", " + members + " }"; };
  stage.file = with(R"("rules": [ { "on": "ipsec", "action": "pass", "to": "10.1.0.0/24" } ])");
  stage.start_vtid();
  stage.settle();
  ASSERT_NE(stage.kernel.filter(), nullptr);
  EXPECT_EQ(stage.kernel.filter()->rules.size(), 1U);
  stage.kernel.set_rule_counters("rules/0", {3, 252});
  const std::size_t writes = stage.kernel.writes();
  stage.command(model::Reload{});
  stage.command(model::Refresh{});
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.snapshot()->rule_counters.at("rules/0"), (model::RuleCounters{3, 252}));

  stage.file = with(R"("filter": { "mode": "if_ipsec" }, "rules": [ { "on": "VTI", "action": "pass", "to": "10.1.0.0/24" } ])");
  stage.command(model::Reload{});
  EXPECT_EQ(stage.kernel.filter()->mode, model::FilterMode::if_ipsec);
  EXPECT_EQ(stage.kernel.filter()->rules.at(0).device, device("ipsec1"));
  EXPECT_TRUE(stage.snapshot()->converged);

  stage.file = with(R"("filter": { "mode": "if_ipsec" }, "rules": [ { "on": "VTX", "action": "pass" } ])");
  stage.command(model::Reload{});  // refused
  EXPECT_EQ(stage.kernel.filter()->rules.size(), 1U);
}

TEST(Filtering, NoLinkIsMadeWhileTheRulesCannotBeWritten) {
  Stage stage;
  stage.file = stage.file.substr(0, stage.file.rfind('}')) + R"(, "rules": [] })";
  for (std::size_t attempt = 0; attempt < 2; ++attempt) stage.kernel.fail_apply(attempt, EPERM);
  stage.start_vtid();
  stage.run(Duration{300});
  EXPECT_EQ(stage.link(), nullptr);
  EXPECT_NE(stage.problem(), "");
  stage.run(Duration{10'000});
  EXPECT_NE(stage.link(), nullptr);
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST(ColdKernel, AFailureAtAnyStepIsRepairedByItself) {
  Stage clean;
  clean.start_vtid();
  clean.settle();
  const std::size_t steps = clean.kernel.writes();
  for (std::size_t step = 0; step < steps; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    Stage stage;
    stage.kernel.fail_apply(step, ENOMEM);
    stage.start_vtid();
    stage.run(Duration{3'000});
    EXPECT_TRUE(stage.snapshot()->converged);
    EXPECT_EQ(stage.problem(), "");
  }
}

TEST(ColdKernel, AForeignLinkOfOurNameIsLeftAloneUntilItGoes) {
  Stage stage;
  stage.kernel.add_foreign_link("dummy", device("ipsec1"));
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.link()->kind, "dummy");
  EXPECT_EQ(stage.problem(), "a link named ipsec1 exists that vtid did not make (dummy)");
  stage.kernel.delete_link(device("ipsec1"));
  stage.settle();
  EXPECT_EQ(stage.link()->kind, "xfrm");
  EXPECT_EQ(stage.problem(), "");
}

TEST(ColdKernel, AForeignLinkWithOurNumberIsLeftAlone) {
  Stage stage;
  stage.kernel.add_foreign_link("xfrm", device("other0"), net::IfId{1});
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.link(), nullptr);
  EXPECT_EQ(stage.problem(), "other0 has if_id 1, which ipsec1 needs, and vtid did not make it");
}

}  // namespace
}  // namespace vtid::test
