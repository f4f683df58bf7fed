#include "ctl/repeat.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "ctl/screen.h"
#include "ctl/terminal.h"

namespace vtid::ctl {
namespace {

using Ask = std::function<Outcome<Json>()>;
using Render = std::function<std::string(const Json&, const Display&)>;
using Clock = std::chrono::steady_clock;

void scroll(std::string_view keys, std::size_t page, std::size_t& first) {
  const auto up = [&](std::size_t rows) { first -= std::min(first, rows); };
  if (keys == "\x1b[A" || keys == "k") up(1);
  if (keys == "\x1b[B" || keys == "j") ++first;
  if (keys == "\x1b[5~" || keys == "b") up(page);
  if (keys == "\x1b[6~" || keys == " ") first += page;
}

Outcome<ExitCode> on_screen(const Repetition& repetition, const Ask& ask, const Render& render) {
  Screen screen;
  auto due = Clock::now();
  std::size_t first = 0;
  for (Json answer; !screen.has_ended();) {
    if (Clock::now() >= due) {
      auto asked = ask();
      if (!asked) return std::unexpected(asked.error());
      answer = *std::move(asked);
      due = Clock::now() + repetition.interval;
    }
    const Display display = display_of(repetition.terminal, repetition.color);
    const std::string text = terminal_text(render(answer, display), display.color);
    screen.draw(lines_from(text, first), repetition.title + "  q quit  j k space b scroll", display);
    const auto wait = std::chrono::ceil<Duration>(due - Clock::now());
    const std::string keys = screen.keys(std::max(wait, Duration{1}));
    if (keys == "q") break;
    scroll(keys, display.rows - 1, first);
  }
  return kDone;
}

// A reader of a pipe that is gone is met at the next change.
Outcome<ExitCode> as_text(const Repetition& repetition, const Ask& ask, const Render& render, std::ostream& out) {
  std::string last;
  for (;;) {
    const auto answer = ask();
    if (!answer) return std::unexpected(answer.error());
    const Display display = display_of(repetition.terminal, repetition.color);
    std::string text = repetition.json ? print_json_line(*answer) + '\n' : render(*answer, display);
    if (text != last) out << (last.empty() || repetition.json ? "" : "\n") << text << std::flush;
    if (!out) return kRefused;  // the caller says it
    last = std::move(text);
    ::poll(nullptr, 0, static_cast<int>(repetition.interval.count()));
  }
}

}  // namespace

std::string_view lines_from(std::string_view text, std::size_t& first) {
  for (std::size_t line = 0; line < first; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos || end + 1 >= text.size()) {
      first = line;
      break;
    }
    text.remove_prefix(end + 1);
  }
  return text;
}

Outcome<ExitCode> repeat(const Repetition& repetition, const Ask& ask, const Render& render, std::ostream& out) {
  const bool screen =
      !repetition.json && ::isatty(STDIN_FILENO) == 1 && repetition.terminal >= 0 && ::isatty(repetition.terminal) == 1;
  return screen ? on_screen(repetition, ask, render) : as_text(repetition, ask, render, out);
}

}  // namespace vtid::ctl
