// What files with rules and NAT come to: libnftables' JSON, a command a line, and pf's anchor. The lab loads the former.
// VTID_WRITE_GOLDEN=1 writes both again; read the difference before you keep it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/parse.h"
#include "platform/freebsd/pf_anchor.h"
#include "platform/linux/nft_ruleset.h"
#include "reconcile/derive.h"
#include "support/golden.h"
#include "support/golden_config_files.h"

namespace vtid::platform {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(VTID_SOURCE_DIR) / "tests/golden";

const model::GatewaySelection kCarrying{{}, {{"BOTH", {{{"WAN_GW", 1}, {"VTI_LAB_VTIV4", 1}}}}}};

model::FilterSet filter_of(const std::string& name, const model::Capabilities& system = {}) {
  const auto parsed =
      config::parse(test::file_contents(kGolden / "config/good" / (name + ".json")), name, test::read_golden_config_file);
  const auto numbers = reconcile::allocate(parsed.config.value(), {});
  return reconcile::derive(*parsed.config, numbers.value(), {}, kCarrying, {}, system).desired.filter.value().value;
}

void expect_golden(const std::string& file, const std::string& output) {
  test::expect_golden(kGolden / "filter" / file, output);
}

class Filter : public testing::TestWithParam<std::string> {};

void expect_nft(const std::string& name) {
  const auto document = nlohmann::ordered_json::parse(netlink::render_filter(filter_of(name)));
  std::string lines;
  for (const auto& command : document.at("nftables")) lines += command.dump() + '\n';
  expect_golden(name + ".nft", lines);
}

TEST_P(Filter, IsThisInNftablesJson) { expect_nft(GetParam()); }

// pf does not have it.
TEST(FilterByDscp, IsThisInNftablesJson) { expect_nft("dscp"); }

TEST_P(Filter, IsThisInAnAnchorOfPf) {
  expect_golden(GetParam() + ".pf", print_pf_anchor(filter_of(GetParam(), {.has_rules = false})));
}

INSTANTIATE_TEST_SUITE_P(Golden, Filter,
                         testing::Values("filter_enc", "filter_if_ipsec", "rules_empty", "rule_gateways", "lists",
                                         "exceptions"),
                         [](const auto& item) { return item.param; });

}  // namespace
}  // namespace vtid::platform
