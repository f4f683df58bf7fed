// What becomes of the filter on FreeBSD: the switches, pf's anchor, and a pf that others command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/world_fake_freebsd.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kInto = "net.inet.ipsec.filtertunnel";
constexpr std::string_view kEncIn = "net.enc.in.ipsec_filter_mask";

class PfScenario : public testing::Test {
 protected:
  std::string with(const std::string& members) const {
    const std::string open = one_tunnel_file();
    return open.substr(0, open.rfind('}')) + ", " + members + " }";
  }
  void start(const std::string& members) {
    stage.file = with(members);
    stage.start_vtid();
    stage.run(Duration{2'000});
  }
  void reload(const std::string& members) {
    stage.file = with(members);
    stage.command(model::Reload{});
    stage.run(Duration{2'000});
  }
  [[nodiscard]] model::Problem found() {  // with the filter
    for (const model::Problem& problem : stage.snapshot()->problems) {
      if (problem.object == "filter") return problem;
    }
    return {};
  }
  [[nodiscard]] bool link_is_up() { return stage.link() != nullptr && stage.link()->up; }
  [[nodiscard]] std::int64_t at(std::string_view name) const { return pf.sysctl(std::string(name)); }

  Stage stage;
  platform::freebsd::FakeFreebsd& pf = contract::fake_under(stage.kernel.as<platform::Kernel>());
};

const std::string kEncRules = R"("rules": [ { "on": "ipsec", "action": "pass", "to": "10.1.0.0/24" } ])";
const std::string kOwnRules =
    R"("filter": { "mode": "if_ipsec" }, "rules": [ { "on": "VTI", "action": "pass", "to": "10.1.0.0/24" } ])";

TEST_F(PfScenario, TheFilterIsAppliedAndComesToRest) {
  start(kEncRules);
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_TRUE(link_is_up());
  EXPECT_THAT(pf.loaded_text(), HasSubstr("label \"rules/0\""));
  EXPECT_TRUE(pf.is_up("enc0"));
  EXPECT_EQ(at(kEncIn), 2);
  EXPECT_EQ(stage.snapshot()->observed.filter->mode, "enc");
  const std::size_t writes = pf.writes();
  stage.run(Duration{200'000});
  EXPECT_EQ(pf.writes(), writes);
  stage.command(model::Refresh{true});
  EXPECT_EQ(stage.snapshot()->rule_counters.at("rules/0"), (model::RuleCounters{3, 252}));
}

// Before each step one of the two points filters, with rules that close it.
TEST_F(PfScenario, TheModeIsSwitchedWithoutAnOpenMoment) {
  start(kEncRules);
  std::vector<std::string> open;
  pf.on_filter_step = [&] {
    const bool by_enc = at(kEncIn) == 2 && at("net.enc.out.ipsec_filter_mask") == 1 && pf.is_up("enc0");
    const bool by_own = at(kInto) == 1 && at("net.inet6.ipsec6.filtertunnel") == 1;
    const bool closes_enc = pf.loaded_text().contains("block in quick on enc0 all");
    const bool closes_own = pf.loaded_text().contains("block in quick on vtid all");
    if (!(by_enc && closes_enc) && !(by_own && closes_own)) open.push_back(pf.loaded_text());
  };
  for (int i = 0; i < 3; ++i) {
    reload(kOwnRules);
    EXPECT_EQ(at(kInto), 1);
    EXPECT_EQ(at(kEncIn), 0);
    EXPECT_TRUE(stage.snapshot()->converged);
    EXPECT_EQ(stage.snapshot()->observed.filter->mode, "if_ipsec");
    reload(kEncRules);
    EXPECT_EQ(at(kInto), 0);
    EXPECT_EQ(at(kEncIn), 2);
  }
  EXPECT_THAT(open, testing::IsEmpty());
}

TEST_F(PfScenario, DriftIsFoundByTheOrdinaryLookAndRepaired) {
  start(kOwnRules);
  const auto whole = stage.snapshot()->observed.filter;
  stage.kernel.alter_filter();
  stage.run(Duration{61'000});
  EXPECT_EQ(stage.events.back().text, "set filter (mode if_ipsec, 1 rules, 0 translations): was changed by somebody else");
  EXPECT_EQ(stage.snapshot()->observed.filter, whole);
  pf.set_sysctl(std::string(kInto), 0);
  stage.run(Duration{61'000});
  EXPECT_EQ(at(kInto), 1);
  stage.kernel.delete_filter();
  stage.run(Duration{61'000});
  EXPECT_EQ(stage.snapshot()->observed.filter, whole);
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(PfScenario, ARefusedTextIsToldAndOpensNothing) {
  pf.refuse_pf_text("stdin:3: syntax error");
  start(kEncRules);
  EXPECT_THAT(stage.problem(), HasSubstr("stdin:3: syntax error"));
  EXPECT_EQ(stage.link(), nullptr);
  EXPECT_EQ(pf.loaded_text(), "block in quick on vtid all label \"default\"\nblock in quick on enc0 all label \"default\"\n");
  pf.refuse_pf_text("");
  stage.run(Duration{40'000});
  EXPECT_TRUE(link_is_up());
  EXPECT_TRUE(stage.snapshot()->converged);
  const std::string good = pf.loaded_text();
  pf.refuse_pf_text("stdin:4: syntax error");
  reload(kOwnRules);
  EXPECT_THAT(stage.problem(), HasSubstr("stdin:4: syntax error"));
  EXPECT_EQ(pf.loaded_text(), good);
  EXPECT_EQ(at(kEncIn), 2);
  EXPECT_TRUE(link_is_up());
}

TEST_F(PfScenario, ADisabledPfShutsTheTunnelsUntilItIsBack) {
  start(kOwnRules);
  ASSERT_TRUE(link_is_up());
  pf.enable_pf(false);
  stage.run(Duration{61'000});
  EXPECT_THAT(stage.problem(), HasSubstr("pf is disabled"));
  EXPECT_FALSE(link_is_up());
  pf.enable_pf(true);
  stage.run(Duration{61'000});
  EXPECT_TRUE(link_is_up());
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(PfScenario, AMainRulesetThatDoesNotLeadToItIsToldWithTheLinesToAdd) {
  pf.set_main_rules("block drop all\n");
  start(kOwnRules);
  EXPECT_THAT(stage.problem(), HasSubstr("there is no anchor \"vtid\" all"));
  EXPECT_THAT(found().remedy, HasSubstr("pf.conf"));
  EXPECT_EQ(stage.link(), nullptr);
  pf.set_main_rules("pass in quick all flags S/SA keep state\nanchor \"vtid\" all\n");
  stage.run(Duration{40'000});
  EXPECT_THAT(stage.problem(), HasSubstr("passes packets before it is asked: pass in quick all"));
  pf.set_main_rules("anchor \"vtid\" all\n");
  stage.run(Duration{40'000});
  EXPECT_TRUE(link_is_up());
}

TEST_F(PfScenario, WithoutRulesAMissingLineIsAWarning) {
  pf.set_main_nat("");
  start(
      R"("filter": { "mode": "if_ipsec" }, "nat": [ { "on": "VTI", "kind": "source", "from": "10.1.0.0/24", "address": "interface" } ])");
  EXPECT_THAT(found().text, HasSubstr("there is no nat-anchor \"vtid\" all"));
  EXPECT_EQ(found().severity, model::Severity::warning);
  EXPECT_TRUE(link_is_up());
  EXPECT_EQ(at(kInto), 1);
}

TEST_F(PfScenario, TheMssAloneLeavesTheSwitchesAsTheyAre) {
  pf.enable_pf(false);
  start(R"("nat": [])");
  EXPECT_THAT(pf.loaded_text(), HasSubstr("match on ipsec1 inet proto tcp all scrub (max-mss"));
  EXPECT_THAT(found().text, HasSubstr("pf is disabled"));
  EXPECT_TRUE(link_is_up());
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_EQ(at(kEncIn), 1);
  EXPECT_FALSE(pf.is_up("enc0"));
}

TEST_F(PfScenario, WithoutEncNothingIsOpened) {
  pf.unload_enc();
  start(kEncRules);
  EXPECT_THAT(stage.problem(), HasSubstr("net.enc"));
  EXPECT_EQ(stage.link(), nullptr);
  reload(kOwnRules);
  stage.run(Duration{40'000});
  EXPECT_TRUE(link_is_up());
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(PfScenario, APolicyRouteGoesByRouteToAndFollowsItsGateway) {
  start(R"("policy_routes": [ { "name": "voice", "in": "em1", "protocol": "udp", "ports": "5060", "via": "VTI_VTIV4" } ])");
  EXPECT_THAT(pf.loaded_text(), HasSubstr("pass in quick on em1 route-to (ipsec1 10.6.1.2) inet proto udp from any to ! (self) "
                                          "port 5060 keep state label \"policy_routes/0\""));
  EXPECT_EQ(stage.problem(), "");
  stage.gateway_is("VTI_VTIV4", model::GatewayState::down);
  stage.run(Duration{2'000});
  EXPECT_THAT(pf.loaded_text(), HasSubstr("block in quick on em1 inet proto udp"));
  EXPECT_THAT(pf.loaded_text(), Not(HasSubstr("route-to")));
}

TEST_F(PfScenario, WithoutTheKeyThereIsNoAnchorAndTheModeIsEnc) {
  start(R"("filter": { "mode": "if_ipsec" }, "rules": [])");
  stage.file = one_tunnel_file();
  stage.file.replace(stage.file.find(R"("tunnel": "hq")"), 14, R"("tunnel": "hq", "mss": "none")");
  stage.command(model::Reload{});
  stage.run(Duration{2'000});
  EXPECT_FALSE(stage.kernel.seen().filter);
  EXPECT_EQ(at(kInto), 0);
  EXPECT_EQ(at(kEncIn), 2);
}

// --- while pfctl takes its time -------------------------------------------------------------------------------------------

TEST_F(PfScenario, NoLinkIsMadeBeforeASlowPfctlHasLoadedWhatCloses) {
  pf.slow_pfctl(Duration{700});
  stage.file = with(kEncRules);
  stage.start_vtid();
  int closed = 0;
  for (int second = 0; second < 60 && !pf.has_link("ipsec1"); ++second, ++closed) stage.run(Duration{1'000});
  EXPECT_GT(closed, 5);
  EXPECT_THAT(pf.loaded_text(), HasSubstr("label \"rules/0\""));
  EXPECT_EQ(at(kEncIn), 2);
  stage.run(Duration{20'000});
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(PfScenario, AnythingElseGoesOnMeanwhile) {
  start(kEncRules);
  pf.slow_pfctl(Duration{2'000});
  stage.file = with(kOwnRules);
  stage.command(model::Reload{}, Duration{100});
  stage.kernel.flush_addresses(device("ipsec1"));
  stage.run(Duration{500});
  EXPECT_TRUE(stage.kernel.is_under_way());
  EXPECT_FALSE(stage.kernel.seen().addresses.empty());
  const auto back = [&] {
    return std::ranges::any_of(stage.kernel.seen().addresses,
                               [](const auto& item) { return item.device == device("ipsec1") && item.local.address.is_v4(); });
  };
  EXPECT_TRUE(back());
  EXPECT_EQ(stage.snapshot()->observed.filter->mode, "enc");
  stage.run(Duration{60'000});
  EXPECT_EQ(stage.snapshot()->observed.filter->mode, "if_ipsec");
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(PfScenario, APfctlThatHangsIsToldAndForgottenWhenItAnswersAgain) {
  start(kOwnRules);
  pf.slow_pfctl(Duration{6'000});
  stage.run(Duration{80'000});
  EXPECT_THAT(stage.problem(), HasSubstr("did not end within"));
  EXPECT_TRUE(pf.is_up("ipsec1"));
  pf.slow_pfctl(Duration{0});
  stage.run(Duration{70'000});
  EXPECT_EQ(stage.problem(), "");
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(PfScenario, CountersAreWaitedForAndNothingElse) {
  start(kEncRules);
  pf.slow_pfctl(Duration{600});
  EXPECT_EQ(stage.command(model::Refresh{}, Duration{0}), "");
  int answers = 0;
  stage.engine->on_command(
      model::Refresh{true}, [&](const model::CommandResult&) { ++answers; }, stage.now);
  stage.run(Duration{300});
  EXPECT_EQ(answers, 0);
  stage.run(Duration{1'000});
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(stage.snapshot()->rule_counters.at("rules/0"), (model::RuleCounters{3, 252}));
  pf.slow_pfctl(Duration{6'000});
  EXPECT_EQ(stage.command(model::Refresh{true}, Duration{2'100}), "");
}

}  // namespace
}  // namespace vtid::test
