// Text of others (a peer's identity, charon's messages, names in files) made safe to show: what a terminal would obey instead
// of showing, or that would show text in another order than it has, is written out as an escape. Everything else stays.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vtid {

enum class Newlines { escaped, kept };

// Valid UTF-8 without control characters (C0, DEL, C1), line and paragraph separators, and marks, overrides and isolates of
// direction: those become \u001b, as JSON writes them; bytes that are not UTF-8 become \xff.
[[nodiscard]] std::string printable(std::string_view text, Newlines newlines = Newlines::escaped);

// Bytes at the end of `text` that may be the beginning of a character: wait for the rest before showing them.
[[nodiscard]] std::size_t incomplete_tail(std::string_view text);

}  // namespace vtid
