#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::AddRule;
using model::DeleteRule;

model::Rule rule(std::uint32_t priority, net::Family family = net::Family::ipv4) {
  model::Rule rule;
  rule.family = family;
  rule.priority = priority;
  rule.table = {118'000'001};
  return rule;
}

// Everything that a rule can ask for, by a device that is not there.
model::Rule full(net::Family family) {
  model::Rule result = rule(11'802, family);
  result.in = device("lan0");
  result.from = *net::parse_prefix(family == net::Family::ipv4 ? "10.1.0.0/24" : "fd00:1::/64");
  result.to = *net::parse_prefix(family == net::Family::ipv4 ? "10.20.0.0/16" : "fd20::/32");
  result.protocol = 17;
  result.from_ports = {1024, 65'534};  // 65535 is not a port for them: fib_rule_port_range_valid, include/net/fib_rules.h
  result.to_ports = {5060, 5061};
  result.mark = 0x7610000;
  result.mask = 0xfff0000;
  return result;
}

// Past all of ours, and where it leads.
model::Rule going(std::uint32_t priority, std::uint32_t to, net::Family family) {
  model::Rule result = rule(priority, family);
  result.table = {};
  result.go_to = to;
  return result;
}

void every_key(Stage& stage) {
  std::vector<model::Rule> wanted{rule(11'800), full(net::Family::ipv4), rule(11'801, net::Family::ipv6),
                                  full(net::Family::ipv6)};
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    wanted.push_back(going(11'803, 12'824, family));
    wanted.push_back(going(12'824, 0, family));
  }
  std::ranges::sort(wanted);
  (void)stage.settle();
  for (const auto& item : wanted) stage.expect(stage.apply(AddRule{item}) == 0, "it can be made");
  stage.expect(stage.noticed(), "that is noticed");
  stage.expect(stage.observe().rules == wanted, "they are as they were given, sorted");
  for (const auto& item : wanted) stage.expect(stage.apply(AddRule{item}) == 0, "making it again is no error");
  stage.expect(stage.observe().rules == wanted, "and makes no second one");
  for (const auto& item : wanted) stage.expect(stage.apply(DeleteRule{item}) == 0, "it can be deleted");
  stage.expect(stage.observe().rules.empty(), "none is left");
  stage.expect(stage.apply(DeleteRule{wanted[0]}) == 0, "deleting what is not there is no error");
}

void one_priority(Stage& stage) {
  model::Rule other = rule(11'800);
  other.to = *net::parse_prefix("10.30.0.0/16");
  stage.expect(stage.apply(AddRule{rule(11'800)}) == 0, "it can be made");
  stage.expect(stage.apply(AddRule{other}) == 0, "another of its priority can be made");
  stage.expect(stage.apply(DeleteRule{rule(11'800)}) == 0, "one can be deleted");
  stage.expect(stage.observe().rules == std::vector{other}, "the other stays");
}

void foreign(Stage& stage) {
  (void)stage.settle();
  stage.world.add_rule(full(net::Family::ipv4));
  stage.expect(!stage.noticed(), "theirs is no news");
  stage.expect(stage.observe().rules.empty(), "theirs is not listed");
  stage.expect(stage.apply(DeleteRule{full(net::Family::ipv4)}) == 0, "there is none of ours to delete");
  stage.expect(stage.apply(AddRule{full(net::Family::ipv4)}) == 0, "theirs is not in the way");
  stage.expect(stage.observe().rules.size() == 1, "ours stands beside it");
  stage.expect(stage.apply(DeleteRule{full(net::Family::ipv4)}) == 0, "ours can be deleted");
  stage.expect(stage.observe().rules.empty(), "it is gone");
  stage.expect(stage.world.has_rule(full(net::Family::ipv4)), "theirs is there");
}

void deleted_by_hand(Stage& stage) {
  stage.expect(stage.apply(AddRule{rule(11'800)}) == 0, "it can be made");
  (void)stage.settle();
  stage.world.delete_our_rule(rule(11'800));
  stage.expect(stage.noticed(), "that it was deleted is noticed");
  stage.expect(stage.observe().rules.empty(), "it is gone");
}

}  // namespace

std::vector<Case> rule_cases() {
  return {{"rule.every_key_added_listed_deleted", every_key, with_rules},
          {"rule.several_of_one_priority", one_priority, with_rules},
          {"rule.foreign_untouched", foreign, with_rules},
          {"rule.deleted_by_hand_noticed", deleted_by_hand, with_rules}};
}

}  // namespace vtid::contract
