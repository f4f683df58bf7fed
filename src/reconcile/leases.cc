#include "reconcile/leases.h"

#include <algorithm>
#include <optional>

#include "model/kernel_objects.h"

namespace vtid::reconcile {
namespace {

// Of a dynamic gateway; none of another, and none where the file is wrong.
const net::IfName* device_of(const model::Gateway& gateway, const model::Config& config) {
  if (!gateway.dynamic) return nullptr;
  const auto interface = std::ranges::find(config.interfaces, gateway.interface, &model::Interface::name);
  const auto* port = interface == config.interfaces.end() ? nullptr : std::get_if<model::DevicePort>(&interface->port);
  return port == nullptr ? nullptr : &port->device;
}

std::optional<net::Address> next_hop(const net::IfName& device, net::Family family, const model::Observed& observed) {
  const model::Route* best = nullptr;
  std::optional<net::Address> found;
  for (const model::Route& route : observed.defaults) {
    if (route.to.family() != family || (best != nullptr && best->metric <= route.metric)) continue;
    for (const model::NextHop& hop : model::hops_of(route)) {
      if (hop.via.device != device || !hop.via.gateway) continue;
      best = &route;
      found = hop.via.gateway;
      break;
    }
  }
  return found;
}

std::optional<net::Address> far_end(const net::IfName& device, net::Family family, const model::Observed& observed) {
  for (const model::ObservedAddress& address : observed.addresses) {
    if (address.device == device && address.peer && address.peer->family() == family) return address.peer;
  }
  return std::nullopt;
}

net::Address lease_of(const net::IfName& device, net::Family family, const model::Observed& observed) {
  auto found = next_hop(device, family, observed);
  if (!found) found = far_end(device, family, observed);
  return found.value_or(net::Address::any(family));
}

}  // namespace

std::set<net::IfName> leased_devices(const model::Config& config) {
  std::set<net::IfName> devices;
  for (const model::Gateway& gateway : config.gateways) {
    if (const net::IfName* device = device_of(gateway, config)) devices.insert(*device);
  }
  return devices;
}

Leases other_leases(const model::Config& config, const model::Observed& observed) {
  Leases leases;
  for (std::size_t i = 0; i < config.gateways.size(); ++i) {
    const model::Gateway& gateway = config.gateways[i];
    const net::IfName* device = device_of(gateway, config);
    if (device == nullptr) continue;
    const net::Address lease = lease_of(*device, gateway.address.family(), observed);
    if (lease != gateway.address) leases.emplace(i, lease);
  }
  return leases;
}

void assign(model::Config& config, const Leases& leases) {
  for (const auto& [place, address] : leases) config.gateways[place].address = address;
}

}  // namespace vtid::reconcile
