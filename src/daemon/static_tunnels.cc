#include "daemon/static_tunnels.h"

#include <fmt/format.h>

#include <algorithm>

namespace vtid::daemon {
namespace {

using model::TunnelState;

// What the kernel holds, for lookups.
struct Held {
  explicit Held(const StaticTunnels::Sources& sources) {
    for (const model::Sa& sa : sources.observed.sas) sas.emplace(sa.if_id, sa.destination);
    for (const auto& wanted : sources.desired.policies) {
      if (!std::ranges::binary_search(sources.observed.policies, wanted.value)) lacks_policies.insert(wanted.value.if_id);
    }
  }
  std::set<std::pair<net::IfId, net::Address>> sas;  // by where they lead
  std::set<net::IfId> lacks_policies;
};

std::string what_is_missing(const model::Tunnel& tunnel, net::Unit unit, const StaticTunnels::Sources& sources,
                            const Held& held) {
  const auto& keys = std::get<model::StaticKeys>(tunnel.ike);
  const net::IfId if_id = net::if_id_of(unit);
  const auto problem = std::ranges::find(sources.plan.problems, "tunnels/" + tunnel.name, &model::Problem::object);
  if (problem != sources.plan.problems.end()) return problem->text;
  if (sources.observed.link(net::IfName::of(unit)) == nullptr) return "its interface is not there";
  if (held.lacks_policies.contains(if_id)) return "the kernel lacks policies of it";
  if (!held.sas.contains({if_id, keys.local})) return "the kernel has no inbound SA of it";
  if (!held.sas.contains({if_id, keys.remote})) return "the kernel has no outbound SA of it";
  return "";
}

}  // namespace

void StaticTunnels::follow(const Sources& sources, Now now) {
  const Held held(sources);
  std::map<std::string, TunnelView> views;
  for (const model::Tunnel& tunnel : sources.config.tunnels) {
    if (!has_static_keys(tunnel)) continue;
    TunnelView view;
    view.reason =
        tunnel.enabled ? what_is_missing(tunnel, sources.numbers.at(tunnel.name), sources, held) : "disabled in the file";
    view.state = !tunnel.enabled ? TunnelState::disabled : view.reason.empty() ? TunnelState::up : TunnelState::down;
    if (const auto silent = silent_.find(tunnel.name); silent != silent_.end() && view.state == TunnelState::up) {
      view.state = TunnelState::silent;
      view.reason = nothing_comes_back(silent->second);
    }
    const auto before = views_.find(tunnel.name);
    const bool same = before != views_.end() && before->second.state == view.state;
    view.since = same ? before->second.since : now.wall;
    if (!same) changed_.insert(tunnel.name);
    views.emplace(tunnel.name, std::move(view));
  }
  std::erase_if(silent_, [&](const auto& silent) { return !views.contains(silent.first); });
  for (const auto& [name, view] : views_) {
    if (!views.contains(name)) changed_.insert(name);
  }
  views_ = std::move(views);
}

void StaticTunnels::on_silence(const std::string& tunnel, const std::string& reason, Now now) {
  const auto found = views_.find(tunnel);
  if (found == views_.end()) return;
  if (reason.empty()) silent_.erase(tunnel);
  if (!reason.empty()) silent_[tunnel] = reason;
  TunnelView& view = found->second;
  if (!model::has_sas(view.state)) return;
  view.reason = reason.empty() ? "" : nothing_comes_back(reason);
  const TunnelState state = reason.empty() ? TunnelState::up : TunnelState::silent;
  if (std::exchange(view.state, state) == state) return;
  view.since = now.wall;
  changed_.insert(tunnel);
}

const TunnelView* StaticTunnels::view(const std::string& tunnel) const {
  const auto found = views_.find(tunnel);
  return found == views_.end() ? nullptr : &found->second;
}

}  // namespace vtid::daemon
