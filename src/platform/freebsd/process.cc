#include "platform/process.h"

#include <sys/capsicum.h>
#include <sys/procctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace vtid::platform {
namespace {

constexpr int kMostInherited = 1'024;  // descriptors; more of them nobody leaves open

// An errno. What is closed, and a kernel without Capsicum, is none.
int narrow(int fd, const cap_rights_t& rights) {
  if (::cap_rights_limit(fd, &rights) == 0 || errno == ENOSYS || errno == EBADF) return 0;
  return errno;
}

// Its memory holds secrets: nobody traces it, and it leaves no core. What an older system does not know it does not do.
Result<void> close_memory() {
  int no_trace = PROC_TRACE_CTL_DISABLE;
  constexpr rlimit kNoCore{0, 0};
  if ((::procctl(P_PID, ::getpid(), PROC_TRACE_CTL, &no_trace) != 0 && errno != EINVAL) ||
      ::setrlimit(RLIMIT_CORE, &kNoCore) != 0) {
    const int code = errno;
    return fail("cannot close vtid's memory to others: " + std::generic_category().message(code), {}, code);
  }
#ifdef PROC_NO_NEW_PRIVS_CTL  // 13.1: programs that it runs get no rights by their files' modes
  int no_new = PROC_NO_NEW_PRIVS_ENABLE;
  (void)::procctl(P_PID, ::getpid(), PROC_NO_NEW_PRIVS_CTL, &no_new);
#endif
  return {};
}

}  // namespace

// No capability mode, in which vtid could do nothing that it is for (docs/decisions/0012). What a service manager gave it can
// be read or written, and no more; what else was left open goes to no program that vtid runs.
Result<void> drop_privileges() {
  cap_rights_t read, write;
  cap_rights_init(&read, CAP_READ, CAP_FSTAT);
  cap_rights_init(&write, CAP_WRITE, CAP_FSTAT, CAP_FSYNC, CAP_EVENT);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (const int code = narrow(fd, fd == STDIN_FILENO ? read : write); code != 0)
      return fail(
          "cannot narrow descriptor " + std::to_string(fd) + " (cap_rights_limit): " + std::generic_category().message(code),
          {}, code);
  }
  for (int fd = STDERR_FILENO + 1; fd < kMostInherited; ++fd) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return close_memory();
}

// rc.d starts it, and nobody waits for a word.
void notify_ready(std::string_view) {}
void notify_reloading() {}
void notify_stopping() {}
void notify_alive() {}
std::optional<Duration> watchdog() { return std::nullopt; }
bool logs_to_journal() { return false; }

}  // namespace vtid::platform
