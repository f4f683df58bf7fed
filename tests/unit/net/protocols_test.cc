#include "net/protocols.h"

#include <gtest/gtest.h>

namespace vtid::net {
namespace {

TEST(Protocols, WordsAndNumbersGoBothWays) {
  for (int number = 0; number <= 255; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    const std::string word = protocol_word(protocol);
    EXPECT_EQ(protocol_number(word).value_or(protocol), protocol) << word;
  }
  EXPECT_EQ(protocol_number("tcp"), kTcp);
  EXPECT_EQ(protocol_word(255), "255");
  EXPECT_FALSE(protocol_number("any"));
}

TEST(Protocols, TypesOfIcmpDependOnItsVersion) {
  EXPECT_EQ(icmp_type_number(kIcmp, "echo-request"), 8);
  EXPECT_EQ(icmp_type_number(kIcmp6, "echo-request"), 128);
  EXPECT_FALSE(icmp_type_number(kIcmp, "packet-too-big"));
  EXPECT_EQ(icmp_type_word(kIcmp6, 2), "packet-too-big");
  EXPECT_EQ(icmp_type_word(kIcmp, 2), "2");
}

TEST(Protocols, OnlySomeHavePorts) {
  for (const auto protocol : {kTcp, kUdp, kSctp}) EXPECT_TRUE(has_ports(protocol));
  for (const auto protocol : {kIcmp, kIcmp6}) EXPECT_FALSE(has_ports(protocol));
}

}  // namespace
}  // namespace vtid::net
