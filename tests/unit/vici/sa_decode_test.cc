// What charon does not say, or says badly. What it really says is in tests/golden/vici.
#include "vici/sa_decode.h"

#include <gtest/gtest.h>

#include "support/scripted_charon.h"
#include "support/worlds.h"

namespace vtid::vici {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'000'000}};

Message listed(Message ike, Message child) {
  return Message{}.add_section("hq", ike.add_section("child-sas", Message{}.add_section("hq-1", std::move(child))));
}
Message ike() { return Message{}.add("uniqueid", "1"); }
Message child() { return Message{}.add("uniqueid", "1"); }

TEST(SaDecode, WhatIsAbsentKeepsItsDefault) {
  model::IkeSa expected_ike;
  expected_ike.id = 1;
  expected_ike.name = "hq";
  expected_ike.peer_answered = false;
  model::ChildSa expected_child;
  expected_child.id = expected_child.ike_id = 1;
  EXPECT_EQ(decode_listing(listed(ike(), child()), kNow), (Listing{expected_ike, {expected_child}}));
}

TEST(SaDecode, WhatIsMalformedKeepsItsDefaultToo) {
  const Message broken_ike = ike().add("state", "DANCING").add("local-host", "nowhere").add("local-port", "65536");
  const Message broken_child = child().add("reqid", "many").add("if-id-in", "xyz").add("spi-in", "1ffffffff").add("state", "");
  EXPECT_EQ(decode_listing(listed(broken_ike, broken_child), kNow), decode_listing(listed(ike(), child()), kNow));
}

TEST(SaDecode, IfIdsAreHexadecimalAndReqidsDecimal) {
  const auto listing = decode_listing(
      listed(ike(), child().add("if-id-in", "00000010").add("if-id-out", "0000ffff").add("reqid", "5010")), kNow);
  const model::ChildSa& sa = listing->children.at(0);
  EXPECT_EQ((std::tuple{sa.if_id_in.value, sa.if_id_out.value, sa.reqid.value}), (std::tuple{16U, 65'535U, 5'010U}));
}

// Keys of strongSwan's src/libcharon/plugins/vici/vici_query.c, 6.0.2: the first SA of such a child is for all processors.
TEST(SaDecode, SasForEachProcessorAreToldApart) {
  const auto is_for_one = [](Message message) {
    return decode_listing(listed(ike(), message.add("per-cpu-sas", "yes")), kNow)->children.at(0).for_one_cpu;
  };
  EXPECT_FALSE(is_for_one(child()));
  EXPECT_TRUE(is_for_one(child().add("cpu", "0")));
}

TEST(SaDecode, AgesBecomeMoments) {
  const auto listing = decode_listing(listed(ike(), child().add("install-time", "60")), kNow);
  EXPECT_EQ(listing->children.at(0).installed, kNow - std::chrono::minutes{1});
}

TEST(SaDecode, WithoutAUniqueidThereIsNoSa) {
  EXPECT_EQ(decode_listing(listed(Message{}, child()), kNow), std::nullopt);
  EXPECT_EQ(decode_listing(listed(ike(), Message{}), kNow)->children, std::vector<model::ChildSa>{});
  EXPECT_EQ(decode_listing(Message{}, kNow), std::nullopt);
}

TEST(SaDecode, AnIkeSaWithoutAConnectionIsNothing) {
  EXPECT_EQ(decode_listing(Message{}.add_section("(unnamed)", ike()), kNow), std::nullopt);
}

TEST(SaDecode, APeerHasAnsweredWhenItsSpiIsKnown) {
  const auto answered = [](Message message) {
    return decode_listing(Message{}.add_section("hq", std::move(message)), kNow)->ike.peer_answered;
  };
  EXPECT_FALSE(answered(ike().add("initiator", "yes").add("initiator-spi", "1").add("responder-spi", "0000000000000000")));
  EXPECT_TRUE(answered(ike().add("initiator", "yes").add("initiator-spi", "1").add("responder-spi", "b000000000000001")));
  EXPECT_TRUE(answered(ike().add("initiator-spi", "1").add("responder-spi", "2")));
}

TEST(SaDecode, AConnectionMayBeCalledLikeAKey) {
  const auto event = decode_event("ike-updown", Message{}.add("up", "yes").add_section("up", ike()), kNow);
  EXPECT_EQ(std::get<IkeUpdown>(*event).ike.name, "up");
}

TEST(SaDecode, AnEventThatLacksItsHalvesIsNothing) {
  EXPECT_EQ(decode_event("ike-rekey", Message{}.add_section("hq", Message{}.add_section("old", ike())), kNow), std::nullopt);
  EXPECT_EQ(decode_event("child-rekey", Message{}.add_section("hq", ike()), kNow), std::nullopt);
  EXPECT_EQ(decode_event("child-rekey", listed(ike(), Message{}.add_section("new", child())), kNow), std::nullopt);
  EXPECT_EQ(decode_event("log", Message{}.add("msg", "text"), kNow), std::nullopt);
}

TEST(SaDecode, TheScriptedCharonSpeaksTheSameLanguage) {
  model::SaTable table;
  test::install(table, 3, "hq", net::Unit{9});
  const model::ChildSa& child = table.children.at(3);
  const Message entry =
      test::encode_ike(table.ikes.at(3)).add_section("child-sas", Message{}.add_section("hq-3", test::encode_child(child)));
  EXPECT_EQ(decode_listing(Message{}.add_section("hq", entry), kNow), (Listing{table.ikes.at(3), {child}}));
}

}  // namespace
}  // namespace vtid::vici
