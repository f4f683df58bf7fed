#include "platform/process.h"

#include <sys/capsicum.h>

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

}  // namespace

// No capability mode, in which vtid could do nothing that it is for (docs/decisions/0012). What a service manager gave it can
// be read or written, and no more; what else was left open goes to no program that vtid runs.
Result<void> drop_privileges() {
  cap_rights_t read, write;
  cap_rights_init(&read, CAP_READ, CAP_FSTAT);
  cap_rights_init(&write, CAP_WRITE, CAP_FSTAT, CAP_FSYNC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (const int code = narrow(fd, fd == STDIN_FILENO ? read : write); code != 0)
      return fail(
          "cannot narrow descriptor " + std::to_string(fd) + " (cap_rights_limit): " + std::generic_category().message(code),
          {}, code);
  }
  for (int fd = STDERR_FILENO + 1; fd < kMostInherited; ++fd) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return {};
}

// rc.d starts it, and nobody waits for a word.
void notify_ready(std::string_view) {}
void notify_reloading() {}
void notify_stopping() {}
bool logs_to_journal() { return false; }

}  // namespace vtid::platform
