// Each top-level key of the file: what it says after a reload is what a daemon that starts with it would make of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using Json = nlohmann::ordered_json;

// All keys but the one that changes.
Json base() {
  Json file = Json::parse(many_tunnels_file(2));
  file.update(Json::parse(R"({
    "interfaces": { "WAN": { "device": "wan" }, "A": { "tunnel": "t1" }, "B": { "tunnel": "t2" } },
    "gateways": { "WAN_GW": { "interface": "WAN", "address": "192.0.2.254" } },
    "gateway_groups": { "BOTH": { "members": [ { "gateway": "A_VTIV4" }, { "gateway": "B_VTIV4", "tier": 2 } ] } },
    "routes": [ { "to": "10.20.0.0/16", "via": "BOTH" }, { "to": "198.51.100.0/24", "via": "WAN_GW" } ],
    "policy_routes": [ { "name": "voice", "in": "wan", "from": "10.1.2.0/24", "via": "BOTH" } ],
    "filter": { "mode": "if_ipsec" },
    "lists": { "LANS": { "networks": ["10.1.0.0/24"] } },
    "rules": [ { "on": "A", "action": "pass", "to": "@LANS" } ] })"));
  return file;
}

struct Change {
  const char* key;
  const char* value;        // instead of base()'s, or beside it
  const char* with = "{}";  // what else has to be another for that
  bool on_linux = false;    // alone: FreeBSD refuses it
};

const Change kChanges[] = {
    {"charon", R"({ "vici": "unix:///run/other.vici" })"},
    {"default_gateway", R"({ "ipv4": "A_VTIV4" })"},
    {"filter", R"({ "mode": "enc" })", R"({ "rules": [ { "on": "ipsec", "action": "pass" } ] })"},
    {"gateway_groups", R"({ "BOTH": { "members": [ { "gateway": "A_VTIV4", "tier": 2 }, { "gateway": "B_VTIV4" } ] } })"},
    {"gateways", R"({ "WAN_GW": { "interface": "WAN", "address": "192.0.2.253" } })"},
    {"http", R"({ "listen": ["127.0.0.1:9464"] })"},
    {"interfaces", R"({ "WAN": { "device": "wan" }, "A": { "tunnel": "t1", "mtu": 1300 }, "B": { "tunnel": "t2" } })"},
    {"lists", R"({ "LANS": { "networks": ["10.1.0.0/24", "10.1.8.0/24"] } })"},
    {"nat", R"([ { "on": "A", "kind": "source", "from": "10.1.0.0/24", "to": "10.20.0.0/16", "address": "interface" } ])"},
    {"on_change", R"({ "command": ["/bin/true"] })"},
    {"on_stop", R"("remove")"},
    {"policy_routes", R"([ { "name": "voice", "in": "wan", "from": "10.1.3.0/24", "via": "BOTH" } ])"},
    {"role", R"({ "address": "192.0.2.10" })", "{}", true},
    {"routes", R"([ { "to": "10.21.0.0/16", "via": "BOTH" }, { "to": "198.51.100.0/24", "via": "WAN_GW" } ])"},
    {"rules", R"([ { "on": "A", "action": "pass", "to": "10.1.7.0/24" } ])"},
    {"tunnels", nullptr},  // as in base(), with another proposal in the first
};

Json changed(const Change& change) {
  Json file = base();
  if (change.value == nullptr) {
    file["tunnels"]["t1"]["children"]["v4"]["proposals"] = {"aes256gcm16-ecp384"};
  } else {
    file.update(Json::parse(change.with));
    file[change.key] = Json::parse(change.value);
  }
  return file;
}

// What can be seen of a daemon from outside of it, with what it leaves when it stops.
struct World {
  model::Observed running, stopped;
  std::map<std::string, vici::Message> connections;
  std::string socket;  // of charon: the transport is led to it
  std::optional<model::OnChange> on_change;
  model::HttpConfig http;  // the listener is led to it
  model::Role role{};
  bool operator==(const World&) const = default;
};

// Everything but the numbers of this boot, and the SAs, whose SPIs are charon's to choose.
model::Observed picture(Stage& stage) {
  model::Observed observed = stage.kernel.seen();
  for (auto& link : observed.links) link.index = {};
  for (auto& address : observed.addresses) address.index = {};
  observed.charons_sas.clear();
  observed.charons_policies.clear();
  return observed;
}

World world(Stage& stage) {
  stage.run(Duration{5'000});
  EXPECT_TRUE(stage.snapshot()->converged);
  EXPECT_EQ(stage.problem(), "");
  const model::Config& config = stage.engine->config();
  World seen{picture(stage), {}, stage.charon.connections, config.vici, config.on_change, config.http, stage.snapshot()->role};
  stage.engine->stop(stage.now);
  seen.stopped = picture(stage);
  return seen;
}

World started_with(const Json& file) {
  Stage stage(file.dump());
  stage.start_vtid();
  return world(stage);
}

TEST(Reload, EachTopLevelKeyIsTried) {
  std::ifstream file(VTID_SOURCE_DIR "/conf/vtid.schema.json");
  std::vector<std::string> keys, tried;
  const Json schema = Json::parse(file);
  for (const auto& [key, value] : schema["properties"].items()) keys.push_back(key);
  for (const Change& change : kChanges) tried.emplace_back(change.key);
  EXPECT_THAT(tried, testing::UnorderedElementsAreArray(keys));
}

class ReloadOf : public testing::TestWithParam<Change> {};

TEST_P(ReloadOf, TakesEffectAsAStartWithItWould) {
  const Json file = changed(GetParam());
  Stage stage(base().dump());
  stage.start_vtid();
  stage.run(Duration{5'000});
  stage.file = file.dump();
  if (GetParam().on_linux && !stage.kernel.is_linux()) {
    EXPECT_THAT(stage.command(model::Reload{}), testing::HasSubstr("is refused and the running configuration stays"));
    return;
  }
  EXPECT_EQ(stage.command(model::Reload{}), "configuration 2 accepted");
  const World reloaded = world(stage);
  EXPECT_EQ(reloaded, started_with(file));
  EXPECT_NE(reloaded, started_with(base()));
}

INSTANTIATE_TEST_SUITE_P(Keys, ReloadOf, testing::ValuesIn(kChanges),
                         [](const testing::TestParamInfo<Change>& change) { return change.param.key; });

}  // namespace
}  // namespace vtid::test
