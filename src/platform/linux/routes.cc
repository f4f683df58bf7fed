#include "platform/linux/routes.h"

#include <linux/rtnetlink.h>

namespace vtid::platform::netlink {
namespace {

std::uint8_t family_of(const net::Prefix& prefix) { return prefix.address.is_v4() ? AF_INET : AF_INET6; }

Bytes encode(std::uint16_t type, std::uint16_t flags, const model::Route& route, net::IfIndex index, std::uint8_t protocol) {
  const auto* via = std::get_if<model::ViaGateway>(&route.target);
  const bool on_link = via != nullptr && !via->gateway;
  rtmsg header{};
  header.rtm_family = family_of(route.to);
  header.rtm_dst_len = route.to.length;
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE has all 32 bits
  header.rtm_protocol = protocol;
  // IPv4 wants to know that the destination itself is the next hop; in a deletion NOWHERE stands for any scope.
  header.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.rtm_type = via != nullptr ? RTN_UNICAST : RTN_BLACKHOLE;
  Request request(type, flags, header);
  request.put_address(RTA_DST, route.to.network().address).put(RTA_TABLE, route.table.value);
  if (route.metric.value != 0) request.put(RTA_PRIORITY, route.metric.value);
  if (via != nullptr) request.put(RTA_OIF, index.value);
  if (via != nullptr && via->gateway) request.put_address(RTA_GATEWAY, *via->gateway);
  return request.bytes();
}

struct NextHop {
  net::IfIndex index;
  std::optional<net::Address> gateway;
};

// From the message itself, or from the first of several (RTA_MULTIPATH: struct rtnexthop, then its attributes).
std::optional<NextHop> next_hop_of(const Attributes& attributes) {
  if (const auto index = attributes.get<std::uint32_t>(RTA_OIF)) return NextHop{{*index}, attributes.address(RTA_GATEWAY)};
  const auto first = attributes.get<rtnexthop>(RTA_MULTIPATH);
  if (!first) return std::nullopt;
  const auto inner = attributes.nested_within(RTA_MULTIPATH, sizeof *first, first->rtnh_len);
  return NextHop{{static_cast<std::uint32_t>(first->rtnh_ifindex)}, inner.address(RTA_GATEWAY)};
}

}  // namespace

Bytes encode_new_route(const model::Route& route, net::IfIndex index, Insert insert, std::uint8_t protocol) {
  return encode(RTM_NEWROUTE, static_cast<std::uint16_t>(insert), route, index, protocol);
}

Bytes encode_delete_route(const model::Route& route, net::IfIndex index) {
  return encode(RTM_DELROUTE, 0, route, index, model::kRouteProtocol);
}

Bytes encode_dump_routes(net::Family family) {
  rtmsg header{};
  header.rtm_family = family == net::Family::ipv4 ? AF_INET : AF_INET6;
  header.rtm_protocol = model::kRouteProtocol;
  return Request(RTM_GETROUTE, NLM_F_DUMP, header).bytes();
}

std::optional<IndexedRoute> decode_route(const nlmsghdr& message) {
  const auto head = header_of<rtmsg>(message);
  if (message.nlmsg_type != RTM_NEWROUTE || !head || !is_our_route(message)) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  const auto family = head->rtm_family == AF_INET ? net::Family::ipv4 : net::Family::ipv6;
  const auto to = attributes.address(RTA_DST).value_or(net::Address::any(family));  // absent: the default route
  if (to.family() != family || head->rtm_dst_len > to.bits()) return std::nullopt;

  IndexedRoute found{{.to = {to, head->rtm_dst_len},
                      .metric = {attributes.get<std::uint32_t>(RTA_PRIORITY).value_or(0)},
                      .table = {attributes.get<std::uint32_t>(RTA_TABLE).value_or(head->rtm_table)},
                      .target = model::Blackhole{}},
                     {}};
  if (head->rtm_type == RTN_BLACKHOLE) return found;
  const auto hop = next_hop_of(attributes);
  if (head->rtm_type != RTN_UNICAST || !hop) return std::nullopt;
  found.route.target = model::ViaGateway{{}, hop->gateway};
  found.index = hop->index;
  return found;
}

bool is_our_route(const nlmsghdr& message) {
  const auto head = header_of<rtmsg>(message);
  return head && (head->rtm_family == AF_INET || head->rtm_family == AF_INET6) && head->rtm_protocol == model::kRouteProtocol;
}

}  // namespace vtid::platform::netlink
