#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

namespace vtid {
namespace {

constexpr std::size_t kLongestCharacter = 4;  // bytes

// How many bytes a character has that begins with `first`; 0 when none does.
std::size_t length_from(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // 0: not UTF-8
};

// The first character of `text` (RFC 3629: no surrogates, nothing longer than it need be).
Character first_of(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = length_from(first);
  if (length == 1) return {first, 1};
  if (length == 0 || text.size() < length || !std::ranges::all_of(text.substr(1, length - 1), continues)) return {};
  std::uint32_t code = first & (0xffU >> (length + 1));
  for (const char byte : text.substr(1, length - 1)) code = (code << 6U) | (static_cast<unsigned char>(byte) & 0x3fU);
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < kLeast.at(length) || code > 0x10ffff || surrogate ? Character{} : Character{code, length};
}

// Unicode's control characters, separators of lines, and controls of direction (UAX #9), deprecated ones included; the mark of
// byte order, which is shown as nothing.
bool is_obeyed(std::uint32_t code) {
  using Range = std::pair<std::uint32_t, std::uint32_t>;
  constexpr std::array<Range, 7> kObeyed{
      {{0x00, 0x1f}, {0x7f, 0x9f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x206f}, {0xfeff, 0xfeff}}};
  return std::ranges::any_of(kObeyed, [&](const Range& range) { return code >= range.first && code <= range.second; });
}

}  // namespace

std::string printable(std::string_view text, Newlines newlines) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto [code, length] = first_of(text);
    if (length == 0) {
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_obeyed(code) && (code != '\n' || newlines == Newlines::escaped)) {
      fmt::format_to(std::back_inserter(shown), "\\u{:04x}", code);
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

std::size_t incomplete_tail(std::string_view text) {
  for (std::size_t back = 1; back < kLongestCharacter && back <= text.size(); ++back) {
    const char byte = text[text.size() - back];
    if (continues(byte)) continue;
    return length_from(static_cast<unsigned char>(byte)) > back ? back : 0;
  }
  return 0;
}

}  // namespace vtid
