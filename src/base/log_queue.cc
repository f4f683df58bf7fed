#include "base/log_queue.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/signals.h"

namespace vtid::log {
namespace {

constexpr std::size_t kPortion = 4'096;  // PIPE_BUF: lines of others who write to the same pipe do not come between

// Somebody may have made the descriptor non-blocking, which holds for all who share it.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd wait{fd, POLLOUT, 0};
      if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return false;
      if ((wait.revents & POLLNVAL) != 0) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct Queue::State {
  State(int to, Describe how) : fd(to), describe(std::move(how)) {}

  const int fd;
  const Describe describe;
  mutable std::mutex mutex;
  mutable std::condition_variable more;
  mutable std::condition_variable done;
  std::deque<std::string> lines;
  std::size_t bytes = 0;  // of `lines`
  std::uint64_t dropped = 0;
  bool writing = false;

  std::string next() {
    bytes -= lines.front().size();
    std::string line = std::move(lines.front());
    lines.pop_front();
    return line;
  }

  // The thread's whole life. What could not be written (the reader is gone) counts as dropped.
  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      more.wait(lock, [this] { return !lines.empty(); });
      const std::uint64_t lost = std::exchange(dropped, 0);
      std::uint64_t taken = 1;
      std::string text = (lost == 0 ? "" : describe(lost)) + next();
      for (; !lines.empty() && text.size() + lines.front().size() <= kPortion; ++taken) text += next();
      writing = true;
      lock.unlock();
      const bool written = write_all(fd, text);
      lock.lock();
      writing = false;
      if (!written) dropped += lost + taken;
      if (lines.empty()) done.notify_all();
    }
  }
};

Result<Queue> Queue::start(int fd, Describe describe) {
  auto state = std::make_shared<State>(fd, std::move(describe));
  try {
    const signals::Blocked none_for_it;
    std::thread([state]() noexcept { state->run(); }).detach();
  } catch (const std::system_error& error) {
    return fail(std::string("cannot start the thread that writes the log: ") + error.what(), "", error.code().value());
  }
  return Queue(std::move(state));
}

void Queue::push(std::string line) {
  const std::lock_guard lock(state_->mutex);
  state_->bytes += line.size();
  state_->lines.push_back(std::move(line));
  while (state_->bytes > kMostWaiting) {
    (void)state_->next();
    ++state_->dropped;
  }
  state_->more.notify_one();
}

bool Queue::flush(std::chrono::milliseconds patience) const {
  std::unique_lock lock(state_->mutex);
  return state_->done.wait_for(lock, patience, [this] { return state_->lines.empty() && !state_->writing; });
}

}  // namespace vtid::log
