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

TEST(Numbers, CanBeSwappedWhenBothArePinned) {
  auto config = file({"a", "b"});
  config.tunnels[0].unit = net::Unit{2};
  config.tunnels[1].unit = net::Unit{1};
  EXPECT_EQ(allocate(config, {{"a", {1}}, {"b", {2}}}), (Numbers{{"a", {2}}, {"b", {1}}}));
}

}  // namespace
}  // namespace vtid::reconcile
