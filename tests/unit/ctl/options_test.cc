#include <gmock/gmock.h>

#include <sstream>

#include "ctl/commands.h"

namespace vtid::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int exit = -1;
  std::string out;
  std::string err;
};

Outcome vtictl(const std::vector<std::string>& words) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit = run("vtictl", words, out, err);
  return {exit, out.str(), err.str()};
}

int exit_of(const std::vector<std::string>& words) { return vtictl(words).exit; }
std::string complaint(const std::vector<std::string>& words) { return vtictl(words).err; }
std::string help() { return vtictl({"--help"}).out; }

class Misuse : public ::testing::TestWithParam<std::vector<std::string>> {};
TEST_P(Misuse, ExitsWithTwo) { EXPECT_EQ(exit_of(GetParam()), 2); }
INSTANTIATE_TEST_SUITE_P(Words, Misuse,
                         ::testing::Values(std::vector<std::string>{}, std::vector<std::string>{"statsu"},
                                           std::vector<std::string>{"up"}, std::vector<std::string>{"show", "tunnels"},
                                           std::vector<std::string>{"list", "tunnel"},
                                           std::vector<std::string>{"watch", "weather"}, std::vector<std::string>{"role"},
                                           std::vector<std::string>{"role", "master"},
                                           std::vector<std::string>{"status", "one", "two"}, std::vector<std::string>{"--jsn"},
                                           std::vector<std::string>{"up", "hq", "--timeout", "soon"},
                                           std::vector<std::string>{"--socket"}));

TEST(Options, HelpExitsWithZero) { EXPECT_EQ(exit_of({"--help"}), 0); }
TEST(Options, HelpOffersACommand) { EXPECT_THAT(help(), HasSubstr("\n  explain ")); }
TEST(Options, VersionExitsWithZero) { EXPECT_EQ(exit_of({"--version"}), 0); }
TEST(Options, AMistypedCommandGetsTheNearest) {
  EXPECT_THAT(complaint({"--json", "statsu"}), HasSubstr("did you mean status?"));
}
TEST(Options, AMistypedKindGetsTheNearest) { EXPECT_THAT(complaint({"list", "tunnel"}), HasSubstr("did you mean tunnels?")); }
TEST(Options, GlobalOptionsComeBeforeTheCommand) { EXPECT_EQ(exit_of({"--socket", "/nonexistent", "--json", "status"}), 3); }
TEST(Options, GlobalOptionsComeAfterTheCommand) { EXPECT_EQ(exit_of({"status", "--json", "--socket", "/nonexistent"}), 3); }

}  // namespace
}  // namespace vtid::ctl
