// What becomes of the filter on Linux.
#include <gtest/gtest.h>

#include <cerrno>

#include "platform/memory/memory_kernel.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

platform::MemoryKernel& kernel(Stage& stage) { return stage.kernel.as<platform::MemoryKernel>(); }

class Filter : public testing::Test {
 protected:
  Filter() {
    stage.start_vtid();
    stage.settle();
    whole = stage.kernel.seen().filter;
  }
  void expect_repaired() {
    stage.settle();
    EXPECT_EQ(stage.kernel.seen().filter, whole);
    EXPECT_TRUE(stage.snapshot()->converged);
  }
  Stage stage;
  std::optional<model::ObservedFilter> whole;
};

TEST_F(Filter, ADeletedFilterComesBack) {
  ASSERT_TRUE(whole);
  stage.kernel.delete_filter();
  expect_repaired();
}

TEST_F(Filter, AFilterThatSomebodyChangedIsWrittenAnew) {
  stage.kernel.alter_filter();
  expect_repaired();
  EXPECT_EQ(stage.events.back().text, "set filter (mode enc, no rules, 0 translations): was changed by somebody else");
}

// The whole way of a rule: from the file to the table, without a rewrite while nothing changes, and to the list.
TEST(Filtering, FollowsTheFileAndKeepsItsCounters) {
  Stage stage;
  const std::string open = stage.file;
  const auto with = [&](const std::string& members) { return open.substr(0, open.rfind('}')) + ", " + members + " }"; };
  stage.file = with(R"("rules": [ { "on": "ipsec", "action": "pass", "to": "10.1.0.0/24" } ])");
  stage.start_vtid();
  stage.settle();
  ASSERT_NE(kernel(stage).filter(), nullptr);
  EXPECT_EQ(kernel(stage).filter()->rules.size(), 1U);
  kernel(stage).set_rule_counters("rules/0", {3, 252});
  const std::size_t writes = stage.kernel.writes();
  stage.command(model::Reload{});
  stage.command(model::Refresh{true});
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.snapshot()->rule_counters.at("rules/0"), (model::RuleCounters{3, 252}));

  stage.file = with(R"("filter": { "mode": "if_ipsec" }, "rules": [ { "on": "VTI", "action": "pass", "to": "10.1.0.0/24" } ])");
  stage.command(model::Reload{});
  EXPECT_EQ(kernel(stage).filter()->mode, model::FilterMode::if_ipsec);
  EXPECT_EQ(kernel(stage).filter()->rules.at(0).device, device("ipsec1"));
  EXPECT_TRUE(stage.snapshot()->converged);

  stage.file = with(R"("filter": { "mode": "if_ipsec" }, "rules": [ { "on": "VTX", "action": "pass" } ])");
  stage.command(model::Reload{});  // refused
  EXPECT_EQ(kernel(stage).filter()->rules.size(), 1U);
}

// A list that no rule names is nobody's business; another entry of one that is named is one write.
TEST(Filtering, FollowsTheListsThatRulesName) {
  Stage stage;
  const std::string open = stage.file;
  const auto with = [&](const std::string& named, const std::string& other) {
    return open.substr(0, open.rfind('}')) + R"(, "rules": [ { "on": "ipsec", "action": "pass", "from": "@NAMED" } ],
      "lists": { "NAMED": { "networks": [)" +
           named + R"(] }, "OTHER": { "networks": [)" + other + "] } } }";
  };
  stage.file = with(R"("10.2.0.0/16")", R"("10.3.0.0/16")");
  stage.start_vtid();
  stage.settle();
  ASSERT_NE(kernel(stage).filter(), nullptr);
  const std::size_t writes = stage.kernel.writes();

  stage.file = with(R"("10.2.0.0/16")", R"("10.3.0.0/16", "10.4.0.0/16")");
  stage.command(model::Reload{});
  EXPECT_EQ(stage.kernel.writes(), writes);

  stage.file = with(R"("10.2.0.0/16", "10.5.0.0/16")", R"("10.3.0.0/16")");
  stage.command(model::Reload{});
  EXPECT_EQ(stage.kernel.writes(), writes + 1);
  EXPECT_EQ(kernel(stage).filter()->rules.at(0).rule.traffic.from.size(), 2U);
  EXPECT_TRUE(stage.snapshot()->converged);
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

}  // namespace
}  // namespace vtid::test
