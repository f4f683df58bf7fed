// The peer's side of the tunnels of tests/support/site.h and of some others, in each format; and that what vtid's own says is
// the counterpart of what it was made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/parse.h"
#include "config/print.h"
#include "control/export.h"
#include "peers/compare.h"
#include "support/golden.h"
#include "support/site.h"
#include "vtid/protocol.h"

namespace vtid::control {
namespace {

constexpr std::string_view kFile = R"({ "tunnels": {
  "hq": { "ike": { "local": { "address": "192.0.2.1", "id": "branch" }, "remote": { "address": "198.51.100.1", "id": "hq@example.org" },
      "auth": { "psk": { "text": "only-a-test" } }, "proposals": ["aes256gcm16-prfsha384-ecp384", "aes128-sha256-modp2048"],
      "encapsulate": true, "mobike": true }, "start": "none",
    "children": { "v4": { "local": "10.6.106.1/30", "remote": "10.6.106.2", "proposals": ["aes256gcm16-ecp384"] },
                  "v6": { "local": "fd00:6::1/64", "remote": "fd00:6::2" } } },
  "old": { "ike": { "version": 1, "local": { "address": "192.0.2.1" }, "remote": { "address": "198.51.100.2" },
      "auth": { "psk": { "text": "only-a-test" } }, "proposals": ["aes256-sha1-modp1536"] },
    "children": { "v4": { "local": "10.6.107.1/30", "remote": "10.6.107.2", "proposals": ["3des-sha1"] },
                  "lan": { "mode": "tunnel", "local": "10.1.0.0/24", "remote": ["10.2.0.0/24", "10.3.0.0/24"] } } },
  "van": { "ike": { "local": { "address": "192.0.2.1", "id": "branch" }, "remote": { "address": "any", "id": "C=CH, CN=van" },
      "auth": { "psk": { "text": "only-a-test" } } }, "start": "none",
    "children": { "v4": { "local": "10.6.108.0/31", "remote": "10.6.108.1" } } },
  "lab": { "outer": { "local": "192.0.2.1", "remote": "203.0.113.9" }, "keys": {
      "in": { "spi": "0x1001", "algorithm": "aes128gcm16", "key": { "text": "1111111111111111111111111111111111111111" } },
      "out": { "spi": "0x1002", "algorithm": "aes128gcm16", "key": { "text": "2222222222222222222222222222222222222222" } } },
    "children": { "v4": { "local": "10.6.109.1/30", "remote": "10.6.109.2" } } } } })";

model::Config site() {
  return config::parse(kFile, "site.json", [](std::string_view) { return Result<std::string>(fail("none")); }).config.value();
}

std::string exported(const std::string& tunnel, std::string_view as) {
  model::Snapshot snapshot;
  snapshot.config = std::make_shared<const model::Config>(site());
  snapshot.numbers = {{"hq", {1}}, {"van", {3}}};
  const Index index(snapshot);
  const auto text = export_peer(*snapshot.config->tunnel(tunnel), *parse_export_format(as), index);
  return text ? *text : text.error().text + "; " + text.error().remedy + '\n';
}

TEST(ExportOptions, WhatIsNamedIsNamedTheOtherWayRoundAndThePeerRenewsWhatWeDoNot) {
  auto file = nlohmann::json::parse(kFile);
  file["tunnels"]["hq"]["ike"]["rekey"] = "0s";
  file["tunnels"]["hq"]["children"]["v4"]["rekey"] = "0s";
  file["tunnels"]["hq"]["children"]["v4"]["grace"] = "8h";
  file["tunnels"]["hq"]["children"]["v4"]["selectors"] = {{"local", "10.1.0.0/16"}, {"remote", {"10.2.0.0/16", "10.3.0.0/16"}}};
  const auto no_file = [](std::string_view) { return Result<std::string>(fail("none")); };
  model::Snapshot snapshot;
  snapshot.config = std::make_shared<const model::Config>(config::parse(file.dump(), "site.json", no_file).config.value());
  snapshot.numbers = {{"hq", {1}}};
  const Index index(snapshot);
  const model::Tunnel& hq = *snapshot.config->tunnel("hq");
  const std::string swanctl = export_peer(hq, *parse_export_format("swanctl"), index).value();
  EXPECT_THAT(swanctl, testing::HasSubstr("local_ts = 10.2.0.0/16,10.3.0.0/16\n        remote_ts = 10.1.0.0/16\n"));
  EXPECT_THAT(swanctl, testing::Not(testing::HasSubstr("rekey_time = 0s")));
  const std::string own = export_peer(hq, *parse_export_format("vtid"), index).value();
  EXPECT_THAT(own, testing::HasSubstr(R"("10.2.0.0/16")"));
  EXPECT_THAT(own, testing::Not(testing::HasSubstr(R"("0s")")));
}

TEST(ExportOptions, APpkGoesToThePeerWhereTheFormatCanSayIt) {
  auto file = nlohmann::json::parse(kFile);
  file["tunnels"]["hq"]["ike"]["auth"]["ppk"] = {{"id", "ppk-1"}, {"secret", {{"text", "only-a-test"}}}, {"required", true}};
  const auto no_file = [](std::string_view) { return Result<std::string>(fail("none")); };
  model::Snapshot snapshot;
  snapshot.config = std::make_shared<const model::Config>(config::parse(file.dump(), "site.json", no_file).config.value());
  const Index index(snapshot);
  const auto as = [&](std::string_view format) {
    return export_peer(*snapshot.config->tunnel("hq"), *parse_export_format(format), index);
  };
  EXPECT_THAT(as("vtid").value(), testing::HasSubstr(R"("file": "hq.ppk")"));
  EXPECT_THAT(as("swanctl").value(), testing::HasSubstr("ppk_id = \"ppk-1\"\n    ppk_required = yes"));
  EXPECT_THAT(as("swanctl").value(), testing::Not(testing::HasSubstr("only-a-test")));
  for (const char* format : {"libreswan", "pfsense", "vyos"})
    EXPECT_EQ(as(format).error().remedy, "vtictl export hq --as swanctl") << format;
}

class Export : public testing::TestWithParam<std::string_view> {};
TEST_P(Export, IsTheGoldenOne) {
  std::string actual;
  for (const char* tunnel : {"hq", "old", "van", "lab"}) actual += exported(tunnel, GetParam()) + '\n';
  vtid::test::expect_golden(VTID_SOURCE_DIR "/tests/golden/control/export-" + std::string(GetParam()) + ".txt", actual);
}
INSTANTIATE_TEST_SUITE_P(Formats, Export, testing::ValuesIn(protocol::kExportFormats),
                         [](const auto& format) { return std::string(format.param); });

TEST(Exported, AsVtidIsTheCounterpartOfItsTunnel) {
  for (const char* tunnel : {"hq", "old", "van", "lab"}) {
    const auto secret = [&](std::string_view name) {
      return Result<std::string>(name.ends_with(".in")    ? std::string(40, '2')
                                 : name.ends_with(".out") ? std::string(40, '1')
                                                          : std::string("only-a-test"));
    };
    const auto peer = config::parse(exported(tunnel, "vtid"), "peer.json", secret);
    ASSERT_TRUE(peer.config) << tunnel << ": " << config::print(peer.errors.front());
    model::Config ours = site();
    std::erase_if(ours.tunnels, [&](const model::Tunnel& one) { return one.name != tunnel; });
    const auto pairs = peers::compare(ours, *peer.config);
    EXPECT_TRUE(peers::would_meet(pairs)) << tunnel;
    for (const auto& pair : pairs)
      for (const auto& one : pair.comparisons)
        EXPECT_EQ(one.verdict, peers::Verdict::meets) << tunnel << ": " << one.what << ": " << one.text;
  }
}

}  // namespace
}  // namespace vtid::control
