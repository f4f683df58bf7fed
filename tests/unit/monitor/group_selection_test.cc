#include "monitor/group_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vtid::monitor {
namespace {

using namespace std::chrono_literals;
using model::ActiveMember;
using model::Trigger;
using model::WhenAllDown;
using testing::ElementsAre;
using testing::IsEmpty;
using enum model::GatewayState;

// A and B of the first tier, B counting three times, and C of the second with a weight of its own.
model::Config config(Trigger trigger = Trigger::down, WhenAllDown when_all_down = WhenAllDown::first_tier) {
  model::Config result;
  for (const auto& [name, weight] : {std::pair{"A", 1}, {"B", 3}, {"C", 5}}) {
    model::Gateway& gateway = result.gateways.emplace_back();
    gateway.name = name;
    gateway.weight = weight;
  }
  result.groups.push_back({"ALL", trigger, when_all_down, {{"A", 1, {}}, {"B", 1, {}}, {"C", 2, 7}}});
  return result;
}

model::Gateways health(model::GatewayState a, model::GatewayState b, model::GatewayState c) {
  return {{"A", {.state = a}}, {"B", {.state = b}}, {"C", {.state = c}}};
}

model::GroupSelection chosen(const model::Config& config, const model::Gateways& gateways,
                             const model::GatewaySelection& before = {}) {
  return choose(config, gateways, before, WallTime{9s}).groups.at("ALL");
}

TEST(GroupSelection, is_all_of_the_first_tier_with_their_weights) {
  EXPECT_EQ(chosen(config(), health(online, online, online)),
            (model::GroupSelection{.active = {{"A", 1}, {"B", 3}}, .since = WallTime{9s}}));
}

TEST(GroupSelection, leaves_out_a_member_that_is_down) {
  const auto selection = chosen(config(), {{"A", {.state = down, .reason = "no answer"}}});
  EXPECT_EQ(selection, (model::GroupSelection{.active = {{"B", 3}}, .reason = "A is down: no answer", .since = WallTime{9s}}));
}

TEST(GroupSelection, falls_to_the_next_tier_with_the_members_own_weight) {
  EXPECT_THAT(chosen(config(), health(down, forced_down, online)).active, ElementsAre(ActiveMember{"C", 7}));
}

TEST(GroupSelection, leaves_out_a_dynamic_member_without_a_next_hop_whatever_its_monitor_said_last) {
  model::Config dynamic = config();
  dynamic.gateways[0].dynamic = true;
  const auto selection = chosen(dynamic, health(online, online, online));
  EXPECT_EQ(selection, (model::GroupSelection{.active = {{"B", 3}}, .reason = "A has no next hop", .since = WallTime{9s}}));
  dynamic.gateways[0].address = *net::parse_address("192.0.2.254");
  EXPECT_EQ(chosen(dynamic, health(online, online, online)).reason, "");
}

TEST(GroupSelection, counts_pending_and_unmonitored_as_usable) {
  EXPECT_THAT(chosen(config(), health(pending, unmonitored, online)).active,
              ElementsAre(ActiveMember{"A", 1}, ActiveMember{"B", 3}));
}

TEST(GroupSelection, counts_what_nobody_has_measured_as_usable) {
  EXPECT_THAT(chosen(config(), {}).active, ElementsAre(ActiveMember{"A", 1}, ActiveMember{"B", 3}));
}

TEST(GroupSelection, knows_an_unmonitored_gateway_by_its_tunnel) {
  EXPECT_THAT(chosen(config(), {{"A", {.state = unmonitored, .cut = true}}}).active, ElementsAre(ActiveMember{"B", 3}));
}

TEST(GroupSelection, gives_a_worse_tier_nothing_while_one_member_of_a_better_one_works) {
  EXPECT_THAT(chosen(config(), health(down, online, online)).active, ElementsAre(ActiveMember{"B", 3}));
}

// pfSense takes a member out of its tier by the trigger, and chooses the tier without it.
TEST(GroupSelection, honours_the_trigger_for_the_tier_as_well) {
  EXPECT_THAT(chosen(config(Trigger::loss), health(loss, loss, online)).active, ElementsAre(ActiveMember{"C", 7}));
}

TEST(GroupSelection, without_a_usable_member_is_the_whole_first_tier) {
  const auto selection = chosen(config(), health(down, down, down));
  EXPECT_EQ(selection, (model::GroupSelection{.active = {{"A", 1}, {"B", 3}},
                                              .usable = false,
                                              .reason = "no member is usable: A is down; B is down; C is down",
                                              .since = WallTime{9s}}));
}

TEST(GroupSelection, without_a_usable_member_is_nobody_when_the_group_says_so) {
  EXPECT_THAT(chosen(config(Trigger::down, WhenAllDown::none), health(down, down, down)).active, IsEmpty());
}

TEST(GroupSelection, keeps_the_last_carriers_when_the_group_says_so) {
  const model::Config file = config(Trigger::down, WhenAllDown::keep_last);
  const auto before = choose(file, health(down, down, online), {}, WallTime{5s});
  EXPECT_THAT(chosen(file, health(down, down, down), before).active, ElementsAre(ActiveMember{"C", 7}));
}

TEST(GroupSelection, keeps_the_first_tier_when_nobody_carried_before) {
  const model::Config file = config(Trigger::down, WhenAllDown::keep_last);
  EXPECT_THAT(chosen(file, health(down, down, down)).active, ElementsAre(ActiveMember{"A", 1}, ActiveMember{"B", 3}));
}

TEST(GroupSelection, keeps_its_since_while_the_same_carry) {
  const auto before = choose(config(), health(online, online, online), {}, WallTime{5s});
  EXPECT_EQ(chosen(config(), health(online, loss, down), before).since, WallTime{5s});
}

TEST(GroupSelection, names_the_gateways_that_are_unusable_by_themselves) {
  EXPECT_THAT(choose(config(), health(down, loss, forced_down), {}, {}).down, ElementsAre("A", "C"));
}

struct Row {
  model::GatewayState state;
  bool slow;
  const char* usable_by;  // "down loss latency either"
};

std::string usable_by(const model::GatewayHealth& health) {
  std::string words;
  for (const auto& [trigger, word] : {std::pair{Trigger::down, "down "},
                                      {Trigger::loss, "loss "},
                                      {Trigger::latency, "latency "},
                                      {Trigger::loss_or_latency, "either "}}) {
    if (is_usable(health, trigger)) words += word;
  }
  return words;
}

TEST(Usable, follows_state_and_trigger) {
  for (const Row& row : {Row{online, false, "down loss latency either "},
                         {latency, true, "down loss "},
                         {loss, false, "down latency "},
                         {loss, true, "down "},
                         {down, false, ""},
                         {forced_down, false, ""},
                         {unmonitored, false, "down loss latency either "},
                         {pending, false, "down loss latency either "}}) {
    EXPECT_EQ(usable_by({.state = row.state, .slow = row.slow}), row.usable_by) << print(row.state) << row.slow;
  }
}

}  // namespace
}  // namespace vtid::monitor
