// What "list" shows of rules and policy routes: all that the file may say.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "control/dispatch.h"
#include "support/site.h"

namespace vtid::control {
namespace {

using Json = nlohmann::ordered_json;

Json told_by(const std::string& method, const Json& params, const model::Config& config) {
  model::Snapshot site = test::snapshot();
  site.config = std::make_shared<const model::Config>(config);
  const Json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
  return Json::parse(std::get<Execute>(dispatch(request.dump(), Access::full, site)).reply(model::Answer{}, site))["result"];
}

Json listed(const std::string& kind, const model::Config& config) { return told_by("list", {{"kind", kind}}, config); }

// The keys that conf/vtid.schema.json has for one of them.
std::vector<std::string> schema_keys(const std::string& definition) {
  std::ifstream file(VTID_SOURCE_DIR "/conf/vtid.schema.json");
  std::vector<std::string> keys;
  const Json schema = Json::parse(file);
  for (const auto& [key, value] : schema["$defs"][definition]["properties"].items()) keys.push_back(key);
  return keys;
}

void expect_all_shown(const std::string& definition, const Json& row) {
  EXPECT_FALSE(schema_keys(definition).empty());
  for (const std::string& key : schema_keys(definition)) EXPECT_TRUE(row.contains(key)) << definition << ": " << key;
}

model::FilterRule ping_rule() {
  model::FilterRule rule;
  rule.on = "ipsec";
  rule.traffic.protocols = {net::kIcmp};
  rule.traffic.icmp_types = {8};
  return rule;
}

TEST(ListRules, ShowsEveryKeyOfTheSchema) {
  model::Config config = test::config();
  config.filter.rules = {ping_rule()};
  expect_all_shown("rule", listed("rules", config).at(0));
}

TEST(ListRules, ShowsTheTypesOfIcmpByName) {
  model::Config config = test::config();
  config.filter.rules = {ping_rule()};
  EXPECT_EQ(listed("rules", config).at(0)["icmp_types"], Json::array({net::icmp_type_word(net::kIcmp, 8)}));
}

TEST(ListPolicyRoutes, ShowsEveryKeyOfTheSchema) {
  model::Config config = test::config();
  config.policy_routes = {{"web", "WAN", {}, "VTI_HQ_VTIV4", model::WhenDown::blackhole}};
  expect_all_shown("policy_route", listed("policy_routes", config).at(0));
}

TEST(ListPolicyRoutes, ShowsAnExceptionWithoutATableOrAWay) {
  model::Config config = test::config();
  config.policy_routes = {{"local", "WAN", {}, std::string(model::kByRoutes)}};
  const Json row = listed("policy_routes", config).at(0);
  EXPECT_EQ(row["via"], "routes");
  EXPECT_EQ(row["when_down"], "");
  EXPECT_EQ(row["table"], 0);
}

TEST(Explain, TellsOfAnExceptionThatItGoesByTheRoutes) {
  model::Config config = test::config();
  config.policy_routes = {{"local", "WAN", {}, std::string(model::kByRoutes)}};
  const std::string told = told_by("explain", {{"name", "local"}}, config).dump();
  EXPECT_NE(told.find("local: what comes in by WAN goes by the routes, past the policy routes behind it"), std::string::npos)
      << told;
  EXPECT_EQ(told.find("no device"), std::string::npos) << told;
}

}  // namespace
}  // namespace vtid::control
