// The only way of text to a terminal: a stream whose bytes pass base/printable.h. Whatever a peer, charon, a file or an
// argument holds, and whichever command shows it, nothing that a terminal obeys comes out but newlines.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>

namespace vtid::ctl {

class TerminalBuffer final : public std::streambuf {
 public:
  explicit TerminalBuffer(std::ostream& out) : out_(out) {}

 protected:
  int_type overflow(int_type byte) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;  // shows an unfinished character too

 private:
  std::ostream& out_;
  std::string unfinished_;  // a character of which the rest may follow
};

class Terminal final : public std::ostream {
 public:
  explicit Terminal(std::ostream& to) : std::ostream(nullptr), buffer_(to) { rdbuf(&buffer_); }
  ~Terminal() override { flush(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

 private:
  TerminalBuffer buffer_;
};

}  // namespace vtid::ctl
