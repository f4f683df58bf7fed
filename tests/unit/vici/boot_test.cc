#include "vici/boot.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

TEST(Boot, OneRunMayBeToldASecondApart) {
  EXPECT_TRUE(same_boot("Nov 24 03:58:38 2026", "Nov 24 03:58:38 2026"));
  EXPECT_TRUE(same_boot("Nov 24 03:58:59 2026", "Nov 24 03:59:00 2026"));
  EXPECT_TRUE(same_boot("Jan 01 00:00:00 2027", "Dec 31 23:59:59 2026"));
}

TEST(Boot, MoreIsAnotherRun) {
  EXPECT_FALSE(same_boot("Nov 24 03:58:38 2026", "Nov 24 03:58:41 2026"));
  EXPECT_FALSE(same_boot("Nov 24 03:58:38 2026", "Nov 25 03:58:38 2026"));
  EXPECT_FALSE(same_boot("", "Nov 24 03:58:38 2026"));
}

TEST(Boot, WhatIsNoTimeIsComparedAsText) {
  EXPECT_TRUE(same_boot("soon", "soon"));
  EXPECT_FALSE(same_boot("Nov 32 03:58:38 2026", "Nov 31 03:58:38 2026"));
  EXPECT_FALSE(same_boot("Nov 24 03:58:3x 2026", "Nov 24 03:58:3y 2026"));
}

}  // namespace
}  // namespace vtid::vici
