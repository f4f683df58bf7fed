#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

#include "base/utf8.h"

namespace vtid {
namespace {

constexpr std::size_t kLongestCharacter = 4;  // bytes

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
    const auto [code, length] = first_character(text);
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
    if ((static_cast<unsigned char>(byte) & 0xc0U) == 0x80U) continue;  // the middle of one
    return character_length(static_cast<unsigned char>(byte)) > back ? back : 0;
  }
  return 0;
}

}  // namespace vtid
