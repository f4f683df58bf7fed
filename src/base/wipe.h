// Leaves nothing of a secret where it was. The daemon's operator delete does it for all that is given back to the heap
// (platform/wiping_delete.cc); this is for what is not: text that is short enough to lie inside its string, and the stack.
#pragma once

#include <string.h>
#include <strings.h>

#include <array>
#include <cstddef>
#include <string>

namespace vtid {

// Empty afterwards, and zero as far as it reached.
inline void wipe(std::string& text) noexcept {
  text.resize(text.capacity());
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

// Wipes when it goes out of scope.
class WipedLater {
 public:
  explicit WipedLater(std::string& text) : text_(text) {}
  ~WipedLater() { wipe(text_); }
  WipedLater(const WipedLater&) = delete;
  WipedLater& operator=(const WipedLater&) = delete;

 private:
  std::string& text_;
};

// What functions that have returned left on the stack below their caller, as far down as reading a file goes.
[[gnu::noinline]] inline void wipe_stack() noexcept {
  constexpr std::size_t kDeep = 256 * 1024;
  std::array<char, kDeep> below;
  ::explicit_bzero(below.data(), below.size());
}

}  // namespace vtid
