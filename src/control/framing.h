// Cuts a byte stream into lines, one JSON-RPC message each. Knows nothing of JSON and owns no socket.
//   framer.feed(bytes); while (auto line = framer.next()) ...
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "vtid/protocol.h"

namespace vtid::control {

struct Line {
  std::string text;       // without its newline
  bool too_long = false;  // it exceeded protocol::kMaxRequest; its bytes are gone and `text` is empty
  bool operator==(const Line&) const = default;
};

class Framer {
 public:
  explicit Framer(std::size_t max_line = protocol::kMaxRequest) : max_line_(max_line) {}

  // Holds at most one incomplete line of `max_line` bytes plus what next() has not yet taken: call next() until it has
  // nothing before feeding more.
  void feed(std::string_view bytes);

  // The next complete line. Blank lines are skipped. An over-long line is told once, as soon as it is known to be
  // over-long, and skipped to its newline.
  [[nodiscard]] std::optional<Line> next();

 private:
  std::size_t max_line_;
  std::string buffer_;
  std::size_t start_ = 0;     // of the first line that next() has not yet returned
  std::size_t searched_ = 0;  // no newline before here
  bool skipping_ = false;     // inside an over-long line
};

}  // namespace vtid::control
