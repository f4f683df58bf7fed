#include "reconcile/child_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ChildIndex, FindsSasWithoutIfIdByReqid) {
  model::SaTable sas;
  test::install(sas, 4, "hq", {1});
  sas.children[4].if_id_in = {};
  EXPECT_THAT(ChildIndex(sas).of({1}), ElementsAre(&sas.children[4]));
}

TEST(ChildIndex, FindsSasThatAreForNoInterfaceByTheirNames) {
  model::SaTable sas;
  test::install(sas, 4, "hq", {1});
  sas.children[4].name = "lan";
  EXPECT_THAT(ChildIndex(sas).named("hq", "lan"), ElementsAre(&sas.children[4]));
  EXPECT_THAT(ChildIndex(sas).named("lan", "hq"), IsEmpty());
}

TEST(ChildIndex, TheNewestThatCarriesIsLive) {
  model::SaTable sas;
  for (const std::uint32_t id : {4U, 5U, 6U}) test::install(sas, id, "hq", {1});
  sas.children[6].state = model::ChildState::installing;
  EXPECT_EQ(live_child(ChildIndex(sas).of({1})), &sas.children[5]);
  EXPECT_EQ(live_child(ChildIndex(sas).of({2})), nullptr);
}

}  // namespace
}  // namespace vtid::reconcile
