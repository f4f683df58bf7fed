// What the sessions of the control sockets share, so that no client holds the loop or fills the memory: turns, the bytes that
// clients have yet to read, and places for long requests. One thread.
//
// One request is served for each pass of the loop, whoever sends how many, and everything else that is ready comes between
// two of them. Sessions wait in lanes, which take turns; so many sessions of one lane do not delay the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "io/asio.h"

namespace vtid::io {

class ControlTurns : public std::enable_shared_from_this<ControlTurns> {
 public:
  enum class Lane : std::uint8_t { view, view_root, full, full_root };  // a socket, and who uses it

  explicit ControlTurns(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // Calls back when it is that lane's turn. A lane whose clients have kMaxUnread bytes to read gets none.
  void wait(Lane lane, std::function<void()> go);

  // Bytes of answers that a session holds for its client.
  void hold(Lane lane, std::size_t bytes) { line_of(lane).unread += bytes; }
  void release(Lane lane, std::size_t bytes);

  // Whether one more session may gather a long request; each that may gives its place back.
  [[nodiscard]] bool take_long_request() { return long_requests_ < kMaxLongRequests && ++long_requests_ > 0; }
  void give_long_request_back() { --long_requests_; }

  // The sessions end: whoever waits is called at once.
  void close();

  static constexpr std::size_t kMaxUnread = 8U << 20;  // of a lane; one answer may exceed it
  static constexpr std::size_t kMaxLongRequests = 8;   // of all sessions, at a time

 private:
  struct Line {
    std::deque<std::function<void()>> waiting;
    std::size_t unread = 0;
  };

  [[nodiscard]] Line& line_of(Lane lane) { return lines_.at(static_cast<std::size_t>(lane)); }
  [[nodiscard]] Line* next_line();
  void schedule();
  void take_turn();

  boost::asio::any_io_executor executor_;
  std::array<Line, 4> lines_;
  std::size_t last_ = 0;  // the line that had the latest turn
  std::size_t long_requests_ = 0;
  bool scheduled_ = false;
};

}  // namespace vtid::io
