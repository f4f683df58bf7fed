// Two network namespaces of a test's own, as root: the one that the process is in from then on, and a far one.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace vtid::test {

// The far one lasts as long as this.
class FarNamespace {
 public:
  FarNamespace() {
    EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
    file_ = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  }
  FarNamespace(const FarNamespace&) = delete;
  FarNamespace& operator=(const FarNamespace&) = delete;
  ~FarNamespace() { ::close(file_); }

  // Runs a shell's commands; `at COMMAND` runs in the far one, "netns $far" moves a link there. Whether all ended well.
  [[nodiscard]] bool run(const std::string& commands) const {
    return std::system(fmt::format("far=/proc/{}/fd/{}; at() {{ nsenter --net=$far \"$@\"; }}; {}", ::getpid(), file_, commands)
                           .c_str()) == 0;
  }

 private:
  int file_ = -1;
};

}  // namespace vtid::test
