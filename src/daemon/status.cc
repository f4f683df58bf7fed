#include "daemon/status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "reconcile/probe_routes.h"

namespace vtid::daemon {
namespace {

// The end with the higher address waits this long for the other to begin, so that both do not make an IKE_SA each.
constexpr Duration kInitialDelay{1'500};

// What all desired CHILD_SAs of a tunnel have in common.
DesiredChildSa desired_of(const model::Tunnel& tunnel) {
  DesiredChildSa desired;
  desired.tunnel = desired.ike = tunnel.name;
  desired.enabled = tunnel.enabled;
  desired.start = tunnel.start;
  desired.renew_when_silent = tunnel.renew_when_silent;
  if (const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike)) {
    desired.ike = desired.identity = external->connection;
    desired.peer = "the peer of " + external->connection;
    desired.external = true;
    return desired;
  }
  const auto& ike = std::get<model::Ike>(tunnel.ike);
  desired.peer = print(ike.remote.address);
  desired.identity = print(ike.local.address) + ' ' + ike.local.id + ' ' + desired.peer + ' ' + ike.remote.id;
  const auto* local = std::get_if<net::Address>(&ike.local.address);
  const auto* remote = std::get_if<net::Address>(&ike.remote.address);
  if (local != nullptr && remote != nullptr && *remote < *local) desired.initial_delay = kInitialDelay;
  desired.callable = !std::holds_alternative<model::AnyAddress>(ike.remote.address);
  return desired;
}

std::string print_networks(const model::Child& child) {
  std::string text;
  for (const auto* networks : {&child.local_networks, &child.remote_networks}) {
    text += " |";
    for (const net::Prefix& network : *networks) text += ' ' + net::print(network);
  }
  return text;
}

DesiredChildSa desired_of(const model::Tunnel& tunnel, const model::ChildConfig& config, const reconcile::Numbers& numbers) {
  DesiredChildSa desired = desired_of(tunnel);
  desired.name = config.holder;
  desired.child = config.name;
  desired.charons_policies = config.mode != model::ChildMode::vti || config.policies == model::PolicyOwner::charon;
  if (!desired.charons_policies)
    desired.identity += " | policies of vtid";  // charon asks only when it makes a CHILD_SA, never when it rekeys it
  if (config.mode == model::ChildMode::vti) {
    desired.unit = numbers.at(config.holder);
  } else {
    desired.identity += print_networks(*config.children.front());  // SAs for other networks are other SAs
  }
  return desired;
}

// Of the IKE_SA whose CHILD_SA carries, else of the file.
void show_ends(model::TunnelStatus& status, const model::Tunnel& tunnel, const model::SaTable& sas,
               const model::ChildSa* live) {
  const auto found = live == nullptr ? sas.ikes.end() : sas.ikes.find(live->ike_id);
  if (found != sas.ikes.end()) {
    status.local = net::print(found->second.local);
    status.remote = net::print(found->second.remote);
  } else if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) {
    status.local = net::print(keys->local);
    status.remote = net::print(keys->remote);
  } else if (const auto* ike = std::get_if<model::Ike>(&tunnel.ike)) {
    status.local = print(ike->local.address);
    status.remote = print(ike->remote.address);
  }
}

}  // namespace

std::vector<DesiredChildSa> desired_child_sas(const model::Tunnel& tunnel, const reconcile::Numbers& numbers) {
  std::vector<DesiredChildSa> all_desired;
  if (has_static_keys(tunnel)) return all_desired;
  for (const model::ChildConfig& config : model::child_configs(tunnel))
    all_desired.push_back(desired_of(tunnel, config, numbers));
  return all_desired;
}

std::vector<DesiredChildSa> desired_child_sas(const model::Config& config, const reconcile::Numbers& numbers) {
  std::vector<DesiredChildSa> all_desired;
  for (const model::Tunnel& tunnel : config.tunnels)
    std::ranges::move(desired_child_sas(tunnel, numbers), std::back_inserter(all_desired));
  return all_desired;
}

namespace {

class Statuses {
 public:
  explicit Statuses(const StatusSources& sources) : from_(sources) {}

  model::TunnelStatus of(const model::Tunnel& tunnel) const {
    model::TunnelStatus status;
    status.name = tunnel.name;
    const model::ChildSa* live = nullptr;
    for (const model::ChildConfig& config : model::child_configs(tunnel)) {
      const model::ChildSa* selection = live_of(tunnel, config);
      if (live == nullptr) live = selection;
      status.children.push_back(child(config, selection));
      add_up(status, status.children.back());
    }
    // duplicates and the old halves of a rekey are one child to people
    status.children_up = static_cast<int>(std::ranges::count(status.children, true, &model::ChildStatus::up));
    status.children_wanted = tunnel.enabled ? static_cast<int>(status.children.size()) : 0;
    if (const auto view = tunnel_view(tunnel.name, from_.supervisor, from_.static_tunnels)) {
      status.state = view->state;
      status.since = view->since;
      status.reason = view->reason;
    }
    show_ends(status, tunnel, from_.sas, live);
    if (has_several_peers(tunnel)) status.remote = print(model::Endpoint{model::AnyAddress{}});
    return status;
  }

 private:
  // A connection of swanctl.conf may let several come to one interface.
  bool has_several_peers(const model::Tunnel& tunnel) const {
    if (!std::holds_alternative<model::ExternalIke>(tunnel.ike)) return false;
    const auto unit = from_.numbers.find(tunnel.name);
    if (unit == from_.numbers.end()) return false;
    std::set<net::Address> peers;
    for (const model::ChildSa* child : from_.index.of(unit->second)) {
      const auto ike = from_.sas.ikes.find(child->ike_id);
      if (child->carries() && ike != from_.sas.ikes.end()) peers.insert(ike->second.remote);
    }
    return peers.size() > 1;
  }

  const model::ChildSa* live_of(const model::Tunnel& tunnel, const model::ChildConfig& config) const {
    if (has_static_keys(tunnel)) return nullptr;
    if (config.mode == model::ChildMode::vti) return model::live_child(from_.index.of(from_.numbers.at(config.holder)));
    return model::live_child(from_.index.named(tunnel.name, config.name));
  }

  model::ChildStatus child(const model::ChildConfig& config, const model::ChildSa* live) const {
    model::ChildStatus status;
    status.name = config.name;
    status.holder = config.holder;
    status.mode = config.mode;
    status.up = live != nullptr;
    if (const TunnelView* view = view_of(config.holder, from_.supervisor, from_.static_tunnels)) {
      status.state = view->state;
      status.since = view->since;
      status.reason = view->reason;
    }
    if (from_.static_tunnels.view(config.holder) != nullptr) status.up = model::has_sas(status.state);
    if (config.mode == model::ChildMode::vti)
      show_interface(status);
    else if (live != nullptr)
      status.reqid = live->reqid;
    return status;
  }

  void show_interface(model::ChildStatus& status) const {
    const net::Unit unit = from_.numbers.at(status.holder);
    status.device = net::IfName::of(unit);
    status.reqid = net::reqid_of(unit);
    status.if_id = net::if_id_of(unit);
    if (const auto mtu = from_.derived.mtus.find(status.holder); mtu != from_.derived.mtus.end()) {
      status.mtu = mtu->second.value;
      status.mtu_reason = mtu->second.arithmetic;
    }
    if (const auto counters = from_.counters.find(status.device); counters != from_.counters.end())
      status.counters = counters->second;
    const auto assignment = from_.names.assignments.find(status.holder);
    if (assignment == from_.names.assignments.end()) return;
    status.interface = assignment->second->name;
    for (const auto* gateway : from_.names.gateways_on(status.interface)) status.gateways.push_back(gateway->name);
  }

  static void add_up(model::TunnelStatus& status, const model::ChildStatus& child) {
    if (status.device.empty() && !child.device.empty()) {
      status.device = child.device;
      status.interface = child.interface;
      status.reqid = child.reqid;
      status.if_id = child.if_id;
      status.mtu = child.mtu;
      status.mtu_reason = child.mtu_reason;
    }
    status.counters.bytes_in += child.counters.bytes_in;
    status.counters.bytes_out += child.counters.bytes_out;
    status.counters.packets_in += child.counters.packets_in;
    status.counters.packets_out += child.counters.packets_out;
    std::ranges::copy(child.gateways, std::back_inserter(status.gateways));
  }

  const StatusSources& from_;
};

}  // namespace

std::vector<model::TunnelStatus> tunnel_statuses(const StatusSources& sources) {
  const Statuses all(sources);
  std::vector<model::TunnelStatus> statuses;
  for (const model::Tunnel& tunnel : sources.config.tunnels) statuses.push_back(all.of(tunnel));
  return statuses;
}

model::TunnelStatus tunnel_status(const model::Tunnel& tunnel, const StatusSources& sources) {
  return Statuses(sources).of(tunnel);
}

std::vector<net::IfName> devices_of(const model::Tunnel& tunnel, const reconcile::Numbers& numbers) {
  std::vector<net::IfName> devices;
  for (const model::ChildConfig& config : model::child_configs(tunnel)) {
    if (config.mode == model::ChildMode::vti) devices.push_back(net::IfName::of(numbers.at(config.holder)));
  }
  return devices;
}

std::map<net::ReqId, std::string_view> tunnels_by_reqid(const model::Config& config, const reconcile::Numbers& numbers) {
  std::map<net::ReqId, std::string_view> found;
  for (const model::Tunnel& tunnel : config.tunnels) {
    for (const model::ChildConfig& child : model::child_configs(tunnel)) {
      if (child.mode == model::ChildMode::vti) found.emplace(net::reqid_of(numbers.at(child.holder)), tunnel.name);
    }
  }
  return found;
}

std::vector<model::Problem> tunnel_problems(const model::ConfigIndex& config, const Supervisor& supervisor) {
  std::set<const model::Tunnel*> troubled;  // they stand in one array
  for (const std::string& name : supervisor.troubled()) {
    if (const auto found = config.tunnels.find(name); found != config.tunnels.end()) troubled.insert(found->second);
  }
  std::vector<model::Problem> problems;
  for (const model::Tunnel* item : troubled) {
    const model::Tunnel& tunnel = *item;
    const auto view = supervisor.tunnel(tunnel.name);
    const std::string missing = supervisor.missing(tunnel.name);
    if (view && (view->failed || (view->state == model::TunnelState::silent && missing.empty()))) {
      problems.push_back({model::Severity::warning, "tunnels/" + tunnel.name, view->reason, view->remedy});
    }
    if (!missing.empty()) {
      problems.push_back({model::Severity::error, "tunnels/" + tunnel.name,
                          "charon says that it is up, and the kernel lacks what its packets need: " + missing,
                          "another program took that away; vtid has charon make it again, and vtictl explain " + tunnel.name +
                              " shows what is there"});
    }
  }
  return problems;
}

std::vector<model::Problem> name_problems(const model::ConfigIndex& config, const HostNames& names,
                                          const Supervisor& supervisor) {
  std::vector<model::Problem> problems;
  for (const model::Tunnel* item : config.with_host_name) {
    const model::Tunnel& tunnel = *item;
    const auto resolved_peer = names.resolved(tunnel);
    if (!resolved_peer || resolved_peer->failure.empty()) continue;
    const auto view = supervisor.tunnel(tunnel.name);
    if (view && view->failed && resolved_peer->addresses.empty()) continue;
    const std::string stay = resolved_peer->addresses.empty() ? "" : "; what it said last stays in use";
    problems.push_back(
        {model::Severity::warning, "tunnels/" + tunnel.name, resolved_peer->failure + stay, resolved_peer->remedy});
  }
  return problems;
}

std::vector<model::Problem> filter_problems(const model::Observed& observed, const model::Desired& desired) {
  const auto& filter = observed.filter;
  if (!filter || filter->inactive_reason.empty() || !desired.filter || desired.filter->value.filters) return {};
  return {{model::Severity::warning, "filter",
           "what the file has of NAT, policy routes and MSS is not in force: " + filter->inactive_reason, filter->remedy}};
}

std::vector<model::Problem> group_problems(const model::GatewaySelection& selected) {
  std::vector<model::Problem> problems;
  for (const auto& [name, selection] : selected.groups) {
    if (selection.usable) continue;
    problems.push_back({model::Severity::warning, "gateway_groups/" + name,
                        fmt::format("{}; carried by {}", selection.reason, print_active(selection)),
                        fmt::format("vtictl explain {} shows each member", name)});
  }
  return problems;
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
    if (const auto* device = std::get_if<model::DevicePort>(&interface->second->port)) {
      probe.target.device = device->device;
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
    io::Prober::Target& added = probes_.emplace_back(pattern).target;
    added.address = *target.address;
    added.kind = target.kind;
    added.port = target.port;
    if (mark == marks.end() || !std::ranges::binary_search(beyond, added.address)) continue;
    added.via = gateway.address;
    added.mark = mark->second;
  }
}

void Probes::aim(Probe& probe, const model::TunnelPort& port, const model::Tunnel& tunnel, const reconcile::Numbers& numbers) {
  io::Prober::Target& target = probe.target;
  target.device = net::IfName::of(numbers.at(port.holder()));
  const auto own = std::ranges::find_if(tunnel.children, [&](const model::Child& child) {
    return child.enabled && child.mode == model::ChildMode::vti && (port.child.empty() || child.name == port.child) &&
           child.local.family() == target.address.family();
  });
  if (own != tunnel.children.end()) target.source = own->local.address;
  target.underlay.tunnel = probe.holder = port.holder();
  probe.start = tunnel.start;
}

io::Prober::Target Probes::now(const Probe& probe, const Supervisor& supervisor, const StaticTunnels& static_tunnels) {
  io::Prober::Target target = probe.target;
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

std::vector<io::Prober::Target> Probes::all(const Supervisor& supervisor, const StaticTunnels& static_tunnels) const {
  std::vector<io::Prober::Target> targets;
  for (const Probe& probe : probes_) targets.push_back(now(probe, supervisor, static_tunnels));
  return targets;
}

std::vector<io::Prober::Target> Probes::of(const std::set<std::string>& tunnels, const Supervisor& supervisor,
                                           const StaticTunnels& static_tunnels) const {
  std::vector<io::Prober::Target> targets;
  for (const std::string& tunnel : tunnels) {
    const auto own = by_tunnel_.find(tunnel);
    if (own == by_tunnel_.end()) continue;
    for (const std::size_t place : own->second) targets.push_back(now(probes_[place], supervisor, static_tunnels));
  }
  return targets;
}

const TunnelView* view_of(const std::string& desired, const Supervisor& supervisor, const StaticTunnels& static_tunnels) {
  const TunnelView* own = static_tunnels.view(desired);
  return own != nullptr ? own : supervisor.view(desired);
}

std::optional<TunnelView> tunnel_view(const std::string& tunnel, const Supervisor& supervisor,
                                      const StaticTunnels& static_tunnels) {
  const TunnelView* own = static_tunnels.view(tunnel);
  return own != nullptr ? std::optional(*own) : supervisor.tunnel(tunnel);
}

}  // namespace vtid::daemon
