#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/number.h"

namespace vtid::net {

std::string_view print(Family family) { return family == Family::ipv4 ? "ipv4" : "ipv6"; }

Address Address::v4(std::array<std::uint8_t, 4> bytes) {
  Address result;
  std::ranges::copy(bytes, result.bytes_.begin());
  return result;
}

Address Address::v6(std::array<std::uint8_t, 16> bytes) {
  Address result;
  result.family_ = Family::ipv6;
  result.bytes_ = bytes;
  return result;
}

std::optional<Address> Address::from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address result;
  if (bytes.size() == 16) result.family_ = Family::ipv6;
  std::ranges::copy(bytes, result.bytes_.begin());
  return result;
}

Address Address::any(Family family) { return family == Family::ipv4 ? v4({}) : v6({}); }

bool Address::is_unspecified() const { return *this == any(family_); }

bool Address::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  return std::ranges::all_of(bytes_.begin(), bytes_.begin() + 15, [](auto byte) { return byte == 0; }) && bytes_[15] == 1;
}

bool Address::is_multicast() const { return is_v4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

bool Address::is_link_local() const {
  if (is_v4()) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

Result<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) return Address::v4(four);
  std::array<std::uint8_t, 16> sixteen{};
  if (inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1) return Address::v6(sixteen);
  return fail(fmt::format("\"{}\" is not an IP address", text), "write it like 192.0.2.1 or 2001:db8::1");
}

std::string print(const Address& address) {
  const auto bytes = address.bytes();
  if (address.is_v4()) return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

Prefix Prefix::network() const {
  std::array<std::uint8_t, 16> bytes{};
  const auto source = address.bytes();
  for (std::size_t i = 0; i < source.size(); ++i) {
    const int kept = std::clamp(static_cast<int>(length) - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(source[i] & (0xff00 >> kept));
  }
  return {*Address::from_bytes({bytes.data(), source.size()}), length};
}

bool Prefix::contains(const Address& other) const {
  return other.family() == family() && Prefix{other, length}.network() == network();
}

bool Prefix::overlaps(const Prefix& other) const {
  return length <= other.length ? contains(other.address) : other.contains(address);
}

Result<Prefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  auto address = parse_address(text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(address->bits())};
  const std::string_view digits = text.substr(slash + 1);
  const int length = parse_number<int>(digits).value_or(-1);
  if (length < 0 || length > address->bits()) {
    return fail(fmt::format("\"{}\" has no valid prefix length", text),
                fmt::format("a length of 0 to {} follows the slash", address->bits()));
  }
  return Prefix{*address, static_cast<std::uint8_t>(length)};
}

std::string print(const Prefix& prefix) { return fmt::format("{}/{}", print(prefix.address), prefix.length); }

}  // namespace vtid::net
