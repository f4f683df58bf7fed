#include "base/bounded_json.h"

#include <gtest/gtest.h>

#include <string>

namespace vtid {
namespace {

constexpr JsonBounds kBounds{.bytes = 200'000, .depth = 3, .values = 6, .members = 2};

std::string wrong_with(std::string_view text) {
  const auto document = parse_bounded_json(text, kBounds);
  return document ? "nothing" : document.error().text;
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(BoundedJson, ADocumentWithinItsBoundsIsWhatTheLibraryMakesOfIt) {
  constexpr std::string_view kText = R"({"a":[1,-2,0.5],"b":"\u00e9"})";
  EXPECT_EQ(parse_bounded_json(kText, kBounds).value(), nlohmann::json::parse(kText));
}

TEST(BoundedJson, AnOrderedDocumentKeepsItsOrder) {
  EXPECT_EQ(parse_bounded_json<nlohmann::ordered_json>(R"({"b":1,"a":2})", kBounds).value().dump(), R"({"b":1,"a":2})");
}

TEST(BoundedJson, OfAKeyWrittenTwiceTheLastValueCounts) {
  EXPECT_EQ(parse_bounded_json(R"({"a":[1],"a":2})", kBounds).value().dump(), R"({"a":2})");
}

TEST(BoundedJson, TextThatIsNotJsonIsToldByItsPlaceAlone) { EXPECT_EQ(wrong_with(R"({"a":secret})"), "not JSON, from byte 6"); }
TEST(BoundedJson, TextAfterTheDocumentIsNotJson) { EXPECT_EQ(wrong_with("1 2"), "not JSON, from byte 3"); }
TEST(BoundedJson, NothingIsNotJson) { EXPECT_EQ(wrong_with(""), "not JSON, from byte 1"); }
TEST(BoundedJson, ANumberThatNoDoubleHoldsIsRefused) { EXPECT_TRUE(wrong_with("1e999").starts_with("not JSON")); }
TEST(BoundedJson, BytesThatAreNotUtf8AreNotJson) { EXPECT_TRUE(wrong_with("\"\xff\"").starts_with("not JSON")); }

TEST(BoundedJson, DepthUpToTheBoundIsTaken) { EXPECT_EQ(wrong_with("[[[]]]"), "nothing"); }
TEST(BoundedJson, DepthBeyondTheBoundIsRefused) {
  EXPECT_EQ(wrong_with(repeated("[", 100'000)), "more than 3 levels of nesting");
}
TEST(BoundedJson, DepthOfObjectsBeyondTheBoundIsRefused) {
  EXPECT_EQ(wrong_with(repeated(R"({"a":)", 10'000)), "more than 3 levels of nesting");
}
TEST(BoundedJson, MoreValuesThanTheBoundAreRefused) { EXPECT_EQ(wrong_with("[1,2,3,4,5,6]"), "more than 6 values"); }
TEST(BoundedJson, MoreMembersThanTheBoundAreRefused) {
  EXPECT_EQ(wrong_with(R"({"a":1,"b":2,"c":3})"), "more than 2 members in one object");
}
TEST(BoundedJson, MoreBytesThanTheBoundAreRefusedUnread) {
  EXPECT_EQ(wrong_with(std::string(200'001, ' ')), "more than 200000 bytes");
}

}  // namespace
}  // namespace vtid
