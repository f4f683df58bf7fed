// A moment with what is found in it by name, so that rendering 10,000 tunnels is linear, and one tunnel costs one.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/snapshot_view.h"

namespace vtid::control {

struct Index {
  explicit Index(model::SnapshotView from);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  const model::SnapshotView snapshot;
  const model::Config& config;  // an empty one while the daemon has none
  const model::ConfigIndex& names;
  const std::map<std::string_view, const model::Tunnel*>& tunnels;
  const std::map<std::string_view, const model::Interface*>& interfaces;
  const std::map<std::string_view, const model::Gateway*>& gateways;
  const std::map<std::string_view, const model::GatewayGroup*>& groups;

  // The status of a tunnel, made once; nullptr: there is no such tunnel.
  [[nodiscard]] const model::TunnelStatus* status_of(std::string_view tunnel) const;
  // The CHILD_SA of a holder ("hq", "hq/v4"); nullptr while its tunnel wants none.
  [[nodiscard]] const model::ChildStatus* child_of(std::string_view holder) const;
  // The CHILD_SA whose interface it is; nullptr for an assigned device, and while the tunnel wants none.
  [[nodiscard]] const model::ChildStatus* child_of(const model::Interface& interface) const;
  // What an interface stands on; an empty name while it has no device.
  [[nodiscard]] net::IfName device_of(const model::Interface& interface) const;
  // The tunnel that an IKE_SA belongs to, by its children, else by its name; empty when it is none of ours.
  [[nodiscard]] std::string_view tunnel_of(const model::IkeSa& ike) const;
  [[nodiscard]] std::vector<const model::IkeSa*> ikes_of(const model::Tunnel& tunnel) const;  // in the order of their ids
  [[nodiscard]] model::SaIndex::Children children_of(const model::IkeSa& ike) const { return snapshot.sa_index.under(ike.id); }
  // What is wanted for it now; nullptr: nothing.
  [[nodiscard]] const model::Route* wanted(const struct NamedRoute& named) const;
  [[nodiscard]] bool holds(const model::Route& route) const;  // in the kernel
  // Whether a gateway, or a member of a group, can carry.
  [[nodiscard]] bool is_usable(std::string_view gateway_or_group) const;
  [[nodiscard]] std::span<const model::ObservedAddress> addresses_on(const net::IfName& device) const;

 private:
  mutable std::map<std::string, model::TunnelStatus, std::less<>> statuses_;
};

// A route that the file asks for: one of "routes", or a default route that "default_gateway" asks for.
struct NamedRoute {
  std::string name;    // the destination, and the metric too where several have the same one; "default ipv4"
  std::string object;  // "routes/0", "default_gateway/ipv4"
  model::StaticRoute route;
};
// In the file's order, default routes last.
[[nodiscard]] std::vector<NamedRoute> named_routes(const Index& index);
[[nodiscard]] NamedRoute named_route(std::size_t place, const Index& index);  // one of "routes"
[[nodiscard]] std::vector<NamedRoute> named_default_routes(const model::Config& config);

// What has become of one of "policy_routes".
struct PolicyState {
  std::string_view state = "not wanted";  // "installed", "missing"; "blackhole", "withdrawn" while nobody carries it
  net::TableId table;                     // 0 where the filter routes by policy
  std::vector<std::string> devices;       // that carry it now
};
[[nodiscard]] std::vector<PolicyState> policy_states(const Index& index);  // in the file's order

}  // namespace vtid::control
