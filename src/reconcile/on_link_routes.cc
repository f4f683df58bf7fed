#include "reconcile/on_link_routes.h"

#include <algorithm>
#include <set>

namespace vtid::reconcile {

void add_on_link_routes(const model::Config& config, const NextHopResolver& next_hops, model::Desired& desired) {
  std::set<net::Prefix> there;
  for (const model::Gateway& gateway : config.gateways) {
    const auto device = gateway.on_link && gateway.has_address() ? next_hops.device_named(gateway.interface) : std::nullopt;
    if (!device) continue;
    const net::Prefix to{gateway.address, static_cast<std::uint8_t>(gateway.address.bits())};
    const bool written = std::ranges::any_of(config.routes, [&](const auto& item) { return item.to.network() == to; });
    if (written || !there.insert(to).second) continue;
    model::Route route;
    route.to = to;
    route.metric = model::default_route_metric(to.family());
    route.target = model::ViaGateway{*device, {}};
    desired.routes.push_back({route, "gateways/" + gateway.name});
  }
}

}  // namespace vtid::reconcile
