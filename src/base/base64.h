// RFC 4648, section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vtid {

// Passes over white space. Nothing: another byte, or an end that is not padded to four.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace vtid
