// Bytes from outside as text: valid UTF-8 (RFC 3629) of a bounded length, so that JSON and people can be given it. Control
// characters stay: who shows text on a terminal escapes them there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vtid {

[[nodiscard]] bool is_utf8(std::string_view bytes);

// What is not UTF-8 becomes U+FFFD, one for each byte that begins nothing. What is longer than `most` bytes is cut between two
// characters and ends in "..."; `most` is at least the length of that.
[[nodiscard]] std::string to_utf8(std::string_view bytes, std::size_t most = std::string::npos);

}  // namespace vtid
