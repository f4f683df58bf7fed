#include "io/loop.h"

#include <list>

#include "io/asio.h"

namespace vtid::io {

namespace asio = boost::asio;

struct Loop::State {
  asio::io_context context{1};
  asio::steady_timer timer{context};
  std::list<asio::signal_set> signals;
  std::list<asio::posix::stream_descriptor> descriptors;
};

namespace {

void wait_for(asio::signal_set& set, const std::function<void()>& callback) {
  set.async_wait([&set, callback](const boost::system::error_code& error, int) {
    if (error) return;
    callback();
    wait_for(set, callback);
  });
}

void wait_for(asio::posix::stream_descriptor& descriptor, const std::function<void()>& callback) {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [&descriptor, callback](const boost::system::error_code& error) {
                          if (error) return;
                          callback();
                          wait_for(descriptor, callback);
                        });
}

}  // namespace

Loop::Loop() : state_(std::make_unique<State>()) {}

Loop::~Loop() {
  // The descriptors are the callers': let go of them unclosed.
  for (auto& descriptor : state_->descriptors) descriptor.release();
}

asio::io_context& Loop::context() { return state_->context; }

void Loop::on_signal(int signal, std::function<void()> callback) {
  wait_for(state_->signals.emplace_back(state_->context, signal), callback);
}

void Loop::on_readable(int fd, std::function<void()> callback) {
  wait_for(state_->descriptors.emplace_back(state_->context, fd), callback);
}

void Loop::wake_at(TimePoint time, std::function<void()> callback) {
  state_->timer.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(time));
  state_->timer.async_wait([callback = std::move(callback)](const boost::system::error_code& error) {
    if (!error) callback();
  });
}

void Loop::run() { state_->context.run(); }
void Loop::stop() { state_->context.stop(); }

Now Loop::now() {
  return {std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()),
          std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now())};
}

}  // namespace vtid::io
