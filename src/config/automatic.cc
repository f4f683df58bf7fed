#include "config/automatic.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/tree.h"

namespace vtid::config {
namespace {

constexpr std::string_view kSuffix4 = "_VTIV4";
constexpr std::string_view kSuffix6 = "_VTIV6";

// The first child of that family whose addresses the interface carries.
const model::Child* first_child(const model::Tunnel& tunnel, const model::TunnelPort& port, net::Family family) {
  const auto found = std::ranges::find_if(tunnel.children, [&](const model::Child& child) {
    return child.enabled && child.mode == model::ChildMode::vti && child.local.family() == family &&
           (port.child.empty() || port.child == child.name);
  });
  return found == tunnel.children.end() ? nullptr : &*found;
}

}  // namespace

Automatic::Automatic(const model::Config& config) {
  for (const model::Tunnel& tunnel : config.tunnels) tunnels_.emplace(tunnel.name, &tunnel);
  for (const model::Interface& interface : config.interfaces) {
    interfaces_.emplace(interface.name, &interface);
    in_order_.push_back(&interface);
  }
}

const model::Tunnel* Automatic::tunnel_of(const model::Interface& interface) const {
  const auto* port = std::get_if<model::TunnelPort>(&interface.port);
  if (port == nullptr) return nullptr;
  const auto found = tunnels_.find(port->tunnel);
  return found == tunnels_.end() ? nullptr : found->second;
}

const model::Tunnel* Automatic::tunnel_of(const model::Gateway& gateway) const {
  const auto found = interfaces_.find(gateway.interface);
  return found == interfaces_.end() ? nullptr : tunnel_of(*found->second);
}

std::string Automatic::name(std::string_view interface, net::Family family) {
  return fmt::format("{}{}", interface, family == net::Family::ipv4 ? kSuffix4 : kSuffix6);
}

std::vector<model::Gateway> Automatic::gateways() const {
  std::vector<model::Gateway> result;
  for (const model::Interface* interface : in_order_) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (why_absent(*interface, family)) continue;
      model::Gateway& gateway = result.emplace_back();
      gateway.name = name(interface->name, family);
      gateway.interface = interface->name;
      gateway.address = first_child(*tunnel_of(*interface), std::get<model::TunnelPort>(interface->port), family)->remote;
      gateway.automatic = true;
    }
  }
  return result;
}

std::optional<Absence> Automatic::why_absent(std::string_view name) const {
  const net::Family family = name.ends_with(kSuffix6) ? net::Family::ipv6 : net::Family::ipv4;
  if (!name.ends_with(kSuffix4) && !name.ends_with(kSuffix6)) return std::nullopt;
  const auto found = interfaces_.find(name.substr(0, name.size() - kSuffix4.size()));
  if (found == interfaces_.end()) return std::nullopt;
  const auto* device = std::get_if<model::DevicePort>(&found->second->port);
  if (device != nullptr && !device->device.empty()) return std::nullopt;
  return why_absent(*found->second, family);
}

std::optional<Absence> Automatic::why_disabled(const model::Interface& interface) const {
  const model::Tunnel* tunnel = tunnel_of(interface);
  if (!interface.enabled) {
    return Absence{join("/interfaces", interface.name) + "/enabled", fmt::format("interfaces/{} is disabled", interface.name),
                   "enable it"};
  }
  if (tunnel == nullptr) return std::nullopt;
  const std::string at = join("/tunnels", tunnel->name);
  if (!tunnel->enabled) return Absence{at + "/enabled", fmt::format("tunnels/{} is disabled", tunnel->name), "enable it"};
  const model::Child* child = tunnel->child(std::get<model::TunnelPort>(interface.port).child);
  if (child == nullptr || child->enabled) return std::nullopt;
  return Absence{join(at + "/children", child->name) + "/enabled",
                 fmt::format("tunnels/{}/children/{} is disabled", tunnel->name, child->name), "enable it"};
}

std::optional<Absence> Automatic::why_absent(const model::Interface& interface, net::Family family) const {
  const model::Tunnel* tunnel = tunnel_of(interface);
  if (tunnel == nullptr) {
    return Absence{join("/interfaces", interface.name), fmt::format("interfaces/{} has no tunnel", interface.name), ""};
  }
  if (auto disabled = why_disabled(interface)) return disabled;
  const auto& port = std::get<model::TunnelPort>(interface.port);
  if (first_child(*tunnel, port, family) != nullptr) return std::nullopt;
  if (!port.child.empty()) {
    return Absence{join("/interfaces", interface.name),
                   fmt::format("tunnels/{}/children/{} is not {}", tunnel->name, port.child, net::print(family)), ""};
  }
  return Absence{join("/tunnels", tunnel->name) + "/children",
                 fmt::format("tunnels/{} has no enabled VTI child of {}", tunnel->name, net::print(family)),
                 "add or enable one"};
}

}  // namespace vtid::config
