#include "monitor/neighbour.h"

#include <algorithm>

namespace vtid::monitor {
namespace {

constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kSolicited = 0x40;  // of the flags, in the byte after the checksum
constexpr std::size_t kFlagsAt = 4;
constexpr std::size_t kTargetAt = 8;
constexpr std::size_t kAddressBytes = 16;

}  // namespace

std::array<std::uint8_t, kSolicitationBytes> encode_solicitation(const net::Address& neighbour) {
  std::array<std::uint8_t, kSolicitationBytes> bytes{kSolicitation};
  std::ranges::copy(neighbour.bytes(), bytes.begin() + kTargetAt);
  return bytes;
}

std::optional<net::Address> decode_advertisement(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kTargetAt + kAddressBytes || bytes[0] != kAdvertisement || bytes[1] != 0) return std::nullopt;
  if ((bytes[kFlagsAt] & kSolicited) == 0) return std::nullopt;
  return net::Address::from_bytes(bytes.subspan(kTargetAt, kAddressBytes));
}

}  // namespace vtid::monitor
