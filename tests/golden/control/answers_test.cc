// What the daemon answers about the site of tests/support/site.h, compared with the files here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "control/dispatch.h"
#include "support/golden.h"
#include "support/site.h"

namespace vtid::control {
namespace {

using Json = nlohmann::ordered_json;

struct Case {
  const char* file;
  const char* method;
  Json params;
  model::Snapshot (*site)() = test::snapshot;
};

// With the device that has the tunnels' outer address.
model::Snapshot with_outer_device() {
  model::Snapshot site = test::snapshot();
  site.observed.addresses.push_back({{2}, test::device("wan"), test::prefix("192.0.2.1/24"), std::nullopt, false});
  return site;
}

std::string answer(const Case& asked) {
  const Json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", asked.method}, {"params", asked.params}};
  const model::Snapshot site = asked.site();
  const Action action = dispatch(request.dump(), Access::full, site);
  const std::string line = std::get<Execute>(action).reply(model::Answer{"1 change", site.plan}, site);
  return Json::parse(line)["result"].dump(2) + '\n';
}

class Answer : public ::testing::TestWithParam<Case> {};

TEST_P(Answer, IsTheGoldenOne) {
  vtid::test::expect_golden(std::string(VTID_SOURCE_DIR "/tests/golden/control/") + GetParam().file, answer(GetParam()));
}

std::string name_of(const ::testing::TestParamInfo<Case>& test) {
  std::string name = test.param.file;
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

const Json kNone = Json::object();
INSTANTIATE_TEST_SUITE_P(
    Methods, Answer,
    ::testing::Values(
        Case{"status.json", "status", kNone}, Case{"plan.json", "plan", kNone},
        Case{"list-tunnels.json", "list", {{"kind", "tunnels"}}},
        Case{"show-tunnel.json", "show", {{"kind", "tunnels"}, {"name", "hq"}}, with_outer_device},
        Case{"list-interfaces.json", "list", {{"kind", "interfaces"}}},
        Case{"list-gateways.json", "list", {{"kind", "gateways"}}},
        Case{"list-groups.json", "list", {{"kind", "groups"}}, test::snapshot_with_group},
        Case{"list-routes.json", "list", {{"kind", "routes"}}}, Case{"list-policies.json", "list", {{"kind", "policies"}}},
        Case{"list-numbers.json", "list", {{"kind", "numbers"}}}, Case{"list-rules.json", "list", {{"kind", "rules"}}},
        Case{"list-sas.json", "list", {{"kind", "sas"}}}, Case{"explain-tunnel.json", "explain", {{"name", "hq"}}},
        Case{"explain-down.json", "explain", {{"name", "lab"}}}, Case{"explain-interface.json", "explain", {{"name", "WAN"}}},
        Case{"explain-gateway.json", "explain", {{"name", "VTI_HQ_VTIV4"}}},
        Case{"explain-group.json", "explain", {{"name", "OUT"}}, test::snapshot_with_group},
        Case{"explain-withdrawn.json", "explain", {{"name", "10.50.0.0/16"}}, test::snapshot_with_group},
        Case{"explain-default.json", "explain", {{"name", "default ipv4"}}, test::snapshot_with_group},
        Case{"list-routes-of-groups.json", "list", {{"kind", "routes"}}, test::snapshot_with_group},
        Case{"status-with-group.json", "status", kNone, test::snapshot_with_group},
        Case{"explain-route.json", "explain", {{"name", "10.30.0.0/16 metric 20"}}}),
    name_of);

}  // namespace
}  // namespace vtid::control
