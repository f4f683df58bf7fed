#include "base/printable.h"

#include <gtest/gtest.h>

namespace vtid {
namespace {

TEST(Printable, TextOfEveryScriptStaysAsItIs) {
  EXPECT_EQ(printable("hq ±1 Zürich \u6771\u4eac \U0001f512"), "hq ±1 Zürich \u6771\u4eac \U0001f512");
}
TEST(Printable, AnEscapeSequenceIsShownAndNotObeyed) { EXPECT_EQ(printable("a\x1b[2Jb"), R"(a\u001b[2Jb)"); }
TEST(Printable, ABellAndADeletionAreShown) { EXPECT_EQ(printable("\a\x7f"), R"(\u0007\u007f)"); }
TEST(Printable, AControlCharacterOfTwoBytesIsShown) {
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            R"(\u009b2J)");
}
TEST(Printable, AControlCharacterOfOneByteIsNoText) {
  EXPECT_EQ(printable("\x9b"
                      "2J"),
            R"(\x9b2J)");
}
TEST(Printable, OverridesAndIsolatesOfDirectionAreShown) {
  EXPECT_EQ(printable("\u202a\u202e\u2066\u2069\u200e\u200f\u061c"), R"(\u202a\u202e\u2066\u2069\u200e\u200f\u061c)");
}
TEST(Printable, SeparatorsOfLinesAndParagraphsAreShown) { EXPECT_EQ(printable("\u2028\u2029"), R"(\u2028\u2029)"); }
TEST(Printable, TheNeighboursOfWhatIsEscapedAreNot) {
  EXPECT_EQ(printable("\u00a0\u2027\u202f\u2065\u2070\u200d"), "\u00a0\u2027\u202f\u2065\u2070\u200d");
}
TEST(Printable, ANewlineStaysOnlyWhereItMay) {
  EXPECT_EQ(printable("a\nb\r"), R"(a\u000ab\u000d)");
  EXPECT_EQ(printable("a\nb\r", Newlines::kept), "a\nb\\u000d");
}
TEST(Printable, BytesThatAreNoTextAreShownOneByOne) { EXPECT_EQ(printable("a\xff\xc3(\xe2\x82"), R"(a\xff\xc3(\xe2\x82)"); }
TEST(Printable, TooLongFormsAreNoText) { EXPECT_EQ(printable("\xc0\x9b\xe0\x82\x9b"), R"(\xc0\x9b\xe0\x82\x9b)"); }
TEST(Printable, SurrogatesAreNoText) { EXPECT_EQ(printable("\xed\xa0\x80"), R"(\xed\xa0\x80)"); }
TEST(Printable, WhatLiesBeyondTheLastCharacterIsNoText) { EXPECT_EQ(printable("\xf4\x90\x80\x80"), R"(\xf4\x90\x80\x80)"); }

TEST(IncompleteTail, IsTheBeginningOfACharacter) { EXPECT_EQ(incomplete_tail("a\xe2\x80"), 2U); }
TEST(IncompleteTail, IsNothingAfterAWholeCharacter) { EXPECT_EQ(incomplete_tail("a\u202e"), 0U); }
TEST(IncompleteTail, IsNothingWhereNoCharacterCanBegin) { EXPECT_EQ(incomplete_tail("\x80\x80\x80\x80"), 0U); }

}  // namespace
}  // namespace vtid
