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
};

class FirstMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(FirstMistake, IsOneProblemWithItsRemedy) {
  Stage stage;
  GetParam().make(stage);
  stage.start_vtid();
  stage.run(std::chrono::minutes{3});
  // charon gives up what nobody answers
  while (stage.charon.peers.contains("hq") && !stage.charon.ikes.empty())
    stage.charon.give_up(stage.charon.ikes.begin()->first);
  stage.run(std::chrono::seconds{20});
  std::vector<model::Problem> found;
  for (const model::Problem& problem : stage.snapshot()->problems)
    if (problem.text.contains(GetParam().text)) found.push_back(problem);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_GE(found.front().severity, model::Severity::warning);
  EXPECT_FALSE(found.front().remedy.empty());
  EXPECT_THAT(found.front().remedy, ::testing::HasSubstr(GetParam().remedy));
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
