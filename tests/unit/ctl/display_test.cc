// What depends on the terminal: how wide tables are, colours, and --watch.
#include "ctl/display.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "ctl/repeat.h"
#include "ctl/table.h"
#include "ctl/terminal.h"
#include "ctl/text.h"
#include "fake_daemon.h"
#include "vtictl.h"

namespace vtid::ctl {
namespace {

using test::FakeDaemon;
using test::vtictl;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- tables

Table two_columns(const std::string& first, const std::string& second) {
  Table table({"NAME", "REASON"});
  table.add({first, second});
  return table;
}
std::string in_columns(const Table& table, std::size_t columns) { return table.print({.columns = columns}); }

TEST(TableThatFits, IsAsItIsWhereThereIsRoom) {
  EXPECT_EQ(in_columns(two_columns("hq", "no answer"), 15), "NAME  REASON\nhq    no answer\n");
}
TEST(TableThatFits, GoesOnBelowBetweenWords) {
  EXPECT_EQ(in_columns(two_columns("hq", "no answer from 192.0.2.9"), 20),
            "NAME  REASON\nhq    no answer from\n      192.0.2.9\n");
}
TEST(TableThatFits, KeepsWordsOfEveryColumnWholeWhileItCan) {
  EXPECT_EQ(
      in_columns(two_columns("a-name-of-some-length", "no answer here"), 29),
      "NAME                   REASON\na-name-of-some-length  no\n                       answer\n                       here\n");
}
TEST(TableThatFits, BreaksWordsWhereThereIsNoOtherWay) {
  EXPECT_EQ(in_columns(two_columns("aaaaaaaa", "bbbbbbbb"), 10), "NAME  REAS\n      ON\naaaa  bbbb\naaaa  bbbb\n");
}
TEST(TableThatFits, BreaksNamesWhereTheyHaveParts) {
  EXPECT_EQ(in_columns(two_columns("VTI_CLOUD_A_VTIV4", "198.51.100.40 is away"), 27),
            "NAME          REASON\nVTI_CLOUD_A_  198.51.100.40\nVTIV4         is away\n");
}
TEST(TableThatFits, KeepsAddressesWholeWhileItCan) {
  EXPECT_EQ(in_columns(two_columns("VTI_HQ_VTIV4", "198.51.100.40"), 22), "NAME     REASON\nVTI_HQ_  198.51.100.40\nVTIV4\n");
}
TEST(TableThatFits, CountsCharactersNotBytes) {
  EXPECT_EQ(in_columns(two_columns("ääääääää", "b"), 12), "NAME   REASO\n       N\näääää  b\näää\n");
}
TEST(TableThatFits, EndsEvenWhereNothingFits) {
  EXPECT_EQ(in_columns(two_columns("abc", "de"), 1), in_columns(two_columns("abc", "de"), 3));
}
TEST(TableThatFits, LosesNothing) {
  for (std::size_t columns = 1; columns < 60; ++columns) {
    std::string text = in_columns(two_columns("a-tunnel", "held down by vtictl, and charon is away"), columns);
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    std::string whole = "NAMEREASONa-tunnelhelddownbyvtictl,andcharonisaway";
    EXPECT_TRUE(std::ranges::is_permutation(text, whole)) << columns;
  }
}
TEST(TableThatFits, HasNoLineThatIsLonger) {
  for (std::size_t columns = 8; columns < 60; ++columns) {
    std::istringstream lines(in_columns(two_columns("a-tunnel", "held down by vtictl, and charon is away"), columns));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), columns);
  }
}

// ---- colours

TEST(Color, IsForATerminalThatIsNotDumb) {
  EXPECT_TRUE(wants_color("auto", true, nullptr, "xterm"));
  EXPECT_FALSE(wants_color("auto", false, nullptr, "xterm"));
  EXPECT_FALSE(wants_color("auto", true, nullptr, "dumb"));
  EXPECT_FALSE(wants_color("auto", true, nullptr, nullptr));
}
TEST(Color, IsNotForWhoSaysNoInTheEnvironment) {
  EXPECT_FALSE(wants_color("auto", true, "1", "xterm"));
  EXPECT_TRUE(wants_color("auto", true, "", "xterm"));
}
TEST(Color, IsAsTheOptionSays) {
  EXPECT_TRUE(wants_color("always", false, "1", nullptr));
  EXPECT_FALSE(wants_color("never", true, nullptr, "xterm"));
}
TEST(Color, IsOfAState) {
  Table table({"NAME", "STATE", "TRIGGER"});
  table.add({"hq", "up", "down"});
  EXPECT_EQ(table.print({.color = true}), "NAME  STATE  TRIGGER\nhq    \x11up\x14     down\n");
  EXPECT_EQ(table.print(), "NAME  STATE  TRIGGER\nhq    up     down\n");
}
TEST(Color, ReachesTheTerminalAsItsSequences) {
  EXPECT_EQ(terminal_text("\x11up\x14 \x12loss\x14 \x13"
                          "down\x14\n",
                          true),
            "\x1b[32mup\x1b[0m \x1b[33mloss\x1b[0m \x1b[31mdown\x1b[0m\n");
}
TEST(Color, EndsWithItsLine) { EXPECT_EQ(terminal_text("\x11up\nb", true), "\x1b[32mup\x1b[0m\nb"); }
TEST(Color, LetsNothingElsePass) { EXPECT_EQ(terminal_text("\x1b[2J\x11\x07", true), "\\u001b[2J\x1b[32m\\u0007\x1b[0m"); }
TEST(Color, IsEscapedWhereThereIsNone) { EXPECT_EQ(terminal_text("\x11up\x14", false), "\\u0011up\\u0014"); }

const std::string kUp = R"({"jsonrpc":"2.0","id":1,"result":[{"name":"hq","state":"up","bytes_in":0,"bytes_out":0}]})"
                        "\n";
const std::string kDown = R"({"jsonrpc":"2.0","id":1,"result":[{"name":"hq","state":"down","bytes_in":0,"bytes_out":0}]})"
                          "\n";

std::string list_tunnels(std::vector<std::string> more, const std::vector<std::string>& answers = {kUp}) {
  FakeDaemon daemon(answers);
  std::vector<std::string> words{"list", "tunnels", "--socket", daemon.path()};
  words.insert(words.end(), more.begin(), more.end());
  return vtictl(words).out;
}
TEST(Color, IsInWhatAlwaysAsksFor) { EXPECT_THAT(list_tunnels({"--color", "always"}), HasSubstr("\x1b[32mup\x1b[0m")); }
TEST(Color, IsNotInAPipe) { EXPECT_THAT(list_tunnels({}), Not(HasSubstr("\x1b"))); }
TEST(Color, IsNotInJson) { EXPECT_THAT(list_tunnels({"--color", "always", "--json"}), Not(HasSubstr("\x1b"))); }
TEST(Color, IsOneOfThreeWords) { EXPECT_THAT(vtictl({"status", "--color", "alwys"}).err, HasSubstr("did you mean always?")); }

// ---- --watch, in a pipe: the daemon closes after its answers, which ends it

const std::vector<std::string> kFast{"--watch", "--interval", "100ms"};

TEST(Watch, ShowsWhatHasChangedAndNothingElse) {
  EXPECT_EQ(list_tunnels(kFast, {kUp, kUp, kDown}),
            "NAME  STATE  TRAFFIC\nhq    up     in 0 B, out 0 B\n\nNAME  STATE  TRAFFIC\nhq    down   in 0 B, out 0 B\n");
}
TEST(Watch, PrintsALineOfJsonForEachChange) {
  const std::string shown = list_tunnels({"--json", "--watch", "--interval", "100ms"}, {kUp, kUp, kDown});
  EXPECT_EQ(std::ranges::count(shown, '\n'), 2);
}
TEST(Watch, SaysThatTheDaemonIsGone) {
  FakeDaemon daemon({kUp});
  EXPECT_EQ(vtictl({"list", "tunnels", "--watch", "--interval", "100ms", "--socket", daemon.path()}).exit, 3);
}
TEST(Watch, ScrollsNoFurtherThanTheLastLine) {
  std::size_t first = 7;
  EXPECT_EQ(lines_from("a\nb\nc\n", first), "c\n");
  EXPECT_EQ(first, 2U);
}

// ---- --names

TEST(Names, AreOneALineWithChildrenOfTheirOwn) {
  EXPECT_EQ(
      list_tunnels({"--names"}, {R"({"id":1,"result":[{"name":"hq","child_sas":[{"name":"v4"},{"name":"v6"}]},{"name":"lab"}]})"
                                 "\n"}),
      "hq\nhq/v4\nhq/v6\nlab\n");
}

}  // namespace
}  // namespace vtid::ctl
