#include "ctl/terminal.h"

#include <utility>

#include "base/printable.h"
#include "ctl/display.h"

namespace vtid::ctl {
namespace {

constexpr std::string_view kMarks = "\x11\x12\x13\x14\n";

// ECMA-48, SGR.
std::string_view sequence_of(char mark) {
  switch (static_cast<Color>(mark)) {
    case Color::good: return "\x1b[32m";
    case Color::warning: return "\x1b[33m";
    case Color::bad: return "\x1b[31m";
    case Color::plain: return "\x1b[0m";
  }
  return "\n";
}

}  // namespace

std::string terminal_text(std::string_view text, bool color) {
  if (!color) return printable(text, Newlines::kept);
  std::string shown;
  bool in_color = false;
  for (;;) {
    const auto at = text.find_first_of(kMarks);
    shown += printable(text.substr(0, at));
    if (at == std::string_view::npos) break;
    const bool ends = text[at] == '\n' && in_color;
    if (ends) shown += sequence_of(static_cast<char>(Color::plain));
    shown += sequence_of(text[at]);
    in_color = text[at] != '\n' && static_cast<Color>(text[at]) != Color::plain;
    text.remove_prefix(at + 1);
  }
  return in_color ? shown.append(sequence_of(static_cast<char>(Color::plain))) : shown;
}

TerminalBuffer::int_type TerminalBuffer::overflow(int_type byte) {
  const char character = traits_type::to_char_type(byte);
  if (!traits_type::eq_int_type(byte, traits_type::eof())) xsputn(&character, 1);
  return out_ ? traits_type::not_eof(byte) : traits_type::eof();
}

std::streamsize TerminalBuffer::xsputn(const char* bytes, std::streamsize count) {
  std::string text = std::exchange(unfinished_, {});
  text.append(bytes, static_cast<std::size_t>(count));
  const std::size_t tail = incomplete_tail(text);
  unfinished_ = text.substr(text.size() - tail);
  text.resize(text.size() - tail);
  out_ << terminal_text(text, color_);
  return out_ ? count : 0;
}

int TerminalBuffer::sync() {
  out_ << terminal_text(std::exchange(unfinished_, {}), color_) << std::flush;
  return out_ ? 0 : -1;
}

}  // namespace vtid::ctl
