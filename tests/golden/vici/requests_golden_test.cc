// What vtid asks charon to load for one file on each system, byte for byte: a VTI child, and a tunnel child beside it.
#include <gtest/gtest.h>

#include "config/parse.h"
#include "support/vici_golden.h"
#include "vici/connection.h"

namespace vtid::vici {
namespace {

constexpr std::string_view kFile = R"({ "tunnels": { "hq": {
  "ike": { "split": true, "local": { "address": "192.0.2.1", "id": "branch" }, "remote": { "address": "192.0.2.2", "id": "hq" },
           "auth": { "psk": { "text": "only-a-test" } } },
  "children": { "v4": { "local": "10.6.1.1/30", "remote": "10.6.1.2" },
                "lan": { "mode": "tunnel", "local": "10.1.0.0/24", "remote": "10.2.0.0/24" } } } } })";

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return text;
}

std::string asked(const model::Capabilities& system) {
  const auto parsed = config::parse(
      kFile, "vtid.json", [](std::string_view) { return fail("none"); }, system);
  const auto wanted = make_connection(parsed.config->tunnels[0], {{"hq/v4", net::Unit{1}}});
  return hexadecimal(encode_segment({PacketType::request, "load-conn", wanted->connection}).value());
}

TEST(RequestsGolden, PoliciesOfAVtiChildAreCharonsOnLinux) {
  EXPECT_EQ(asked({}), hexadecimal(test::read_golden_segments("load-conn_asked_linux").at(0)));
}

TEST(RequestsGolden, WhereInterfacesMakeTheirOwnCharonsAreThoseOfTunnelChildrenAlone) {
  EXPECT_EQ(asked({.manages_policies = false}), hexadecimal(test::read_golden_segments("load-conn_asked_freebsd").at(0)));
}

}  // namespace
}  // namespace vtid::vici
