#include "daemon/hook_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace vtid::daemon {
namespace {

constexpr Duration kReadInterval{200};  // so that a program with much to say is not kept waiting
constexpr std::string_view kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string> environment_of(const model::Gateway& gateway, const model::GatewayHealth& health,
                                        std::string_view old_state) {
  return {std::string(kPath),
          "VTID_GATEWAY=" + gateway.name,
          "VTID_INTERFACE=" + gateway.interface,
          "VTID_ADDRESS=" + net::print(gateway.address),
          fmt::format("VTID_STATE={}", print(health.state)),
          fmt::format("VTID_OLD_STATE={}", old_state),
          "VTID_REASON=" + health.reason,
          fmt::format("VTID_RTT_MS={:.1f}", health.rtt_ms),
          fmt::format("VTID_LOSS_PERCENT={}", health.loss_percent)};
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
  const model::Gateway* gateway = config.gateway(name);
  if (!config.on_change || gateway == nullptr) return;
  waiting_.push_back({name, *config.on_change, environment_of(*gateway, health, old_state)});
  if (waiting_.size() <= kMostHooksWaiting) return;
  log::warning("alarm dropped", {{"gateway", waiting_.front().gateway}, {"reason", "too many wait"}});
  waiting_.pop_front();
}

void HookRunner::step(TimePoint now) {
  std::erase_if(running_, [&](Running& running) { return !follow(running, now); });
  while (!waiting_.empty() && running_.size() < kMostHooksAtATime) start(now);
  next_.reset();
  for (const Running& running : running_) {
    const TimePoint due = running.killed ? now + kReadInterval : std::min(running.until, now + kReadInterval);
    next_ = std::min(next_.value_or(due), due);
  }
}

void HookRunner::start(TimePoint now) {
  const Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  auto program = programs_.start(next.run.command, next.environment);
  if (!program) {
    log::warning("alarm failed", {{"gateway", next.gateway}, {"error", program.error().text}});
    return;
  }
  running_.push_back({next.gateway, std::move(*program), now + next.run.timeout, false, ""});
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
  write("alarm ended", {{"gateway", running.gateway}, {"outcome", how}, {"output", running.output}});
  return false;
}

}  // namespace vtid::daemon
