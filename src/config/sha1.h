// SHA-1 (RFC 3174), because RFC 5280 names public keys by it. It protects nothing here, and no secret goes in.
#pragma once

#include <string>
#include <string_view>

namespace vtid::config {

[[nodiscard]] std::string sha1_hex(std::string_view bytes);  // 40 lower-case digits

}  // namespace vtid::config
