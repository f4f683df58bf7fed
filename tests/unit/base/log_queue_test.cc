#include "base/log_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace vtid::log {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  std::array<int, 2> ends{};  // never closed: the writing thread outlives the test
};

Queue start(const Pipe& pipe) {
  return Queue::start(pipe.ends[1], [](std::uint64_t count) { return "dropped " + std::to_string(count) + '\n'; }).value();
}

std::string read_until(const Pipe& pipe, std::string_view last) {
  std::string text;
  std::array<char, 65'536> portion{};
  while (!text.ends_with(last)) {
    const ssize_t count = ::read(pipe.ends[0], portion.data(), portion.size());
    if (count <= 0) break;
    text.append(portion.data(), static_cast<std::size_t>(count));
  }
  return text;
}

TEST(LogQueue, WritesLinesInTheirOrder) {
  const Pipe pipe;
  Queue queue = start(pipe);
  queue.push("a\n");
  queue.push("b\n");
  EXPECT_EQ(read_until(pipe, "b\n"), "a\nb\n");
}
TEST(LogQueue, IsFlushedOnceAllIsWritten) {
  const Pipe pipe;
  Queue queue = start(pipe);
  queue.push("a\n");
  EXPECT_TRUE(queue.flush(60s));
}
TEST(LogQueue, AReaderThatTakesNothingIsNotWaitedFor) {
  const Pipe pipe;
  Queue queue = start(pipe);
  queue.push(std::string(200'000, 'x') + '\n');
  EXPECT_FALSE(queue.flush(0s));
}

struct Counted {
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;
};

Counted count(std::string_view text) {
  Counted counted;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    std::uint64_t lost = 0;
    if (line.starts_with("dropped ")) {
      std::from_chars(line.data() + 8, line.data() + line.size(), lost);
    } else {
      ++counted.written;
    }
    counted.dropped += lost;
  }
  return counted;
}

TEST(LogQueue, WhatIsDroppedIsCountedAndTold) {
  constexpr std::uint64_t kLines = 200'000;
  const Pipe pipe;
  Queue queue = start(pipe);
  for (std::uint64_t i = 1; i < kLines; ++i) queue.push(std::string(99, 'x') + '\n');
  queue.push("last\n");
  const Counted counted = count(read_until(pipe, "last\n"));
  EXPECT_EQ(counted.written + counted.dropped, kLines);
  EXPECT_LE(counted.written * 100, kMostWaiting + 2 * 65'536);
}

}  // namespace
}  // namespace vtid::log
