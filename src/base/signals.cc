#include "base/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace vtid::signals {
namespace {

constexpr std::array kStopping{SIGTERM, SIGINT, SIGQUIT};

// Some end a process by default, others (from a terminal) halt it.
constexpr int kMeaningless[] = {SIGPIPE,   SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
                                SIGIO,     SIGXCPU, SIGXFSZ, SIGTSTP, SIGTTIN,   SIGTTOU,
#ifdef SIGPWR
                                SIGPWR,
#endif
#ifdef SIGSTKFLT
                                SIGSTKFLT,
#endif
#ifdef SIGEMT
                                SIGEMT
#endif
};

constexpr unsigned kReload = 1;
constexpr unsigned kStop = 2;
constexpr unsigned kChild = 4;

std::atomic<unsigned> noted{0};
static_assert(std::atomic<unsigned>::is_always_lock_free);
std::array<int, 2> wake{-1, -1};  // of a pipe: the descriptor to watch, and where a handler writes

sigset_t held() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kStopping) sigaddset(&set, signal);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGCHLD);
  return set;
}

void dispose(void (*how)(int)) {
  for (const int signal : kMeaningless) std::signal(signal, how);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) std::signal(signal, how);
}

// A full pipe is as good: it is readable.
void note(int signal) {
  const int before = errno;
  noted.fetch_or(signal == SIGHUP ? kReload : signal == SIGCHLD ? kChild : kStop);
  [[maybe_unused]] const ssize_t written = ::write(wake[1], "", 1);
  errno = before;
}

void handle(int signal) {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

void hold() {
  const sigset_t set = held();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  dispose(SIG_IGN);
}

void let_go() {
  dispose(SIG_DFL);
  const sigset_t set = held();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

bool stop_waits() {
  sigset_t waiting;
  if (::sigpending(&waiting) != 0) return false;
  for (const int signal : kStopping) {
    if (sigismember(&waiting, signal) == 1) return true;
  }
  return false;
}

Result<int> listen() {
  if (::pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    const int code = errno;
    return fail(std::string("cannot make a pipe for signals: ") + std::strerror(code), "", code);
  }
  for (const int signal : kStopping) handle(signal);
  handle(SIGHUP);
  handle(SIGCHLD);
  const sigset_t set = held();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return wake[0];
}

// The pipe first: what is noted meanwhile makes it readable again.
Noted take() {
  std::array<char, 64> bytes{};
  while (::read(wake[0], bytes.data(), bytes.size()) > 0) {
  }
  const unsigned bits = noted.exchange(0);
  return {(bits & kReload) != 0, (bits & kStop) != 0, (bits & kChild) != 0};
}

Blocked::Blocked() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

Blocked::~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace vtid::signals
