#include "reconcile/sa_facts.h"

#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

SaFacts facts(const model::SaTable& sas, const SpiScope& scope = {}) { return facts_of(sas, model::SaIndex(sas), scope); }

// "hq" of unit 1, up; and again after a rekey that negotiated the same.
struct Rekeyed {
  model::SaTable before, after;
};
Rekeyed rekeyed() {
  Rekeyed tables;
  test::install(tables.before, 1, "hq", {1});
  tables.before.children[1].spi_out = 0xa1;
  tables.after = tables.before;
  model::ChildSa fresh = tables.before.children[1];
  fresh.id = 2;
  fresh.spi_in = 0xb2;
  fresh.spi_out = 0xa2;
  tables.after.children = {{2, fresh}};
  tables.after.replaced[net::reqid_of({1})] = {{tables.before.ikes[1].remote, 0xa1}};
  return tables;
}

TEST(SaFacts, APlainRekeyIsNoNews) {
  const auto [before, after] = rekeyed();
  EXPECT_EQ(facts(before), facts(after));
}

TEST(SaFacts, ItIsWhereItsSpisMatter) {
  const auto [before, after] = rekeyed();
  const SpiScope ours{{{1}}, false};
  EXPECT_NE(facts(before, ours), facts(after, ours));
  const SpiScope orphans{{}, true};
  EXPECT_NE(facts(before, orphans), facts(after, orphans));
}

TEST(SaFacts, AnotherPathOrAlgorithmIsNews) {
  const auto [before, after] = rekeyed();
  model::SaTable moved = after;
  moved.ikes[1].local = test::address("192.0.2.7");
  EXPECT_NE(facts(before), facts(moved));
  model::SaTable behind_nat = after;
  behind_nat.children[2].udp_encapsulation = true;
  EXPECT_NE(facts(before), facts(behind_nat));
  model::SaTable stronger = after;
  stronger.children[2].algorithms = {"AES_CBC", 256, "HMAC_SHA2_512_256", ""};
  EXPECT_NE(facts(before), facts(stronger));
}

TEST(SaFacts, OthersSasAreNoNews) {
  model::SaTable sas;
  const SaFacts nothing = facts(sas);
  test::install(sas, 1, "theirs", {});
  sas.children[1].reqid = {1};
  sas.children[1].if_id_in = {};
  EXPECT_EQ(facts(sas), nothing);
}

TEST(SaFacts, OneUnitIsBroughtUpToDateAlone) {
  const auto [before, after] = rekeyed();
  SaFacts kept = facts(before);
  EXPECT_FALSE(refresh(kept, {1}, after, model::SaIndex(after), {}));
  model::SaTable gone = after;
  gone.children.clear();
  EXPECT_TRUE(refresh(kept, {1}, gone, model::SaIndex(gone), {}));
  EXPECT_EQ(kept, facts(gone));
}

}  // namespace
}  // namespace vtid::reconcile
