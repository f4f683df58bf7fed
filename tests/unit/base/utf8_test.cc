#include "base/utf8.h"

#include <gtest/gtest.h>

namespace vtid {
namespace {

TEST(Utf8, TextOfEveryLengthStaysAsItIs) {
  const std::string text = "a\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
  EXPECT_EQ(to_utf8(text), text);
  EXPECT_TRUE(is_utf8(text));
}

TEST(Utf8, WhatBeginsNoCharacterIsReplaced) {
  EXPECT_EQ(to_utf8("a\xff"
                    "b\xe4\xf6"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Utf8, OverlongFormsSurrogatesAndWhatIsNoCodePointAreRefused) {
  for (const char* const bytes : {"\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_FALSE(is_utf8(bytes)) << bytes;
}

TEST(Utf8, EveryPairOfBytesBecomesValid) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string bytes{static_cast<char>(a), static_cast<char>(b)};
      ASSERT_TRUE(is_utf8(to_utf8(bytes))) << a << ' ' << b;
    }
  }
}

TEST(Utf8, WhatIsTooLongIsCutBetweenCharactersAndSaysSo) {
  EXPECT_EQ(to_utf8("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(to_utf8("abcdefghi", 8), "abcde...");
  EXPECT_EQ(to_utf8("abcd\xc3\xa4xyz", 8), "abcd...");
  EXPECT_EQ(to_utf8(std::string(100, '\xff'), 10), "\xef\xbf\xbd\xef\xbf\xbd...");
}

TEST(Utf8, ZeroBytesAreCharactersLikeOthers) { EXPECT_EQ(to_utf8(std::string_view("a\0b", 3)), std::string("a\0b", 3)); }

}  // namespace
}  // namespace vtid
