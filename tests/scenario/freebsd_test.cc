// What is FreeBSD's alone, but for the filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/world_fake_freebsd.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class FreebsdScenario : public testing::Test {
 protected:
  void start() {
    stage.start_vtid();
    stage.run(Duration{2'000});
  }
  // The one tunnel's file with `member` in its first child.
  static std::string with_child_member(const std::string& member) {
    std::string text = one_tunnel_file();
    return text.insert(text.find("\"v4\": { ") + 8, member + ", ");
  }
  [[nodiscard]] std::string policies_of(const std::string& child) const {
    return std::string(stage.charon.connections.at("hq").find_section("children")->find_section(child)->text("policies"));
  }
  [[nodiscard]] std::string problems() {
    std::string text;
    for (const model::Problem& problem : stage.snapshot()->problems) {
      text += std::string(print(problem.severity)) + ' ' + problem.object + ": " + problem.text + "; " + problem.remedy + '\n';
    }
    return text;
  }

  Stage stage;
  platform::freebsd::FakeFreebsd& fake = contract::fake_under(stage.kernel.as<platform::Kernel>());
};

TEST_F(FreebsdScenario, CharonIsToldToMakeNoPoliciesForTheTunnelInterface) {
  start();
  EXPECT_EQ(policies_of("hq"), "no");
  EXPECT_EQ(stage.state(), model::TunnelState::up);
  EXPECT_THAT(problems(), Not(HasSubstr("policies")));
}

TEST_F(FreebsdScenario, NorWhenTheFileSaysThatCharonMakesThem) {
  stage.file = with_child_member(R"("policies": "charon")");
  start();
  EXPECT_EQ(policies_of("hq"), "no");
  EXPECT_THAT(problems(), HasSubstr("caveat tunnels/hq/children/v4/policies: is not followed"));
}

}  // namespace
}  // namespace vtid::test
