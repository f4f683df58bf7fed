#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::DeletePolicy;
using model::PolicyDirection;
using model::SetPolicy;

model::Policy policy(PolicyDirection direction, net::Family family = net::Family::ipv4, std::uint32_t unit = 1) {
  model::Policy policy{direction,
                       family,
                       net::if_id_of({unit}),
                       net::reqid_of({unit}),
                       *net::parse_address("192.0.2.1"),
                       *net::parse_address("198.51.100.1"),
                       model::kPolicyPriority};
  if (direction != PolicyDirection::out) std::swap(policy.outer_source, policy.outer_destination);
  return policy;
}

model::Policy foreign_policy() {
  model::Policy theirs = policy(PolicyDirection::out);
  theirs.priority = 371'327;
  return theirs;
}

void round_trip(Stage& stage) {
  std::vector<model::Policy> wanted;
  for (const auto direction : {PolicyDirection::in, PolicyDirection::out, PolicyDirection::forward}) {
    for (const auto family : {net::Family::ipv4, net::Family::ipv6}) {
      for (const std::uint32_t unit : {1U, 2U}) wanted.push_back(policy(direction, family, unit));
    }
  }
  for (const auto& item : wanted) stage.expect(stage.apply(SetPolicy{item}) == 0, "it can be set");
  stage.expect(stage.observe().policies == wanted, "they are as they were given, sorted");
  for (const auto& item : wanted) stage.expect(stage.apply(DeletePolicy{item}) == 0, "it can be deleted");
  stage.expect(stage.observe().policies.empty(), "none is left");
}

void ipv6_outer(Stage& stage) {
  model::Policy wanted = policy(PolicyDirection::out);
  wanted.outer_source = *net::parse_address("2001:db8::1");
  wanted.outer_destination = *net::parse_address("2001:db8::2");
  stage.expect(stage.apply(SetPolicy{wanted}) == 0, "it can be set");
  stage.expect(stage.observe().policies == std::vector{wanted}, "it is as it was given");
}

void replaced(Stage& stage) {
  stage.expect(stage.apply(SetPolicy{policy(PolicyDirection::out)}) == 0, "it can be set");
  model::Policy moved = policy(PolicyDirection::out);
  moved.outer_destination = *net::parse_address("203.0.113.9");
  stage.expect(stage.apply(SetPolicy{moved}) == 0, "it can be set again");
  stage.expect(stage.observe().policies == std::vector{moved}, "the new one alone is there");
}

void remove_gone(Stage& stage) {
  stage.expect(stage.apply(DeletePolicy{policy(PolicyDirection::in)}) == 0, "deleting what is not there is no error");
}

void foreign(Stage& stage) {
  stage.world.add_policy(foreign_policy());
  stage.expect(stage.observe().policies.empty(), "theirs is not listed");
  stage.expect(stage.apply(SetPolicy{policy(PolicyDirection::out)}) == EEXIST, "theirs is not replaced");
  stage.expect(stage.apply(DeletePolicy{policy(PolicyDirection::out)}) == EEXIST, "theirs is not deleted");
  stage.expect(stage.world.has_policy(foreign_policy()), "theirs is there");
}

void charons(Stage& stage) {
  for (const auto direction : {PolicyDirection::in, PolicyDirection::out}) {
    model::Policy theirs = foreign_policy();
    theirs.direction = direction;
    stage.world.add_policy(theirs);
  }
  const std::uint8_t in = model::policy_bit(PolicyDirection::in, foreign_policy().family);
  const std::uint8_t out = model::policy_bit(PolicyDirection::out, foreign_policy().family);
  const net::ReqId reqid = foreign_policy().reqid;
  const auto both = static_cast<std::uint8_t>(in | out);
  stage.expect(stage.observe().charons_policies == std::vector<model::CharonsPolicies>{{reqid, both}}, "theirs are summed up");
  const platform::Notices coming = stage.settle();
  stage.expect(coming.ours == 0 && !coming.lost_policies, "that they came is no news");
  model::Policy gone = foreign_policy();
  gone.direction = PolicyDirection::in;
  stage.world.delete_policy(gone);
  stage.expect(stage.settle().lost_policies, "that one went is");
  stage.expect(stage.observe().charons_policies == std::vector<model::CharonsPolicies>{{reqid, out}}, "the other is left");
}

}  // namespace

namespace {
bool has_policies(const model::Capabilities& system) { return system.manages_policies; }
}  // namespace

std::vector<Case> policy_cases() {
  return {{"policy.set_listed_deleted", round_trip, has_policies},
          {"policy.ipv6_outer", ipv6_outer, has_policies},
          {"policy.replaced", replaced, has_policies},
          {"policy.delete_of_missing_done", remove_gone, has_policies},
          {"policy.foreign_untouched", foreign, has_policies},
          {"policy.charons_summed_up_and_missed", charons, has_policies}};
}

}  // namespace vtid::contract
