// The daemon's event loop: one thread, one timer for its own deadline, one for its sign of life, and foreign descriptors. The
// clock is here.
#pragma once

#include <functional>
#include <memory>

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

  // Calls back while `fd` is readable. The caller keeps the descriptor open for as long as the loop runs.
  [[nodiscard]] Result<void> on_readable(int fd, std::function<void()> callback);
  // The one deadline: a new one replaces it; in the past means at once, but after everything that is ready already.
  void wake_at(TimePoint time, std::function<void()> callback);

  // Calls back again and again, each time after what is ready then: a loop that hangs gives no sign of life.
  void every(Duration interval, std::function<void()> callback);

  void run();
  void stop();

  [[nodiscard]] static Now now();

 private:
  struct State;
  explicit Loop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vtid::io
