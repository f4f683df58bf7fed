#include "base/log.h"

#include <gtest/gtest.h>

namespace vtid::log {

TEST(LogField, IsPlainWhereItCanBe) { EXPECT_EQ(print_field({"device", "ipsec1"}), "device=ipsec1"); }
TEST(LogField, IsQuotedWhereItMust) { EXPECT_EQ(print_field({"reason", "no \"answer\""}), R"(reason="no \"answer\"")"); }
TEST(LogField, CannotBreakTheLine) { EXPECT_EQ(print_field({"id", "a\nb"}), R"(id="a\x0ab")"); }

}  // namespace vtid::log
