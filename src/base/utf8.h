// Bytes from outside as text: valid UTF-8 (RFC 3629) of a bounded length, so that JSON and people can be given it. Control
// characters stay: who shows text on a terminal escapes them there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vtid {

struct Utf8Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // in bytes; 0: what is there is not UTF-8
};

// The first character of `text`, which is not empty: no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] Utf8Character first_character(std::string_view text);

// How many bytes a character has whose first byte this is; 0 when none begins with it.
[[nodiscard]] std::size_t character_length(unsigned char first);

[[nodiscard]] bool is_utf8(std::string_view bytes);

// What is not UTF-8 becomes U+FFFD, one for each byte that begins nothing. What is longer than `most` bytes is cut between two
// characters and ends in "..."; `most` is at least the length of that.
[[nodiscard]] std::string to_utf8(std::string_view bytes, std::size_t most = std::string::npos);

}  // namespace vtid
