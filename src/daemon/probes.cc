#include "daemon/probes.h"

#include <algorithm>
#include <set>

#include "daemon/tunnel_status.h"

namespace vtid::daemon {
namespace {

// Silence of charon is no news of a tunnel (invariant 8), and neither is a restart, which leaves its SAs in the kernel: probes
// go on and tell. A tunnel on demand that waits is not down: what is routed into it brings it up, and a probe would too.
monitor::Underlay::State underlay_state(const TunnelView* view, model::Start start) {
  using enum model::TunnelState;
  using State = monitor::Underlay::State;
  const bool on_demand = start == model::Start::trap;
  if (view != nullptr && view->left_behind) return State::up;
  switch (view == nullptr ? unknown : view->state) {
    case up:
    case silent: return State::up;
    case unknown: return on_demand ? State::asleep : State::up;
    case waiting: return on_demand ? State::asleep : State::down;
    case connecting:
    case down:
    case disabled: return State::down;
  }
  std::abort();
}

}  // namespace

Probes::Probes(const model::Config& config, const reconcile::Numbers& numbers) {
  const auto tunnels = model::index_by_name(config.tunnels);
  const auto interfaces = model::index_by_name(config.interfaces);
  const auto marks = reconcile::probe_marks(config);
  for (const model::Gateway& gateway : config.gateways) {
    const auto interface = interfaces.find(gateway.interface);
    if (interface == interfaces.end() || !interface->second->enabled) continue;
    Probe probe;
    probe.target.gateway = gateway.name;
    probe.target.address = gateway.address;
    probe.target.options = gateway.monitor;
    probe.target.fib = interface->second->fib.value_or(0);
    probe.target.in_vrf = interface->second->vrf.has_value();
    if (const auto* device = std::get_if<model::DevicePort>(&interface->second->port)) {
      probe.target.device = device->device;
      if (!gateway.has_address()) probe.target.underlay = {device->device.text(), monitor::Underlay::State::no_lease};
      add(gateway, probe, marks, nullptr);
    } else {
      const auto& port = std::get<model::TunnelPort>(interface->second->port);
      const auto tunnel = tunnels.find(port.tunnel);
      if (tunnel == tunnels.end() || !tunnel->second->enabled) continue;
      aim(probe, port, *tunnel->second, numbers);
      holders_.emplace(gateway.name, probe.holder);
      gateways_[probe.holder].push_back(gateway.name);
      add(gateway, probe, marks, &by_tunnel_[port.tunnel]);
    }
  }
}

// One for each target.
void Probes::add(const model::Gateway& gateway, const Probe& pattern, const reconcile::ProbeMarks& marks,
                 std::vector<std::size_t>* places) {
  const auto mark = marks.find(gateway.name);
  const std::vector<net::Address> beyond = model::probed_beyond(gateway);
  for (const model::MonitorTarget& target : model::targets_of(gateway)) {
    if (places != nullptr) places->push_back(probes_.size());
    monitor::ProbeTarget& added = probes_.emplace_back(pattern).target;
    added.address = *target.address;
    added.kind = target.kind;
    added.port = target.port;
    if (mark == marks.end() || !std::ranges::binary_search(beyond, added.address)) continue;
    added.via = gateway.address;
    added.mark = mark->second;
  }
}

void Probes::aim(Probe& probe, const model::TunnelPort& port, const model::Tunnel& tunnel, const reconcile::Numbers& numbers) {
  monitor::ProbeTarget& target = probe.target;
  target.device = net::IfName::of(numbers.at(port.holder()));
  const auto own = std::ranges::find_if(tunnel.children, [&](const model::Child& child) {
    return child.enabled && child.mode == model::ChildMode::vti && (port.child.empty() || child.name == port.child) &&
           child.local.family() == target.address.family();
  });
  if (own != tunnel.children.end()) target.source = own->local.address;
  target.underlay.tunnel = probe.holder = port.holder();
  probe.start = tunnel.start;
}

monitor::ProbeTarget Probes::now(const Probe& probe, const Supervisor& supervisor, const StaticTunnels& static_tunnels) {
  monitor::ProbeTarget target = probe.target;
  if (!probe.holder.empty())
    target.underlay.state = underlay_state(view_of(probe.holder, supervisor, static_tunnels), probe.start);
  return target;
}

const std::string* Probes::holder_of(const std::string& gateway) const {
  const auto found = holders_.find(gateway);
  return found == holders_.end() ? nullptr : &found->second;
}

const std::vector<std::string>& Probes::gateways_behind(const std::string& desired) const {
  static const std::vector<std::string> kNone;
  const auto found = gateways_.find(desired);
  return found == gateways_.end() ? kNone : found->second;
}

std::vector<monitor::ProbeTarget> Probes::all(const Supervisor& supervisor, const StaticTunnels& static_tunnels) const {
  std::vector<monitor::ProbeTarget> targets;
  for (const Probe& probe : probes_) targets.push_back(now(probe, supervisor, static_tunnels));
  return targets;
}

std::vector<monitor::ProbeTarget> Probes::of(const std::set<std::string>& tunnels, const Supervisor& supervisor,
                                             const StaticTunnels& static_tunnels) const {
  std::vector<monitor::ProbeTarget> targets;
  for (const std::string& tunnel : tunnels) {
    const auto own = by_tunnel_.find(tunnel);
    if (own == by_tunnel_.end()) continue;
    for (const std::size_t place : own->second) targets.push_back(now(probes_[place], supervisor, static_tunnels));
  }
  return targets;
}

}  // namespace vtid::daemon
