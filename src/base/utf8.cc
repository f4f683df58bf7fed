#include "base/utf8.h"

#include <algorithm>
#include <array>

namespace vtid {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
constexpr std::string_view kCut = "...";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

}  // namespace

std::size_t character_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

Utf8Character first_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = character_length(first);
  if (length == 1) return {first, 1};
  if (length == 0 || text.size() < length || !std::ranges::all_of(text.substr(1, length - 1), continues)) return {};
  std::uint32_t code = first & (0xffU >> (length + 1));
  for (const char byte : text.substr(1, length - 1)) code = (code << 6U) | (static_cast<unsigned char>(byte) & 0x3fU);
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < kLeast.at(length) || code > 0x10ffff || surrogate ? Utf8Character{} : Utf8Character{code, length};
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = first_character(bytes).length;
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string to_utf8(std::string_view bytes, std::size_t most) {
  std::string text;
  std::size_t room = 0;  // what of `text` stays when it turns out to be too long
  while (!bytes.empty()) {
    const std::size_t size = first_character(bytes).length;
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
