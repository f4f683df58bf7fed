// The MTU of a tunnel interface as arithmetic: what is left of the outer MTU after ESP in tunnel mode (RFC 4303).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/sa_table.h"
#include "net/address.h"

namespace vtid::reconcile {

// What a cipher adds to each packet, in bytes.
struct EspShape {
  int iv = 16;
  int icv = 32;
  int block = 16;  // the padded payload and its two trailer bytes are a multiple of this
  auto operator<=>(const EspShape&) const = default;
};

// The negotiated algorithms; what is not known is taken at its largest.
[[nodiscard]] EspShape esp_shape(const model::Algorithms& algorithms);
// A proposal as swanctl writes it ("aes256gcm16-ecp384").
[[nodiscard]] EspShape esp_shape(std::string_view proposal);

struct OuterPath {
  std::uint32_t mtu = 1500;
  net::Family family = net::Family::ipv4;
  bool udp = false;  // NAT traversal or forced encapsulation: 8 bytes
  bool operator==(const OuterPath&) const = default;
};

struct Mtu {
  std::uint32_t value = 0;
  std::string arithmetic;  // "1500 - 20 (IPv4) - 8 (ESP) - 8 (IV) - 16 (ICV) = 1448, in blocks of 4 = 1448, - 2 (trailer)"
  bool operator==(const Mtu&) const = default;
};

// Never below 1280, IPv6's minimum, which is also if_ipsec's.
[[nodiscard]] Mtu tunnel_mtu(const OuterPath& path, const EspShape& shape);

}  // namespace vtid::reconcile
