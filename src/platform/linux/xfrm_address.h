// Addresses as XFRM messages carry them: 16 bytes, of which the family says how many count.
#pragma once

#include <linux/xfrm.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>

#include "net/address.h"

namespace vtid::platform::netlink {

[[nodiscard]] inline std::uint16_t family_number(net::Family family) {
  return family == net::Family::ipv4 ? AF_INET : AF_INET6;
}

[[nodiscard]] inline xfrm_address_t raw(const net::Address& address) {
  xfrm_address_t result{};
  std::memcpy(&result, address.bytes().data(), address.bytes().size());
  return result;
}

[[nodiscard]] inline std::optional<net::Address> address_of(const xfrm_address_t& raw, std::uint16_t family) {
  std::array<std::uint8_t, sizeof raw> bytes{};
  std::memcpy(bytes.data(), &raw, sizeof raw);
  return net::Address::from_bytes({bytes.data(), family == AF_INET ? 4U : sizeof raw});
}

}  // namespace vtid::platform::netlink
