// What Boost.Asio opens and accepts, programs that are run would inherit.
#pragma once

#include <fcntl.h>

namespace vtid::io {

inline void close_on_exec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

}  // namespace vtid::io
