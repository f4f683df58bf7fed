#include "daemon/hook_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/printable.h"

namespace vtid::daemon {
namespace {

using model::ChangeEvent;
using model::TunnelState;

constexpr Duration kReadInterval{200};  // so that a program with much to say is not kept waiting
constexpr std::string_view kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string> variables_of(const model::Gateway& gateway, const model::GatewayHealth& health,
                                      std::string_view old_state) {
  return {"VTID_GATEWAY=" + gateway.name,
          "VTID_INTERFACE=" + gateway.interface,
          "VTID_ADDRESS=" + (gateway.has_address() ? net::print(gateway.address) : ""),
          fmt::format("VTID_STATE={}", print(health.state)),
          fmt::format("VTID_OLD_STATE={}", old_state),
          "VTID_REASON=" + health.reason,
          fmt::format("VTID_RTT_MS={:.1f}", health.rtt_ms),
          fmt::format("VTID_LOSS_PERCENT={}", health.loss_percent)};
}

std::vector<std::string> variables_of(const model::TunnelStatus& tunnel, const TunnelView& view, std::string_view old_state) {
  std::vector<std::string> devices;
  for (const model::ChildStatus& child : tunnel.children) {
    if (!child.device.empty()) devices.push_back(child.device.text());
  }
  return {"VTID_TUNNEL=" + tunnel.name,
          fmt::format("VTID_STATE={}", print(view.state)),
          fmt::format("VTID_OLD_STATE={}", old_state),
          fmt::format("VTID_DEVICE={}", fmt::join(devices, " ")),
          "VTID_REMOTE=" + tunnel.remote,
          "VTID_REASON=" + printable(view.reason)};  // charon's words may be in it, and its peer's in those
}

std::string print_carriers(const model::GroupSelection& selection) {
  std::vector<std::string_view> names;
  for (const model::ActiveMember& member : selection.active) names.push_back(member.gateway);
  return fmt::format("{}", fmt::join(names, " "));
}

std::vector<std::string> variables_of(const GroupChange& change) {
  const auto* before = change.before;
  return {"VTID_GROUP=" + change.name,
          fmt::format("VTID_STATE={}", state_of(change.after)),
          fmt::format("VTID_OLD_STATE={}", before == nullptr ? "" : state_of(*before)),
          "VTID_CARRIERS=" + print_carriers(change.after),
          "VTID_OLD_CARRIERS=" + (before == nullptr ? "" : print_carriers(*before)),
          "VTID_REASON=" + change.after.reason};
}

// Silence of charon is no news of a tunnel (invariant 8); another attempt of one that is down is none either. Of one that comes
// the first news is that it is up, or that an attempt failed: until then it has only not begun.
bool is_news(const std::optional<TunnelState>& told, const TunnelView& view) {
  if (view.state == TunnelState::unknown || view.state == told) return false;
  if (view.state == TunnelState::connecting) return told == TunnelState::up;
  return told || view.state == TunnelState::up || view.failed;
}

}  // namespace

void HookRunner::on_change(const model::Config& config, const std::string& name, const model::GatewayHealth& health) {
  if (reported_.size() > 2 * config.gateways.size()) {
    std::erase_if(reported_, [&](const auto& told) { return config.gateway(told.first) == nullptr; });
  }
  const auto [told, first] = reported_.try_emplace(name, health.state);
  if (!first && told->second == health.state) return;
  const std::string_view old_state = first ? std::string_view{} : print(told->second);
  told->second = health.state;
  if (!asks_for(config, ChangeEvent::gateway)) return;
  const model::Gateway* gateway = config.gateway(name);
  if (gateway == nullptr) return;
  queue(*config.on_change, {ChangeEvent::gateway, name}, variables_of(*gateway, health, old_state));
}

void HookRunner::on_change(const model::Config& config, const Change& change) {
  struct Visitor {
    HookRunner& hooks;
    const model::Config& config;
    void operator()(const TunnelChange& tunnel) const { hooks.tell(config, tunnel); }
    void operator()(const GroupChange& group) const {
      if (asks_for(config, ChangeEvent::group))
        hooks.queue(*config.on_change, {ChangeEvent::group, group.name}, variables_of(group));
    }
    void operator()(const RoleChange& taken) const {
      const std::string role(print(taken.role));
      if (asks_for(config, ChangeEvent::role)) hooks.queue(*config.on_change, {ChangeEvent::role, role}, {"VTID_ROLE=" + role});
    }
  };
  std::visit(Visitor{*this, config}, change);
}

void HookRunner::tell(const model::Config& config, const TunnelChange& change) {
  if (reported_tunnels_.size() > 2 * config.tunnels.size()) {
    const auto known = model::index_by_name(config.tunnels);
    std::erase_if(reported_tunnels_, [&](const auto& told) { return !known.contains(told.first); });
  }
  if (change.first) reported_tunnels_.erase(change.name);
  const auto found = reported_tunnels_.find(change.name);
  const auto told = found == reported_tunnels_.end() ? std::nullopt : std::optional(found->second);
  if (!is_news(told, change.view)) return;
  reported_tunnels_[change.name] = change.view.state;
  if (!asks_for(config, ChangeEvent::tunnel)) return;
  queue(*config.on_change, {ChangeEvent::tunnel, change.name},
        variables_of(change.status(), change.view, told ? print(*told) : std::string_view{}));
}

bool HookRunner::asks_for(const model::Config& config, ChangeEvent event) {
  return config.on_change && std::ranges::find(config.on_change->events, event) != config.on_change->events.end();
}

void HookRunner::queue(const model::OnChange& run, Object object, std::vector<std::string> variables) {
  std::vector<std::string> environment{std::string(kPath), fmt::format("VTID_EVENT={}", print(object.event))};
  std::ranges::move(variables, std::back_inserter(environment));
  waiting_.push_back({std::move(object), run, std::move(environment)});
  if (waiting_.size() <= kMostHooksWaiting) return;
  const Object& oldest = waiting_.front().object;
  if (dropped_++ == 0) log::warning("alarm dropped", {{print(oldest.event), oldest.name}, {"reason", "too many wait"}});
  waiting_.pop_front();
}

void HookRunner::step(TimePoint now) {
  std::erase_if(running_, [&](Running& running) { return !follow(running, now); });
  while (!waiting_.empty() && running_.size() < kMostHooksAtATime) start(now);
  if (waiting_.empty() && dropped_ > 0)
    log::warning("alarms caught up", {{"dropped", std::to_string(std::exchange(dropped_, 0))}});
  next_.reset();
  for (const Running& running : running_) {
    const TimePoint due = running.killed ? now + kReadInterval : std::min(running.until, now + kReadInterval);
    next_ = std::min(next_.value_or(due), due);
  }
}

void HookRunner::start(TimePoint now) {
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  auto program = programs_.start(next.run.command, next.environment);
  if (!program) {
    log::warning("alarm failed", {{print(next.object.event), next.object.name}, {"error", program.error().text}});
    return;
  }
  running_.push_back({std::move(next.object), std::move(*program), now + next.run.timeout, false, ""});
}

bool HookRunner::follow(Running& running, TimePoint now) {
  const auto ended = programs_.ended(running.program);  // before the last reading, which then has all
  running.output += programs_.read(running.program, kMostHookOutput - running.output.size());
  if (!ended) {
    if (now >= running.until && !std::exchange(running.killed, true)) programs_.kill(running.program);
    return true;
  }
  const std::string how = running.killed ? "killed after its timeout" : ended->empty() ? "done" : *ended;
  const auto write = ended->empty() ? log::info : log::warning;
  write("alarm ended", {{print(running.object.event), running.object.name}, {"outcome", how}, {"output", running.output}});
  return false;
}

}  // namespace vtid::daemon
