// IP addresses and prefixes of both families as values that compare, sort and print. No name resolution, no sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vtid::net {

enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

[[nodiscard]] std::string_view print(Family family);  // "ipv4", "ipv6"

class Address {
 public:
  Address() = default;  // 0.0.0.0
  static Address v4(std::array<std::uint8_t, 4> bytes);
  static Address v6(std::array<std::uint8_t, 16> bytes);
  // 4 or 16 bytes in network order; anything else is nothing.
  static std::optional<Address> from_bytes(std::span<const std::uint8_t> bytes);
  static Address any(Family family);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool is_v4() const { return family_ == Family::ipv4; }
  [[nodiscard]] bool is_v6() const { return family_ == Family::ipv6; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {bytes_.data(), is_v4() ? 4U : 16U}; }
  [[nodiscard]] int bits() const { return is_v4() ? 32 : 128; }

  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_link_local() const;

  auto operator<=>(const Address&) const = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> bytes_{};  // the first 4 for IPv4, the rest zero
};

[[nodiscard]] Result<Address> parse_address(std::string_view text);
[[nodiscard]] std::string print(const Address& address);

// An address and a length. Host bits may be set ("10.6.106.1/30" is an interface's address); network() clears them.
struct Prefix {
  Address address;
  std::uint8_t length = 0;

  [[nodiscard]] Prefix network() const;
  [[nodiscard]] bool contains(const Address& other) const;
  [[nodiscard]] bool overlaps(const Prefix& other) const;
  [[nodiscard]] Family family() const { return address.family(); }

  auto operator<=>(const Prefix&) const = default;
};

// "10.0.0.0/8", "fd00::/64"; a bare address has the family's full length.
[[nodiscard]] Result<Prefix> parse_prefix(std::string_view text);
[[nodiscard]] std::string print(const Prefix& prefix);  // always with its length

}  // namespace vtid::net
