#include "ctl/text.h"

#include <gmock/gmock.h>

#include "ctl/table.h"

namespace vtid::ctl {
namespace {

TEST(Table, LinesUpItsColumns) {
  Table table({"NAME", "STATE"});
  table.add({"a-long-name", "up"});
  table.add({"b", "down"});
  EXPECT_EQ(table.print(), "NAME         STATE\na-long-name  up\nb            down\n");
}
TEST(Table, CountsCodePoints) {
  Table table({"NAME", "RTT"});
  table.add({"±", "1"});
  EXPECT_EQ(table.print(), "NAME  RTT\n±     1\n");
}
TEST(Table, LeavesOutAColumnThatIsEmpty) {
  Table table({"NAME", "REASON", "STATE"});
  table.add({"a", "", "up"});
  EXPECT_EQ(table.print(), "NAME  STATE\na     up\n");
}
TEST(Table, MarksAnEmptyCell) {
  Table table({"NAME", "REASON"});
  table.add({"a", ""});
  table.add({"b", "held"});
  EXPECT_EQ(table.print(), "NAME  REASON\na     -\nb     held\n");
}

TEST(PrintBytes, UsesTheUnitThatFits) {
  EXPECT_EQ(print_bytes(0) + print_bytes(1023) + print_bytes(1536) + print_bytes(1e19), "0 B1023 B1.5 KiB8881.8 PiB");
}

TEST(Text, KeepsControlBytesOffTheTerminal) {
  EXPECT_EQ(render_outcome({{"text", "peer \x1b[31m"}}, {}), "peer \\u001b[31m\n");
}
TEST(Text, SurvivesAnAnswerOfAnotherShape) {
  EXPECT_EQ(render_status({{"charon", 1}, {"tunnels", "none"}}, {}),
            "charon:    away\nfilter:    \nvtid:      version , configuration , not converged yet\n\nno "
            "tunnels\n");
}
TEST(Text, SaysThatTheNodeIsOnStandby) {
  EXPECT_THAT(render_status({{"role", "standby"}}, {}), testing::HasSubstr("not converged yet, on standby\n"));
}
TEST(Text, SaysThatAListIsEmpty) {
  Options options;
  options.kind = "groups";
  EXPECT_EQ(render_list(Json::array(), options), "no groups\n");
}
TEST(Text, SaysThatThereIsNothingToDo) {
  EXPECT_EQ(render_plan({{"empty", true}, {"ops", Json::array()}, {"problems", Json::array()}}, {}), "nothing to do\n");
}

}  // namespace
}  // namespace vtid::ctl
