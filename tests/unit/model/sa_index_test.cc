#include "model/sa_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SaIndex, FindsSasWithoutIfIdByReqid) {
  SaTable sas;
  test::install(sas, 4, "hq", {1});
  sas.children[4].if_id_in = {};
  EXPECT_THAT(SaIndex(sas).of({1}), ElementsAre(&sas.children[4]));
}

TEST(SaIndex, FindsSasThatAreForNoInterfaceByTheirNames) {
  SaTable sas;
  test::install(sas, 4, "hq", {1});
  sas.children[4].name = "lan";
  EXPECT_THAT(SaIndex(sas).named("hq", "lan"), ElementsAre(&sas.children[4]));
  EXPECT_THAT(SaIndex(sas).named("lan", "hq"), IsEmpty());
}

TEST(SaIndex, TheNewestThatCarriesIsLive) {
  SaTable sas;
  for (const std::uint32_t id : {4U, 5U, 6U}) test::install(sas, id, "hq", {1});
  sas.children[6].state = ChildState::installing;
  EXPECT_EQ(live_child(SaIndex(sas).of({1})), &sas.children[5]);
  EXPECT_EQ(live_child(SaIndex(sas).of({2})), nullptr);
}

}  // namespace
}  // namespace vtid::model
