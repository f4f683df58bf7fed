#include "io/loop.h"

#include <list>

#include "io/asio.h"

namespace vtid::io {

namespace asio = boost::asio;

struct Loop::State {
  asio::io_context context{1};
  asio::steady_timer timer{context};
  asio::steady_timer life{context};
  std::list<asio::posix::stream_descriptor> descriptors;
};

namespace {

void wait_for(asio::posix::stream_descriptor& descriptor, const std::function<void()>& callback) {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [&descriptor, callback](const boost::system::error_code& error) {
                          if (error) return;
                          callback();
                          wait_for(descriptor, callback);
                        });
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
  for (auto& descriptor : state_->descriptors) descriptor.release();
}

asio::io_context& Loop::context() { return state_->context; }

Result<void> Loop::on_readable(int fd, std::function<void()> callback) {
  boost::system::error_code failure;
  auto& descriptor = state_->descriptors.emplace_back(state_->context);
  descriptor.assign(fd, failure);
  if (failure) return fail("cannot wait for a descriptor: " + failure.message(), "", failure.value());
  wait_for(descriptor, callback);
  return {};
}

void Loop::wake_at(TimePoint time, std::function<void()> callback) {
  state_->timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(time));
  state_->timer.async_wait([callback = std::move(callback)](const boost::system::error_code& error) {
    if (!error) callback();
  });
}

void Loop::every(Duration interval, std::function<void()> callback) { beat(state_->life, interval, callback); }

void Loop::run() { state_->context.run(); }
void Loop::stop() { state_->context.stop(); }

Now Loop::now() {
  return {std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()),
          std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now())};
}

}  // namespace vtid::io
