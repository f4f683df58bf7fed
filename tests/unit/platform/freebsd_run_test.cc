#include "platform/freebsd/run.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>

namespace vtid::platform {
namespace {

constexpr std::chrono::milliseconds kPlenty{20'000};

TEST(Run, GivesItsInputAndTakesBothOutputs) {
  const auto ran = run({"/bin/sh", "-c", "cat; echo oops >&2; exit 3"}, "a rule\n", kPlenty);
  ASSERT_TRUE(ran) << ran.error().text;
  EXPECT_EQ(ran->status, 3);
  EXPECT_EQ(ran->output, "a rule\n");
  EXPECT_EQ(ran->errors, "oops\n");
}

TEST(Run, MovesMoreThanASocketHolds) {
  const std::string much(3'000'000, 'x');
  const auto ran = run({"/bin/cat"}, much, kPlenty);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, much);
}

TEST(Run, DoesNotMindAReaderThatLeaves) {
  const auto ran = run({"/bin/sh", "-c", "exec <&-; exit 1"}, std::string(3'000'000, 'x'), kPlenty);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->status, 1);
}

TEST(Run, KillsWhatTakesTooLong) {
  const auto ran = run({"/bin/sleep", "60"}, "", std::chrono::milliseconds{200});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, ETIMEDOUT);
  EXPECT_EQ(ran.error().text, "/bin/sleep did not end within 200 ms and was killed");
}

TEST(Run, SaysWhenThereIsNoSuchProgram) {
  const auto ran = run({"/nonexistent/pfctl"}, "", kPlenty);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().text, "cannot run /nonexistent/pfctl: No such file or directory");
}

TEST(Runner, TellsByItsDescriptorWhenTheRunHasEnded) {
  Runner runner;
  ASSERT_TRUE(runner.open());
  EXPECT_FALSE(runner.end());
  for (int i = 0; i < 2; ++i) {
    runner.begin({"/bin/cat"}, "a rule\n", kPlenty);
    pollfd readable{runner.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&readable, 1, -1), 1);
    const auto ran = runner.end();
    ASSERT_TRUE(ran && *ran);
    EXPECT_EQ((*ran)->output, "a rule\n");
    EXPECT_FALSE(runner.end());
  }
}

TEST(Runner, ASlowProgramHoldsUpNobody) {
  Runner runner;
  ASSERT_TRUE(runner.open());
  runner.begin({"/bin/cat"}, std::string(3'000'000, 'x'), kPlenty);  // it ends when all of that has been taken off it
  pollfd readable{runner.descriptor(), POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, -1), 1);
  EXPECT_EQ((*runner.end())->output.size(), 3'000'000U);
}

TEST(Runner, WaitsForItsRunWhenItGoes) {
  Runner runner;
  ASSERT_TRUE(runner.open());
  runner.begin({"/bin/cat"}, "", kPlenty);
}

}  // namespace
}  // namespace vtid::platform
