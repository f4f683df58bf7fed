// How vtictl shows the daemon's answers in ../control, compared with the files here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "ctl/text.h"
#include "support/golden.h"

namespace vtid::ctl {
namespace {

struct Case {
  std::string name;  // ../control/NAME.json becomes NAME.txt
  Renderer render;
  std::string kind;
};

const std::string kFolder = VTID_SOURCE_DIR "/tests/golden/";

class Text : public ::testing::TestWithParam<Case> {};

TEST_P(Text, IsTheGoldenOne) {
  Options options;
  options.kind = GetParam().kind;
  const Json answer = Json::parse(vtid::test::file_contents(kFolder + "control/" + GetParam().name + ".json"));
  const std::string actual = GetParam().render(answer, options);
  vtid::test::expect_golden(kFolder + "ctl/" + GetParam().name + ".txt", actual);
}

std::string name_of(const ::testing::TestParamInfo<Case>& test) {
  std::string name = test.param.name;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Answers, Text,
    ::testing::Values(Case{"status", render_status, ""}, Case{"plan", render_plan, ""},
                      Case{"list-tunnels", render_list, "tunnels"}, Case{"list-interfaces", render_list, "interfaces"},
                      Case{"list-gateways", render_list, "gateways"}, Case{"list-routes", render_list, "routes"},
                      Case{"list-policies", render_list, "policies"}, Case{"list-numbers", render_list, "numbers"},
                      Case{"list-rules", render_list, "rules"}, Case{"list-sas", render_list, "sas"},
                      Case{"list-groups", render_list, "groups"}, Case{"status-with-group", render_status, ""},
                      Case{"explain-group", render_explain, ""}, Case{"show-tunnel", render_show, "tunnels"},
                      Case{"explain-tunnel", render_explain, ""}, Case{"doctor", render_doctor, ""}),
    name_of);

}  // namespace
}  // namespace vtid::ctl
