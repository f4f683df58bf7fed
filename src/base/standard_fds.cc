#include "base/standard_fds.h"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace vtid {

// open(2) gives the lowest number that is free. Not closed on exec: programs that are run get them as they get others.
void open_standard_fds() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
  }
}

}  // namespace vtid
