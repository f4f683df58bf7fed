// The addresses of dynamic gateways: the next hop that DHCP, router advertisements or PPP gave the device. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <set>

#include "model/config.h"
#include "model/observed.h"
#include "net/names.h"

namespace vtid::reconcile {

// Those of dynamic gateways, for platform::Kernel::follow_defaults().
[[nodiscard]] std::set<net::IfName> leased_devices(const model::Config& config);

// By the place of a gateway in the file: the address that it has now, unspecified while the host has none for it.
using Leases = std::map<std::size_t, net::Address>;

// Those of dynamic gateways whose address in `config` is another one: of the default routes of its device the one with the
// lowest metric, else the peer of a point-to-point link.
[[nodiscard]] Leases other_leases(const model::Config& config, const model::Observed& observed);
void assign(model::Config& config, const Leases& leases);

}  // namespace vtid::reconcile
