// charon as a liar: whatever it sends, and however much, what is taken has a bound.
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "support/charon_wire.h"
#include "support/worlds.h"
#include "vici/words.h"

namespace vtid::vici {
namespace {

using test::ScriptedCharon;

constexpr Duration kPatience{1'000};

Now at(int milliseconds) { return {TimePoint{Duration{milliseconds}}, {}}; }
std::string bytes(PacketType type, std::string name = {}, Message message = {}) {
  return encode_segment({type, std::move(name), std::move(message)}).value();
}
std::string ending(const Session& session) { return session.ended() ? session.ended()->text : "goes on"; }

Message ike(std::uint32_t id, const std::string& identity = "peer") {
  return Message{}.add_section("hq",
                               Message{}.add_number("uniqueid", id).add("state", "ESTABLISHED").add("remote-id", identity));
}

TEST(SessionBounds, AnAnswerThatGoesOnIsEndedByItsBytes) {
  Session session;
  session.stream("list-sas", "list-sa", {}, kPatience, at(0));
  session.on_bytes(bytes(PacketType::confirmed), at(0));
  const std::string entry = bytes(PacketType::event, "list-sa", Message{}.add("x", std::string(65'000, 'x')));
  std::size_t sent = 0;
  for (; !session.ended() && sent < 2 * kMostStreamedBytes; sent += entry.size()) {
    session.on_bytes(entry, at(0));
    (void)session.take_reports();
  }
  EXPECT_EQ(ending(session), "charon's answer to \"list-sas\" does not end");
  EXPECT_LE(sent, kMostStreamedBytes + entry.size());
}

TEST(SessionBounds, AnAnswerThatTricklesForEverIsEnded) {
  Session session;
  session.stream("list-sas", "list-sa", {}, kPatience, at(0));
  session.on_bytes(bytes(PacketType::confirmed), at(0));
  int now = 0;
  for (; !session.ended() && now < 2 * kLongestAnswer.count(); now += 900) {
    session.on_time(at(now));
    session.on_bytes(bytes(PacketType::event, "list-sa"), at(now));
  }
  EXPECT_EQ(ending(session), "charon's answer to \"list-sas\" does not end");
}

TEST(SessionBounds, APacketThatIsNeverWholeIsNotWaitedFor) {
  Session session;
  const std::string packet = bytes(PacketType::event, "child-updown", Message{}.add("x", "y"));
  session.on_bytes(packet + packet.substr(0, 5), at(0));
  EXPECT_EQ(session.next_deadline(), at(0).steady + kSegmentPatience);
  session.on_bytes(packet.substr(5, 1), at(9'000));
  session.on_time(at(10'000));
  EXPECT_EQ(ending(session), "charon sent a part of a packet and then nothing more");
}

TEST(SessionBounds, ABigPacketInPiecesHasItsTimeFromItsOwnBeginning) {
  Session session;
  const std::string packet = bytes(PacketType::event, "child-updown", Message{}.add("x", "y"));
  session.on_bytes(packet.substr(0, 5), at(0));
  session.on_bytes(packet.substr(5) + packet.substr(0, 5), at(9'000));
  session.on_time(at(18'000));
  session.on_bytes(packet.substr(5), at(18'500));
  EXPECT_EQ(session.next_deadline(), std::nullopt);
  EXPECT_EQ(session.take_reports().size(), 2U);
}

TEST(SessionBounds, RequestsWithoutAnAnswerAreOnlySoManyBytes) {
  Session session;
  const Message big = Message{}.add("data", std::string(60'000, 'x'));
  std::size_t sent = 0;
  for (int i = 0; i < 1'000; ++i) {
    session.request("load-conn", big, kPatience, at(0));
    sent += session.take_output().size();
  }
  EXPECT_LE(sent, kMostPendingBytes);
  EXPECT_EQ(std::get<Answered>(session.take_reports().at(0)).response, fail("too much is waiting for charon"));
  EXPECT_EQ(ending(session), "goes on");
}

TEST(DecodeBounds, ARefusalIsValidTextOfABoundedLength) {
  Session session;
  session.request("load-conn", {}, kPatience, at(0));
  session.on_bytes(
      bytes(PacketType::response, {}, Message{}.add("success", "no").add("errmsg", "\xff\xfe" + std::string(60'000, 'x'))),
      at(0));
  const std::string text = std::get<Answered>(session.take_reports().at(0)).response.error().text;
  EXPECT_TRUE(is_utf8(text) && text.size() <= kLongestReason && text.ends_with("...")) << text.size();
}

TEST(DecodeBounds, EveryTextOfAnSaIsValidAndBounded) {
  const std::string junk = "\xc3(" + std::string(5'000, '\xe4');
  Message child = Message{}.add_number("uniqueid", 1);
  for (const char* const name : {"name", "protocol", "encr-alg", "integ-alg", "dh-group"}) child.add(name, junk);
  child.add_list("local-ts", Message::List(1'000, junk)).add_list("remote-ts", {junk});
  Message entry = Message{}.add_number("uniqueid", 1).add("local-id", junk).add("remote-id", junk);
  entry.add_section("child-sas", Message{}.add_section("hq-1", child));
  const auto listing = decode_listing(Message{}.add_section("hq", entry), {});
  std::vector<std::pair<std::string, std::size_t>> texts{{listing->ike.local_id, kLongestIdentity},
                                                         {listing->ike.remote_id, kLongestIdentity}};
  const model::ChildSa& sa = listing->children.at(0);
  for (const std::string& word :
       {sa.name, sa.protocol, sa.algorithms.encryption, sa.algorithms.integrity, sa.algorithms.dh_group})
    texts.emplace_back(word, kLongestWord);
  for (const std::string& selector : sa.local_ts) texts.emplace_back(selector, kLongestSelector);
  EXPECT_EQ(sa.local_ts.size(), kMostSelectors);
  for (const auto& [text, most] : texts) EXPECT_TRUE(is_utf8(text) && text.size() <= most && !text.empty()) << text;
}

TEST(ViewBounds, EventsOfEverNewSasFillTheTableAndNoMore) {
  SaView view;
  view.make_room(1);
  auto event = std::get<IkeUpdown>(decode_event("ike-updown", Message{ike(1)}.add_flag("up", true), {}).value());
  for (; event.ike.id <= kMostSasOfOthers + 1'000; ++event.ike.id) view.apply(event);
  EXPECT_EQ(view.table().ikes.size(), kMostSasOfOthers + kSasOfConnection);
  EXPECT_TRUE(view.overflowed());
  view.begin_reading(std::nullopt);
  view.read(*decode_listing(ike(1), {}));
  (void)view.end_reading(true);
  EXPECT_EQ(view.table().ikes.size(), 1U);
  EXPECT_FALSE(view.overflowed());
}

TEST(ViewBounds, HeavySasFillItSooner) {
  SaView view;
  const std::string heavy(kLongestSelector, 'x');
  Listing listing;
  listing.ike.id = 1;
  model::ChildSa child;
  child.local_ts = child.remote_ts = std::vector<std::string>(kMostSelectors, heavy);
  const std::size_t one = 2 * kMostSelectors * heavy.size();
  const std::size_t room = kHeaviestTable / one;
  view.begin_reading(std::nullopt);
  for (child.id = 1; child.id < 2 * room; ++child.id) {
    listing.children = {child};
    view.read(listing);
  }
  EXPECT_LE(view.table().children.size(), room);
  EXPECT_GE(view.table().children.size(), room / 2);
  EXPECT_TRUE(view.overflowed());
}

TEST(ViewBounds, EventsDuringAReadingAreRememberedOnlySoFar) {
  SaView view;
  view.begin_reading(std::nullopt);
  auto event = std::get<IkeUpdown>(decode_event("ike-updown", ike(1), {}).value());
  for (; event.ike.id <= kMostSas + 1; ++event.ike.id) view.apply(event);
  view.apply(*decode_event("ike-updown", Message{ike(7)}.add_flag("up", true), {}));
  EXPECT_EQ(view.end_reading(true), std::set<std::string>{});
  EXPECT_EQ(view.table().ikes.size(), 1U);
}

TEST(ViewBounds, AClockThatIsSetBackMakesNoYoungSaAnOldOne) {
  SaView view;
  const Now start{TimePoint{Duration{5'000'000}}, WallTime{std::chrono::hours{1'000}}};
  view.adopt({}, "charon 1", "5.9.8", start);
  view.follow_clock({start.steady + std::chrono::minutes{1}, start.wall + std::chrono::hours{24}});
  EXPECT_EQ(view.table().oldest_own, start.wall);
  view.follow_clock({start.steady + std::chrono::minutes{1}, start.wall - std::chrono::hours{24}});
  EXPECT_EQ(view.table().oldest_own, start.wall - std::chrono::hours{24} - std::chrono::minutes{1});
}

TEST(ReadingBounds, EventsOfEverNewNamesBecomeOneLookAtAll) {
  SaPoller poller;
  const TimePoint due{Duration{1'000}};
  for (std::size_t i = 0; i < 10 * kMostLooks; ++i) poller.look_soon(std::to_string(i), due);
  EXPECT_EQ(poller.next(TimePoint{}), std::nullopt);
  EXPECT_EQ(poller.next_deadline(), due);
  EXPECT_EQ(poller.next(due), SaPoll{});
}

class LyingCharon : public testing::Test {
 protected:
  std::string problem() {
    for (const model::Problem& problem : charon.problems()) {
      if (problem.severity != model::Severity::caveat) return problem.text;
    }
    return "";
  }
  ScriptedCharon server;
  Charon charon{{}, [] { return 0U; }};
  test::CharonWire wire{charon, server};
};

TEST_F(LyingCharon, AnEndlessListIsLeftAndGoneAgainWhenItEnds) {
  server.connections["hq"] = Message{};
  server.bring_up("hq");
  wire.pass(Duration{10'000});
  server.endless_list = true;
  server.endless_identity = 60'000;
  wire.pass(Duration{291'000});
  EXPECT_FALSE(charon.table().connected);
  EXPECT_EQ(problem(), "charon does not answer: charon's answer to \"list-sas\" does not end");
  EXPECT_LE(charon.table().ikes.size(), kMostSas);
  server.endless_list = false;
  wire.pass(Duration{30'000});
  EXPECT_TRUE(charon.table().connected);
  wire.pass(Duration{20'000});
  EXPECT_EQ(charon.table().ikes.size(), 1U);
}

TEST_F(LyingCharon, TooManySasAreAProblemAndAreReadAgainSoon) {
  charon.want({}, wire.now);
  wire.pass(Duration{0});
  for (std::uint32_t id = 1; id <= kMostSasOfOthers + 1; ++id) {
    server.raise({PacketType::event, "ike-updown", Message{ike(id)}.add_flag("up", true)});
    if (id % 1'000 == 0) wire.settle();
  }
  wire.settle();
  EXPECT_EQ(problem(), "charon has more SAs than vtid keeps in mind; the others are not seen");
  wire.pass(Duration{25'000});
  EXPECT_EQ(charon.table().ikes.size(), 0U);
  EXPECT_EQ(problem(), "");
}

TEST_F(LyingCharon, ItsInventionsGetNoMoreRoomThanTheFileAsksFor) {
  charon.want({make_connection(test::tunnel("hq"), {{"hq", net::Unit{1}}}).value()}, wire.now);
  wire.pass(Duration{0});
  server.endless_list = true;
  charon.look(1, "hq", wire.now);
  wire.settle();
  EXPECT_EQ(charon.table().ikes.size(), kMostSasOfOthers + kSasOfConnection);
}

TEST_F(LyingCharon, EventsOnALineThatAskedForNoneSayNothing) {
  wire.pass(Duration{0});
  for (const int line : {1, 2})
    server.send_junk(line, bytes(PacketType::event, "ike-updown", Message{ike(9)}.add_flag("up", true)));
  wire.settle();
  EXPECT_TRUE(charon.table().connected);
  EXPECT_TRUE(charon.table().ikes.empty());
}

TEST_F(LyingCharon, HalfAPacketOnTheEventsLineIsNoticed) {
  wire.pass(Duration{0});
  server.send_junk(0, std::string("\0\0\1\0x", 5));
  wire.pass(Duration{10'000});
  EXPECT_FALSE(charon.table().connected);
  EXPECT_EQ(problem(), "charon does not answer: charon sent a part of a packet and then nothing more");
}

TEST_F(LyingCharon, ARefusalOfSixtyThousandBytesIsAShortProblem) {
  server.refused_all = std::string(60'000, '\xff');
  charon.want({make_connection(test::tunnel("hq"), {{"hq", net::Unit{1}}}).value()}, wire.now);
  wire.pass(Duration{1'000});
  EXPECT_TRUE(is_utf8(problem()));
  EXPECT_LE(problem().size(), kLongestReason + 100);
}

}  // namespace
}  // namespace vtid::vici
