#include "daemon/tunnel_status.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace vtid::daemon {
namespace {

// Of the IKE_SA whose CHILD_SA carries, else of the file.
void show_ends(model::TunnelStatus& status, const model::Tunnel& tunnel, const model::SaTable& sas,
               const model::LocalEnds& local_ends, const model::ChildSa* live) {
  const auto found = live == nullptr ? sas.ikes.end() : sas.ikes.find(live->ike_id);
  if (found != sas.ikes.end()) {
    status.local = net::print(found->second.local);
    status.remote = net::print(found->second.remote);
  } else if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) {
    status.local = net::print(keys->local);
    status.remote = net::print(keys->remote);
  } else if (const auto* ike = std::get_if<model::Ike>(&tunnel.ike)) {
    const auto located = model::located_at(local_ends, tunnel.name);
    status.local = located ? net::print(*located) : print(ike->local.address);
    status.remote = print(ike->remote.address);
  }
}

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
    show_ends(status, tunnel, from_.sas, from_.local_ends, live);
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
