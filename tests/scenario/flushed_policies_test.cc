// What becomes of a tunnel whose policies somebody takes away: on Linux, where they are charon's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;

class FlushedPolicies : public testing::Test {
 protected:
  FlushedPolicies() {
    stage.start_vtid();
    stage.run(Duration{2'000});
  }
  [[nodiscard]] std::uint8_t policies() {
    const auto observed = stage.kernel.seen();
    return observed.charons_policies.empty() ? 0 : observed.charons_policies.front().bits;
  }
  Stage stage;
};

TEST_F(FlushedPolicies, AreBackWithinSecondsByARekey) {
  const std::uint8_t all = policies();
  ASSERT_NE(all, 0);
  stage.flush_policies();
  stage.run(Duration{2'000});
  EXPECT_EQ(policies(), all);
  EXPECT_EQ(stage.charon.served["rekey"], 1);
  stage.run(Duration{2'000});
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(FlushedPolicies, OfOneDirectionAreMissedToo) {
  const std::uint8_t all = policies();
  model::Policy gone;
  gone.direction = model::PolicyDirection::forward;
  gone.family = net::Family::ipv6;
  gone.if_id = {1};
  stage.kernel.delete_policy(gone);
  ASSERT_NE(policies(), all);
  stage.run(Duration{2'000});
  EXPECT_EQ(policies(), all);
}

TEST_F(FlushedPolicies, AreMissedEvenWhenNobodyTells) {
  stage.flush_policies();
  (void)stage.kernel.drain();
  stage.run(Duration{63'000});
  EXPECT_NE(policies(), 0);
}

TEST_F(FlushedPolicies, OfVtidsOwnCostNoRekey) {
  std::string text = one_tunnel_file();
  const std::string child = R"("v4": { )";
  Stage own(text.insert(text.find(child) + child.size(), R"("policies": "vtid", )"));
  own.start_vtid();
  own.run(Duration{2'000});
  const auto whole = own.kernel.seen().policies;
  ASSERT_EQ(whole.size(), 6U);
  for (const model::Policy& policy : whole) own.kernel.delete_policy(policy);
  own.run(Duration{1'000});
  EXPECT_EQ(own.kernel.seen().policies, whole);
  EXPECT_EQ(own.charon.served["rekey"], 0);
  EXPECT_TRUE(own.snapshot()->converged);
}

}  // namespace
}  // namespace vtid::test
