// The first mistakes of a new user that need a kernel or a peer: each is one problem of the status, with its remedy. The others
// are rows of tests/e2e/process/mistakes.
#include <gmock/gmock.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

struct Mistake {
  const char* name;
  void (*make)(Stage& stage);
  const char* text;    // part of it
  const char* remedy;  // part of it
};

const Mistake kMistakes[] = {
    {"AForeignIpsec1", [](Stage& stage) { stage.kernel.add_foreign_link(device("ipsec1")); },
     "a link named ipsec1 exists that vtid did not make", "ipsec1"},
    {"APeerThatIsDown", [](Stage& stage) { stage.charon.peers["hq"] = ScriptedCharon::Peer::silent; },
     "no answer from 198.51.100.1", "UDP 500"},
    {"ProposalsThatDiffer", [](Stage& stage) { stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses; },
     "198.51.100.1 refused at once: the PSK, certificates or keys, the ids or the proposals do not match",
     "compare the PSK, certificates or keys, both ids and the proposals on the two ends"},
    {"ProposalsThatDifferToACharonThatTellsMore",
     [](Stage& stage) {
       stage.charon.version = "6.0.1";
       stage.charon.refusals = {"initiating IKE_SA hq[1] to 198.51.100.1", "received NO_PROPOSAL_CHOSEN notify error"};
       stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
     },
     "do not match; charon says: received NO_PROPOSAL_CHOSEN notify error", "compare the PSK"},
    {"AProposalThatCharonDoesNotKnow",
     [](Stage& stage) { stage.charon.refused_loads["hq"] = "invalid value for: proposals, config discarded"; },
     "invalid value for: proposals", ""},
};

class FirstMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(FirstMistake, IsOneProblemWithItsRemedy) {
  Stage stage;
  GetParam().make(stage);
  stage.start_vtid();
  stage.run(std::chrono::minutes{4});
  const auto snapshot = stage.snapshot();
  const auto& problems = snapshot->problems;
  ASSERT_EQ(std::ranges::count_if(problems, [](const auto& one) { return one.severity == model::Severity::error; }), 1);
  EXPECT_THAT(problems.front().text, ::testing::HasSubstr(GetParam().text));
  EXPECT_THAT(problems.front().remedy, ::testing::HasSubstr(GetParam().remedy));
  EXPECT_FALSE(problems.front().remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(Scenarios, FirstMistake, ::testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return std::string(mistake.param.name); });

TEST(CharonsWords, AreNotAskedForWhereThatCanDeadlock) {
  Stage stage;
  stage.charon.refusals = {"received NO_PROPOSAL_CHOSEN notify error"};
  stage.charon.peers["hq"] = ScriptedCharon::Peer::refuses;
  stage.start_vtid();
  stage.run(std::chrono::seconds{10});
  EXPECT_THAT(stage.problem(), ::testing::Not(::testing::HasSubstr("charon says")));
}

}  // namespace
}  // namespace vtid::test
