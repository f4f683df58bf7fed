#include "foreign/settings.h"

#include <gtest/gtest.h>

namespace vtid::foreign {
namespace {

Settings parse(std::string_view text) { return parse_settings(text).value(); }
std::string value(std::string_view text) { return parse(text).root.at("a").value("x"); }

TEST(Settings, ReadsAValueUpToTheLinesEnd) { EXPECT_EQ(value("a {\n x = one two  # three\n}"), "one two"); }
TEST(Settings, ReadsAValueUpToTheSectionsEnd) { EXPECT_EQ(value("a { x = one }"), "one"); }
TEST(Settings, ReadsAQuotationWithItsEscapes) { EXPECT_EQ(value(R"(a { x = "one # \"two\" }" })"), R"(one # "two" })"); }
TEST(Settings, AColonInAValueIsItsOwn) { EXPECT_EQ(value("a { x = keyid:y }"), "keyid:y"); }
TEST(Settings, TheLaterValueCounts) { EXPECT_EQ(value("a { x = 1\n x = 2\n}\na {\n x = 3\n}"), "3"); }
TEST(Settings, KnowsTheLineOfAValue) { EXPECT_EQ(parse("a {\n\n x = 1\n}").root.at("a").setting("x")->line, 3); }
TEST(Settings, AReferenceGivesWhatIsLacking) { EXPECT_EQ(value("b {\n x = 1\n}\na : b {\n}"), "1"); }
TEST(Settings, AReferenceGivesNothingThatIsThere) { EXPECT_EQ(value("b {\n x = 1\n}\na : b {\n x = 2\n}"), "2"); }
TEST(Settings, TheFirstOfSeveralReferencesCounts) { EXPECT_EQ(value("b {\n x = 1\n}\nc {\n x = 2\n}\na : b, c {\n}"), "1"); }
TEST(Settings, AReferenceGivesSectionsAndWhatThoseRefer) {
  EXPECT_EQ(parse("d {\n y = 5\n}\nb {\n c : d {\n }\n}\na : b {\n c {\n z = 1\n }\n}").root.at("a").at("c").value("y"), "5");
}
TEST(Settings, FollowsNoInclude) { EXPECT_EQ(parse("a {\n include x/*.conf\n}").includes.front().value, "x/*.conf"); }
TEST(Settings, RefusesACircleOfReferences) {
  EXPECT_EQ(parse_settings("a : b {\n}\nb : a {\n}").error().text, "line 3: \"b\" takes over from itself");
}
TEST(Settings, RefusesReferencesThatMultiply) {
  std::string text = "s0 {\n k = v\n}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "s" + std::to_string(i - 1);
    text += "s" + std::to_string(i) + " {\n a : " + before + " {\n }\n b : " + before + " {\n }\n}\n";
  }
  EXPECT_FALSE(parse_settings(text).has_value());
}

}  // namespace
}  // namespace vtid::foreign
