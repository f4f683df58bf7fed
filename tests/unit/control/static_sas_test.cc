// What is shown of a tunnel with static SAs: what the kernel holds of it, and no key.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/dispatch.h"
#include "support/site.h"

namespace vtid::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::ordered_json;

model::Sa held(std::uint32_t spi, bool inbound) {
  model::Sa sa;
  sa.source = test::address(inbound ? "198.51.100.1" : "192.0.2.1");
  sa.destination = test::address(inbound ? "192.0.2.1" : "198.51.100.1");
  sa.spi = spi;
  sa.reqid = {5002};
  sa.if_id = {2};
  sa.key = model::Secret(std::string(20, inbound ? '\x11' : '\x22'));
  return sa;
}

model::Snapshot site(std::vector<model::Sa> sas) {
  model::Snapshot snapshot = test::snapshot();
  model::Config config = test::config();
  config.tunnels[1] = vtid::test::static_tunnel("lab", 0x10);  // in 0x1000, out 0x1001
  snapshot.config = std::make_shared<const model::Config>(config);
  snapshot.observed.sas = std::move(sas);
  return snapshot;
}

Json answer(const std::string& method, const Json& params, const model::Snapshot& snapshot) {
  const std::string line = Json{{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", params}}.dump();
  Action action = dispatch(line, Access::full, snapshot);
  const auto* say = std::get_if<Respond>(&action);
  const std::string said = say != nullptr ? say->line : std::get<Execute>(action).reply(model::Answer{}, snapshot);
  EXPECT_THAT(said, Not(HasSubstr("1111111111")));
  return Json::parse(said)["result"];
}

std::vector<std::string> children(std::vector<model::Sa> sas) {
  std::vector<std::string> result;
  for (const Json& sa : answer("list", {{"kind", "sas"}}, site(std::move(sas)))) {
    if (sa["tunnel"] != "lab") continue;
    for (const Json& child : sa["children"]) {
      result.push_back(child["state"].get<std::string>() + " " + child["spi_in"].dump() + " " + child["spi_out"].dump());
    }
  }
  return result;
}

TEST(StaticSas, AreListedEachInboundOneWithTheOutboundOne) {
  EXPECT_THAT(children({held(0x1000, true), held(0x1001, false)}), ElementsAre(R"(INSTALLED "0x00001000" "0x00001001")"));
  EXPECT_THAT(children({held(0x1000, true), held(0x2000, true), held(0x1001, false)}),
              ElementsAre(R"(INSTALLED "0x00001000" "0x00001001")", R"(INSTALLED "0x00002000" "0x00001001")"));
}

TEST(StaticSas, ThatAreMissingAreNull) {
  EXPECT_THAT(children({held(0x1001, false)}), ElementsAre(R"(INCOMPLETE null "0x00001001")"));
  EXPECT_THAT(children({held(0x1000, true)}), ElementsAre(R"(INCOMPLETE "0x00001000" null)"));
  EXPECT_THAT(children({}), IsEmpty());
}

TEST(StaticSas, AreExplainedOneByOne) {
  EXPECT_THAT(answer("explain", {{"name", "lab"}}, site({})).dump(), HasSubstr("static SAs 192.0.2.1 to 198.51.100.1"));
  std::vector<std::string> steps;
  for (const Json& step : answer("explain", {{"name", "lab"}}, site({held(0x1000, true)}))) {
    if (step["what"] == "SA") steps.push_back(step["state"].get<std::string>() + ": " + step["text"].get<std::string>());
  }
  EXPECT_THAT(steps, ElementsAre("installed: in 0x00001000: 198.51.100.1 to 192.0.2.1, aes128gcm16",
                                 "missing: out 0x00001001: 192.0.2.1 to 198.51.100.1, aes128gcm16"));
}

}  // namespace
}  // namespace vtid::control
