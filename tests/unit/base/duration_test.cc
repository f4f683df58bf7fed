#include "base/duration.h"

#include <gtest/gtest.h>

namespace vtid {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("4h"), 4h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

class NotADuration : public testing::TestWithParam<const char*> {};
TEST_P(NotADuration, IsRefused) { EXPECT_FALSE(parse_duration(GetParam()).has_value()); }
INSTANTIATE_TEST_SUITE_P(Durations, NotADuration,
                         testing::Values("", "s", "10", "4x", "-1s", "+1s", " 1s", "1 s", "1.5s", "1s ", "1S", "0x1s",
                                         "99999999999999999999s", "366d"));

TEST(Duration, IsPrintedInItsLargestWholeUnit) {
  EXPECT_EQ(print_duration(1h), "1h");
  EXPECT_EQ(print_duration(90s), "90s");
  EXPECT_EQ(print_duration(1500ms), "1500ms");
  EXPECT_EQ(print_duration(0s), "0s");
}

}  // namespace
}  // namespace vtid
