// Words for numbers in packets: IP protocols, and the types of ICMP and ICMPv6. What has no word here is written as a number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vtid::net {

inline constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58, kSctp = 132;  // IANA's protocol numbers

[[nodiscard]] std::optional<std::uint8_t> protocol_number(std::string_view word);
[[nodiscard]] std::string protocol_word(std::uint8_t number);  // "tcp", "89"

// `protocol` is kIcmp or kIcmp6.
[[nodiscard]] std::optional<std::uint8_t> icmp_type_number(std::uint8_t protocol, std::string_view word);
[[nodiscard]] std::string icmp_type_word(std::uint8_t protocol, std::uint8_t type);

// Whether ports stand where nft's "th" and pf look for them.
[[nodiscard]] bool has_ports(std::uint8_t protocol);

}  // namespace vtid::net
