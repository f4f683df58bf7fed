// The edges of the echo codec; the middle is in tests/golden/monitor, with captured bytes.
#include "monitor/echo.h"

#include <gtest/gtest.h>

#include <vector>

namespace vtid::monitor {
namespace {

using Bytes = std::vector<std::uint8_t>;
using net::Family;

constexpr Echo kLargest{.id = 0xffff, .sequence = 0xffff, .cookie = ~std::uint64_t{0}, .target = ~std::uint32_t{0}};

// An ICMPv6 reply as the peer makes it from our request.
Bytes reply6(const Echo& echo) {
  const auto request = encode_request(Family::ipv6, echo);
  Bytes reply(request.begin(), request.end());
  reply[0] = 129;
  return reply;
}

// An ICMP reply behind an IP header of that many words.
Bytes reply4(const Echo& echo, std::uint8_t words) {
  auto message = encode_request(Family::ipv4, echo);
  message[0] = 0;  // type 8 became 0: the checksum grows by 0x0800, with end-around carry
  const unsigned sum = (unsigned{message[2]} << 8U | unsigned{message[3]}) + 0x0800U;
  message[2] = static_cast<std::uint8_t>(sum >> 8U);
  message[3] = static_cast<std::uint8_t>((sum & 0xffU) + (sum >> 16U));
  Bytes packet(words * 4U);
  packet[0] = static_cast<std::uint8_t>(0x40U | words);
  packet.insert(packet.end(), message.begin(), message.end());
  return packet;
}

TEST(Echo, ipv6_largest_numbers_come_back) { EXPECT_EQ(decode_reply(Family::ipv6, reply6(kLargest)), kLargest); }
TEST(Echo, ipv6_zeros_come_back) { EXPECT_EQ(decode_reply(Family::ipv6, reply6({})), Echo{}); }
TEST(Echo, ipv4_largest_numbers_come_back) { EXPECT_EQ(decode_reply(Family::ipv4, reply4(kLargest, 5)), kLargest); }
TEST(Echo, ipv4_zeros_come_back_behind_the_longest_header) { EXPECT_EQ(decode_reply(Family::ipv4, reply4({}, 15)), Echo{}); }

TEST(Echo, a_header_shorter_than_a_header_is_refused) {
  EXPECT_EQ(decode_reply(Family::ipv4, reply4(kLargest, 4)), std::nullopt);
}

TEST(Echo, a_header_longer_than_the_packet_is_refused) {
  EXPECT_EQ(decode_reply(Family::ipv4, Bytes{0x4f, 0, 0, 0}), std::nullopt);
}

TEST(Echo, another_ip_version_is_refused) {
  Bytes packet = reply4(kLargest, 5);
  packet[0] = 0x65;
  EXPECT_EQ(decode_reply(Family::ipv4, packet), std::nullopt);
}

TEST(Echo, a_longer_reply_is_not_ours) {
  Bytes reply = reply6(kLargest);
  reply.push_back(0);
  EXPECT_EQ(decode_reply(Family::ipv6, reply), std::nullopt);
}

TEST(Echo, another_code_is_refused) {
  Bytes reply = reply6(kLargest);
  reply[1] = 1;
  EXPECT_EQ(decode_reply(Family::ipv6, reply), std::nullopt);
}

}  // namespace
}  // namespace vtid::monitor
