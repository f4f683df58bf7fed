#include "io/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/unique_fd.h"

namespace vtid::io {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    out = UniqueFd(ends[0]);
    in = UniqueFd(ends[1]);
  }
  void put() const { EXPECT_EQ(::write(in.get(), "x", 1), 1); }
  void take() const {
    char byte = 0;
    EXPECT_EQ(::read(out.get(), &byte, 1), 1);
  }
  UniqueFd in, out;
};

TEST(Loop, CallsBackForEachOfSeveralDescriptors) {
  const Pipe first, second;
  auto loop = *Loop::open();
  int calls = 0;
  const auto waiting = loop.on_readable(std::array{first.out.get(), second.out.get()}, [&] {
    (++calls == 1 ? first : second).take();
    calls == 1 ? second.put() : loop.stop();
  });
  ASSERT_TRUE(waiting.has_value());
  first.put();
  loop.run();
  EXPECT_EQ(calls, 2);
}

TEST(Loop, CallsBackForWhatIsReadableAlready) {
  const Pipe pipe;
  pipe.put();
  auto loop = *Loop::open();
  ASSERT_TRUE(loop.on_readable(pipe.out.get(), [&] { loop.stop(); }).has_value());
  loop.run();
}

// epoll has no waiting for files: Asio tells only the handler of a wait, as it does of FreeBSD's kqueue, which cannot be made
// non-blocking.
TEST(Loop, RefusesWhatCannotBeWaitedFor) {
  std::array<char, 32> name{"/tmp/vtid-loop-XXXXXX"};
  const UniqueFd file(::mkstemp(name.data()));
  ASSERT_TRUE(file);
  ::unlink(name.data());
  auto loop = *Loop::open();
  int calls = 0;
  const auto waiting = loop.on_readable(file.get(), [&] { ++calls; });
  ASSERT_FALSE(waiting.has_value());
  EXPECT_NE(waiting.error().text.find("cannot wait for descriptor"), std::string::npos);
  loop.wake_at(Loop::now().steady, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(calls, 0);
}

// What an O_PATH descriptor answers to FIONBIO, EBADF, is what another one may answer on another system.
TEST(Loop, RefusesWhatCannotBeMadeNonBlocking) {
  const UniqueFd folder(::open("/", O_PATH | O_CLOEXEC));
  ASSERT_TRUE(folder);
  auto loop = *Loop::open();
  EXPECT_FALSE(loop.on_readable(folder.get(), [] {}).has_value());
}

TEST(Loop, OneThatCannotBeWaitedForAmongSeveralIsAnError) {
  const Pipe pipe;
  const UniqueFd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto loop = *Loop::open();
  EXPECT_FALSE(loop.on_readable(std::array{pipe.out.get(), folder.get()}, [] {}).has_value());
}

TEST(Loop, RunsAgainAfterAStop) {
  auto loop = *Loop::open();
  for (int i = 0; i < 2; ++i) {
    loop.wake_at(Loop::now().steady, [&] { loop.stop(); });
    loop.run();
  }
}

}  // namespace
}  // namespace vtid::io
