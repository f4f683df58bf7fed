#include "control/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>

namespace vtid::control {
using model::connection_of;

Index::Index(model::SnapshotView from)
    : snapshot(std::move(from)),
      config(snapshot.config),
      names(snapshot.names),
      tunnels(names.tunnels),
      interfaces(names.interfaces),
      gateways(names.gateways),
      groups(names.groups) {}

const model::TunnelStatus* Index::status_of(std::string_view tunnel) const {
  if (const auto known = statuses_.find(tunnel); known != statuses_.end()) return &known->second;
  auto status = snapshot.tunnel(tunnel);
  return status ? &statuses_.emplace(std::string(tunnel), *std::move(status)).first->second : nullptr;
}

const model::ChildStatus* Index::child_of(std::string_view holder) const {
  const model::TunnelStatus* status = status_of(holder.substr(0, holder.find('/')));
  if (status == nullptr) return nullptr;
  const auto child = std::ranges::find(status->children, holder, &model::ChildStatus::holder);
  return child == status->children.end() ? nullptr : &*child;
}

const model::ChildStatus* Index::child_of(const model::Interface& interface) const {
  const auto* port = std::get_if<model::TunnelPort>(&interface.port);
  return port == nullptr ? nullptr : child_of(port->holder());
}

net::IfName Index::device_of(const model::Interface& interface) const {
  if (const auto* port = std::get_if<model::DevicePort>(&interface.port)) return port->device;
  const model::ChildStatus* child = child_of(interface);
  return child == nullptr ? net::IfName{} : child->device;
}

std::string_view Index::tunnel_of(const model::IkeSa& ike) const {
  for (const model::ChildSa* child : children_of(ike)) {
    const auto tunnel = snapshot.tunnel_by_reqid.find(child->reqid);
    if (tunnel != snapshot.tunnel_by_reqid.end()) return tunnel->second;
  }
  const auto named = names.connections.find(ike.name);
  return named == names.connections.end() ? std::string_view{} : named->second;
}

std::vector<const model::IkeSa*> Index::ikes_of(const model::Tunnel& tunnel) const {
  std::map<std::uint32_t, const model::IkeSa*> found;
  const auto add = [&](const model::IkeSa& ike) {
    if (tunnel_of(ike) == tunnel.name) found.emplace(ike.id, &ike);
  };
  for (const model::IkeSa* ike : snapshot.sa_index.connection(std::string(connection_of(tunnel)))) add(*ike);
  const model::TunnelStatus* status = status_of(tunnel.name);
  for (const model::ChildStatus& child : status == nullptr ? std::vector<model::ChildStatus>{} : status->children) {
    if (child.device.empty()) continue;
    for (const model::ChildSa* sa : snapshot.sa_index.of(model::unit_of(child.reqid))) {
      if (const auto ike = snapshot.sas.ikes.find(sa->ike_id); ike != snapshot.sas.ikes.end()) add(ike->second);
    }
  }
  const auto ikes = std::views::values(found);
  return {ikes.begin(), ikes.end()};
}

// Sorted by their destinations first.
const model::Route* Index::wanted(const NamedRoute& named) const {
  const auto to = [](const model::Wanted<model::Route>& item) { return item.value.to; };
  for (const auto& item : std::ranges::equal_range(snapshot.desired.routes, named.route.to.network(), {}, to)) {
    if (item.because == named.object) return &item.value;
  }
  return nullptr;
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

NamedRoute named_route(std::size_t place, const Index& index) {
  const model::StaticRoute& route = index.config.routes[place];
  std::string name = net::print(route.to);
  if (index.names.routes_to.at(route.to).size() > 1) {
    name += fmt::format(" metric {}", route.metric.value_or(net::Metric{}).value);
  }
  return {std::move(name), fmt::format("routes/{}", place), route};
}

std::vector<NamedRoute> named_default_routes(const model::Config& config) {
  std::vector<NamedRoute> named;
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const std::string& via = config.default_gateway.of(family);
    if (via == model::kNoDefault) continue;
    named.push_back({fmt::format("default {}", net::print(family)),
                     fmt::format("default_gateway/{}", net::print(family)),
                     {{net::Address::any(family), 0}, via, model::default_route_metric(family), model::WhenDown::keep}});
  }
  return named;
}

std::vector<NamedRoute> named_routes(const Index& index) {
  std::vector<NamedRoute> named;
  for (std::size_t place = 0; place < index.config.routes.size(); ++place) named.push_back(named_route(place, index));
  std::ranges::move(named_default_routes(index.config), std::back_inserter(named));
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
  const bool carried = own->is_exception || !result.devices.empty();
  result.state = !in_force ? "missing" : carried ? "installed" : "blackhole";
  return result;
}

}  // namespace

std::vector<PolicyState> policy_states(const Index& index) {
  if (index.config.policy_routes.empty()) return {};
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
    const bool all_there = std::ranges::all_of(
        own->second, [&](const auto* rule) { return std::ranges::binary_search(index.snapshot.observed.rules, *rule); });
    if (index.config.policy_routes[i].is_exception()) {
      result.state = all_there ? "installed" : "missing";
      continue;
    }
    result.table = own->second.front()->table;
    const auto route = routes.find(result.table);
    if (route == routes.end()) {
      result.state = "withdrawn";
      continue;
    }
    for (const model::NextHop& hop : model::hops_of(*route->second)) result.devices.push_back(hop.via.device.text());
    result.state = !all_there || !index.holds(*route->second) ? "missing" : result.devices.empty() ? "blackhole" : "installed";
  }
  return states;
}

}  // namespace vtid::control
