#include "model/charon_version.h"

#include <gtest/gtest.h>

namespace vtid::model {
namespace {

TEST(CharonVersion, BeforeItsMendTheControlSocketCanDeadlock) {
  for (const char* text : {"5.9.8", "5.9.10", "5.8.2", "4.6.4"}) EXPECT_TRUE(CharonVersion(text).can_deadlock()) << text;
}

TEST(CharonVersion, SinceItsMendItCannot) {
  for (const char* text : {"5.9.11", "5.9.14", "5.10", "6.0.0", "6.0.3rc1", "6.0.1dr2", "10.0"})
    EXPECT_FALSE(CharonVersion(text).can_deadlock()) << text;
}

TEST(CharonVersion, WhatIsNotKnownIsNotBlamed) {
  EXPECT_FALSE(CharonVersion().is_known());
  EXPECT_FALSE(CharonVersion().can_deadlock());
}

}  // namespace
}  // namespace vtid::model
