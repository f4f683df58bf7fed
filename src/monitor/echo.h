// ICMP and ICMPv6 echo messages as bytes (RFC 792, RFC 4443 section 4). Every length is checked; nothing is sent here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "net/address.h"

namespace vtid::monitor {

// What a probe carries there and back.
struct Echo {
  std::uint16_t id = 0;        // of this process
  std::uint16_t sequence = 0;  // of this target
  std::uint64_t cookie = 0;    // secret of this process: what does not have it is not an answer to us
  std::uint32_t target = 0;    // whose probe it is
  bool operator==(const Echo&) const = default;
};

inline constexpr std::size_t kEchoBytes = 20;  // header 8, cookie 8, target 4
using EchoBytes = std::array<std::uint8_t, kEchoBytes>;

// An echo request. IPv4 with its checksum; ICMPv6's covers the addresses and is the kernel's work (RFC 3542 section 3.1).
[[nodiscard]] EchoBytes encode_request(net::Family family, const Echo& echo);

// A reply as a raw socket delivers it: IPv4 from the IP header on, checksum unverified; ICMPv6 bare and verified.
// Nothing when it is anything else than a whole echo reply of our size.
[[nodiscard]] std::optional<Echo> decode_reply(net::Family family, std::span<const std::uint8_t> bytes);

inline constexpr std::size_t kIpv4HeaderBytes = 20;
// The IPv4 header of an ICMP packet with that much payload, for IP_HDRINCL: total length is set, identification and
// checksum are the kernel's, and so is an unspecified source. `whole`: not to be fragmented.
[[nodiscard]] std::array<std::uint8_t, kIpv4HeaderBytes> encode_ipv4_header(const net::Address& source,
                                                                            const net::Address& destination,
                                                                            std::size_t payload, bool whole = false);

}  // namespace vtid::monitor
