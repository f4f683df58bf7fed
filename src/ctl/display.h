// What vtictl's output is shown on. Knows the terminal and the environment, not what is shown.
#pragma once

#include <cstddef>
#include <string_view>

namespace vtid::ctl {

struct Display {
  std::size_t columns = 0;  // characters of a line; 0: no terminal, lines are as long as they are
  std::size_t rows = 0;
  bool color = false;
  bool operator==(const Display&) const = default;
};

// Whether there are to be colours: `option` is "auto", "always" or "never"; `no_color` and `term` are the environment's, null
// when they are not there (no-color.org: anything but the empty text is a no).
[[nodiscard]] bool wants_color(std::string_view option, bool terminal, const char* no_color, const char* term);

// Of the descriptor, negative for none: its size of now.
[[nodiscard]] Display display_of(int fd, std::string_view color_option);

// A colour says what a word says too, so that nothing is lost without: parts of a text between two of these bytes. Nothing else
// of what is shown holds them, because base/printable.h escapes them.
enum class Color : char { good = '\x11', warning = '\x12', bad = '\x13', plain = '\x14' };

// Of the state of a tunnel, gateway, group, route or check, or of a severity: "up", "loss", "error".
[[nodiscard]] Color color_of(std::string_view state);

}  // namespace vtid::ctl
