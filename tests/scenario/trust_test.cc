// Post-quantum pre-shared keys in a running daemon: they come, change and go with a reload, and nothing tells them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/print.h"
#include "scenario/stage.h"

namespace vtid::test {
namespace {

std::string with_ppk(const std::string& secret) {
  auto file = nlohmann::ordered_json::parse(one_tunnel_file());
  auto& auth = file["tunnels"]["hq"]["ike"]["auth"];
  if (!secret.empty()) auth["ppk"] = {{"id", "ppk-1"}, {"secret", {{"text", secret}}}, {"required", true}};
  return file.dump();
}

TEST(Ppk, ComesChangesAndGoesWithAReload) {
  Stage stage(with_ppk(""));
  stage.start_vtid();
  stage.settle();
  ASSERT_EQ(stage.state(), model::TunnelState::up);
  const auto reload_with = [&](const std::string& secret) {
    stage.file = with_ppk(secret);
    stage.command(model::Reload{});
    stage.settle();
  };
  const auto known = [&] {
    const auto found = stage.charon.secrets.find("vtid-hq/ppk");
    return found == stage.charon.secrets.end() ? "" : std::string(found->second.text("data"));
  };
  reload_with("quantum one");
  EXPECT_EQ(known(), "quantum one");
  EXPECT_EQ(stage.charon.connections.at("hq").text("ppk_required"), "yes");
  EXPECT_EQ(stage.state(), model::TunnelState::up);
  EXPECT_THAT(
      stage.snapshot()->problems,
      testing::Contains(testing::Field(&model::Problem::text, testing::HasSubstr("settings that the file does not have"))));
  const int loads = stage.loads();
  reload_with("quantum one");
  EXPECT_EQ(stage.loads(), loads);
  reload_with("quantum two");
  EXPECT_EQ(known(), "quantum two");
  EXPECT_EQ(stage.loads(), loads + 1);
  EXPECT_THAT(config::print_canonical(*stage.snapshot()->config), testing::Not(testing::HasSubstr("quantum")));
  reload_with("");
  EXPECT_EQ(known(), "");
  EXPECT_TRUE(stage.charon.secrets.contains("vtid-hq"));
}

}  // namespace
}  // namespace vtid::test
