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
    model::Observed observed = stage.kernel.seen();
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

// Nothing has changed then between two looks.
TEST_F(Kernel, ARouteThatIsDeletedAgainBeforeVtidHasLookedComesBack) {
  const auto delete_it = [&] { stage.kernel.delete_route(whole.routes.at(0).route); };
  stage.kernel.after_write([&] {
    delete_it();
    stage.kernel.after_write(delete_it);
  });
  delete_it();
  stage.run(Duration{5'000});
  EXPECT_EQ(picture(), whole);
  EXPECT_TRUE(stage.snapshot()->converged);
}

// A kernel that takes it and does nothing is asked at growing distances.
TEST_F(Kernel, ARouteThatIsAlwaysDeletedIsWrittenEverLessOften) {
  std::function<void()> delete_it = [&] {
    stage.kernel.delete_route(whole.routes.at(0).route);
    stage.kernel.after_write(delete_it);
  };
  delete_it();
  const std::size_t before = stage.kernel.writes();
  stage.run(std::chrono::minutes{10});
  EXPECT_THAT(stage.kernel.writes() - before, testing::AllOf(testing::Ge(10U), testing::Le(20U)));
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
  stage.kernel.add_foreign_link(device("dummy0"));
  stage.kernel.add_foreign_address({device("dummy0"), prefix("203.0.113.1/24"), {}});
  stage.settle();
  EXPECT_EQ(stage.kernel.writes(), writes);
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
  stage.kernel.add_foreign_link(device("ipsec1"));
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.link()->owner, model::Owner::other);
  EXPECT_EQ(stage.problem(), stage.kernel.is_linux() ? "a link named ipsec1 exists that vtid did not make (dummy)"
                                                     : "a link named ipsec1 exists that vtid did not make (no kind)");
  stage.kernel.delete_link(device("ipsec1"));
  stage.settle();
  EXPECT_EQ(stage.link()->kind, stage.kernel.is_linux() ? "xfrm" : "ipsec");
  EXPECT_EQ(stage.problem(), "");
}

TEST(ColdKernel, AForeignLinkWithOurNumberIsLeftAlone) {
  Stage stage;
  stage.kernel.add_foreign_tunnel(device("other0"), net::IfId{1});
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(stage.link(), nullptr);
  const std::string number = stage.kernel.is_linux() ? "if_id 1" : "reqid 5001";
  EXPECT_EQ(stage.problem(), "other0 has " + number + ", which ipsec1 needs, and vtid did not make it");
}

}  // namespace
}  // namespace vtid::test
