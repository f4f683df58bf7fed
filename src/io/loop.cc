#include "io/loop.h"

#include <fmt/format.h>

#include <list>

#include "base/log.h"
#include "io/asio.h"

namespace vtid::io {

namespace asio = boost::asio;

using Descriptor = asio::posix::stream_descriptor;
using error_code = boost::system::error_code;

struct Watched {
  explicit Watched(asio::io_context& context) : descriptor(context), pause(context) {}
  Descriptor descriptor;
  asio::steady_timer pause;
  std::function<void()> callback;
};

struct Loop::State {
  asio::io_context context{1};
  asio::steady_timer timer{context};
  asio::steady_timer life{context};
  std::list<Watched> watched;
};

namespace {

constexpr Duration kWaitAgain{1'000};  // after a wait that failed

void wait_for(Watched& watched);

// Nothing that has begun well is known to end so. Whatever it is, the daemon goes on, and says why it hears less than it
// should.
void wait_again(Watched& watched, const error_code& why) {
  log::error("wait failed", {{"descriptor", std::to_string(watched.descriptor.native_handle())}, {"error", why.message()}});
  watched.pause.expires_after(kWaitAgain);
  watched.pause.async_wait([&watched](const error_code& error) {
    if (!error) wait_for(watched);
  });
}

void wait_for(Watched& watched) {
  watched.descriptor.async_wait(Descriptor::wait_read, [&watched](const error_code& error) {
    if (error == asio::error::operation_aborted) return;
    if (error) return wait_again(watched, error);
    watched.callback();
    wait_for(watched);
  });
}

// Asio tells that a descriptor cannot be waited for (epoll: EPERM; kqueue: ENOTTY, of FIONBIO) only to the handler of a wait.
// So one is tried that ends at once, where nobody else waits.
error_code try_to_wait(int fd) {
  asio::io_context context{1};
  Descriptor descriptor(context);
  error_code failure;
  descriptor.assign(fd, failure);
  if (failure) return failure;
  descriptor.async_wait(Descriptor::wait_read, [&failure](const error_code& error) { failure = error; });
  context.poll();
  descriptor.release();
  return failure;
}

void beat(asio::steady_timer& timer, Duration interval, const std::function<void()>& callback) {
  timer.expires_after(interval);
  timer.async_wait([&timer, interval, callback](const boost::system::error_code& error) {
    if (error) return;
    callback();
    beat(timer, interval, callback);
  });
}

}  // namespace

// Asio makes the descriptors it waits by in its constructors, which can only throw.
Result<Loop> Loop::open() try { return Loop(std::make_unique<State>()); } catch (const boost::system::system_error& error) {
  return fail("cannot make an event loop: " + error.code().message(), "", error.code().value());
}

Loop::Loop(std::unique_ptr<State> state) : state_(std::move(state)) {}
Loop::Loop(Loop&&) noexcept = default;

Loop::~Loop() {
  if (!state_) return;
  // The descriptors are the callers': let go of them unclosed.
  for (Watched& watched : state_->watched) watched.descriptor.release();
}

asio::io_context& Loop::context() { return state_->context; }

Result<void> Loop::on_readable(std::span<const int> fds, const std::function<void()>& callback) {
  for (const int fd : fds) {
    if (auto waiting = on_readable(fd, callback); !waiting) return waiting;
  }
  return {};
}

Result<void> Loop::on_readable(int fd, const std::function<void()>& callback) {
  error_code failure = try_to_wait(fd);
  if (!failure) {
    Watched& watched = state_->watched.emplace_back(state_->context);
    watched.callback = callback;
    watched.descriptor.assign(fd, failure);
    if (!failure) wait_for(watched);
    if (failure) state_->watched.pop_back();
  }
  if (!failure) return {};
  return fail(fmt::format("cannot wait for descriptor {}: {}", fd, failure.message()), "", failure.value());
}

void Loop::wake_at(TimePoint time, std::function<void()> callback) {
  state_->timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(time));
  state_->timer.async_wait([callback = std::move(callback)](const boost::system::error_code& error) {
    if (!error) callback();
  });
}

void Loop::every(Duration interval, std::function<void()> callback) { beat(state_->life, interval, callback); }

void Loop::run() {
  state_->context.restart();
  state_->context.run();
}

void Loop::stop() { state_->context.stop(); }

Now Loop::now() {
  return {std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()),
          std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now())};
}

}  // namespace vtid::io
