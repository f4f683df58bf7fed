#include "base/clock.h"

#include <gtest/gtest.h>

namespace vtid {

TEST(WallTime, IsPrintedAsRfc3339) { EXPECT_EQ(print(WallTime{std::chrono::seconds{1'795'500'007}}), "2026-11-24T06:00:07Z"); }

}  // namespace vtid
