#include "monitor/targets.h"

#include <fmt/format.h>

#include <algorithm>

namespace vtid::monitor {
namespace {

using model::Answers;
using model::GatewayHealth;
using model::GatewayState;

int rank(GatewayState state) {
  switch (state) {
    case GatewayState::online: return 0;
    case GatewayState::latency: return 1;
    case GatewayState::loss: return 2;
    case GatewayState::pending: return 3;
    case GatewayState::down: return 4;
    case GatewayState::unmonitored:  // of the whole gateway, like forced_down
    case GatewayState::forced_down: return 5;
  }
  std::abort();
}

int rank_of(const JudgedTarget* target) { return rank(target->health.state); }

// Nothing comes back when nothing does by any of them.
Answers answers(const std::vector<JudgedTarget>& targets) {
  const auto any = [&](Answers answers) {
    return std::ranges::any_of(targets, [&](const JudgedTarget& target) { return target.health.answers == answers; });
  };
  if (any(Answers::come)) return Answers::come;
  return any(Answers::ceased) ? Answers::ceased : Answers::unknown;
}

// Those that are no better than the whole. What is wrong with all of them alike is said once.
std::string reason(const std::vector<JudgedTarget>& targets, std::size_t required, GatewayState state) {
  const auto same = [&](const JudgedTarget& target) { return target.health.reason == targets.front().health.reason; };
  if (std::ranges::all_of(targets, same)) return targets.front().health.reason;
  std::string text;
  for (const JudgedTarget& target : targets) {
    if (rank(target.health.state) < rank(state)) continue;
    text += fmt::format("{}{} is {}{}", text.empty() ? "" : ", ", target.name, model::print(target.health.state),
                        target.health.reason.empty() ? "" : " (" + target.health.reason + ")");
  }
  return text + fmt::format("; {} of {} targets have to be better", required, targets.size());
}

}  // namespace

GatewayHealth combine(const std::vector<JudgedTarget>& targets, std::size_t required) {
  if (targets.size() == 1) return targets.front().health;
  std::vector<const JudgedTarget*> best_first;
  for (const JudgedTarget& target : targets) best_first.push_back(&target);
  std::ranges::stable_sort(best_first, {}, rank_of);
  GatewayHealth health = best_first[required - 1]->health;
  health.answers = answers(targets);
  health.reason = health.state == GatewayState::online ? "" : reason(targets, required, health.state);
  for (const auto& [name, part] : targets) {
    health.targets.push_back({name, part.state, part.rtt_ms, part.loss_percent, part.reason});
  }
  return health;
}

}  // namespace vtid::monitor
