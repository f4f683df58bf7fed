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

std::vector<std::string> route_names(const model::Config& config) {
  std::map<net::Prefix, int> uses;
  for (const model::StaticRoute& route : config.routes) ++uses[route.to];
  std::vector<std::string> names;
  for (const model::StaticRoute& route : config.routes) {
    names.push_back(net::print(route.to));
    if (uses[route.to] > 1) names.back() += fmt::format(" metric {}", route.metric.value_or(net::Metric{}).value);
  }
  return names;
}

}  // namespace vtid::control
