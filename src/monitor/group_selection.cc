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

using Named = std::map<std::string_view, const model::Gateway*>;

// What is known of gateways: the file's entries, and what their monitors say.
struct Known {
  const Named& named;
  const model::Gateways& health;
};

const GatewayHealth* health_of(const GroupMember& member, const Known& known) {
  const auto found = known.health.find(member.gateway);
  return found == known.health.end() ? nullptr : &found->second;
}

bool has_next_hop(const GroupMember& member, const Known& known) {
  const model::Gateway& gateway = *known.named.at(member.gateway);
  return !gateway.dynamic || gateway.has_address();
}

// One that has lost its lease is not, before its monitor has heard of that.
bool is_usable(const GroupMember& member, Trigger trigger, const Known& known) {
  const GatewayHealth* health = health_of(member, known);
  return has_next_hop(member, known) && (health == nullptr || monitor::is_usable(*health, trigger));
}

// "HQ_A_VTIV4 is down: no answer"
std::string why_not(const GroupMember& member, const Known& known) {
  if (!has_next_hop(member, known)) return member.gateway + " has no next hop";
  const GatewayHealth* health = health_of(member, known);
  if (health == nullptr) return member.gateway;
  return fmt::format("{} is {}{}", member.gateway, model::print(health->state),
                     health->reason.empty() ? "" : ": " + health->reason);
}

template <class Predicate>
std::vector<model::ActiveMember> active(const GatewayGroup& group, const Known& known, Predicate carries) {
  std::vector<model::ActiveMember> result;
  for (const GroupMember& member : group.members) {
    if (carries(member)) result.push_back({member.gateway, member.weight.value_or(known.named.at(member.gateway)->weight)});
  }
  return result;
}

std::optional<int> best_tier(const GatewayGroup& group, const Known& known) {
  std::optional<int> best;
  for (const GroupMember& member : group.members) {
    if (is_usable(member, group.trigger, known)) best = std::min(best.value_or(member.tier), member.tier);
  }
  return best;
}

int first_tier(const GatewayGroup& group) { return std::ranges::min(group.members, {}, &GroupMember::tier).tier; }

// Of the members that would carry if all were well, those that do not, and why.
std::string reasons(const GatewayGroup& group, const Known& known, int up_to_tier) {
  std::vector<std::string> parts;
  for (const GroupMember& member : group.members) {
    if (member.tier <= up_to_tier && !is_usable(member, group.trigger, known)) parts.push_back(why_not(member, known));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<model::ActiveMember> active_without_usable(const GatewayGroup& group, const Known& known,
                                                       const GroupSelection* before) {
  const auto first = [&](const GroupMember& member) { return member.tier == first_tier(group); };
  const auto last = [&](const GroupMember& member) {
    return std::ranges::find(before->active, member.gateway, &model::ActiveMember::gateway) != before->active.end();
  };
  switch (group.when_all_down) {
    case model::WhenAllDown::first_tier: return active(group, known, first);
    case model::WhenAllDown::none: return {};
    case model::WhenAllDown::keep_last: break;
  }
  auto kept = before == nullptr ? std::vector<model::ActiveMember>{} : active(group, known, last);
  return kept.empty() ? active(group, known, first) : kept;
}

GroupSelection choose(const GatewayGroup& group, const Known& known, const GroupSelection* before, WallTime now) {
  GroupSelection selection;
  if (const auto tier = best_tier(group, known)) {
    selection.active = active(group, known, [&](const GroupMember& member) {
      return member.tier == *tier && is_usable(member, group.trigger, known);
    });
    selection.reason = reasons(group, known, *tier);
  } else {
    selection.usable = false;
    selection.active = active_without_usable(group, known, before);
    selection.reason = "no member is usable: " + reasons(group, known, INT32_MAX);
  }
  const bool same = before != nullptr && before->active == selection.active && before->usable == selection.usable;
  selection.since = same ? before->since : now;
  return selection;
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
  const Named named = model::index_by_name(config.gateways);
  const Known known{named, gateways};
  for (const GatewayGroup& group : config.groups) {
    const auto last = before.groups.find(group.name);
    selection.groups.emplace(group.name, choose(group, known, last == before.groups.end() ? nullptr : &last->second, now));
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
