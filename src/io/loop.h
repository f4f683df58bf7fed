// The daemon's event loop: one thread, one timer for its own deadline, signals and foreign descriptors. The clock is here.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] boost::asio::io_context& context();

  // Calls back each time the signal arrives, until the loop ends.
  void on_signal(int signal, std::function<void()> callback);
  // Calls back while `fd` is readable. The caller keeps the descriptor open for as long as the loop runs.
  void on_readable(int fd, std::function<void()> callback);
  // The one deadline: a new one replaces it; in the past means at once, but after everything that is ready already.
  void wake_at(TimePoint time, std::function<void()> callback);

  void run();
  void stop();

  [[nodiscard]] static Now now();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vtid::io
