#include "vici/message.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

TEST(Message, ASectionAListAndAValueOfOneNameAreDifferentThings) {
  Message message;
  message.add_section("up", Message{}.add("inside", "1")).add_list("up", {"item"}).add("up", "yes");
  EXPECT_EQ(message.text("up"), "yes");
  EXPECT_EQ(message.list("up"), Message::List{"item"});
  EXPECT_EQ(message.find_section("up")->text("inside"), "1");
}

TEST(Message, TheFirstOfRepeatedNamesIsFound) {
  EXPECT_EQ(Message{}.add("key", "first").add("key", "second").text("key"), "first");
}

TEST(Message, OrderAndRepetitionMakeADifference) {
  EXPECT_NE(Message{}.add("a", "1").add("b", "2"), Message{}.add("b", "2").add("a", "1"));
  EXPECT_NE(Message{}.add("a", "1"), Message{}.add("a", "1").add("a", "1"));
}

TEST(Message, BooleansAreReadAsCharonReadsThem) {
  for (const std::string yes : {"yes", "true", "enabled", "1"}) EXPECT_TRUE(Message{}.add("k", yes).flag("k", false)) << yes;
  for (const std::string no : {"no", "false", "disabled", "0"}) EXPECT_FALSE(Message{}.add("k", no).flag("k", true)) << no;
}

TEST(Message, AnythingElseIsTheFallback) {
  EXPECT_TRUE(Message{}.add("k", "maybe").flag("k", true));
  EXPECT_TRUE(Message{}.flag("k", true));
}

TEST(Message, NumbersAreReadWholeOrNotAtAll) {
  EXPECT_EQ(Message{}.add("k", "5001").number("k"), 5001U);
  EXPECT_EQ(Message{}.add("k", "c787b4f6").number("k", 16), 0xc787b4f6U);
  EXPECT_EQ(Message{}.add("k", "12x").number("k"), std::nullopt);
  EXPECT_EQ(Message{}.add("k", "-1").number("k"), std::nullopt);
  EXPECT_EQ(Message{}.add("k", "").number("k"), std::nullopt);
  EXPECT_EQ(Message{}.add("k", "99999999999999999999").number("k"), std::nullopt);
}

TEST(Message, ValuesAreBytes) {
  const std::string bytes("\0\xff", 2);
  EXPECT_EQ(*Message{}.add("k", bytes).find("k"), bytes);
}

}  // namespace
}  // namespace vtid::vici
