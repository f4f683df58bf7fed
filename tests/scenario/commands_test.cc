// up, down, rekey and plan, as people see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::HasSubstr;
using testing::StartsWith;

class Commands : public testing::Test {
 protected:
  Commands() {
    stage.start_vtid();
    stage.settle();
  }
  Stage stage;
};

TEST_F(Commands, DownHoldsAndUpReleases) {
  EXPECT_THAT(stage.command(model::Down{"hq"}), StartsWith("hq is down"));
  stage.run(std::chrono::minutes{5});
  EXPECT_EQ(stage.state(), TunnelState::down);
  EXPECT_TRUE(stage.charon.ikes.empty());
  EXPECT_THAT(stage.command(model::Up{"hq"}), StartsWith("hq is up"));
}

TEST_F(Commands, DownKeepsTheInterface) {
  const auto index = stage.link()->index;
  (void)stage.command(model::Down{"hq"});
  EXPECT_EQ(stage.link()->index, index);
}

TEST_F(Commands, UpSaysWhyItFailed) {
  (void)stage.command(model::Down{"hq"});
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  EXPECT_THAT(stage.command(model::Up{"hq"}, Duration{5'000}), StartsWith("hq did not come up: "));
}

TEST_F(Commands, UpGivesUpWhenItsTimeIsOver) {
  (void)stage.command(model::Down{"hq"});
  stage.charon.peers["hq"] = ScriptedCharon::Peer::silent;
  EXPECT_EQ(stage.command(model::Up{"hq", Duration{6'000}}, Duration{6'000}),
            "hq is not up after 6s: no answer from 198.51.100.1 so far");
}

TEST_F(Commands, RekeyRenewsBoth) {
  const auto child = stage.charon.children.begin()->first;
  const auto ike = stage.charon.ikes.begin()->first;
  EXPECT_THAT(stage.command(model::Rekey{"hq"}, Duration{10'000}), StartsWith("hq has new CHILD_SAs and a new IKE_SA"));
  EXPECT_FALSE(stage.charon.ikes.contains(ike));
  EXPECT_NE(stage.charon.children.rbegin()->first, child);
}

TEST_F(Commands, RekeyOfAChildKeepsTheIke) {
  const auto ike = stage.charon.ikes.begin()->first;
  EXPECT_THAT(stage.command(model::Rekey{"hq/v4"}, Duration{10'000}), StartsWith("hq has new CHILD_SAs"));
  EXPECT_TRUE(stage.charon.ikes.contains(ike));
}

TEST_F(Commands, UnknownNamesAreRefused) {
  EXPECT_EQ(stage.command(model::Up{"hg"}), "there is no tunnel or child named \"hg\"");
  EXPECT_EQ(stage.command(model::Up{"hq/v5"}), "there is no tunnel or child named \"hq/v5\"");
}

TEST_F(Commands, WithoutCharonTheyAreRefusedAtOnce) {
  stage.stop_charon();
  stage.settle();
  for (const model::Command& command :
       {model::Command(model::Up{"hq"}), model::Command(model::Down{"hq"}), model::Command(model::Rekey{"hq"})}) {
    EXPECT_EQ(stage.command(command, Duration{0}), "charon does not answer");
  }
}

TEST_F(Commands, APlanOfAnotherFileShowsTheCascadeAndChangesNothing) {
  const std::size_t writes = stage.kernel.writes();
  std::vector<std::string> lines;
  stage.engine->on_command(
      model::MakePlan{R"({ "tunnels": {} })", "next.json"},
      [&](const model::CommandResult& result) {
        for (const model::Op& op : result->plan->ops) lines.push_back(print(op.change) + ": " + op.because);
      },
      stage.now);
  const bool linux = stage.kernel.is_linux();
  std::vector<std::string> cascade{std::string("delete route 10.20.0.0/16 via 10.6.1.2 dev ipsec1 metric ") +
                                       (linux ? "10" : "0") + ": routes/0 of the running configuration",
                                   "delete link ipsec1: tunnels/hq of the running configuration"};
  cascade.emplace_back("delete filter: filter of the running configuration");
  EXPECT_EQ(lines, cascade);
  stage.settle();
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(Commands, AnExaminationBringsFactsAndChangesNothing) {
  const std::size_t writes = stage.kernel.writes();
  std::shared_ptr<const model::HostFacts> facts;
  stage.engine->on_command(
      model::Examine{}, [&](const model::CommandResult& result) { facts = result->host; }, stage.now);
  ASSERT_NE(facts, nullptr);
  EXPECT_EQ(facts->drops.error(), model::kNobodyLooked);  // the memory kernel has no host around it
  stage.settle();
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(Commands, APlanOfABadFileNamesEveryFault) {
  EXPECT_THAT(stage.command(model::MakePlan{R"({ "tunels": {}, "routes": 1 })", "next.json"}),
              testing::AllOf(HasSubstr("/tunels"), HasSubstr("/routes")));
}

}  // namespace
}  // namespace vtid::test
