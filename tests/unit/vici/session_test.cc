#include "vici/session.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

constexpr Duration kPatience{1'000};

Now at(int milliseconds) { return {TimePoint{Duration{milliseconds}}, {}}; }
std::string bytes(PacketType type, std::string name = {}, Message message = {}) {
  return encode_segment({type, std::move(name), std::move(message)}).value();
}
std::string response(Message message = {}) { return bytes(PacketType::response, {}, std::move(message)); }
Message tagged(std::string tag) { return Message{}.add("tag", std::move(tag)); }

std::string ending(const Session& session) { return session.ended() ? session.ended()->text : "goes on"; }

TEST(Session, RequestsArePipelinedAndAnsweredInOrder) {
  Session session;
  const RequestId first = session.request("version", {}, kPatience, at(0));
  const RequestId second = session.request("stats", {}, kPatience, at(0));
  EXPECT_EQ(session.take_output(), bytes(PacketType::request, "version") + bytes(PacketType::request, "stats"));
  session.on_bytes(response(tagged("1")) + response(tagged("2")), at(1));
  EXPECT_EQ(session.take_reports(), (std::vector<Report>{Answered{first, tagged("1")}, Answered{second, tagged("2")}}));
}

TEST(Session, AStreamCollectsItsEventsBetweenSubscriptionAndResponse) {
  Session session;
  const RequestId id = session.stream("list-sas", "list-sa", tagged("ask"), kPatience, at(0));
  EXPECT_EQ(session.take_output(), bytes(PacketType::subscribe, "list-sa") +
                                       bytes(PacketType::request, "list-sas", tagged("ask")) +
                                       bytes(PacketType::unsubscribe, "list-sa"));
  session.on_bytes(bytes(PacketType::confirmed) + bytes(PacketType::event, "list-sa", tagged("a")) +
                       bytes(PacketType::event, "child-updown", tagged("x")) +
                       bytes(PacketType::event, "list-sa", tagged("b")) + response() + bytes(PacketType::confirmed),
                   at(1));
  EXPECT_EQ(session.take_reports(), (std::vector<Report>{Streamed{id, tagged("a")}, Raised{"child-updown", tagged("x")},
                                                         Streamed{id, tagged("b")}, Answered{id, Message{}}}));
  EXPECT_EQ(session.next_deadline(), std::nullopt);
}

TEST(Session, EverySplitOfTheStreamGivesTheSameReports) {
  const std::string stream = bytes(PacketType::confirmed) + bytes(PacketType::event, "list-sa", tagged("a")) + response() +
                             bytes(PacketType::confirmed) + bytes(PacketType::event, "ike-updown", tagged("b"));
  const std::vector<Report> expected{Streamed{1, tagged("a")}, Answered{1, Message{}}, Raised{"ike-updown", tagged("b")}};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Session session;
    session.stream("list-sas", "list-sa", {}, kPatience, at(0));
    session.on_bytes(std::string_view(stream).substr(0, cut), at(0));
    session.on_bytes(std::string_view(stream).substr(cut), at(0));
    EXPECT_EQ(session.take_reports(), expected) << cut;
  }
}

TEST(Session, EventsMayComeBeforeTheirConfirmation) {
  Session session;
  const RequestId id = session.subscribe("child-updown", kPatience, at(0));
  session.on_bytes(bytes(PacketType::event, "child-updown", tagged("x")) + bytes(PacketType::confirmed), at(0));
  EXPECT_EQ(session.take_reports(), (std::vector<Report>{Raised{"child-updown", tagged("x")}, Answered{id, Message{}}}));
}

TEST(Session, ARefusalCarriesTheWordsOfCharonAndGoesOn) {
  Session session;
  session.request("load-conn", {}, kPatience, at(0));
  session.request("no-such", {}, kPatience, at(0));
  session.subscribe("no-such", kPatience, at(0));
  session.on_bytes(response(Message{}.add("success", "no").add("errmsg", "unknown option: x")) +
                       bytes(PacketType::unknown_command) + bytes(PacketType::unknown_event),
                   at(0));
  EXPECT_EQ(session.take_reports(), (std::vector<Report>{Answered{1, fail("unknown option: x")},
                                                         Answered{2, fail("charon does not know the command \"no-such\"")},
                                                         Answered{3, fail("charon does not know the event \"no-such\"")}}));
  EXPECT_EQ(ending(session), "goes on");
}

TEST(Session, WhatNobodyAskedForEndsIt) {
  for (const PacketType type : {PacketType::response, PacketType::confirmed, PacketType::unknown_command,
                                PacketType::unknown_event, PacketType::request, PacketType::subscribe}) {
    Session session;
    session.on_bytes(bytes(type, type == PacketType::request || type == PacketType::subscribe ? "x" : ""), at(0));
    EXPECT_EQ(ending(session), "charon sent a packet that nobody asked for") << static_cast<int>(type);
  }
}

TEST(Session, TheWrongKindOfAnswerEndsIt) {
  Session confirmed;
  confirmed.request("version", {}, kPatience, at(0));
  confirmed.on_bytes(bytes(PacketType::confirmed), at(0));
  EXPECT_EQ(ending(confirmed), "charon sent a packet that nobody asked for");
  Session responded;
  responded.subscribe("child-updown", kPatience, at(0));
  responded.on_bytes(response(), at(0));
  EXPECT_EQ(ending(responded), "charon sent a packet that nobody asked for");
}

TEST(Session, JunkEndsItAndAbandonsWhatIsOpen) {
  Session session;
  session.request("version", {}, kPatience, at(0));
  session.stream("list-sas", "list-sa", {}, kPatience, at(0));
  session.on_bytes("GET / HTTP/1.1\r\n", at(0));
  EXPECT_EQ(ending(session), "charon announced a packet of 1195725856 bytes");
  EXPECT_EQ(session.take_reports(), (std::vector<Report>{Abandoned{1}, Abandoned{2}}));
  EXPECT_EQ(session.take_output(), "");
}

TEST(Session, AnAnswerThatDoesNotComeInTimeEndsIt) {
  Session session;
  session.request("list-sas", {}, kPatience, at(0));
  session.on_time(at(999));
  EXPECT_EQ(ending(session), "goes on");
  session.on_time(at(1'000));
  EXPECT_EQ(ending(session), "charon did not answer \"list-sas\" within 1s");
}

TEST(Session, ARequestBehindASlowOneHasItsOwnTime) {
  Session session;
  session.request("initiate", {}, kPatience, at(0));
  session.request("load-conn", {}, kPatience, at(0));
  session.on_bytes(response(), at(900));
  EXPECT_EQ(session.next_deadline(), at(1'900).steady);
}

TEST(Session, AStreamThatMovesOnIsAlive) {
  Session session;
  session.stream("list-sas", "list-sa", {}, kPatience, at(0));
  session.on_bytes(bytes(PacketType::confirmed) + bytes(PacketType::event, "list-sa", tagged("a")), at(900));
  EXPECT_EQ(session.next_deadline(), at(1'900).steady);
}

TEST(Session, AfterItsEndEverythingIsAbandonedAtOnce) {
  Session session;
  session.end({"closed", {}, 0});
  session.request("version", {}, kPatience, at(0));
  session.stream("list-sas", "list-sa", {}, kPatience, at(0));
  EXPECT_EQ(session.take_reports(), (std::vector<Report>{Abandoned{1}, Abandoned{2}}));
}

TEST(Session, WhatCannotBeEncodedIsRefusedAndNotSent) {
  Session session;
  session.request("load-shared", Message{}.add("data", std::string(70'000, 's')), kPatience, at(0));
  EXPECT_EQ(session.take_output(), "");
  EXPECT_EQ(session.take_reports(),
            (std::vector<Report>{Answered{1, fail("cannot encode for charon: a value is longer than 65,535 bytes")}}));
}

TEST(Session, TheNumberOfOpenRequestsIsBounded) {
  Session session;
  for (std::size_t i = 0; i <= kMostPending; ++i) session.request("stats", {}, kPatience, at(0));
  EXPECT_EQ(session.take_reports(),
            (std::vector<Report>{Answered{kMostPending + 1, fail("too many requests are waiting for charon")}}));
}

}  // namespace
}  // namespace vtid::vici
