// Cuts a byte stream into lines, one JSON-RPC message each. Knows nothing of JSON and owns no socket. Linear in what comes in.
//   framer.feed(bytes); while (auto line = framer.next()) ...
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vtid::control {

struct Line {
  std::string text;       // without its newline
  bool too_long = false;  // it exceeded what was allowed; its bytes are gone and `text` is empty
  bool operator==(const Line&) const = default;
};

class Framer {
 public:
  explicit Framer(std::size_t longest) : usual_(longest), longest_(longest) {}
  // `may_grow` is asked, once for each line, when the line exceeds `usual` bytes: whether it may have up to `longest`.
  Framer(std::size_t usual, std::size_t longest, std::function<bool()> may_grow)
      : usual_(usual), longest_(longest), may_grow_(std::move(may_grow)) {}

  // Holds at most one incomplete line plus what next() has not yet taken: call next() until it has nothing before feeding
  // more.
  void feed(std::string_view bytes);

  // The next complete line. Blank lines are skipped. An over-long line is told once, as soon as it is known to be
  // over-long, and skipped to its newline.
  [[nodiscard]] std::optional<Line> next();

 private:
  [[nodiscard]] bool fits(std::size_t length);

  std::size_t usual_;
  std::size_t longest_;
  std::function<bool()> may_grow_;
  std::string input_;  // as it was fed
  std::size_t at_ = 0;
  std::string line_;       // what there is of the line at hand
  bool grown_ = false;     // the line at hand may exceed `usual_`
  bool skipping_ = false;  // inside an over-long line
};

}  // namespace vtid::control
