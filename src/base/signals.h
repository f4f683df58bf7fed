// Signals of a process that only a wish to stop may end. From the first line of main on nothing else does: what has a meaning
// waits until somebody listens, what has none is ignored. One object for the process, because signals are the process's.
#pragma once

#include <csignal>

#include "base/error.h"

namespace vtid::signals {

// The first thing in main. SIGHUP, SIGTERM, SIGINT, SIGQUIT and SIGCHLD are held back; SIGPIPE and all that means nothing
// here is ignored. What reports a fault of our own (SIGSEGV, SIGABRT) keeps its default.
void hold();

// For a run that ends by itself: the system's defaults again, so that an interrupt ends it, and a reader that went away.
void let_go();

// While they are held back: whether one that asks to stop has come.
[[nodiscard]] bool stop_waits();

// Ends the holding back: what has come and what comes is noted. The descriptor is readable while something is noted; it
// stays open as long as the process. Called once.
[[nodiscard]] Result<int> listen();

// What was noted since the last time. However often a signal came, it is noted once.
struct Noted {
  bool reload = false;  // SIGHUP
  bool stop = false;    // SIGTERM, SIGINT, SIGQUIT
  bool child = false;   // SIGCHLD
};
[[nodiscard]] Noted take();

// None reaches this thread, nor a thread that is made while this lives.
class Blocked {
 public:
  Blocked();
  ~Blocked();
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace vtid::signals
