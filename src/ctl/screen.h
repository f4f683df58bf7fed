// The whole terminal, for what is renewed as time passes: drawn line by line, keys one by one, given back as it was.
#pragma once

#include <termios.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "ctl/display.h"

namespace vtid::ctl {

// Cut or filled with blanks to so many characters.
[[nodiscard]] std::string fitted(std::string text, std::size_t width, bool to_the_right = false);

// There is one at a time; standard input and output are a terminal.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // As many of the lines, safe to show, as there are rows but one, and `foot` below them.
  void draw(std::string_view lines, std::string_view foot, const Display& display) const;

  // What was pressed within that time; nothing too when the size has changed or a signal has ended it all.
  [[nodiscard]] std::string keys(Duration wait);
  [[nodiscard]] bool has_ended() const;

 private:
  termios before_{};
  bool closed_ = false;  // nobody types any more
};

}  // namespace vtid::ctl
