#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace vtid {
namespace {

TEST(ParseNumber, TakesTheWholeText) {
  EXPECT_EQ(parse_number<int>("-7"), -7);
  EXPECT_EQ(parse_number<std::uint32_t>("c0ffee", 16), 0xc0ffeeU);
  EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
}

TEST(ParseNumber, IsNothingForAnythingElse) {
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "0x1", "-", "256", "-1"}) {
    EXPECT_EQ(parse_number<std::uint8_t>(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, TakesEitherBaseWhereBothAreWritten) {
  EXPECT_EQ(parse_hexadecimal_or_decimal<std::uint32_t>("0x1001"), 0x1001U);
  EXPECT_EQ(parse_hexadecimal_or_decimal<std::uint32_t>("0XFF"), 255U);
  EXPECT_EQ(parse_hexadecimal_or_decimal<std::uint32_t>("4097"), 4097U);
  for (const char* text : {"", "0x", "ff", "0x-1", "0x1 "}) {
    EXPECT_EQ(parse_hexadecimal_or_decimal<std::uint32_t>(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace vtid
