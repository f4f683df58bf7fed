// Tunnels with several CHILD_SAs: each has its interface, its state and its fate; the IKE_SA is shared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::TunnelState;
using testing::ElementsAre;
using testing::StartsWith;

std::string split_file(bool split = true) {
  std::string file = one_tunnel_file();
  file.insert(file.find("\"local\": { \"address\""), split ? "\"split\": true, " : "");
  const std::string assignment = "\"tunnel\": \"hq\"";
  if (split) file.insert(file.find(assignment) + assignment.size(), ", \"child\": \"v4\"");
  return file;
}

class Split : public testing::Test {
 protected:
  Split() {
    stage.start_vtid();
    stage.settle();
  }
  std::vector<std::string> children() {
    std::vector<std::string> lines;
    for (const model::ChildStatus& child : stage.tunnel().children) {
      lines.push_back(child.name + ' ' + child.device.text() + ' ' + std::string(print(child.state)));
    }
    return lines;
  }
  Stage stage{split_file()};
};

TEST_F(Split, EveryChildIsUpOnItsInterface) {
  EXPECT_THAT(children(), ElementsAre("v4 ipsec2 up", "v6 ipsec3 up"));  // unit 1 is the tunnel's, for the time after
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_EQ(stage.charon.ikes.size(), 1U);
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(Split, OneChildGoesDownAndUpAlone) {
  EXPECT_THAT(stage.command(model::Down{"hq/v6"}), StartsWith("hq/v6 is down"));
  EXPECT_THAT(children(), ElementsAre("v4 ipsec2 up", "v6 ipsec3 down"));
  EXPECT_EQ(stage.state(), TunnelState::down);
  EXPECT_THAT(stage.command(model::Up{"hq/v6"}), StartsWith("hq/v6 is up: ipsec3"));
  EXPECT_EQ(stage.state(), TunnelState::up);
}

TEST_F(Split, DownOfTheTunnelEndsEverything) {
  EXPECT_THAT(stage.command(model::Down{"hq"}), StartsWith("hq is down"));
  EXPECT_TRUE(stage.charon.ikes.empty());
  EXPECT_THAT(stage.command(model::Up{"hq"}), StartsWith("hq is up: ipsec2, ipsec3"));
}

TEST_F(Split, AChildThatPeersEndReturns) {
  stage.charon.take_down_child(stage.charon.children.begin()->first);
  stage.settle();
  EXPECT_THAT(children(), ElementsAre("v4 ipsec2 up", "v6 ipsec3 up"));
}

TEST_F(Split, TheMonitorHearsOfEachChildAtOnce) {
  (void)stage.engine->take_probes();
  (void)stage.command(model::Down{"hq/v6"});
  (void)stage.engine->take_probes();
  (void)stage.command(model::Down{"hq/v4"});  // the tunnel was down before and is so still
  EXPECT_EQ(stage.engine->take_probes().value().targets.at(0).underlay.state, monitor::Underlay::State::down);
}

TEST_F(Split, TogglingItBackAndForthMovesNoNumber) {
  stage.file = split_file(false);
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_THAT(children(), ElementsAre("hq ipsec1 up"));
  stage.file = split_file();
  (void)stage.command(model::Reload{}, Duration{10'000});
  EXPECT_THAT(children(), ElementsAre("v4 ipsec2 up", "v6 ipsec3 up"));
  EXPECT_EQ(stage.charon.children.size(), 2U);
  EXPECT_TRUE(stage.snapshot()->converged);
}

TEST_F(Split, ARestartAdoptsEverything) {
  const std::size_t writes = stage.kernel.writes();
  const int loads = stage.loads();
  stage.kill_vtid();
  stage.start_vtid();
  stage.settle();
  EXPECT_THAT(children(), ElementsAre("v4 ipsec2 up", "v6 ipsec3 up"));
  EXPECT_EQ(stage.kernel.writes(), writes);
  EXPECT_EQ(stage.loads(), loads + 1);  // the secret: vtid remembers none
}

}  // namespace
}  // namespace vtid::test
