// Each test is a process of its own: what it does to its signals ends with it.
#include "base/signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace vtid::signals {
namespace {

// In a child: an exit status, or 128 + the signal that ended it.
int in_child(const std::function<int()>& act) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(act());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

TEST(Signals, WhatCameBeforeSomebodyListensIsNotedThen) {
  EXPECT_EQ(in_child([] {
              hold();
              ::raise(SIGHUP);
              const int fd = listen().value();
              const bool waits = readable(fd);
              return waits && take().reload && !readable(fd) ? 0 : 1;
            }),
            0);
}
TEST(Signals, AStormIsNotedOnce) {
  EXPECT_EQ(in_child([] {
              hold();
              (void)listen();
              for (int i = 0; i < 100'000; ++i) ::raise(SIGHUP);
              const bool once = take().reload;
              return once && !take().reload ? 0 : 1;
            }),
            0);
}
TEST(Signals, AWishToStopIsSeenWhileItWaits) {
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) {
    EXPECT_EQ(in_child([signal] {
                hold();
                ::raise(signal);
                const bool waits = stop_waits();
                (void)listen();
                return waits && take().stop ? 0 : 1;
              }),
              0);
  }
}
TEST(Signals, AReloadIsNoWishToStop) {
  EXPECT_EQ(in_child([] {
              hold();
              ::raise(SIGHUP);
              return stop_waits() ? 1 : 0;
            }),
            0);
}
TEST(Signals, WhatMeansNothingNeitherEndsNorHalts) {
  EXPECT_EQ(in_child([] {
              hold();
              for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGXFSZ, SIGTSTP, SIGTTOU, SIGIO}) ::raise(signal);
              ::raise(SIGRTMIN);
              ::raise(SIGRTMAX);
              return 0;
            }),
            0);
}
TEST(Signals, ARunThatEndsByItselfHasTheSystemsDefaults) {
  EXPECT_EQ(in_child([] {
              hold();
              let_go();
              ::raise(SIGTERM);
              return 0;
            }),
            128 + SIGTERM);
}

}  // namespace
}  // namespace vtid::signals
