#include "platform/linux/routes.h"

#include <linux/rtnetlink.h>

namespace vtid::platform::netlink {
namespace {

std::uint8_t family_of(const net::Prefix& prefix) { return prefix.address.is_v4() ? AF_INET : AF_INET6; }

// RTA_MULTIPATH: struct rtnexthop, then its attributes, and so on.
void put_hops(Request& request, const std::vector<model::NextHop>& hops, const Indexes& indexes) {
  Bytes bytes;
  const auto append = [&bytes](const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
  };
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const auto& gateway = hops[i].via.gateway;
    const auto size = static_cast<std::uint16_t>(gateway ? sizeof(nlattr) + gateway->bytes().size() : 0);  // of four bytes
    const rtnexthop head{static_cast<std::uint16_t>(sizeof(rtnexthop) + size), 0, static_cast<std::uint8_t>(hops[i].weight - 1),
                         static_cast<int>(indexes[i].value)};
    append(&head, sizeof head);
    if (!gateway) continue;
    const nlattr attribute{size, RTA_GATEWAY};
    append(&attribute, sizeof attribute);
    append(gateway->bytes().data(), gateway->bytes().size());
  }
  request.put_bytes(RTA_MULTIPATH, bytes.data(), bytes.size());
}

Bytes encode(std::uint16_t type, std::uint16_t flags, const model::Route& route, const Indexes& indexes,
             std::uint8_t protocol) {
  const std::vector<model::NextHop> hops = model::hops_of(route);
  const bool on_link = hops.size() == 1 && !hops.front().via.gateway;
  rtmsg header{};
  header.rtm_family = family_of(route.to);
  header.rtm_dst_len = route.to.length;
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE has all 32 bits
  header.rtm_protocol = protocol;
  // IPv4 wants to know that the destination itself is the next hop; in a deletion NOWHERE stands for any scope.
  header.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.rtm_type = hops.empty() ? RTN_BLACKHOLE : RTN_UNICAST;
  Request request(type, flags, header);
  request.put_address(RTA_DST, route.to.network().address).put(RTA_TABLE, route.table.value);
  if (route.metric.value != 0) request.put(RTA_PRIORITY, route.metric.value);
  if (hops.size() > 1) put_hops(request, hops, indexes);
  if (hops.size() == 1) request.put(RTA_OIF, indexes.front().value);
  if (hops.size() == 1 && !on_link) request.put_address(RTA_GATEWAY, *hops.front().via.gateway);
  return request.bytes();
}

struct ReadHop {
  net::IfIndex index;
  model::NextHop hop;
  auto operator<=>(const ReadHop&) const = default;
};

// From the message itself, or from RTA_MULTIPATH, as far as that is whole.
std::vector<ReadHop> hops_of(const Attributes& attributes) {
  if (const auto index = attributes.get<std::uint32_t>(RTA_OIF))
    return {{{*index}, {{{}, attributes.address(RTA_GATEWAY)}, 1}}};
  std::vector<ReadHop> hops;
  const auto bytes = attributes.payload(RTA_MULTIPATH);
  for (std::size_t at = 0; at + sizeof(rtnexthop) <= bytes.size();) {
    rtnexthop head{};
    std::memcpy(&head, bytes.data() + at, sizeof head);
    if (head.rtnh_len < sizeof head || at + head.rtnh_len > bytes.size()) break;
    const auto inner = attributes.nested_within(RTA_MULTIPATH, at + sizeof head, at + head.rtnh_len);
    hops.push_back({{static_cast<std::uint32_t>(head.rtnh_ifindex)}, {{{}, inner.address(RTA_GATEWAY)}, head.rtnh_hops + 1U}});
    at += aligned(head.rtnh_len);
  }
  return hops;
}

// In the order in which they are kept, so that a deletion names them as they stand.
decltype(model::Route::target) target_of(const std::vector<ReadHop>& hops) {
  if (hops.size() == 1) return hops.front().hop.via;
  model::Multipath multipath;
  for (const ReadHop& read : hops) multipath.hops.push_back(read.hop);
  return multipath;
}

// Of either kind.
std::optional<IndexedRoute> decode(const nlmsghdr& message) {
  const auto head = header_of<rtmsg>(message);
  if (!head) return std::nullopt;
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
  const std::vector<ReadHop> hops = hops_of(attributes);
  if (head->rtm_type != RTN_UNICAST || hops.empty()) return std::nullopt;
  found.route.target = target_of(hops);
  for (const ReadHop& hop : hops) found.indexes.push_back(hop.index);
  return found;
}

}  // namespace

Bytes encode_new_route(const model::Route& route, const Indexes& indexes, Insert insert, std::uint8_t protocol) {
  return encode(RTM_NEWROUTE, static_cast<std::uint16_t>(insert), route, indexes, protocol);
}

Bytes encode_delete_route(const model::Route& route, const Indexes& indexes, std::uint8_t protocol) {
  return encode(RTM_DELROUTE, 0, route, indexes, protocol);
}

Bytes encode_dump_routes(net::Family family) {
  rtmsg header{};
  header.rtm_family = family == net::Family::ipv4 ? AF_INET : AF_INET6;
  header.rtm_protocol = model::kRouteProtocol;
  return Request(RTM_GETROUTE, NLM_F_DUMP, header).bytes();
}

Bytes encode_dump_routes_by(net::Family family, net::IfIndex device) {
  rtmsg header{};
  header.rtm_family = family == net::Family::ipv4 ? AF_INET : AF_INET6;
  header.rtm_table = RT_TABLE_MAIN;
  return Request(RTM_GETROUTE, NLM_F_DUMP, header).put(RTA_OIF, device.value).bytes();
}

std::optional<IndexedRoute> decode_default_route(const nlmsghdr& message) {
  return message.nlmsg_type == RTM_NEWROUTE && is_default_route(message) ? decode(message) : std::nullopt;
}

std::optional<IndexedRoute> decode_route(const nlmsghdr& message) {
  return message.nlmsg_type == RTM_NEWROUTE && is_our_route(message) ? decode(message) : std::nullopt;
}

// By the programs that follow lines, and the kernel that follows router advertisements: what routing protocols learn comes and
// goes, and is no line's own.
bool is_default_route(const nlmsghdr& message) {
  const auto head = header_of<rtmsg>(message);
  if (!head || (head->rtm_family != AF_INET && head->rtm_family != AF_INET6)) return false;
  if (head->rtm_dst_len != 0 || head->rtm_table != RT_TABLE_MAIN) return false;
  switch (head->rtm_protocol) {
    case RTPROT_KERNEL:
    case RTPROT_BOOT:
    case RTPROT_STATIC:
    case RTPROT_RA:
    case RTPROT_DHCP: return true;
    default: return false;
  }
}

bool is_our_route(const nlmsghdr& message) {
  const auto head = header_of<rtmsg>(message);
  return head && (head->rtm_family == AF_INET || head->rtm_family == AF_INET6) && head->rtm_protocol == model::kRouteProtocol;
}

}  // namespace vtid::platform::netlink
