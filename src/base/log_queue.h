// Lines on their way to a descriptor whose reader may be slow or hang. Whoever hands one over never waits: a thread writes,
// what it has not written is kept up to a bound, and of what is beyond it the oldest goes, counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"

namespace vtid::log {

inline constexpr std::size_t kMostWaiting =
    8 * 1024 * 1024;  // bytes of lines that wait for their reader: a start with 10,000 tunnels

class Queue {
 public:
  // The line that says how many were dropped; it goes before the next that is written. Called by the writing thread.
  using Describe = std::function<std::string(std::uint64_t dropped)>;

  // `fd` stays open for as long as the process. No signal reaches the thread.
  [[nodiscard]] static Result<Queue> start(int fd, Describe describe);

  void push(std::string line);  // with its line end

  // Waits until all is written, and no longer than `patience`. False: something was not.
  bool flush(std::chrono::milliseconds patience) const;

 private:
  struct State;
  explicit Queue(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // with the thread, which nobody can wait for: its write may never return
};

}  // namespace vtid::log
