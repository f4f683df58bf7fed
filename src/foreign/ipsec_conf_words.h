// The words of ipsec.conf(5) in those of swanctl.conf(5).
#pragma once

#include <string>
#include <string_view>

namespace vtid::foreign {

// "aes_gcm256-sha2_512;dh19" -> "aes256gcm16-sha512-ecp256". Words that it does not know stay as they are.
[[nodiscard]] std::string strongswan_proposals(std::string_view written, bool esp);

// Of ESP, with the key exchange of the first of `ike` where they have none: libreswan's perfect forward secrecy.
[[nodiscard]] std::string with_key_exchange(std::string_view esp, std::string_view ike);

// "@hq.example" -> "hq.example"; "%fromcert" -> nothing.
[[nodiscard]] std::string strongswan_identity(std::string_view written);

}  // namespace vtid::foreign
