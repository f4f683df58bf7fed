// Who is at the other end, of sockets and processes of this system.
#include "platform/peer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cstdlib>
#include <filesystem>

#include "base/unique_fd.h"

namespace vtid::platform {
namespace {

std::string run_of_this_test() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  return run_of_peer(one.get());
}

class Listener {
 public:
  Listener() {
    address_.sun_family = AF_UNIX;
    path_.copy(address_.sun_path, sizeof address_.sun_path - 1);
  }
  ~Listener() { stop(); }

  // A process that listens until it is stopped; gives what it is.
  std::string start() {
    int ready[2] = {-1, -1};
    if (::pipe(ready) != 0) std::abort();
    process_ = ::fork();
    if (process_ == 0) {
      const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
      if (::bind(fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0 && ::listen(fd, 1) == 0)
        ::close(ready[1]);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    (void)!::read(ready[0], &byte, 1);
    ::close(ready[0]);
    const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) return "not reached";
    return run_of_peer(client.get());
  }
  void stop() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
    std::filesystem::remove(path_);
  }

 private:
  const std::string path_ = std::filesystem::temp_directory_path() / ("vtid-peer-" + std::to_string(::getpid()));
  sockaddr_un address_{};
  pid_t process_ = 0;
};

TEST(Peer, TheSameProcessIsTheSameRun) {
  EXPECT_NE(run_of_this_test(), "");
  EXPECT_EQ(run_of_this_test(), run_of_this_test());
}

#ifdef __linux__
TEST(Peer, TheNameOfTheProcessDoesNotMatter) {
  const std::string before = run_of_this_test();
  ASSERT_EQ(::prctl(PR_SET_NAME, ") R 1 2 (3) "), 0);
  EXPECT_EQ(run_of_this_test(), before);
}
#endif

TEST(Peer, OneThatListensAfterAnotherIsAnotherRun) {
  Listener listener;
  const std::string first = listener.start();
  listener.stop();
  const std::string second = listener.start();
  EXPECT_NE(first, second);
  EXPECT_TRUE(first != "" && second != "" && first != "not reached" && second != run_of_this_test());
}

TEST(Peer, WhatIsNoSocketIsNotKnown) { EXPECT_EQ(run_of_peer(-1), ""); }

}  // namespace
}  // namespace vtid::platform
