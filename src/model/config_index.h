// A configuration with its names looked up once, for as long as it runs. Points into it and lives no longer.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace vtid::model {

struct ConfigIndex {
  explicit ConfigIndex(const Config& config);

  std::map<std::string_view, const Tunnel*> tunnels;
  std::map<std::string_view, const Interface*> interfaces;
  std::map<std::string_view, const Gateway*> gateways;
  std::map<std::string_view, const GatewayGroup*> groups;
  std::map<std::string, const Interface*, std::less<>> assignments;     // by holder: "hq", "hq/v4"
  std::map<std::string_view, std::string_view> connections;             // charon's name of a tunnel -> the tunnel
  std::map<std::string_view, std::vector<const Gateway*>> gateways_of;  // by interface, in the file's order
  std::map<std::string_view, std::vector<std::size_t>> routes_via;      // by gateway or group: places in the file
  std::map<net::Prefix, std::vector<std::size_t>> routes_to;            // by destination, as written
  std::vector<const Tunnel*> with_varying_peer;                         // whose peer is looked up, or has several addresses

  [[nodiscard]] const std::vector<const Gateway*>& gateways_on(std::string_view interface) const;
};

// charon's name of a tunnel.
[[nodiscard]] std::string_view connection_of(const Tunnel& tunnel);

}  // namespace vtid::model
