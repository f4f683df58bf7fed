#include "reconcile/next_hops.h"

#include <algorithm>

namespace vtid::reconcile {

decltype(model::Route::target) target_of(std::vector<model::NextHop> hops, const model::Capabilities& system) {
  if (hops.size() == 1 || !system.multipath) return hops.front().via;
  std::ranges::sort(hops);
  return model::Multipath{std::move(hops)};
}

std::vector<model::FilterHop> filter_hops(const NextHops& exit, model::WhenDown when_down) {
  std::vector<model::FilterHop> hops;
  if (!exit.carry(when_down)) return hops;
  for (const model::NextHop& hop : exit.hops) hops.push_back({hop.via.device, hop.via.gateway, hop.weight});
  return hops;
}

NextHopResolver::NextHopResolver(const model::Config& config, const Numbers& numbers, const model::GatewaySelection& selection,
                                 const Vrfs& vrfs)
    : config_(config), numbers_(numbers), selection_(selection), vrfs_(vrfs) {}

NextHops NextHopResolver::of(std::string_view name) const {
  NextHops result;
  if (const model::Gateway* one = any_behind(name)) result.table = table_of(*one);
  const auto group = selection_.groups.find(name);
  if (group == selection_.groups.end()) {
    result.usable = is_up(name);
    add(name, 1, result);
    return result;
  }
  result.usable = group->second.usable;
  for (const model::ActiveMember& active : group->second.active) add(active.gateway, active.weight, result);
  return result;
}

NextHops NextHopResolver::automatic(net::Family family) const {
  const model::Gateway* chosen = nullptr;
  for (const model::Gateway& gateway : config_.gateways) {
    const auto interface = interfaces_.find(gateway.interface);
    const bool candidate = gateway.address.family() == family && gateway.has_address() && interface != interfaces_.end() &&
                           std::holds_alternative<model::DevicePort>(interface->second->port);
    if (!candidate || (chosen != nullptr && (is_up(chosen->name) || !is_up(gateway.name)))) continue;
    chosen = &gateway;
  }
  return chosen == nullptr ? NextHops{} : of(chosen->name);
}

void NextHopResolver::add(std::string_view name, int weight, NextHops& to) const {
  const auto gateway = gateways_.find(name);
  if (gateway == gateways_.end() || !gateway->second->has_address()) return;
  const auto interface = interfaces_.find(gateway->second->interface);
  if (interface == interfaces_.end() || !interface->second->enabled || !to.table) return;
  if (const auto device = device_of(*interface->second)) {
    to.hops.push_back({{*device, gateway->second->address}, static_cast<std::uint32_t>(weight)});
  }
}

std::optional<net::IfName> NextHopResolver::device_of(const model::Interface& interface) const {
  if (const auto* device = std::get_if<model::DevicePort>(&interface.port)) return device->device;
  const auto& port = std::get<model::TunnelPort>(interface.port);
  const auto tunnel = tunnels_.find(port.tunnel);
  if (tunnel == tunnels_.end() || !tunnel->second->enabled) return std::nullopt;
  const model::Child* child = tunnel->second->child(port.child);
  if (child != nullptr && !child->enabled) return std::nullopt;
  const auto unit = numbers_.find(port.holder());
  return unit == numbers_.end() ? std::nullopt : std::optional(net::IfName::of(unit->second));
}

// Members of a group have the same family, and are in the same VRF.
const model::Gateway* NextHopResolver::any_behind(std::string_view name) const {
  const model::GatewayGroup* group = config_.group(name);
  const auto gateway = gateways_.find(group == nullptr ? name : std::string_view(group->members.front().gateway));
  return gateway == gateways_.end() ? nullptr : gateway->second;
}

std::optional<net::Family> NextHopResolver::family_of(std::string_view name) const {
  const model::Gateway* gateway = any_behind(name);
  return gateway == nullptr ? std::nullopt : std::optional(gateway->address.family());
}

std::optional<net::TableId> NextHopResolver::table_of(const model::Gateway& gateway) const {
  const auto interface = interfaces_.find(gateway.interface);
  return interface == interfaces_.end() ? std::nullopt : reconcile::table_of(*interface->second, vrfs_);
}

std::optional<net::IfName> NextHopResolver::device_named(std::string_view name) const {
  if (const auto interface = interfaces_.find(name); interface != interfaces_.end()) {
    return interface->second->enabled ? device_of(*interface->second) : std::nullopt;
  }
  const auto device = net::IfName::parse(name);
  return device ? std::optional(*device) : std::nullopt;
}

}  // namespace vtid::reconcile
