// The conversation with a real kernel that the goldens hold: record.cc has it, netlink_golden_test.cc reads it again.
#pragma once

#include <linux/rtnetlink.h>

#include <string>
#include <vector>

#include "platform/linux/addresses.h"
#include "platform/linux/links.h"
#include "platform/linux/policies.h"
#include "platform/linux/routes.h"
#include "platform/linux/sas.h"

namespace vtid::golden {

namespace netlink = platform::netlink;

enum class Protocol { route, xfrm };

struct Exchange {
  std::string name;
  netlink::Bytes request;
  Protocol protocol = Protocol::route;
};

inline const net::IfIndex kLoopback{1};
inline const net::IfIndex kTunnel{2};  // the first link of a fresh namespace

inline net::IfName device() { return net::IfName::of({1}); }

inline model::Link link() {
  model::Link link;
  link.name = device();
  link.if_id = {1};
  link.reqid = {5001};
  link.mtu = 1422;
  link.alias = "vtid tunnels/hq";
  return link;
}

inline model::InterfaceAddress address(std::string_view local, std::string_view peer = {}) {
  model::InterfaceAddress address{device(), *net::parse_prefix(local), {}};
  if (!peer.empty()) address.peer = *net::parse_address(peer);
  return address;
}

inline model::Route route(std::string_view to, std::string_view gateway, std::uint32_t metric) {
  model::ViaGateway via;  // as decoded: the device is an index beside it
  if (!gateway.empty()) via.gateway = *net::parse_address(gateway);
  return {*net::parse_prefix(to), {metric}, net::kMainTable, via};
}

inline model::Route blackhole(std::string_view to, std::uint32_t metric) {
  return {*net::parse_prefix(to), {metric}, net::kMainTable, model::Blackhole{}};
}

inline model::Policy policy() {
  return {model::PolicyDirection::out,         net::Family::ipv6,     {1}, {5001}, *net::parse_address("192.0.2.1"),
          *net::parse_address("198.51.100.1"), model::kPolicyPriority};
}

// One of each shape: AEAD; IPv6 outside, a pair of algorithms and a wide window.
inline model::Sa aead_sa() {
  model::Sa sa;
  sa.source = *net::parse_address("198.51.100.1");
  sa.destination = *net::parse_address("192.0.2.1");
  sa.spi = 0x1001;
  sa.reqid = {5001};
  sa.if_id = {1};
  sa.algorithm = *model::parse_sa_algorithm("aes128gcm16");
  sa.replay_window = 32;
  sa.key = model::Secret("sixteen and four now");
  return sa;
}
inline model::Sa pair_sa() {
  model::Sa sa = aead_sa();
  sa.source = *net::parse_address("2001:db8::2");
  sa.destination = *net::parse_address("2001:db8::1");
  sa.spi = 0x1002;
  sa.algorithm = *model::parse_sa_algorithm("aes128-sha256");
  sa.replay_window = 256;
  sa.key = model::Secret("sixteen bytes, and then thirty-two of them more.");
  return sa;
}
inline model::Sa foreign_sa() {
  model::Sa sa = aead_sa();
  sa.spi = 0x1003;
  return sa;
}

inline std::vector<Exchange> exchanges() {
  using netlink::Insert;
  model::Link without_if_id = link();
  without_if_id.name = net::IfName::of({2});
  without_if_id.if_id = {0};
  model::Link foreign = without_if_id;
  foreign.if_id = {900};
  const auto alone = [](const model::Route& item) { return netlink::encode_new_route(item, {kTunnel}, Insert::alone); };
  return {{"link_create", netlink::encode_create_link(link(), kLoopback)},
          {"link_create_again", netlink::encode_create_link(link(), kLoopback)},
          {"link_create_without_if_id", netlink::encode_create_link(without_if_id, kLoopback)},
          {"link_create_foreign", netlink::encode_create_link(foreign, kLoopback, 0)},
          {"link_no_address_generation", netlink::encode_no_address_generation(kTunnel)},
          {"link_change", netlink::encode_change_link(link(), kTunnel)},
          {"link_get", netlink::encode_get_link(device())},
          {"link_dump", netlink::encode_dump_links()},
          {"counters_dump", netlink::encode_dump_counters()},
          {"address_new_ipv4", netlink::encode_new_address(address("10.6.106.1/30"), kTunnel)},
          {"address_new_ipv4_peer", netlink::encode_new_address(address("10.6.107.1/32", "10.9.9.9"), kTunnel)},
          {"address_new_ipv6", netlink::encode_new_address(address("fd00:6::1/64"), kTunnel)},
          {"address_new_ipv6_peer", netlink::encode_new_address(address("fd00:7::1/128", "fd00:9::9"), kTunnel)},
          {"address_new_again", netlink::encode_new_address(address("10.6.106.1/30"), kTunnel)},
          {"address_dump", netlink::encode_dump_addresses()},
          {"route_new_ipv4", alone(route("10.20.0.0/16", "10.6.106.2", 10))},
          {"route_new_ipv4_on_link", alone(route("10.21.0.0/16", "", 0))},
          {"route_new_ipv4_blackhole", alone(blackhole("10.22.0.0/16", 4000))},
          {"route_new_ipv4_default", alone(route("0.0.0.0/0", "10.6.106.2", 20))},
          {"route_new_ipv4_unreachable", alone(route("10.23.0.0/16", "10.99.99.1", 0))},
          {"route_new_ipv4_foreign",
           netlink::encode_new_route(route("10.24.0.0/16", "", 0), {kTunnel}, Insert::alone, RTPROT_STATIC)},
          {"route_new_ipv6", alone(route("fd20::/48", "fd00:6::2", 1024))},
          {"route_append_ipv6", netlink::encode_new_route(route("fd20::/48", "fd00:6::3", 1024), {kTunnel}, Insert::beside)},
          {"route_new_ipv6_blackhole", alone(blackhole("fd22::/48", 4000))},
          {"route_new_ipv6_unreachable", alone(route("fd23::/48", "fd99::1", 1024))},
          {"route_dump_ipv4", netlink::encode_dump_routes(net::Family::ipv4)},
          {"route_dump_ipv6", netlink::encode_dump_routes(net::Family::ipv6)},
          {"route_delete", netlink::encode_delete_route(route("10.20.0.0/16", "10.6.106.2", 10), {kTunnel})},
          {"route_delete_again", netlink::encode_delete_route(route("10.20.0.0/16", "10.6.106.2", 10), {kTunnel})},
          {"address_delete", netlink::encode_delete_address(address("10.6.106.1/30"), kTunnel)},
          {"policy_new", netlink::encode_new_policy(policy()), Protocol::xfrm},
          {"policy_new_again", netlink::encode_new_policy(policy()), Protocol::xfrm},
          {"policy_replace", netlink::encode_replace_policy(policy()), Protocol::xfrm},
          {"policy_get", netlink::encode_get_policy(policy()), Protocol::xfrm},
          {"policy_dump", netlink::encode_dump_policies(), Protocol::xfrm},
          {"policy_delete", netlink::encode_delete_policy(policy()), Protocol::xfrm},
          {"sa_new_aead", netlink::encode_new_sa(aead_sa()), Protocol::xfrm},
          {"sa_new_pair", netlink::encode_new_sa(pair_sa()), Protocol::xfrm},
          {"sa_new_again", netlink::encode_new_sa(aead_sa()), Protocol::xfrm},
          {"sa_new_foreign", netlink::encode_new_sa(foreign_sa(), 0), Protocol::xfrm},
          {"sa_get", netlink::encode_get_sa(pair_sa()), Protocol::xfrm},
          {"sa_dump", netlink::encode_dump_sas(), Protocol::xfrm},
          {"sa_delete", netlink::encode_delete_sa(aead_sa()), Protocol::xfrm},
          {"sa_delete_again", netlink::encode_delete_sa(aead_sa()), Protocol::xfrm},
          {"link_leave", netlink::encode_leave_link(kTunnel)},
          {"link_delete_leaving", netlink::encode_delete_leaving_links()},
          {"link_delete_again", netlink::encode_delete_link(kTunnel)}};
}

}  // namespace vtid::golden
