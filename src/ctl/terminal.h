// The only way of text to a terminal: a stream whose bytes pass base/printable.h. Whatever a peer, charon, a file or an
// argument holds, and whichever command shows it, nothing that a terminal obeys comes out but newlines, and, where colours are
// wanted, those of ctl/display.h.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace vtid::ctl {

// `text`, safe to show; with the colours that it marks if `color`, which end with each line.
[[nodiscard]] std::string terminal_text(std::string_view text, bool color);

class TerminalBuffer final : public std::streambuf {
 public:
  explicit TerminalBuffer(std::ostream& out) : out_(out) {}
  void use_color(bool color) { color_ = color; }

 protected:
  int_type overflow(int_type byte) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;  // shows an unfinished character too

 private:
  std::ostream& out_;
  bool color_ = false;
  std::string unfinished_;  // a character of which the rest may follow
};

class Terminal final : public std::ostream {
 public:
  explicit Terminal(std::ostream& to) : std::ostream(nullptr), buffer_(to) { rdbuf(&buffer_); }
  ~Terminal() override { flush(); }
  void use_color(bool color) { buffer_.use_color(color); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

 private:
  TerminalBuffer buffer_;
};

}  // namespace vtid::ctl
