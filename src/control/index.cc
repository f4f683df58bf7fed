#include "control/index.h"

#include <fmt/format.h>

#include <algorithm>

namespace vtid::control {
namespace {

const model::Config kNoConfig;

}  // namespace

std::string_view connection_of(const model::Tunnel& tunnel) {
  const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike);
  return external != nullptr ? external->connection : tunnel.name;
}

Index::Index(const model::Snapshot& from)
    : snapshot(from),
      config(from.config ? *from.config : kNoConfig),
      tunnels(model::index_by_name(config.tunnels)),
      interfaces(model::index_by_name(config.interfaces)),
      gateways(model::index_by_name(config.gateways)),
      groups(model::index_by_name(config.groups)),
      statuses(model::index_by_name(snapshot.tunnels)),
      assignments(model::assignments_by_holder(config)) {
  for (const model::Tunnel& tunnel : config.tunnels) connections.emplace(connection_of(tunnel), tunnel.name);
  for (const model::TunnelStatus& status : snapshot.tunnels) {
    for (const model::ChildStatus& child : status.children) {
      if (!child.device.empty()) tunnel_by_reqid.emplace(child.reqid, status.name);
      holders.emplace(child.holder, &child);
    }
  }
  for (const auto& [id, child] : snapshot.sas.children) children[child.ike_id].push_back(&child);
  for (const auto& [id, ike] : snapshot.sas.ikes) {
    if (const auto tunnel = tunnel_of(ike); !tunnel.empty()) ikes[tunnel].push_back(&ike);
  }
  for (const auto& wanted : snapshot.desired.routes) wanted_routes.emplace(wanted.because, &wanted.value);
}

const model::ChildStatus* Index::child_of(const model::Interface& interface) const {
  const auto* port = std::get_if<model::TunnelPort>(&interface.port);
  const auto child = port == nullptr ? holders.end() : holders.find(port->holder());
  return child == holders.end() ? nullptr : child->second;
}

net::IfName Index::device_of(const model::Interface& interface) const {
  if (const auto* port = std::get_if<model::DevicePort>(&interface.port)) return port->device;
  const model::ChildStatus* child = child_of(interface);
  return child == nullptr ? net::IfName{} : child->device;
}

std::string_view Index::tunnel_of(const model::IkeSa& ike) const {
  if (const auto found = children.find(ike.id); found != children.end()) {
    for (const model::ChildSa* child : found->second) {
      if (const auto tunnel = tunnel_by_reqid.find(child->reqid); tunnel != tunnel_by_reqid.end()) return tunnel->second;
    }
  }
  const auto named = connections.find(ike.name);
  return named == connections.end() ? std::string_view{} : named->second;
}

bool Index::holds(const model::Route& route) const {
  return std::ranges::binary_search(snapshot.observed.routes, route, {}, &model::ObservedRoute::route);
}

std::span<const model::ObservedAddress> Index::addresses_on(const net::IfName& device) const {
  const auto range = std::ranges::equal_range(snapshot.observed.addresses, device, {}, &model::ObservedAddress::device);
  return {range.begin(), range.end()};
}

bool Index::is_usable(std::string_view name) const {
  const auto group = snapshot.selection.groups.find(name);
  return group != snapshot.selection.groups.end() ? group->second.usable : !snapshot.selection.down.contains(name);
}

std::vector<NamedRoute> named_routes(const model::Config& config) {
  std::map<net::Prefix, int> uses;
  for (const model::StaticRoute& route : config.routes) ++uses[route.to];
  std::vector<NamedRoute> named;
  for (const model::StaticRoute& route : config.routes) {
    std::string name = net::print(route.to);
    if (uses[route.to] > 1) name += fmt::format(" metric {}", route.metric.value_or(net::Metric{}).value);
    named.push_back({std::move(name), fmt::format("routes/{}", named.size()), route});
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const std::string& via = config.default_gateway.of(family);
    if (via == model::kNoDefault) continue;
    named.push_back({fmt::format("default {}", net::print(family)),
                     fmt::format("default_gateway/{}", net::print(family)),
                     {{net::Address::any(family), 0}, via, model::default_route_metric(family), model::WhenDown::keep}});
  }
  return named;
}

namespace {

// Where the filter routes by policy.
PolicyState state_by_filter(const Index& index, std::size_t place) {
  PolicyState result;
  const auto& wanted = index.snapshot.desired.filter;
  if (!wanted || wanted->value.policy_routes.empty()) return result;
  const auto& routes = wanted->value.policy_routes;
  const auto own = std::ranges::find(routes, fmt::format("policy_routes/{}", place), &model::DevicePolicyRoute::name);
  if (own == routes.end()) return result;
  for (const model::FilterHop& hop : own->hops) result.devices.push_back(hop.device.text());
  const auto& there = index.snapshot.observed.filter;
  const bool in_force = there && !there->altered && there->inactive_reason.empty() && there->digest == digest(wanted->value);
  result.state = !in_force ? "missing" : result.devices.empty() ? "blackhole" : "installed";
  return result;
}

}  // namespace

std::vector<PolicyState> policy_states(const Index& index) {
  const model::Desired& desired = index.snapshot.desired;
  std::map<std::string, std::vector<const model::Rule*>, std::less<>> rules;  // by "policy_routes/0"
  for (const auto& [rule, because] : desired.rules) rules[because].push_back(&rule);
  // The first one of a table carries: what catches packets while there is none has the highest metric.
  std::map<net::TableId, const model::Route*> routes;
  for (const auto& [route, because] : desired.routes) routes.emplace(route.table, &route);
  std::vector<PolicyState> states;
  for (std::size_t i = 0; i < index.config.policy_routes.size(); ++i) {
    PolicyState& result = states.emplace_back();
    const auto own = rules.find(fmt::format("policy_routes/{}", i));
    if (own == rules.end()) {
      result = state_by_filter(index, i);
      continue;
    }
    result.table = own->second.front()->table;
    const auto route = routes.find(result.table);
    if (route == routes.end()) {
      result.state = "withdrawn";
      continue;
    }
    for (const model::NextHop& hop : model::hops_of(*route->second)) result.devices.push_back(hop.via.device.text());
    const bool all_there = std::ranges::all_of(
        own->second, [&](const auto* rule) { return std::ranges::binary_search(index.snapshot.observed.rules, *rule); });
    result.state = !all_there || !index.holds(*route->second) ? "missing" : result.devices.empty() ? "blackhole" : "installed";
  }
  return states;
}

}  // namespace vtid::control
