#include "config/domains.h"

namespace vtid::config {

model::RoutingDomain Domains::of_interface(std::string_view name) const {
  const model::Interface* interface = interfaces_.find(name);
  return interface == nullptr ? model::RoutingDomain{} : model::domain_of(*interface);
}

model::RoutingDomain Domains::of_gateway(std::string_view name) const {
  const model::GatewayGroup* group = groups_.find(name);
  if (group != nullptr) return group->members.empty() ? model::RoutingDomain{} : of_gateway(group->members.front().gateway);
  const model::Gateway* gateway = gateways_.find(name);
  return gateway == nullptr ? model::RoutingDomain{} : of_interface(gateway->interface);
}

model::RoutingDomain Domains::of_child(const model::Tunnel& tunnel, const model::Child& child) const {
  const std::string holder = model::has_interface_per_child(tunnel) ? tunnel.name + '/' + child.name : tunnel.name;
  const auto assignment = assignments_.find(holder);
  return assignment == assignments_.end() ? model::RoutingDomain{} : model::domain_of(*assignment->second);
}

}  // namespace vtid::config
