// How long a packet may be between our inner address and the peer's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/address.h"
#include "net/names.h"

namespace vtid::model {

// What a tunnel's interface takes at least.
inline constexpr std::uint32_t kLowestMtu = 1280;  // if_ipsec(4), and RFC 8200 for IPv6
inline constexpr std::uint16_t kLowestMss = 536;   // RFC 9293, 3.7.1: what every IPv4 host takes

struct MtuPath {
  net::Address source;
  net::Address destination;
  net::IfName device;
  int mtu = 0;  // of the device, in bytes of IP packet
  bool operator==(const MtuPath&) const = default;
};

struct MtuFinding {
  std::optional<int> longest{};  // that came back, up to the device's MTU; nothing when none did
  std::string trouble{};         // why nothing could be sent
  bool operator==(const MtuFinding&) const = default;
};

}  // namespace vtid::model
