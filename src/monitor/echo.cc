#include "monitor/echo.h"

#include <algorithm>

namespace vtid::monitor {
namespace {

constexpr std::uint8_t kEchoReply = 0, kEchoRequest = 8;        // RFC 792
constexpr std::uint8_t kEchoRequest6 = 128, kEchoReply6 = 129;  // RFC 4443
constexpr std::uint8_t kIcmp = 1;                               // IP protocol number, RFC 790
constexpr std::uint8_t kTimeToLive = 64;                        // RFC 1700's default
constexpr std::uint8_t kDontFragment = 0x40;                    // RFC 791, in the first byte of the flags

template <class Number>
void put(std::span<std::uint8_t> bytes, std::size_t at, Number number) {
  for (std::size_t i = sizeof number; i-- > 0; number = static_cast<Number>(number >> 8)) {
    bytes[at + i] = static_cast<std::uint8_t>(number);
  }
}

template <class Number>
Number get(std::span<const std::uint8_t> bytes, std::size_t at) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = static_cast<Number>(number << 8 | bytes[at + i]);
  return number;
}

// RFC 1071; zero over a message that carries its right checksum. Even lengths only.
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) sum += get<std::uint16_t>(bytes, i);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// What follows the IPv4 header; nothing when the header is not whole.
std::span<const std::uint8_t> skip_ipv4_header(std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || bytes[0] >> 4 != 4) return {};
  const std::size_t header = (bytes[0] & 0x0fU) * 4U;
  if (header < kIpv4HeaderBytes || header > bytes.size()) return {};
  return bytes.subspan(header);
}

}  // namespace

EchoBytes encode_request(net::Family family, const Echo& echo) {
  EchoBytes bytes{};
  bytes[0] = family == net::Family::ipv4 ? kEchoRequest : kEchoRequest6;
  put(bytes, 4, echo.id);
  put(bytes, 6, echo.sequence);
  put(bytes, 8, echo.cookie);
  put(bytes, 16, echo.target);
  if (family == net::Family::ipv4) put(bytes, 2, checksum(bytes));
  return bytes;
}

std::optional<Echo> decode_reply(net::Family family, std::span<const std::uint8_t> bytes) {
  const bool v4 = family == net::Family::ipv4;
  if (v4) bytes = skip_ipv4_header(bytes);
  if (bytes.size() != kEchoBytes) return std::nullopt;
  if (bytes[0] != (v4 ? kEchoReply : kEchoReply6) || bytes[1] != 0) return std::nullopt;
  if (v4 && checksum(bytes) != 0) return std::nullopt;
  return Echo{.id = get<std::uint16_t>(bytes, 4),
              .sequence = get<std::uint16_t>(bytes, 6),
              .cookie = get<std::uint64_t>(bytes, 8),
              .target = get<std::uint32_t>(bytes, 16)};
}

std::array<std::uint8_t, kIpv4HeaderBytes> encode_ipv4_header(const net::Address& source, const net::Address& destination,
                                                              std::size_t payload, bool whole) {
  std::array<std::uint8_t, kIpv4HeaderBytes> bytes{};
  bytes[0] = 0x45;  // version 4, five words
  put(bytes, 2, static_cast<std::uint16_t>(kIpv4HeaderBytes + payload));
  if (whole) bytes[6] = kDontFragment;
  bytes[8] = kTimeToLive;
  bytes[9] = kIcmp;
  std::ranges::copy(source.bytes(), bytes.begin() + 12);
  std::ranges::copy(destination.bytes(), bytes.begin() + 16);
  return bytes;
}

}  // namespace vtid::monitor
