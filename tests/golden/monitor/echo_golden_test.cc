// packets.txt through the echo codec.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "monitor/echo.h"

namespace vtid::monitor {
namespace {

using Bytes = std::vector<std::uint8_t>;
using net::Family;

constexpr Echo kProbe{.id = 0x1234, .sequence = 7, .cookie = 0x0123456789abcdef, .target = 42};

Bytes captured(const std::string& name) {
  std::ifstream file(VTID_SOURCE_DIR "/tests/golden/monitor/packets.txt");
  std::string line;
  while (std::getline(file, line) && line != name) {
  }
  Bytes bytes;
  while (std::getline(file, line) && !line.empty()) {
    std::istringstream words(line);
    for (unsigned byte = 0; words >> std::hex >> byte;) bytes.push_back(static_cast<std::uint8_t>(byte));
  }
  return bytes;
}

Bytes without_ipv4_header(Bytes packet) { return {packet.begin() + kIpv4HeaderBytes, packet.end()}; }

Bytes bytes_of(const EchoBytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(CapturedEcho, ipv4_reply_is_understood) { EXPECT_EQ(decode_reply(Family::ipv4, captured("reply_v4")), kProbe); }
TEST(CapturedEcho, ipv6_reply_is_understood) { EXPECT_EQ(decode_reply(Family::ipv6, captured("reply_v6")), kProbe); }

TEST(CapturedEcho, ipv4_reply_behind_options_is_understood) {
  EXPECT_EQ(decode_reply(Family::ipv4, captured("reply_v4_options")), kProbe);
}

TEST(CapturedEcho, ipv4_request_is_no_reply) { EXPECT_EQ(decode_reply(Family::ipv4, captured("request_v4")), std::nullopt); }
TEST(CapturedEcho, ipv6_request_is_no_reply) { EXPECT_EQ(decode_reply(Family::ipv6, captured("request_v6")), std::nullopt); }

TEST(CapturedEcho, an_error_that_quotes_our_probe_is_no_reply) {
  EXPECT_EQ(decode_reply(Family::ipv4, captured("unreachable_v4")), std::nullopt);
}

TEST(CapturedEcho, ipv4_request_is_what_we_encode) {
  EXPECT_EQ(bytes_of(encode_request(Family::ipv4, kProbe)), without_ipv4_header(captured("request_v4")));
}

// The kernel fills bytes 2 and 3, the checksum.
TEST(CapturedEcho, ipv6_request_is_what_we_encode_but_for_the_checksum) {
  Bytes request = captured("request_v6");
  request[2] = request[3] = 0;
  EXPECT_EQ(bytes_of(encode_request(Family::ipv6, kProbe)), request);
}

// The kernel fills identification, flags and the header's checksum, bytes 4 to 7, 10 and 11.
TEST(CapturedEcho, ipv4_header_is_what_we_encode_but_for_the_kernels_part) {
  Bytes header = captured("request_v4");
  header.resize(kIpv4HeaderBytes);
  for (const std::size_t at : {4U, 5U, 6U, 7U, 10U, 11U}) header[at] = 0;
  const auto loopback = net::Address::v4({127, 0, 0, 1});
  const auto encoded = encode_ipv4_header(loopback, loopback, kEchoBytes);
  EXPECT_EQ(Bytes(encoded.begin(), encoded.end()), header);
}

TEST(CapturedEcho, no_shortened_ipv4_reply_is_understood) {
  const Bytes whole = captured("reply_v4_options");
  int understood = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    understood += decode_reply(Family::ipv4, std::span(whole).first(size)).has_value() ? 1 : 0;
  }
  EXPECT_EQ(understood, 0);
}

TEST(CapturedEcho, no_shortened_ipv6_reply_is_understood) {
  const Bytes whole = captured("reply_v6");
  int understood = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    understood += decode_reply(Family::ipv6, std::span(whole).first(size)).has_value() ? 1 : 0;
  }
  EXPECT_EQ(understood, 0);
}

TEST(CapturedEcho, no_ipv4_reply_with_a_flipped_bit_is_understood_as_another) {
  const Bytes whole = captured("reply_v4");
  int understood = 0;
  for (std::size_t bit = kIpv4HeaderBytes * 8; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    understood += decode_reply(Family::ipv4, flipped).has_value() ? 1 : 0;
  }
  EXPECT_EQ(understood, 0);
}

}  // namespace
}  // namespace vtid::monitor
