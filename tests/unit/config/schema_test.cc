// conf/vtid.schema.json says the same as the parser: the same keys in the same places, the same defaults, and every file
// that the parser accepts is valid.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "config/parse.h"
#include "config/print.h"
#include "support/golden_config_files.h"
#include "unit/config/schema.h"

namespace vtid::config {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::IsEmpty;

constexpr auto* any_secret = test::read_golden_config_file;

// What the parser says that it knows at a place, asked with a key that is near to none.
std::set<std::string> keys_of_parser(const std::string& pointer) {
  constexpr std::string_view kList = "known here: ";
  json document = json::object();
  document[json::json_pointer(pointer)]["?"] = 0;
  for (const Finding& error : parse(document.dump(), "f", any_secret).errors) {
    if (error.pointer != pointer + "/?" || !error.remedy.starts_with(kList)) continue;
    std::set<std::string> keys;
    std::istringstream list(error.remedy.substr(kList.size()));
    for (std::string key; std::getline(list >> std::ws, key, ',');) keys.insert(key);
    return keys;
  }
  return {"the parser says nothing here"};
}

TEST(Schema, HasTheKeysOfTheParserEverywhere) {
  std::map<std::string, std::set<std::string>> parser;
  for (const auto& [pointer, keys] : schema().objects()) parser[pointer] = keys_of_parser(pointer);
  EXPECT_EQ(schema().objects(), parser);
}

TEST(Schema, WalksIntoEveryKindOfObject) {
  for (const std::string pointer : {"", "/tunnels/x/ike/auth", "/tunnels/x/ike/auth/psk", "/gateways/x/monitor/loss",
                                    "/routes/0", "/gateway_groups/x/members/0"}) {
    EXPECT_EQ(schema().objects().count(pointer), 1) << pointer;
  }
}

TEST(Schema, HasTheDefaultsThatTheCanonicalFileShows) {
  const auto parsed = parse(R"({
    "tunnels": {"x": {"ike": {"remote": {"address": "x.example.org"}, "auth": {"psk": {"file": "x"}}},
                      "children": {"x": {"local": "10.0.0.1/30", "remote": "10.0.0.2"}}}},
    "interfaces": {"x": {"tunnel": "x"}, "wan": {"device": "eth0"}},
    "gateways": {"x": {"interface": "wan", "address": "192.0.2.1", "monitor": {"targets": [{}]}}},
    "rules": [{"on": "ipsec", "action": "pass"}],
    "lists": {"x": {"ports": [1]}},
    "policy_routes": [{"name": "x", "in": "wan", "via": "x"}],
    "gateway_groups": {"all": {"members": [{"gateway": "x"}]}},
    "routes": [{"to": "10.1.0.0/16", "via": "x"}],
    "http": {"listen": ["127.0.0.1:9464"]},
    "on_change": {"command": ["/bin/true"]}})",
                            "f", any_secret);
  json canonical = json::parse(print_canonical(parsed.config.value()));
  canonical["gateway_groups"]["x"] = canonical["gateway_groups"]["all"];  // a group may not have the gateway's name
  std::map<std::string, json> shown;
  for (const auto& [pointer, value] : schema().defaults())
    shown[pointer] = canonical.value(json::json_pointer(pointer), json());
  EXPECT_EQ(schema().defaults(), shown);
}

// The parser's errors at a place of the file that has this value, without the numbers in them.
std::set<std::string> said_of(json file, const std::string& pointer, json value) {
  file[json::json_pointer(pointer)] = std::move(value);
  std::set<std::string> texts;
  for (const Finding& error : parse(file.dump(), "f", any_secret).errors) {
    if (error.pointer == pointer) texts.insert(std::regex_replace(error.text, std::regex("[0-9]+"), "#"));
  }
  return texts;
}

// It says something of the one value that it does not say of the other, in a file that has what the place needs beside it.
bool refuses_only(const std::string& pointer, const json& outside, const json& inside) {
  const json files[] = {
      json::object(),
      json::parse(R"({"tunnels": {"x": {"children": {"x": {"mode": "tunnel"}}}}, "rules": [{"protocol": "icmp"}],
        "policy_routes": [{"protocol": "icmp"}], "nat": [{"kind": "destination", "protocol": "icmp"}]})"),
      json::parse(R"({"tunnels": {"x": {"ike": {"version": 1, "auth": {"certificate": "x"}}}}})")};
  return std::ranges::any_of(files, [&](const json& file) {
    const std::set<std::string> allowed = said_of(file, pointer, inside);
    return std::ranges::any_of(said_of(file, pointer, outside), [&](const auto& text) { return !allowed.contains(text); });
  });
}

TEST(Schema, HasTheBoundsOfTheParser) {
  EXPECT_GT(schema().numbers().size(), 15);
  for (const auto& [pointer, bounds] : schema().numbers()) {
    EXPECT_TRUE(refuses_only(pointer, bounds.first - 1, bounds.first)) << pointer << " from " << bounds.first;
    EXPECT_TRUE(refuses_only(pointer, bounds.second + 1, bounds.second)) << pointer << " to " << bounds.second;
  }
  EXPECT_GT(schema().most_items().size(), 10);
  for (const auto& [pointer, most] : schema().most_items()) {
    const json item = pointer == "/rules" || pointer == "/nat" || pointer == "/policy_routes" ? json::object() : json("x");
    EXPECT_TRUE(refuses_only(pointer, json(most + 1, item), json(most, item))) << pointer << " at most " << most;
  }
}

std::vector<std::string> accepted_files() {
  std::vector<std::string> files{"conf/vtid.example.json"};
  for (const auto& entry : fs::directory_iterator(fs::path(VTID_SOURCE_DIR) / "tests/golden/config/good")) {
    if (entry.path().extension() == ".json") files.push_back("tests/golden/config/good/" + entry.path().filename().string());
  }
  return files;
}

class Accepted : public testing::TestWithParam<std::string> {};

TEST_P(Accepted, FileIsValid) {
  EXPECT_THAT(schema().errors(json::parse(source_file(GetParam()), nullptr, true, true)), IsEmpty());
}

TEST_P(Accepted, FilesCanonicalFormIsValid) {
  const auto parsed = parse(source_file(GetParam()), GetParam(), any_secret);
  EXPECT_THAT(schema().errors(json::parse(print_canonical(parsed.config.value()))), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Schema, Accepted, testing::ValuesIn(accepted_files()));

TEST(Schema, RefusesWhatItDoesNotSay) {
  const char* kWrong[] = {
      R"({})",
      R"({"tunnels": []})",
      R"({"tunnels": {"a.b": {"ike": {"external": "x"}, "children": {"c": {"local": "x", "remote": "x"}}}}})",
      R"({"tunnels": {"x": {"ike": {}, "children": {}}}})",
      R"({"tunnels": {}, "on_stop": "flush"})",
      R"({"tunnels": {}, "nat": [1]})",
      R"({"tunnels": {}, "charon": {"vici": "tcp://x"}})",
      R"({"tunnels": {}, "gateways": {"x": {"interface": "y"}}})",
      R"({"tunnels": {}, "gateway_groups": {"x": {"members": []}}})",
      R"({"tunnels": {}, "gateway_groups": {"x": {"members": [{"gateway": "y", "tier": 6}]}}})",
      R"({"tunnels": {}, "default_gateway": {"ipv4": 1}})",
      R"({"tunnels": {}, "on_change": {"command": ["/x"], "events": ["role", "role"]}})",
      R"({"tunnels": {}, "routes": [{"to": "x", "via": "y", "metric": 0}]})"};
  for (const char* text : kWrong) EXPECT_FALSE(schema().errors(json::parse(text)).empty()) << text;
}

TEST(Example, HasNeitherErrorsNorWarnings) {
  const auto parsed = parse(source_file("conf/vtid.example.json"), "vtid.example.json", any_secret);
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

}  // namespace
}  // namespace vtid::config
