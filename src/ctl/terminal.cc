#include "ctl/terminal.h"

#include <utility>

#include "base/printable.h"

namespace vtid::ctl {

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
  out_ << printable(text, Newlines::kept);
  return out_ ? count : 0;
}

int TerminalBuffer::sync() {
  out_ << printable(std::exchange(unfinished_, {}), Newlines::kept) << std::flush;
  return out_ ? 0 : -1;
}

}  // namespace vtid::ctl
