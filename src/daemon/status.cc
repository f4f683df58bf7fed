#include "daemon/status.h"

#include <algorithm>
#include <set>

namespace vtid::daemon {
namespace {

// The end with the higher address waits this long for the other to begin, so that both do not make an IKE_SA each.
constexpr Duration kYield{1'500};

Ward ward_of(const model::Tunnel& tunnel, net::Unit unit) {
  Ward ward;
  ward.tunnel = ward.ike = ward.child = tunnel.name;
  ward.unit = unit;
  ward.enabled = tunnel.enabled;
  ward.initiates = tunnel.start == model::Start::start;
  if (const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike)) {
    ward.ike = ward.identity = external->connection;
    ward.child = tunnel.children.front().name;
    ward.peer = "the peer of " + external->connection;
    ward.external = true;
    return ward;
  }
  const auto& ike = std::get<model::Ike>(tunnel.ike);
  ward.peer = print(ike.remote.address);
  ward.identity = print(ike.local.address) + ' ' + ike.local.id + ' ' + ward.peer + ' ' + ike.remote.id;
  const auto* local = std::get_if<net::Address>(&ike.local.address);
  const auto* remote = std::get_if<net::Address>(&ike.remote.address);
  if (local != nullptr && remote != nullptr && *remote < *local) ward.yields = kYield;
  return ward;
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

std::vector<Ward> wards_of(const model::Config& config, const reconcile::Numbers& numbers) {
  std::vector<Ward> wards;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!has_static_keys(tunnel)) wards.push_back(ward_of(tunnel, numbers.at(tunnel.name)));
  }
  return wards;
}

std::vector<model::TunnelStatus> tunnel_statuses(const StatusSources& sources) {
  const auto children = reconcile::children_by_unit(sources.sas);
  const auto assignments = model::assignments_by_tunnel(sources.config);
  std::multimap<std::string_view, std::string_view> gateways;
  for (const model::Gateway& gateway : sources.config.gateways) gateways.emplace(gateway.interface, gateway.name);

  std::vector<model::TunnelStatus> statuses;
  for (const model::Tunnel& tunnel : sources.config.tunnels) {
    const net::Unit unit = sources.numbers.at(tunnel.name);
    model::TunnelStatus status;
    status.name = tunnel.name;
    status.device = net::IfName::of(unit);
    status.reqid = net::reqid_of(unit);
    status.if_id = net::if_id_of(unit);
    if (const TunnelView* view = view_of(tunnel.name, sources.supervisor, sources.statics)) {
      status.state = view->state;
      status.since = view->since;
      status.reason = view->reason;
    }
    const model::ChildSa* live = has_static_keys(tunnel) ? nullptr : reconcile::live_child(children, unit);
    show_ends(status, tunnel, sources.sas, live);
    status.children_up = live != nullptr ? 1 : 0;  // duplicates and the old halves of a rekey are one child to people
    status.children_wanted = tunnel.enabled ? 1 : 0;
    if (has_static_keys(tunnel)) status.children_up = status.state == model::TunnelState::up ? 1 : 0;
    if (const auto mtu = sources.derived.mtus.find(tunnel.name); mtu != sources.derived.mtus.end()) {
      status.mtu = mtu->second.value;
      status.mtu_reason = mtu->second.arithmetic;
    }
    if (const auto counters = sources.counters.find(status.device); counters != sources.counters.end())
      status.counters = counters->second;
    if (const auto assignment = assignments.find(tunnel.name); assignment != assignments.end()) {
      status.interface = assignment->second->name;
      const auto [first, last] = gateways.equal_range(status.interface);
      for (auto gateway = first; gateway != last; ++gateway) status.gateways.emplace_back(gateway->second);
    }
    statuses.push_back(std::move(status));
  }
  return statuses;
}

std::vector<model::Problem> tunnel_problems(const model::Config& config, const Supervisor& supervisor) {
  std::vector<model::Problem> problems;
  for (const model::Tunnel& tunnel : config.tunnels) {
    const TunnelView* view = supervisor.view(tunnel.name);
    if (view != nullptr && view->failed) {
      problems.push_back({model::Severity::warning, "tunnels/" + tunnel.name, view->reason, view->remedy});
    }
  }
  return problems;
}

std::vector<io::Prober::Target> probe_targets(const model::Config& config, const reconcile::Numbers& numbers,
                                              const Supervisor& supervisor, const Statics& statics) {
  const auto tunnels = model::index_by_name(config.tunnels);
  const auto interfaces = model::index_by_name(config.interfaces);
  std::vector<io::Prober::Target> targets;
  for (const model::Gateway& gateway : config.gateways) {
    const auto interface = interfaces.find(gateway.interface);
    if (interface == interfaces.end() || !interface->second->enabled) continue;
    io::Prober::Target target;
    target.gateway = gateway.name;
    target.address = gateway.monitor.address.value_or(gateway.address);
    target.options = gateway.monitor;
    if (const auto* device = std::get_if<model::DevicePort>(&interface->second->port)) {
      target.device = device->device;
      targets.push_back(std::move(target));
      continue;
    }
    const auto tunnel = tunnels.find(std::get<model::TunnelPort>(interface->second->port).tunnel);
    if (tunnel == tunnels.end() || !tunnel->second->enabled) continue;
    target.device = net::IfName::of(numbers.at(tunnel->second->name));
    const auto own = std::ranges::find_if(tunnel->second->children, [&](const model::Child& child) {
      return child.enabled && child.local.family() == target.address.family();
    });
    if (own != tunnel->second->children.end()) target.source = own->local.address;
    const TunnelView* view = view_of(tunnel->second->name, supervisor, statics);
    target.tunnel_up = view != nullptr && view->state == model::TunnelState::up;
    targets.push_back(std::move(target));
  }
  return targets;
}

const TunnelView* view_of(const std::string& tunnel, const Supervisor& supervisor, const Statics& statics) {
  const TunnelView* own = statics.view(tunnel);
  return own != nullptr ? own : supervisor.view(tunnel);
}

}  // namespace vtid::daemon
