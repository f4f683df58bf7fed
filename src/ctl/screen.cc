#include "ctl/screen.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "ctl/table.h"

namespace vtid::ctl {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void write_out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

}  // namespace

std::string fitted(std::string text, std::size_t width, bool to_the_right) {
  while (width_of(text) > width) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) text.pop_back();
    if (!text.empty()) text.pop_back();
  }
  const std::string blanks(width - width_of(text), ' ');
  return to_the_right ? blanks + text : text + blanks;
}

Screen::Screen() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  action.sa_handler = [](int) {};  // ends the wait for keys: drawn again in the new size
  ::sigaction(SIGWINCH, &action, nullptr);
  write_out("\x1b[?1049h\x1b[?25l");  // the other screen, without a cursor
}

Screen::~Screen() {
  write_out("\x1b[?25h\x1b[?1049l");
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void Screen::draw(std::string_view lines, std::string_view foot, const Display& display) const {
  std::string text = "\x1b[H";
  for (std::size_t row = 1; row < display.rows && !lines.empty(); ++row) {
    const auto end = std::min(lines.find('\n'), lines.size());
    text.append(lines.substr(0, end)).append("\x1b[K\r\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  write_out(text + fitted(std::string(foot), display.columns) + "\x1b[K\x1b[J");
}

std::string Screen::keys(Duration wait) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, static_cast<int>(wait.count())) <= 0) return {};
  std::array<char, 64> bytes{};
  const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  closed_ = count <= 0;
  return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

bool Screen::has_ended() const { return closed_ || interrupted != 0; }

}  // namespace vtid::ctl
