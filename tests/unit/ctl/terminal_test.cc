// Nothing that a terminal obeys leaves vtictl, whichever command shows it.
#include "ctl/terminal.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "fake_daemon.h"
#include "vtictl.h"

namespace vtid::ctl {
namespace {

using test::FakeDaemon;
using ::testing::HasSubstr;

std::string shown(const std::vector<std::string_view>& pieces) {
  std::ostringstream out;
  {
    Terminal terminal(out);
    for (const std::string_view piece : pieces) terminal << piece;
  }
  return out.str();
}

TEST(Terminal, ShowsTextAsItIs) { EXPECT_EQ(shown({"a ±\n", "b\n"}), "a ±\nb\n"); }
TEST(Terminal, ShowsACharacterThatComesInPieces) { EXPECT_EQ(shown({"a\xe2", "\x82", "\xac"}), "a€"); }
TEST(Terminal, EscapesACharacterThatComesInPieces) { EXPECT_EQ(shown({"a\xc2", "\x9b"}), R"(a\u009b)"); }
TEST(Terminal, EscapesACharacterThatNeverEnds) { EXPECT_EQ(shown({"a\xe2\x80"}), R"(a\xe2\x80)"); }
TEST(Terminal, EscapesWhatComesByteByByte) {
  std::ostringstream out;
  Terminal terminal(out);
  for (const char byte : std::string_view("\x1b\xe2\x80\xae")) terminal.put(byte);
  terminal.flush();
  EXPECT_EQ(out.str(), R"(\u001b\u202e)");
}

// What a peer may have put where text is expected, in JSON: an escape, a C1 control of two bytes, an override, a separator.
const std::string kHostile = "x\\u001b[2J\xc2\x9b\u202e\u2028y";
const std::string kHarmless = R"(x\u001b[2J\u009b\u202e\u2028y)";

std::string with_hostile(std::string text) {
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@')) text.replace(at, 1, kHostile);
  return text;
}

std::string result(const std::string& value) { return with_hostile(R"({"jsonrpc":"2.0","id":1,"result":)" + value + "}\n"); }

struct Shown {
  std::vector<std::string> words;
  std::string answer;
};

class VtictlShows : public ::testing::TestWithParam<Shown> {
 protected:
  static test::Outcome run(std::vector<std::string> more) {
    FakeDaemon daemon({GetParam().answer});
    std::vector<std::string> words = GetParam().words;
    words.insert(words.end(), {"--socket", daemon.path()});
    words.insert(words.end(), more.begin(), more.end());
    return test::vtictl(words);
  }
};

TEST_P(VtictlShows, EscapesWhatAPeerSays) {
  const test::Outcome outcome = run({});
  EXPECT_THAT(outcome.out + outcome.err, HasSubstr(kHarmless));
}
TEST_P(VtictlShows, EscapesWhatAPeerSaysInJson) {
  const test::Outcome outcome = run({"--json"});
  EXPECT_THAT(outcome.out + outcome.err, HasSubstr(kHarmless));
}
INSTANTIATE_TEST_SUITE_P(
    Commands, VtictlShows,
    ::testing::Values(
        Shown{{"status"}, result(R"({"problems":[{"severity":"error","object":"hq","text":"@","remedy":"@"}]})")},
        Shown{{"status"}, result(R"({"tunnels":[{"name":"hq","state":"down","reason":"@"}]})")},
        Shown{{"list", "sas"}, result(R"([{"tunnel":"hq","remote":"192.0.2.1","remote_id":"@"}])")},
        Shown{{"show", "sas", "hq"}, result(R"({"name":"hq","remote_id":"@","children":[{"name":"@"}]})")},
        Shown{{"explain", "hq"}, result(R"([{"what":"IKE_SA","state":"up","text":"@"}])")},
        Shown{{"doctor"}, result(R"({"found":1,"checks":[{"name":"sa","state":"error","object":"@","text":"@"}]})")},
        Shown{{"plan"}, result(R"({"ops":[{"op":"create","object":"@","reason":"@","because":"@"}]})")},
        Shown{{"up", "hq"}, result(R"({"text":"@"})")},
        Shown{{"watch"}, result("{}") + with_hostile(R"({"method":"event","params":{"kind":"tunnel","text":"@"}})") + "\n"},
        Shown{{"up", "hq"}, with_hostile(R"({"id":1,"error":{"code":-32003,"message":"@","data":{"remedy":"@"}}})") + "\n"},
        Shown{{"watch"}, result("{}") + with_hostile(R"({"method":"closing","params":{"reason":"@"}})") + "\n"}));

TEST(Terminal, SeesNoRowThatAPeerMadeUp) {
  FakeDaemon daemon({result(R"([{"tunnel":"hq","remote_id":"a\nlab  ESTABLISHED"}])")});
  EXPECT_THAT(test::vtictl({"list", "sas", "--socket", daemon.path()}).out, HasSubstr(R"(a\u000alab  ESTABLISHED)"));
}

TEST(Terminal, SeesNoEventThatAPeerMadeUp) {
  FakeDaemon daemon(
      {result("{}") + R"({"method":"event","params":{"kind":"tunnel","object":"hq","text":"is down: a\nb"}})" + "\n"});
  EXPECT_THAT(test::vtictl({"watch", "--socket", daemon.path()}).out, HasSubstr("is down: a\n    b\n"));
}

TEST(Terminal, SeesNothingOfAFileThatIsImported) {
  const std::string file = ::testing::TempDir() + "terminal-import.conf";
  std::ofstream(file) << "connections {\n  hq {\n    \x1b[2J\u202e = 1\n    local_addrs = 192.0.2.1\n  }\n}\n";
  const test::Outcome outcome = test::vtictl({"import", "swanctl", file});
  EXPECT_THAT(outcome.out + outcome.err, ::testing::Not(::testing::AnyOf(HasSubstr("\x1b"), HasSubstr("\u202e"))));
}

TEST(Terminal, SeesNothingOfAnArgument) {
  EXPECT_THAT(test::vtictl({"plan", "/nonexistent/\x1b[2J"}).err, HasSubstr(R"(/nonexistent/\u001b[2J)"));
}

}  // namespace
}  // namespace vtid::ctl
