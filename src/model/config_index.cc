#include "model/config_index.h"

namespace vtid::model {

std::string_view connection_of(const Tunnel& tunnel) {
  const auto* external = std::get_if<ExternalIke>(&tunnel.ike);
  return external != nullptr ? external->connection : tunnel.name;
}

ConfigIndex::ConfigIndex(const Config& config)
    : tunnels(index_by_name(config.tunnels)),
      interfaces(index_by_name(config.interfaces)),
      gateways(index_by_name(config.gateways)),
      groups(index_by_name(config.groups)),
      assignments(assignments_by_holder(config)) {
  for (const Tunnel& tunnel : config.tunnels) {
    connections.emplace(connection_of(tunnel), tunnel.name);
    if (has_varying_peer(tunnel)) with_varying_peer.push_back(&tunnel);
  }
  for (const Gateway& gateway : config.gateways) gateways_of[gateway.interface].push_back(&gateway);
  for (std::size_t place = 0; place < config.routes.size(); ++place) {
    routes_via[config.routes[place].via].push_back(place);
    routes_to[config.routes[place].to].push_back(place);
  }
}

const std::vector<const Gateway*>& ConfigIndex::gateways_on(std::string_view interface) const {
  static const std::vector<const Gateway*> kNone;
  const auto found = gateways_of.find(interface);
  return found == gateways_of.end() ? kNone : found->second;
}

}  // namespace vtid::model
