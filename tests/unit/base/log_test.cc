#include "base/log.h"

#include <gtest/gtest.h>

namespace vtid::log {

TEST(LogField, IsPlainWhereItCanBe) { EXPECT_EQ(print_field({"device", "ipsec1"}), "device=ipsec1"); }
TEST(LogField, IsQuotedWhereItMust) { EXPECT_EQ(print_field({"reason", "no \"answer\""}), R"(reason="no \"answer\"")"); }
TEST(LogField, CannotBreakTheLine) { EXPECT_EQ(print_field({"id", "a\nb"}), R"(id="a\u000ab")"); }
TEST(LogField, CannotTellATerminalAnything) {
  EXPECT_EQ(print_field({"id", "a\x1b[2J\xc2\x9b\u202e\xff"}), R"(id="a\u001b[2J\u009b\u202e\xff")");
}

}  // namespace vtid::log
