// Small worlds for tests: configurations built in code, without the parser.
#pragma once

#include <string>

#include "model/config.h"
#include "model/sa_table.h"

namespace vtid::test {

inline net::Address address(std::string_view text) { return net::parse_address(text).value(); }
inline net::Prefix prefix(std::string_view text) { return net::parse_prefix(text).value(); }
inline net::IfName device(std::string_view text) { return net::IfName::parse(text).value(); }

inline model::Child child(std::string name, std::string_view local, std::string_view remote) {
  model::Child result;
  result.name = std::move(name);
  result.local = prefix(local);
  result.remote = address(remote);
  return result;
}

// An IKEv2 PSK tunnel from 192.0.2.1 to 198.51.100.1 with one IPv4 and one IPv6 child: 10.6.N.1/30, fd00:N::1/64.
inline model::Tunnel tunnel(std::string name, int n = 106) {
  model::Tunnel result;
  result.name = std::move(name);
  model::Ike ike;
  ike.local = {address("192.0.2.1"), "branch"};
  ike.remote = {address("198.51.100.1"), "hq"};
  ike.auth = model::PskAuth{{"hq.psk", model::Secret("only-a-test")}};
  result.ike = ike;
  result.children.push_back(child("v4", "10.6." + std::to_string(n) + ".1/30", "10.6." + std::to_string(n) + ".2"));
  result.children.push_back(child("v6", "fd00:" + std::to_string(n) + "::1/64", "fd00:" + std::to_string(n) + "::2"));
  return result;
}

inline model::StaticSa static_sa(std::uint32_t spi, std::string_view algorithm, char digit) {
  model::StaticSa sa;
  sa.spi = spi;
  sa.algorithm = model::parse_sa_algorithm(algorithm).value();
  sa.key.secret = model::Secret(std::string(2 * static_cast<std::size_t>(model::key_layout(sa.algorithm).total()), digit));
  return sa;
}

// The same with static SAs: 0xN00 leads to us with a key of '1' digits, 0xN01 to the peer with one of '2' digits.
inline model::Tunnel static_tunnel(std::string name, int n = 106) {
  model::Tunnel result = tunnel(std::move(name), n);
  model::StaticKeys keys;
  keys.local = address("192.0.2.1");
  keys.remote = address("198.51.100.1");
  const auto spi = static_cast<std::uint32_t>(n) << 8U;
  keys.in.push_back(static_sa(spi, "aes128gcm16", '1'));
  keys.out = static_sa(spi + 1, "aes128gcm16", '2');
  result.ike = keys;
  return result;
}

// Assigns the tunnel and adds the automatic gateway for its first child.
inline void assign(model::Config& config, std::string interface, const std::string& tunnel_name) {
  model::Interface assignment;
  assignment.name = interface;
  assignment.port = model::TunnelPort{tunnel_name, ""};
  config.interfaces.push_back(assignment);
  model::Gateway gateway;
  gateway.name = interface + "_VTIV4";
  gateway.interface = interface;
  gateway.address = config.tunnel(tunnel_name)->children.front().remote;
  gateway.automatic = true;
  config.gateways.push_back(gateway);
}

// An installed CHILD_SA of `unit` with AES-GCM-16 under an established IKE_SA of the same uniqueid.
inline void install(model::SaTable& sas, std::uint32_t id, std::string name, net::Unit unit) {
  sas.connected = sas.known = true;
  model::IkeSa ike;
  ike.id = id;
  ike.name = name;
  ike.state = model::IkeState::established;
  ike.peer_answered = true;
  ike.local = address("192.0.2.1");
  ike.remote = address("198.51.100.1");
  sas.ikes[id] = ike;
  model::ChildSa sa;
  sa.id = sa.ike_id = id;
  sa.name = std::move(name);
  sa.reqid = net::reqid_of(unit);
  sa.if_id_in = sa.if_id_out = net::if_id_of(unit);
  sa.state = model::ChildState::installed;
  sa.algorithms.encryption = "AES_GCM_16";
  sas.children[id] = sa;
}

}  // namespace vtid::test
