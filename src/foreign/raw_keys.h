// Keys as other systems' files write them -> PEM and DER. Decides nothing about who may use them, and quotes no byte of them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vtid::foreign {

// Of "leftrsasigkey" and "leftsigkey": 0s and base64, or 0x and hexadecimal digits, of what RFC 3110 says, or of DER;
// "dns:" and "ssh:" stand before the first of these and before what RFC 4253 says. PEM of a SubjectPublicKeyInfo.
[[nodiscard]] Result<std::string> raw_public_key(std::string_view written);

// Of `: RSA { Modulus: 0x… PublicExponent: 0x… … }`, by those names. DER of RFC 8017, A.1.2.
[[nodiscard]] Result<std::string> raw_private_key(const std::map<std::string, std::string>& numbers);

// RFC 7468.
[[nodiscard]] std::string pem_of(std::string_view label, std::string_view bytes);
// A PEM text whose ends of lines have become spaces; another text stays as it is.
[[nodiscard]] std::string pem_of_line(const std::string& text);

}  // namespace vtid::foreign
