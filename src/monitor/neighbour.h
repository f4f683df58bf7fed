// Neighbour solicitations and advertisements as bytes (RFC 4861 sections 4.3, 4.4). Every length is checked; nothing is sent
// here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "net/address.h"

namespace vtid::monitor {

inline constexpr std::size_t kSolicitationBytes = 24;
inline constexpr int kNeighbourHopLimit = 255;  // what has another is dropped: it has passed a router

// Asks an IPv6 address for itself, to be sent to that address. ICMPv6's checksum is the kernel's work.
[[nodiscard]] std::array<std::uint8_t, kSolicitationBytes> encode_solicitation(const net::Address& neighbour);

// Whose answer a bare and verified ICMPv6 packet is; nothing when it is none, or one that nobody has asked for.
[[nodiscard]] std::optional<net::Address> decode_advertisement(std::span<const std::uint8_t> bytes);

}  // namespace vtid::monitor
