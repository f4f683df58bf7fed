#include "platform/freebsd/wire/sockaddr.h"

#include <algorithm>
#include <bit>

namespace vtid::platform::freebsd {
namespace {

// The device that the kernel's older structures keep inside a link-local address (sys/netinet6/scope6.c).
constexpr std::size_t kEmbeddedScope = 2;

net::Address without_scope(std::array<std::uint8_t, 16> bytes) {
  if (net::Address::v6(bytes).is_link_local()) bytes[kEmbeddedScope] = bytes[kEmbeddedScope + 1] = 0;
  return net::Address::v6(bytes);
}

}  // namespace

abi::SockaddrIn sockaddr4(const net::Address& address) {
  abi::SockaddrIn out;
  out.length = sizeof out;
  out.family = abi::kFamilyInet;
  std::ranges::copy(address.bytes(), out.address.begin());
  return out;
}

abi::SockaddrIn6 sockaddr6(const net::Address& address, net::IfIndex scope) {
  abi::SockaddrIn6 out;
  out.length = sizeof out;
  out.family = abi::kFamilyInet6;
  std::ranges::copy(address.bytes(), out.address.begin());
  if (address.is_link_local()) out.scope = scope.value;
  return out;
}

net::Address mask_of(net::Family family, std::uint8_t length) {
  std::array<std::uint8_t, 16> ones{};
  ones.fill(0xff);
  const auto whole = net::Address::from_bytes(View(ones).first(family == net::Family::ipv4 ? 4 : 16));
  return net::Prefix{*whole, length}.network().address;
}

Bytes encode_sockaddr(const net::Address& address, net::IfIndex scope) {
  Bytes out;
  if (address.is_v4()) {
    append(out, sockaddr4(address));
  } else {
    append(out, sockaddr6(address, scope));
  }
  return out;
}

Bytes encode_link_sockaddr(net::IfIndex index) {
  abi::SockaddrDl link;
  link.length = sizeof link;
  link.family = abi::kFamilyLink;
  link.index = static_cast<std::uint16_t>(index.value);
  Bytes out;
  append(out, link);
  return out;
}

std::optional<net::Address> decode_sockaddr(View bytes) {
  if (bytes.size() < 2) return std::nullopt;
  if (bytes[1] == abi::kFamilyInet) {
    const auto found = read_at<abi::SockaddrIn>(bytes);
    return found ? std::optional(net::Address::v4(found->address)) : std::nullopt;
  }
  if (bytes[1] != abi::kFamilyInet6) return std::nullopt;
  const auto found = read_at<abi::SockaddrIn6>(bytes);
  return found ? std::optional(without_scope(found->address)) : std::nullopt;
}

std::size_t room_of_sockaddr(View bytes) { return bytes.empty() || bytes[0] == 0 ? 8 : round8(bytes[0]); }

std::optional<std::uint8_t> decode_mask(View bytes, net::Family family) {
  const std::size_t offset = family == net::Family::ipv4 ? 4 : 8;
  const std::size_t width = family == net::Family::ipv4 ? 4 : 16;
  const std::size_t length = bytes.empty() ? 0 : std::min<std::size_t>(bytes[0], bytes.size());
  std::array<std::uint8_t, 16> mask{};
  for (std::size_t i = 0; i < width && offset + i < length; ++i) mask[i] = bytes[offset + i];
  std::uint8_t ones = 0;
  for (std::size_t i = 0; i < width; ++i) {
    ones = static_cast<std::uint8_t>(ones + std::countl_one(mask[i]));
    if (mask[i] != 0xff) break;
  }
  const auto address = net::Address::from_bytes(View(mask).first(width));
  return mask_of(family, ones) == *address ? std::optional(ones) : std::nullopt;
}

}  // namespace vtid::platform::freebsd
