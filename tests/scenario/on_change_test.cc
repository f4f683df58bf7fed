// The programs of "on_change": what they are run for, and what is no news.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "daemon/hook_runner.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::Role;
using model::TakeRole;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr std::string_view kAllEvents = R"(, "events": ["gateway", "tunnel", "group", "role"])";

std::string file_with_events(std::string_view events) {
  std::string text = many_tunnels_file(2);
  text.resize(text.rfind('}'));
  return fmt::format(R"({}, "interfaces": {{ "A": {{ "tunnel": "t1" }}, "B": {{ "tunnel": "t2" }} }},
    "gateway_groups": {{ "BOTH": {{ "members": [ {{ "gateway": "A_VTIV4" }}, {{ "gateway": "B_VTIV4", "tier": 2 }} ] }} }},
    "on_change": {{ "command": ["/bin/notify"]{} }} }})",
                     text, events);
}

class ProgramsRun : public testing::Test {
 protected:
  ProgramsRun() {
    stage.changed = [this](const daemon::Change& change) { hooks.on_change(stage.engine->config(), change); };
  }

  void start() {
    stage.start_vtid();
    stage.run(Duration{5'000});
  }

  // Their variables since the last call, in the order in which they were started.
  std::vector<std::string> ran() {
    hooks.step(stage.now.steady);
    while (hooks.next_deadline()) hooks.step(stage.now.steady);
    return std::exchange(runs, {});
  }

  daemon::Programs programs() {
    return {.start =
                [this](const auto&, const auto& environment) {
                  runs.push_back(fmt::format("{}", fmt::join(environment.begin() + 1, environment.end(), " ")));  // after PATH
                  return Result<platform::Program>(platform::Program{1, UniqueFd()});
                },
            .ended = [](const auto&) { return std::optional<std::string>(""); },
            .read = [](const auto&, std::size_t) { return std::string(); },
            .kill = [](const auto&) {}};
  }

  void end_sas_of(const std::string& connection) {
    const auto own = std::ranges::find_if(stage.charon.ikes, [&](const auto& ike) { return ike.second.name == connection; });
    stage.charon.take_down(own->first);
  }

  Stage stage{file_with_events(kAllEvents)};
  std::vector<std::string> runs;
  daemon::HookRunner hooks{programs()};
};

TEST_F(ProgramsRun, FirstForATunnelWhenItIsUp) {
  start();
  EXPECT_THAT(ran(), UnorderedElementsAre(
                         "VTID_EVENT=tunnel VTID_TUNNEL=t1 VTID_STATE=up VTID_OLD_STATE= VTID_DEVICE=ipsec1 "
                         "VTID_REMOTE=198.51.100.1 VTID_REASON=",
                         StartsWith("VTID_EVENT=tunnel VTID_TUNNEL=t2 VTID_STATE=up VTID_OLD_STATE= VTID_DEVICE=ipsec2 ")));
}

TEST_F(ProgramsRun, FirstForATunnelWhenAnAttemptHasFailed) {
  stage.charon.peers["t1"] = ScriptedCharon::Peer::refuses;
  stage.start_vtid();
  stage.run(std::chrono::minutes{10});
  EXPECT_THAT(ran(),
              UnorderedElementsAre(HasSubstr("VTID_TUNNEL=t2 VTID_STATE=up VTID_OLD_STATE= "),
                                   testing::ContainsRegex("VTID_TUNNEL=t1 VTID_STATE=down VTID_OLD_STATE= .*VTID_REASON=.")));
}

TEST_F(ProgramsRun, NotForDuplicatesAndWhatReplacesThem) {
  start();
  (void)ran();
  const std::uint32_t first = stage.charon.ikes.begin()->first;
  const std::string connection = stage.charon.ikes.begin()->second.name;
  (void)stage.charon.bring_up(connection);
  stage.settle();
  stage.charon.take_down(first);
  stage.settle();
  (void)stage.charon.rekey_ike(stage.charon.ikes.rbegin()->first);
  (void)stage.charon.rekey_child(stage.charon.children.rbegin()->first);
  stage.settle();
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ProgramsRun, NotForCharonsSilence) {
  start();
  (void)ran();
  stage.stop_charon();
  stage.run(std::chrono::minutes{1});
  EXPECT_EQ(stage.state(), model::TunnelState::unknown);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ProgramsRun, ForATunnelThatIsLostDownAndBackAndNotForEachAttempt) {
  start();
  (void)ran();
  stage.charon.peers["t1"] = ScriptedCharon::Peer::refuses;
  stage.charon.served.clear();
  end_sas_of("t1");
  stage.run(std::chrono::minutes{30});
  EXPECT_GT(stage.charon.served["initiate"], 3);
  EXPECT_THAT(ran(), ElementsAre(HasSubstr("VTID_TUNNEL=t1 VTID_STATE=connecting VTID_OLD_STATE=up "),
                                 HasSubstr("VTID_TUNNEL=t1 VTID_STATE=down VTID_OLD_STATE=connecting ")));
  stage.charon.peers.clear();
  stage.run(std::chrono::minutes{10});
  EXPECT_THAT(ran(), ElementsAre(HasSubstr("VTID_TUNNEL=t1 VTID_STATE=up VTID_OLD_STATE=down ")));
}

TEST_F(ProgramsRun, ForATunnelThatCameBackIntoTheFile) {
  start();
  (void)ran();
  const std::string whole = stage.file;
  stage.file = std::string(R"({ "tunnels": {}, "on_change": { "command": ["/bin/notify"])") + std::string(kAllEvents) + " } }";
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_THAT(ran(), IsEmpty());
  stage.file = whole;
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_THAT(ran(), UnorderedElementsAre(HasSubstr("VTID_TUNNEL=t1 VTID_STATE=up VTID_OLD_STATE= "),
                                          HasSubstr("VTID_TUNNEL=t2 VTID_STATE=up VTID_OLD_STATE= ")));
}

TEST_F(ProgramsRun, ForGroupsThatOthersCarry) {
  start();
  (void)ran();
  stage.gateway_is("A_VTIV4", model::GatewayState::down, "no answer");
  stage.settle();
  EXPECT_THAT(ran(), ElementsAre("VTID_EVENT=group VTID_GROUP=BOTH VTID_STATE=reduced VTID_OLD_STATE=full "
                                 "VTID_CARRIERS=B_VTIV4 VTID_OLD_CARRIERS=A_VTIV4 VTID_REASON=A_VTIV4 is down: no answer"));
  stage.gateway_is("A_VTIV4", model::GatewayState::online);
  stage.settle();
  EXPECT_THAT(ran(), ElementsAre(HasSubstr("VTID_STATE=full VTID_OLD_STATE=reduced "
                                           "VTID_CARRIERS=A_VTIV4 VTID_OLD_CARRIERS=B_VTIV4 ")));
}

TEST_F(ProgramsRun, ForAnotherRoleAndTheTunnelsThatFollowIt) {
  start();
  (void)ran();
  (void)stage.command(TakeRole{Role::active});
  EXPECT_THAT(ran(), IsEmpty());
  (void)stage.command(TakeRole{Role::standby});
  EXPECT_THAT(ran(), ElementsAre("VTID_EVENT=role VTID_ROLE=standby", HasSubstr("VTID_TUNNEL=t1 VTID_STATE=down"),
                                 HasSubstr("VTID_TUNNEL=t2 VTID_STATE=down")));
}

TEST_F(ProgramsRun, ForGatewaysAloneUnlessTheFileSaysMore) {
  stage.file = file_with_events("");
  start();
  stage.gateway_is("A_VTIV4", model::GatewayState::down, "no answer");
  (void)stage.command(TakeRole{Role::standby});
  EXPECT_THAT(ran(), IsEmpty());
}

}  // namespace
}  // namespace vtid::test
