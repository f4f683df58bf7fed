#include "base/standard_fds.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vtid {

TEST(StandardFds, AreThereAfterwards) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(0);
    ::close(2);
    open_standard_fds();
    const bool all = ::fcntl(0, F_GETFD) >= 0 && ::fcntl(1, F_GETFD) >= 0 && ::fcntl(2, F_GETFD) >= 0;
    ::_exit(all && ::open("/dev/null", O_RDONLY) > 2 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace vtid
