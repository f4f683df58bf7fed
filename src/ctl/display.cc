#include "ctl/display.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace vtid::ctl {
namespace {

constexpr std::array<std::string_view, 6> kGood{"up", "online", "full", "installed", "present", "ok"};
constexpr std::array<std::string_view, 9> kWarning{"connecting", "silent",  "latency", "loss",  "reduced",
                                                   "pending",    "unknown", "warning", "caveat"};
constexpr std::array<std::string_view, 6> kBad{"down", "forced_down", "missing", "error", "blackhole", "altered"};

}  // namespace

bool wants_color(std::string_view option, bool terminal, const char* no_color, const char* term) {
  if (option != "auto") return option == "always";
  if (no_color != nullptr && *no_color != '\0') return false;
  return terminal && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

Display display_of(int fd, std::string_view color_option) {
  const bool terminal = fd >= 0 && ::isatty(fd) == 1;
  Display display{.color = wants_color(color_option, terminal, std::getenv("NO_COLOR"), std::getenv("TERM"))};
  winsize size{};
  if (!terminal) return display;
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 && size.ws_row != 0;
  display.columns = known ? size.ws_col : 80;
  display.rows = known ? size.ws_row : 24;
  return display;
}

Color color_of(std::string_view state) {
  if (std::ranges::find(kGood, state) != kGood.end()) return Color::good;
  if (std::ranges::find(kWarning, state) != kWarning.end()) return Color::warning;
  return std::ranges::find(kBad, state) != kBad.end() ? Color::bad : Color::plain;
}

}  // namespace vtid::ctl
