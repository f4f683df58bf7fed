#include "vici/codec.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

using namespace std::string_literals;

std::string refusal(std::string_view payload) {
  const auto packet = decode(payload);
  return packet ? "accepted" : packet.error().text;
}

Message sample() {
  return Message{}
      .add("key", "value")
      .add_list("list", {"a", "", "c"})
      .add_section("section", Message{}.add("key", "").add_section("empty", {}));
}

Message nested(std::size_t depth) {
  Message message;
  for (std::size_t i = 0; i < depth; ++i) message = Message{}.add_section("s", message);
  return message;
}

TEST(Codec, ARequestHasTheBytesOfTheProtocol) {
  const Packet packet{PacketType::request, "stop", Message{}.add("k", "v").add_list("l", {"i"}).add_section("s", {})};
  EXPECT_EQ(encode(packet).value(), "\0\4stop\3\1k\0\1v\4\1l\5\0\1i\6\1\1s\2"s);
}

TEST(Codec, EveryTypeComesBackAsItWent) {
  for (std::uint8_t type = 0; type <= 7; ++type) {
    Packet packet{static_cast<PacketType>(type), {}, {}};
    if (type == 0 || type == 3 || type == 4 || type == 7) packet.name = "name";
    if (type == 0 || type == 1 || type == 7) packet.message = sample();
    EXPECT_EQ(decode(encode(packet).value()).value(), packet) << int{type};
  }
}

TEST(Codec, ValuesMayHoldAnyBytesUpToTheirBound) {
  const Packet packet{PacketType::response, {}, Message{}.add("k", std::string(65'535, '\0'))};
  EXPECT_EQ(decode(encode(packet).value()).value(), packet);
}

TEST(Codec, EveryTruncationOfAMessageIsRefusedOrShorter) {
  const Packet packet{PacketType::event, "list-sa", Message{}.add_section("s", sample())};
  const std::string bytes = encode(packet).value();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(decode(std::string_view(bytes).substr(0, size)).value_or(Packet{}), packet) << size;
  }
}

TEST(Codec, TruncationInsideAnElementIsRefused) {
  EXPECT_EQ(refusal(""), "charon sent a broken packet: truncated");
  EXPECT_EQ(refusal("\1\3"s), "charon sent a broken packet: truncated");
  EXPECT_EQ(refusal("\1\3\2k"s), "charon sent a broken packet: truncated");
  EXPECT_EQ(refusal("\1\3\1k\0"s), "charon sent a broken packet: truncated");
  EXPECT_EQ(refusal("\1\3\1k\0\2v"s), "charon sent a broken packet: truncated");
  EXPECT_EQ(refusal("\7\4list"s), "accepted");
  EXPECT_EQ(refusal("\7\5list"s), "charon sent a broken packet: truncated");
}

TEST(Codec, WhatDoesNotNestIsRefused) {
  EXPECT_EQ(refusal("\1\2"s), "charon sent a broken packet: a section ends that never began");
  EXPECT_EQ(refusal("\1\1\1s"s), "charon sent a broken packet: a section is not closed");
  EXPECT_EQ(refusal("\1\4\1l"s), "charon sent a broken packet: a list is not closed");
  EXPECT_EQ(refusal("\1\4\1l\2"s), "charon sent a broken packet: a list holds something else than items");
  EXPECT_EQ(refusal("\1\4\1l\3\1k\0\0\6"s), "charon sent a broken packet: a list holds something else than items");
  EXPECT_EQ(refusal("\1\5\0\0"s), "charon sent a broken packet: unknown or misplaced element");
  EXPECT_EQ(refusal("\1\6"s), "charon sent a broken packet: unknown or misplaced element");
}

TEST(Codec, UnknownTypesAreRefused) {
  EXPECT_EQ(refusal("\10"s), "charon sent a broken packet: unknown packet type");
  EXPECT_EQ(refusal("\1\7"s), "charon sent a broken packet: unknown or misplaced element");
  EXPECT_EQ(refusal("\1\0"s), "charon sent a broken packet: unknown or misplaced element");
}

TEST(Codec, NamesMustBePrintable) {
  EXPECT_EQ(refusal("\7\0"s), "charon sent a broken packet: a name is empty or not printable");
  EXPECT_EQ(refusal("\1\3\1\n\0\0"s), "charon sent a broken packet: a name is empty or not printable");
  EXPECT_EQ(refusal("\1\3\1\xff\0\0"s), "charon sent a broken packet: a name is empty or not printable");
}

TEST(Codec, BytesAfterAPacketWithoutMessageAreRefused) {
  EXPECT_EQ(refusal("\5x"), "charon sent a broken packet: bytes after the end");
}

TEST(Codec, NestingIsBounded) {
  std::string deep(1, '\1');
  for (std::size_t i = 0; i <= kDeepestNesting; ++i) deep += "\1\1s";
  deep.append(kDeepestNesting + 1, '\2');
  EXPECT_EQ(refusal(deep), "charon sent a broken packet: sections are nested too deeply");
  EXPECT_TRUE(encode({PacketType::response, {}, nested(kDeepestNesting)}));
  EXPECT_FALSE(encode({PacketType::response, {}, nested(kDeepestNesting + 1)}));
}

TEST(Codec, ElementsAreBounded) {
  std::string many("\1\4\1l");
  for (std::size_t i = 0; i < kMostElements; ++i) many += "\5\0\0"s;
  EXPECT_EQ(refusal(many + "\6"), "charon sent a broken packet: too many elements");
}

TEST(Codec, WhatCannotBeEncodedIsRefusedWithoutShowingIt) {
  const auto text = [](const Message& message) { return encode({PacketType::response, {}, message}).error().text; };
  EXPECT_EQ(text(Message{}.add("k", std::string(65'536, 's'))),
            "cannot encode for charon: a value is longer than 65,535 bytes");
  EXPECT_EQ(text(Message{}.add(std::string(256, 'n'), "")),
            "cannot encode for charon: a name is empty, too long or not printable");
  EXPECT_EQ(text(Message{}.add("", "")), "cannot encode for charon: a name is empty, too long or not printable");
  Message large;
  for (int i = 0; i < 9; ++i) large.add("k", std::string(65'000, 'v'));
  EXPECT_EQ(text(large), "cannot encode for charon: the message is larger than 512 KiB");
}

TEST(SegmentReader, FindsTheSameSegmentsHoweverTheStreamIsCut) {
  const std::string stream = "\0\0\0\3one\0\0\0\5three"s;
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    SegmentReader reader;
    std::vector<std::string> segments;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.append(std::string_view(stream).substr(at, piece));
      for (auto next = reader.next(); next && *next; next = reader.next()) segments.emplace_back(**next);
    }
    EXPECT_EQ(segments, (std::vector<std::string>{"one", "three"})) << piece;
  }
}

TEST(SegmentReader, AnEmptyOrTooLongSegmentIsAnError) {
  SegmentReader empty;
  empty.append("\0\0\0\0"s);
  EXPECT_EQ(empty.next().error().text, "charon announced a packet of 0 bytes");
  SegmentReader longer;
  longer.append("\0\x08\0\1"s);
  EXPECT_EQ(longer.next().error().text, "charon announced a packet of 524289 bytes");
  EXPECT_FALSE(longer.next());
}

}  // namespace
}  // namespace vtid::vici
