// The daemon's event loop: one thread, one timer for its own deadline, one for its sign of life, and foreign descriptors. The
// clock is here.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/error.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

class Loop {
 public:
  // Fails where the system has no descriptors left for it.
  [[nodiscard]] static Result<Loop> open();
  ~Loop();
  Loop(Loop&&) noexcept;
  Loop& operator=(Loop&&) = delete;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] boost::asio::io_context& context();

  // Calls back while one of `fds` is readable. The caller keeps them open for as long as the loop runs. An error: one of them
  // cannot be waited for, as a file or a kqueue(2). A wait that fails later is logged and tried again.
  [[nodiscard]] Result<void> on_readable(std::span<const int> fds, const std::function<void()>& callback);
  [[nodiscard]] Result<void> on_readable(int fd, const std::function<void()>& callback);
  // The one deadline: a new one replaces it; in the past means at once, but after everything that is ready already.
  void wake_at(TimePoint time, std::function<void()> callback);

  // Calls back again and again, each time after what is ready then: a loop that hangs gives no sign of life.
  void every(Duration interval, std::function<void()> callback);

  void run();  // until stop(); again after it
  void stop();

  [[nodiscard]] static Now now();

 private:
  struct State;
  explicit Loop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vtid::io
