#include "reconcile/numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using test::tunnel;

model::Config file(std::initializer_list<std::string> names) {
  model::Config config;
  for (const std::string& name : names) config.tunnels.push_back(tunnel(name));
  return config;
}

const Numbers kNothing;

TEST(Numbers, AreTheLowestFreeInTheOrderOfTheFile) {
  EXPECT_EQ(allocate(file({"b", "a"}), kNothing), (Numbers{{"b", {1}}, {"a", {2}}}));
}

TEST(Numbers, StayWhenTheFileIsReordered) {
  EXPECT_EQ(allocate(file({"a", "b"}), {{"b", {1}}, {"a", {2}}}), (Numbers{{"b", {1}}, {"a", {2}}}));
}

TEST(Numbers, OfATunnelThatLeftAreNotReused) {
  EXPECT_EQ(allocate(file({"b"}), {{"a", {1}}}), (Numbers{{"a", {1}}, {"b", {2}}}));
}

TEST(Numbers, OfTunnelsThatLeftAreReusedWhenNoneIsLeft) {
  Numbers known;
  for (std::uint32_t i = 1; i <= net::kHighestUnit.value; ++i) known["left" + std::to_string(i)] = {i};
  known.erase("left7");
  known["kept"] = {7};
  EXPECT_EQ(allocate(file({"kept", "new"}), known), (Numbers{{"kept", {7}}, {"new", {1}}}));
}

TEST(Numbers, FollowAPin) {
  auto config = file({"a", "b"});
  config.tunnels[1].unit = net::Unit{1};
  EXPECT_EQ(allocate(config, kNothing), (Numbers{{"b", {1}}, {"a", {2}}}));
}

TEST(Numbers, PinnedAnewMoveOnlyThatTunnel) {
  auto config = file({"a", "b"});
  config.tunnels[0].unit = net::Unit{9};
  EXPECT_EQ(allocate(config, {{"a", {1}}, {"b", {2}}}), (Numbers{{"a", {9}}, {"b", {2}}}));
}

TEST(Numbers, OfATunnelThatLeftCanBePinned) {
  auto config = file({"b"});
  config.tunnels[0].unit = net::Unit{1};
  EXPECT_EQ(allocate(config, {{"a", {1}}}), (Numbers{{"b", {1}}}));
}

TEST(Numbers, OfAnotherTunnelOfTheFileCannotBePinned) {
  auto config = file({"a", "b"});
  config.tunnels[1].unit = net::Unit{1};
  EXPECT_EQ(allocate(config, {{"a", {1}}}).error().text, "tunnels/b asks for unit 1, which tunnels/a has held so far");
}

model::Config split(model::Config config) {
  for (model::Tunnel& tunnel : config.tunnels) std::get<model::Ike>(tunnel.ike).split = true;
  return config;
}

TEST(Numbers, OfASplitTunnelAreItsChildrens) {
  EXPECT_EQ(allocate(split(file({"a"})), kNothing), (Numbers{{"a/v4", {1}}, {"a/v6", {2}}}));
}

TEST(Numbers, StayWhenSplitIsToggled) {
  const Numbers before{{"a", {1}}, {"b", {2}}};
  const Numbers between = allocate(split(file({"a", "b"})), before).value();
  EXPECT_EQ(between, (Numbers{{"a", {1}}, {"b", {2}}, {"a/v4", {3}}, {"a/v6", {4}}, {"b/v4", {5}}, {"b/v6", {6}}}));
  EXPECT_EQ(allocate(file({"b", "a"}), between), between);
}

TEST(Numbers, StayWhenTheFirstChildIsDisabledOrChildrenAreReordered) {
  model::Config config = split(file({"a"}));
  const Numbers before = allocate(config, kNothing).value();
  config.tunnels[0].children[0].enabled = false;
  std::swap(config.tunnels[0].children[0], config.tunnels[0].children[1]);
  EXPECT_EQ(allocate(config, before), before);
}

TEST(Numbers, OfAChildCanBePinned) {
  model::Config config = split(file({"a"}));
  config.tunnels[0].children[1].unit = net::Unit{1};
  config.tunnels[0].unit = net::Unit{2};  // kept for the time after
  EXPECT_EQ(allocate(config, kNothing), (Numbers{{"a", {2}}, {"a/v4", {3}}, {"a/v6", {1}}}));
}

TEST(Numbers, AreNotGivenToOtherModes) {
  model::Config config = file({"a"});
  for (model::Child& child : config.tunnels[0].children) child.mode = model::ChildMode::transport;
  EXPECT_EQ(allocate(config, kNothing), kNothing);
}

TEST(Numbers, CanBeSwappedWhenBothArePinned) {
  auto config = file({"a", "b"});
  config.tunnels[0].unit = net::Unit{2};
  config.tunnels[1].unit = net::Unit{1};
  EXPECT_EQ(allocate(config, {{"a", {1}}, {"b", {2}}}), (Numbers{{"a", {2}}, {"b", {1}}}));
}

}  // namespace
}  // namespace vtid::reconcile
