#include "daemon/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"
#include "daemon/problems.h"

namespace vtid::daemon {
namespace {

constexpr std::size_t kMostUnloadedTold = 16;  // one by one, of what others unloaded at once
constexpr std::size_t kLongestText = 4'096;    // bytes of one event or problem

}  // namespace

std::optional<Engine::ProbeNews> Engine::take_probes() {
  const bool all = std::exchange(probes_changed_, false);
  const std::set<std::string> changed = std::exchange(probed_changed_, {});
  ProbeNews news{all ? probes_.all(supervisor_, static_tunnels_) : probes_.of(changed, supervisor_, static_tunnels_), all};
  auto& targets = news.targets;
  if (!all && targets.empty()) return std::nullopt;
  needs_selection_ |= all;
  if (role_ == model::Role::standby) {
    for (monitor::ProbeTarget& target : targets) {
      if (target.underlay.state == monitor::Underlay::State::up) target.options.enabled = false;  // else it is down anyway
    }
  }
  return news;
}

std::vector<model::Problem> Engine::problems() {
  std::vector<model::Problem> problems;
  const auto add = [&problems](const std::vector<model::Problem>& more) {
    std::ranges::copy(more, std::back_inserter(problems));
  };
  for (const auto& problem : {config_problem_, kernel_problem_}) {
    if (problem) problems.push_back(*problem);
  }
  if (trial_) {
    problems.push_back({model::Severity::caveat, "config",
                        fmt::format("{} is on trial and goes back at {}", trial_->path, print(trial_->until_wall)),
                        "vtictl confirm keeps it"});
  }
  add(wiring_.store.problems());
  add(charon_.problems());
  add(executor_.plan().problems);
  add(deriver_.derived().problems);
  add(executor_.problems());
  add(tunnel_problems(shown().names, supervisor_));
  add(name_problems(shown().names, names_, supervisor_));
  add(group_problems(selection_));
  add(shown().missing_means);
  add(filter_problems(observed_, deriver_.derived().desired));
  add(config_warnings_);
  for (model::Problem& problem : problems) {
    for (std::string* text : {&problem.object, &problem.text, &problem.remedy}) {
      if (text->size() > kLongestText || !is_utf8(*text)) *text = to_utf8(*text, kLongestText);
    }
  }
  return problems;
}

bool Engine::converged(const std::vector<model::Problem>& problems) const {
  return seen_everything() && executor_.plan().ops.empty() && charon_.settled() &&
         std::ranges::none_of(problems,
                              [](const model::Problem& problem) { return problem.severity == model::Severity::error; });
}

model::Work Engine::work_of_loop() const {
  model::Work work = wiring_.loop_work();
  work.steps = steps_;
  work.kernel_writes = kernel_writes_;
  work.kernel_refusals = kernel_refusals_;
  return work;
}

const Engine::Shown& Engine::shown() {
  if (!shown_) {
    shown_ = std::make_unique<const Shown>(
        Shown{model::ConfigIndex(*config_), tunnels_by_reqid(*config_, numbers_), missing_means(*config_, system_)});
  }
  return *shown_;
}

StatusSources Engine::status_sources() {
  return {*config_,           shown().names, numbers_,  charon_.table(), charon_.index(),
          deriver_.derived(), local_ends_,   counters_, supervisor_,     static_tunnels_};
}

model::SnapshotView Engine::view() {
  const auto problems = [this] { return this->problems(); };
  return model::SnapshotView(model::SnapshotParts{
      .version = wiring_.version,
      .generation = generation_,
      .role = role_,
      .config = *config_,
      .names = shown().names,
      .numbers = numbers_,
      .tunnel_by_reqid = shown().tunnel_by_reqid,
      .sas = charon_.table(),
      .sa_index = charon_.index(),
      .observed = observed_,
      .desired = deriver_.derived().desired,
      .plan = executor_.plan(),
      .rule_counters = rule_counters_,
      .selection = selection_,
      .local_ends = local_ends_,
      .moves = moves_,
      .work = work_of_loop(),
      .tunnel =
          [this](std::string_view name) {
            const auto found = tunnels_.find(name);
            if (found != tunnels_.end()) ++statuses_;
            return found == tunnels_.end() ? std::nullopt : std::optional(tunnel_status(*found->second, status_sources()));
          },
      .gateway = wiring_.health_of,
      .each_tunnel =
          [this](const auto& visit) {
            statuses_ += config_->tunnels.size();
            const StatusSources sources = status_sources();
            for (const model::Tunnel& tunnel : config_->tunnels) visit(tunnel_status(tunnel, sources));
          },
      .tunnels = model::Lazy<std::vector<model::TunnelStatus>>([this] {
        statuses_ += config_->tunnels.size();
        return tunnel_statuses(status_sources());
      }),
      .failed = model::Lazy<std::vector<model::FailedOp>>([this] { return executor_.failed(); }),
      .problems = model::Lazy<std::vector<model::Problem>>(problems),
      .converged = model::Lazy<bool>([this, problems] { return converged(problems()); }),
      .host_names = model::Lazy<model::ResolvedNames>([this] { return names_.known(); }),
      .called_peers = model::Lazy<model::CalledPeers>([this] { return names_.called(shown().names.with_varying_peer); })});
}

std::shared_ptr<const model::Snapshot> Engine::snapshot() {
  if (snapshot_) return snapshot_;
  const model::SnapshotView now = view();
  auto fresh = std::make_shared<model::Snapshot>();
  fresh->version = now.version;
  fresh->now = now_;
  fresh->generation = now.generation;
  fresh->role = now.role;
  fresh->config_path = wiring_.config_path;
  fresh->config = config_;
  fresh->numbers = now.numbers;
  fresh->host_names = *now.host_names;
  fresh->called_peers = *now.called_peers;
  fresh->sas = now.sas;
  fresh->observed = now.observed;
  fresh->desired = now.desired;
  fresh->plan = now.plan;
  fresh->failed = *now.failed;
  fresh->problems = *now.problems;
  fresh->tunnels = *now.tunnels;
  fresh->gateways = wiring_.gateway_health();
  fresh->rule_counters = now.rule_counters;
  fresh->selection = now.selection;
  fresh->local_ends = now.local_ends;
  fresh->moves = now.moves;
  fresh->work = now.work;
  fresh->converged = *now.converged;
  return snapshot_ = std::move(fresh);
}

void Engine::emit_changes(Now now) {
  if (const bool connected = charon_.table().connected; connected != std::exchange(reported_connected_, connected)) {
    log::info(connected ? "charon connected" : "charon lost", {{"version", charon_.table().version.text()}});
    emit(now, "charon", "",
         connected ? "connected, version " + charon_.table().version.text() : "lost: its SAs are shown as last seen");
  }
  emit_unloaded(now);
  emit_tunnels(now);
}

void Engine::emit_tunnels(Now now) {
  std::set<std::string> changed = supervisor_.take_changed();
  changed.merge(static_tunnels_.take_changed());
  probed_changed_.insert(changed.begin(), changed.end());
  for (const std::string& name : changed) {
    const auto view = tunnels_.contains(name) ? tunnel_view(name, supervisor_, static_tunnels_) : std::nullopt;
    if (!view) continue;
    const auto [told, fresh] = reported_states_.try_emplace(name, view->state);
    if (!fresh && told->second == view->state) continue;
    told->second = view->state;
    log::info("tunnel changed", {{"tunnel", name}, {"state", std::string(print(view->state))}, {"reason", view->reason}});
    emit(now, "tunnel", name, fmt::format("is {}{}{}", print(view->state), view->reason.empty() ? "" : ": ", view->reason));
    wiring_.changed(TunnelChange{name, *view, fresh, [this, &name] {
                                   ++statuses_;
                                   return tunnel_status(*tunnels_.at(name), status_sources());
                                 }});
  }
}

void Engine::emit_unloaded(Now now) {
  const std::vector<vici::Unloaded> unloaded = charon_.take_unloaded();
  for (std::size_t i = 0; i < std::min(unloaded.size(), kMostUnloadedTold); ++i) {
    const std::string what = print(unloaded[i]);
    log::warning("unloaded by others", {{"what", what}});
    emit(now, "charon", "", fmt::format("somebody unloaded {} (swanctl --load-all, --clear?): it is loaded again", what));
  }
  if (unloaded.size() <= kMostUnloadedTold) return;
  const std::size_t more = unloaded.size() - kMostUnloadedTold;
  log::warning("unloaded by others", {{"more", std::to_string(more)}});
  emit(now, "charon", "", fmt::format("somebody unloaded {} more: they are loaded again", more));
}

void Engine::emit(Now now, std::string kind, const std::string& object, const std::string& text) {
  wiring_.publish({now.wall, std::move(kind), to_utf8(object, kLongestText), to_utf8(text, kLongestText)});
}

}  // namespace vtid::daemon
