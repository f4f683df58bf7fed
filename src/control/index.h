// A snapshot with its names looked up once, so that rendering 10,000 tunnels is linear. Lives no longer than the snapshot.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/snapshot.h"

namespace vtid::control {

struct Index {
  explicit Index(const model::Snapshot& from);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  const model::Snapshot& snapshot;
  const model::Config& config;  // an empty one while the daemon has none
  std::map<std::string_view, const model::Tunnel*> tunnels;
  std::map<std::string_view, const model::Interface*> interfaces;
  std::map<std::string_view, const model::Gateway*> gateways;
  std::map<std::string_view, const model::GatewayGroup*> groups;
  std::map<std::string_view, const model::TunnelStatus*> statuses;          // by tunnel
  std::map<std::string, const model::Interface*, std::less<>> assignments;  // by holder: "hq", "hq/v4"
  std::map<std::string_view, const model::ChildStatus*> holders;
  std::map<std::string_view, std::string_view> connections;  // charon's name of a tunnel -> the tunnel
  std::map<net::ReqId, std::string_view> tunnel_by_reqid;
  std::map<std::uint32_t, std::vector<const model::ChildSa*>> children;  // by IKE_SA
  std::map<std::string_view, std::vector<const model::IkeSa*>> ikes;     // by tunnel
  std::map<std::string_view, const model::Route*> wanted_routes;         // by "routes/0", "default_gateway/ipv4"

  // The CHILD_SA whose interface it is; nullptr for an assigned device, and while the tunnel wants none.
  [[nodiscard]] const model::ChildStatus* child_of(const model::Interface& interface) const;
  // What an interface stands on; an empty name while it has no device.
  [[nodiscard]] net::IfName device_of(const model::Interface& interface) const;
  // The tunnel that an IKE_SA belongs to, by its children, else by its name; empty when it is none of ours.
  [[nodiscard]] std::string_view tunnel_of(const model::IkeSa& ike) const;
  [[nodiscard]] bool holds(const model::Route& route) const;  // in the kernel
  // Whether a gateway, or a member of a group, can carry.
  [[nodiscard]] bool is_usable(std::string_view gateway_or_group) const;
  [[nodiscard]] std::span<const model::ObservedAddress> addresses_on(const net::IfName& device) const;
};

// charon's name of a tunnel.
[[nodiscard]] std::string_view connection_of(const model::Tunnel& tunnel);

// A route that the file asks for: one of "routes", or a default route that "default_gateway" asks for.
struct NamedRoute {
  std::string name;    // the destination, and the metric too where several have the same one; "default ipv4"
  std::string object;  // "routes/0", "default_gateway/ipv4"
  model::StaticRoute route;
};
// In the file's order, default routes last.
[[nodiscard]] std::vector<NamedRoute> named_routes(const model::Config& config);

// What has become of one of "policy_routes".
struct PolicyState {
  std::string_view state = "not wanted";  // "installed", "missing"; "blackhole", "withdrawn" while nobody carries it
  net::TableId table;                     // 0 where the filter routes by policy
  std::vector<std::string> devices;       // that carry it now
};
[[nodiscard]] std::vector<PolicyState> policy_states(const Index& index);  // in the file's order

}  // namespace vtid::control
