// Programs of this system, run for real.
#include "platform/program.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

namespace vtid::platform {
namespace {

constexpr int kPatience = 20'000;  // milliseconds

struct Outcome {
  std::string output;
  std::string how;
};

// Until its output ends and so does it.
Outcome finish(const Program& program) {
  Outcome outcome;
  pollfd watched{program.output.get(), POLLIN, 0};
  while (::poll(&watched, 1, kPatience) == 1) {
    outcome.output += read_output(program, 100 - outcome.output.size());
    if ((watched.revents & POLLIN) == 0) break;
  }
  std::optional<std::string> how;
  while (!(how = ended(program))) ::poll(nullptr, 0, 1);
  outcome.how = *how;
  return outcome;
}

Outcome run(const std::string& script, const std::vector<std::string>& environment = {}) {
  return finish(start_program({"/bin/sh", "-c", script}, environment).value());
}

TEST(Program, RunsWithNothingButTheEnvironmentThatItIsGiven) {
  EXPECT_EQ(run("echo \"$VTID_STATE/$HOME\"", {"VTID_STATE=down"}).output, "down/\n");
}
TEST(Program, WritesBothStreamsToOneOutput) { EXPECT_EQ(run("echo a; echo b >&2").output, "a\nb\n"); }
TEST(Program, HasNoInput) { EXPECT_EQ(run("read line || echo none").output, "none\n"); }
TEST(Program, GetsItsArgumentsAsTheyAre) {
  EXPECT_EQ(finish(start_program({"/bin/echo", "$HOME; *"}, {}).value()).output, "$HOME; *\n");
}
TEST(Program, SaysHowItEnded) {
  EXPECT_EQ(run("exit 0").how, "");
  EXPECT_EQ(run("exit 3").how, "exit status 3");
}
TEST(Program, ShowsAtMostSoMuchOfItsOutput) {
  EXPECT_EQ(run("i=0; while [ $i -lt 9000 ]; do echo 0123456789; i=$((i+1)); done").output.size(), 100U);
}
TEST(Program, IsKilledWithItsChildren) {
  const auto program = start_program({"/bin/sh", "-c", "sleep 600 & sleep 600"}, {}).value();
  kill_program(program);
  EXPECT_EQ(finish(program).how, "signal 9");  // the output ends only when the last one that holds it is gone
}
TEST(Program, ThatIsNotThereIsAnError) {
  const auto missing = start_program({"/nowhere/notify"}, {});
  EXPECT_EQ(missing.error().text, "cannot run /nowhere/notify: No such file or directory");
}
TEST(Program, DoesNotGetOurDescriptors) {
  if (!std::filesystem::exists("/proc/self/fd")) return;
  const UniqueFd ours(::dup(STDERR_FILENO));
  EXPECT_EQ(run("for fd in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$fd ] && printf $fd; done").output, "012");
}

}  // namespace
}  // namespace vtid::platform
