#include "base/utf8.h"

#include <algorithm>

namespace vtid {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr std::string_view kCut = "...";

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// How many bytes the character at the front takes; 0 when there is none (RFC 3629, section 4: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t character_at_front(std::string_view bytes) {
  const unsigned first = byte_at(bytes, 0);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || bytes.size() < size) return 0;
  const unsigned lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte_at(bytes, 1) < lowest || byte_at(bytes, 1) > highest) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (byte_at(bytes, i) < 0x80 || byte_at(bytes, i) > 0xbf) return 0;
  }
  return size;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = character_at_front(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string to_utf8(std::string_view bytes, std::size_t most) {
  std::string text;
  std::size_t room = 0;  // what of `text` stays when it turns out to be too long
  while (!bytes.empty()) {
    const std::size_t size = character_at_front(bytes);
    const std::string_view character = size == 0 ? kReplacement : bytes.substr(0, size);
    if (most - text.size() < character.size()) {
      text.resize(room);
      return text += kCut;
    }
    text += character;
    if (most - text.size() >= kCut.size()) room = text.size();
    bytes.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return text;
}

}  // namespace vtid
