// Each named bound of the parser, on both sides.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "config/parse.h"
#include "config/read.h"

namespace vtid::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Result<std::string> no_secret(std::string_view) { return fail("there are no secrets here"); }

Parsed parse(std::string_view text) { return config::parse(text, "f", no_secret); }

std::string padded(std::size_t size) {
  std::string text = R"({"tunnels": {}})";
  text.resize(size, ' ');
  return text;
}

std::string unknown_keys(std::size_t count) {
  std::string text = R"({"tunnels": {})";
  for (std::size_t i = 0; i < count; ++i) text += fmt::format(",\n\"unknown{}\": 0", i);
  return text + "}";
}

// `count` tunnels with one child each, all different.
std::string tunnels(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += fmt::format(
        R"({}"t{}":{{"ike":{{"external":"t{}"}},"children":{{"v6":{{"local":"fd00::{:x}:0:1/112","remote":"fd00::{:x}:0:2"}}}}}})",
        i == 0 ? "" : ",", i, i, i + 1, i + 1);
  }
  return fmt::format(R"({{"tunnels":{{{}}}}})", text);
}

TEST(Limits, AFileMayHaveKLongestFileBytes) { EXPECT_THAT(parse(padded(kLongestFile)).errors, IsEmpty()); }
TEST(Limits, AFileMayNotHaveMore) {
  EXPECT_EQ(parse(padded(kLongestFile + 1)).errors.at(0).text, "is longer than 16777216 bytes");
}
TEST(Limits, AZeroByteDoesNotHideWhatFollows) {
  EXPECT_EQ(parse(std::string("{\"tunnels\": {}}\0junk", 20)).errors.at(0).text, "holds a zero byte");
}
TEST(Limits, KMostFindingsAreAllListed) { EXPECT_EQ(parse(unknown_keys(kMostFindings)).errors.size(), kMostFindings); }
TEST(Limits, FurtherFindingsAreCounted) {
  EXPECT_EQ(parse(unknown_keys(kMostFindings + 7)).errors.back().text, "7 more are not listed");
}
TEST(Limits, EveryUnitMayHaveATunnel) { EXPECT_EQ(parse(tunnels(kMostTunnels)).config.value().tunnels.size(), kMostTunnels); }
TEST(Limits, MoreTunnelsThanUnitsAreRefused) {
  EXPECT_EQ(parse(tunnels(kMostTunnels + 1)).errors.at(0).text, "has 32768 entries");
}

// Gateways on one device, each probed by an address behind it: each takes a mark.
std::string probed_beyond(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += fmt::format(R"({}"g{}":{{"interface":"WAN","address":"10.0.{}.{}","monitor":{{"address":"203.0.113.77"}}}})",
                        i == 0 ? "" : ",", i, i / 200, i % 200 + 1);
  }
  return fmt::format(R"({{"tunnels":{{}},"interfaces":{{"WAN":{{"device":"eth0"}}}},"gateways":{{{}}}}})", text);
}
TEST(Limits, EveryMarkMayHaveAGateway) { EXPECT_THAT(parse(probed_beyond(4'096)).errors, IsEmpty()); }
TEST(Limits, MoreGatewaysThanMarksAreRefused) {
  EXPECT_EQ(parse(probed_beyond(4'097)).errors.at(0).text, "4097 are probed by other addresses than their own");
}

}  // namespace
}  // namespace vtid::config
