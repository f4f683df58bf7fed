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

// The IKE_SA whose ends are shown: the newest with a CHILD_SA that carries.
const model::IkeSa* live_ike(const model::SaTable& sas, const std::vector<const model::ChildSa*>& children) {
  const model::ChildSa* newest = nullptr;
  for (const model::ChildSa* child : children) {
    if (child->carries() && (newest == nullptr || child->id > newest->id)) newest = child;
  }
  if (newest == nullptr) return nullptr;
  const auto found = sas.ikes.find(newest->ike_id);
  return found == sas.ikes.end() ? nullptr : &found->second;
}

void show_ends(model::TunnelStatus& status, const model::Tunnel& tunnel, const model::IkeSa* live) {
  if (live != nullptr) {
    status.local = net::print(live->local);
    status.remote = net::print(live->remote);
  } else if (const auto* ike = std::get_if<model::Ike>(&tunnel.ike)) {
    status.local = print(ike->local.address);
    status.remote = print(ike->remote.address);
  }
}

}  // namespace

std::vector<Ward> wards_of(const model::Config& config, const reconcile::Numbers& numbers) {
  std::vector<Ward> wards;
  for (const model::Tunnel& tunnel : config.tunnels) wards.push_back(ward_of(tunnel, numbers.at(tunnel.name)));
  return wards;
}

std::vector<model::TunnelStatus> tunnel_statuses(const StatusSources& sources) {
  const auto children = reconcile::children_by_unit(sources.sas);
  std::map<std::string_view, const model::Interface*> assignments;
  for (const model::Interface& interface : sources.config.interfaces) {
    if (const auto* port = std::get_if<model::TunnelPort>(&interface.port)) assignments.emplace(port->tunnel, &interface);
  }
  std::multimap<std::string_view, std::string_view> gateways;
  for (const model::Gateway& gateway : sources.config.gateways) gateways.emplace(gateway.interface, gateway.name);
  static const std::vector<const model::ChildSa*> kNone;

  std::vector<model::TunnelStatus> statuses;
  for (const model::Tunnel& tunnel : sources.config.tunnels) {
    const net::Unit unit = sources.numbers.at(tunnel.name);
    model::TunnelStatus status;
    status.name = tunnel.name;
    status.device = net::IfName::of(unit);
    status.reqid = net::reqid_of(unit);
    status.if_id = net::if_id_of(unit);
    if (const TunnelView* view = sources.supervisor.view(tunnel.name)) {
      status.state = view->state;
      status.since = view->since;
      status.reason = view->reason;
    }
    const auto own = children.find(unit);
    const auto& sas = own == children.end() ? kNone : own->second;
    show_ends(status, tunnel, live_ike(sources.sas, sas));
    // Duplicates and the old halves of a rekey are one child to people.
    status.children_up = std::ranges::any_of(sas, [](const model::ChildSa* sa) { return sa->carries(); }) ? 1 : 0;
    status.children_wanted = tunnel.enabled ? 1 : 0;
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
                                              const Supervisor& supervisor) {
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
    const TunnelView* view = supervisor.view(tunnel->second->name);
    target.tunnel_up = view != nullptr && view->state == model::TunnelState::up;
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace vtid::daemon
