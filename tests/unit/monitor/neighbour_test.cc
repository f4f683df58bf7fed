#include "monitor/neighbour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace vtid::monitor {
namespace {

const net::Address kNeighbour = *net::parse_address("fe80::1");

// RFC 4861 section 4.4: type, code, checksum, flags and reserved, target, options.
std::vector<std::uint8_t> advertisement(std::uint8_t flags) {
  std::vector<std::uint8_t> bytes{136, 0, 0x12, 0x34, flags, 0, 0, 0};
  std::ranges::copy(kNeighbour.bytes(), std::back_inserter(bytes));
  bytes.insert(bytes.end(), {2, 1, 2, 0, 0, 0, 0, 1});
  return bytes;
}

TEST(Neighbour, IsAskedForItself) {
  const auto bytes = encode_solicitation(kNeighbour);
  EXPECT_EQ(bytes[0], 135);
  EXPECT_EQ(std::vector(bytes.begin() + 1, bytes.begin() + 8), std::vector<std::uint8_t>(7, 0));
  EXPECT_TRUE(std::ranges::equal(std::span(bytes).subspan(8), kNeighbour.bytes()));
}

TEST(Neighbour, Answers) { EXPECT_EQ(decode_advertisement(advertisement(0xe0)), kNeighbour); }

TEST(Neighbour, SaysNothingToUsWhenItWasNotAsked) { EXPECT_EQ(decode_advertisement(advertisement(0xa0)), std::nullopt); }

TEST(Neighbour, IsNotTakenFromWhatIsCutShortOrSomethingElse) {
  const auto whole = advertisement(0x60);
  for (std::size_t size = 0; size < 24; ++size) EXPECT_EQ(decode_advertisement(std::span(whole).first(size)), std::nullopt);
  for (const std::size_t changed : {std::size_t{0}, std::size_t{1}}) {
    auto other = whole;
    ++other[changed];
    EXPECT_EQ(decode_advertisement(other), std::nullopt);
  }
}

}  // namespace
}  // namespace vtid::monitor
