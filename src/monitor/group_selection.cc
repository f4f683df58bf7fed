#include "monitor/group_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace vtid::monitor {
namespace {

using model::GatewayGroup;
using model::GatewayHealth;
using model::GatewayState;
using model::GroupMember;
using model::GroupSelection;
using model::Trigger;

using Weights = std::map<std::string_view, int>;

const GatewayHealth* health_of(const GroupMember& member, const model::Gateways& gateways) {
  const auto found = gateways.find(member.gateway);
  return found == gateways.end() ? nullptr : &found->second;
}

bool is_usable(const GroupMember& member, Trigger trigger, const model::Gateways& gateways) {
  const GatewayHealth* health = health_of(member, gateways);
  return health == nullptr || monitor::is_usable(*health, trigger);
}

// "HQ_A_VTIV4 is down: no answer"
std::string why_not(const GroupMember& member, const model::Gateways& gateways) {
  const GatewayHealth* health = health_of(member, gateways);
  if (health == nullptr) return member.gateway;
  return fmt::format("{} is {}{}", member.gateway, model::print(health->state),
                     health->reason.empty() ? "" : ": " + health->reason);
}

template <class Predicate>
std::vector<model::ActiveMember> active(const GatewayGroup& group, const Weights& weights, Predicate carries) {
  std::vector<model::ActiveMember> result;
  for (const GroupMember& member : group.members) {
    if (carries(member)) result.push_back({member.gateway, member.weight.value_or(weights.at(member.gateway))});
  }
  return result;
}

std::optional<int> best_tier(const GatewayGroup& group, const model::Gateways& gateways) {
  std::optional<int> best;
  for (const GroupMember& member : group.members) {
    if (is_usable(member, group.trigger, gateways)) best = std::min(best.value_or(member.tier), member.tier);
  }
  return best;
}

int first_tier(const GatewayGroup& group) { return std::ranges::min(group.members, {}, &GroupMember::tier).tier; }

// Of the members that would carry if all were well, those that do not, and why.
std::string reasons(const GatewayGroup& group, const model::Gateways& gateways, int up_to_tier) {
  std::vector<std::string> parts;
  for (const GroupMember& member : group.members) {
    if (member.tier <= up_to_tier && !is_usable(member, group.trigger, gateways)) parts.push_back(why_not(member, gateways));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<model::ActiveMember> active_without_usable(const GatewayGroup& group, const Weights& weights,
                                                       const GroupSelection* before) {
  const auto first = [&](const GroupMember& member) { return member.tier == first_tier(group); };
  const auto last = [&](const GroupMember& member) {
    return std::ranges::find(before->active, member.gateway, &model::ActiveMember::gateway) != before->active.end();
  };
  switch (group.when_all_down) {
    case model::WhenAllDown::first_tier: return active(group, weights, first);
    case model::WhenAllDown::none: return {};
    case model::WhenAllDown::keep_last: break;
  }
  auto kept = before == nullptr ? std::vector<model::ActiveMember>{} : active(group, weights, last);
  return kept.empty() ? active(group, weights, first) : kept;
}

GroupSelection choose(const GatewayGroup& group, const Weights& weights, const model::Gateways& gateways,
                      const GroupSelection* before, WallTime now) {
  GroupSelection selection;
  if (const auto tier = best_tier(group, gateways)) {
    selection.active = active(group, weights, [&](const GroupMember& member) {
      return member.tier == *tier && is_usable(member, group.trigger, gateways);
    });
    selection.reason = reasons(group, gateways, *tier);
  } else {
    selection.usable = false;
    selection.active = active_without_usable(group, weights, before);
    selection.reason = "no member is usable: " + reasons(group, gateways, INT32_MAX);
  }
  const bool same = before != nullptr && before->active == selection.active && before->usable == selection.usable;
  selection.since = same ? before->since : now;
  return selection;
}

Weights weights_of(const model::Config& config) {
  Weights weights;
  for (const model::Gateway& gateway : config.gateways) weights.emplace(gateway.name, gateway.weight);
  return weights;
}

}  // namespace

bool is_usable(const GatewayHealth& health, Trigger trigger) {
  if (health.state == GatewayState::down || health.state == GatewayState::forced_down || health.cut) return false;
  const bool loss = health.state == GatewayState::loss;
  const bool latency = health.state == GatewayState::latency || health.slow;
  switch (trigger) {
    case Trigger::down: return true;
    case Trigger::loss: return !loss;
    case Trigger::latency: return !latency;
    case Trigger::loss_or_latency: return !loss && !latency;
  }
  std::abort();
}

model::GatewaySelection choose(const model::Config& config, const model::Gateways& gateways,
                               const model::GatewaySelection& before, WallTime now) {
  model::GatewaySelection selection;
  for (const auto& [name, health] : gateways) {
    if (!is_usable(health, Trigger::down)) selection.down.insert(name);
  }
  const Weights weights = weights_of(config);
  for (const GatewayGroup& group : config.groups) {
    const auto last = before.groups.find(group.name);
    selection.groups.emplace(group.name,
                             choose(group, weights, gateways, last == before.groups.end() ? nullptr : &last->second, now));
  }
  return selection;
}

std::vector<std::string> changed_groups(const model::GatewaySelection& before, const model::GatewaySelection& after) {
  std::vector<std::string> names;
  for (const auto& [name, selection] : after.groups) {
    const auto last = before.groups.find(name);
    const bool news = last == before.groups.end()
                          ? !selection.reason.empty()
                          : last->second.active != selection.active || last->second.usable != selection.usable;
    if (news) names.push_back(name);
  }
  return names;
}

std::vector<std::string> members_that_left(const model::GatewaySelection& before, const std::string& group,
                                           const model::GroupSelection& now) {
  std::vector<std::string> left;
  const auto last = before.groups.find(group);
  if (last == before.groups.end()) return left;
  for (const model::ActiveMember& member : last->second.active) {
    if (std::ranges::find(now.active, member.gateway, &model::ActiveMember::gateway) == now.active.end())
      left.push_back(member.gateway);
  }
  return left;
}

std::string print_active(const model::GroupSelection& selection) {
  std::vector<std::string_view> names;
  for (const model::ActiveMember& active : selection.active) names.push_back(active.gateway);
  return names.empty() ? "nobody" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace vtid::monitor
