#include "net/address.h"

#include <gtest/gtest.h>

namespace vtid::net {
namespace {

Address address(std::string_view text) { return parse_address(text).value(); }
Prefix prefix(std::string_view text) { return parse_prefix(text).value(); }

TEST(Address, PrintsAsItParses) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "fe80::1"}) EXPECT_EQ(print(address(text)), text);
}

class NotAnAddress : public testing::TestWithParam<const char*> {};
TEST_P(NotAnAddress, IsRefused) { EXPECT_FALSE(parse_address(GetParam()).has_value()); }
INSTANTIATE_TEST_SUITE_P(Addresses, NotAnAddress,
                         testing::Values("", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "fe80::1%eth0", "host"));

TEST(Address, KnowsItsKind) {
  EXPECT_TRUE(address("127.9.9.9").is_loopback() && address("::1").is_loopback());
  EXPECT_TRUE(address("224.0.0.5").is_multicast() && address("ff02::1").is_multicast());
  EXPECT_TRUE(address("169.254.1.1").is_link_local() && address("fe80::1").is_link_local());
  EXPECT_TRUE(address("0.0.0.0").is_unspecified() && address("::").is_unspecified());
  EXPECT_FALSE(address("192.0.2.1").is_loopback() || address("2001:db8::1").is_multicast());
}

TEST(Prefix, WithoutLengthIsAHost) { EXPECT_EQ(print(prefix("10.0.0.1")), "10.0.0.1/32"); }
TEST(Prefix, KeepsHostBitsUntilAsked) {
  EXPECT_EQ(print(prefix("10.6.106.1/30")), "10.6.106.1/30");
  EXPECT_EQ(print(prefix("10.6.106.1/30").network()), "10.6.106.0/30");
  EXPECT_EQ(print(prefix("fd00:6::1/63").network()), "fd00:6::/63");
  EXPECT_EQ(print(prefix("10.6.106.1/0").network()), "0.0.0.0/0");
}

class NotAPrefix : public testing::TestWithParam<const char*> {};
TEST_P(NotAPrefix, IsRefused) { EXPECT_FALSE(parse_prefix(GetParam()).has_value()); }
INSTANTIATE_TEST_SUITE_P(Prefixes, NotAPrefix,
                         testing::Values("10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "/8"));

TEST(Prefix, ContainsItsHostsOnly) {
  EXPECT_TRUE(prefix("10.6.106.0/30").contains(address("10.6.106.3")));
  EXPECT_FALSE(prefix("10.6.106.0/30").contains(address("10.6.106.4")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
}

TEST(Prefix, OverlapsBothWays) {
  EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("10.6.106.1/30")));
  EXPECT_TRUE(prefix("10.6.106.1/30").overlaps(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.6.106.0/30").overlaps(prefix("10.6.106.4/30")));
}

}  // namespace
}  // namespace vtid::net
