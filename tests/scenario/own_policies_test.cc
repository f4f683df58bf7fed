// What the kernel sends by, when the policies are ours: Linux's alone, since FreeBSD's interfaces make theirs.
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

class WithOwnPolicies : public testing::Test {
 protected:
  WithOwnPolicies() : stage(own_policies_file()) {
    stage.kernel.shared_with_charon = false;  // each SA comes and goes as the test says
    stage.start_vtid();
    stage.settle();
    install(child());
  }
  static std::string own_policies_file() {
    std::string text = one_tunnel_file();
    const auto found = text.find("\"v4\": { ");
    return text.insert(found + 8, "\"policies\": \"vtid\", ");
  }
  std::uint32_t child() { return stage.charon.children.rbegin()->first; }
  model::Sa sa_of(std::uint32_t id) {
    model::Sa sa;
    sa.source = address("192.0.2.1");
    sa.destination = stage.charon.ikes.rbegin()->second.remote;
    sa.spi = stage.charon.children.at(id).spi_out;
    sa.reqid = {5001};
    sa.if_id = {1};
    return sa;
  }
  // charon puts the SA into the kernel, and vtid hears of the CHILD_SA.
  void install(std::uint32_t id) {
    stage.kernel.add_foreign_sa(sa_of(id));
    stage.run(Duration{61'000});
  }
  std::vector<std::uint32_t> held() {
    std::vector<std::uint32_t> spis;
    const model::Observed observed = stage.kernel.seen();
    for (const model::CharonsSa& sa : observed.charons_sas) {
      if (sa.held) spis.push_back(sa.spi);
    }
    return spis;
  }
  Stage stage;
};

TEST_F(WithOwnPolicies, TheSaIsHeldUntilCharonDeletesIt) {
  const std::uint32_t old = child();
  const model::Sa old_sa = sa_of(old);
  EXPECT_EQ(held(), std::vector{old_sa.spi});
  const std::uint32_t fresh = stage.charon.rekey_child(old);
  stage.kernel.add_foreign_sa(sa_of(fresh));
  stage.run(Duration{5'000});  // the peer has not answered yet
  EXPECT_EQ(held(), std::vector{old_sa.spi});
  stage.kernel.delete_sa(old_sa);
  stage.settle();
  EXPECT_EQ(held(), std::vector{sa_of(fresh).spi});
  const std::size_t writes = stage.kernel.writes();
  stage.run(Duration{120'000});
  EXPECT_EQ(stage.kernel.writes(), writes);
}

TEST_F(WithOwnPolicies, WhatAKilledCharonLeftIsLetGo) {
  model::Sa left = sa_of(child());
  left.spi = 0x0badcafe;
  stage.kernel.add_foreign_sa(left);
  const std::vector<model::Op> hold{
      {model::HoldSa{{left.destination, left.spi, left.source, left.reqid, {}, true, true}}, {}, {}, {}}};
  ASSERT_TRUE(stage.kernel.apply(hold, Duration::max())[0]);
  EXPECT_EQ(held().size(), 2U);
  stage.run(Duration{61'000});
  EXPECT_EQ(held(), std::vector{sa_of(child()).spi});
}

}  // namespace
}  // namespace vtid::test
