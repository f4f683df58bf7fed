// RTM_*ROUTE: linux/rtnetlink.h, net/ipv4/fib_semantics.c, net/ipv6/route.c.
#pragma once

#include "model/observed.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

// How a new route meets one of the same prefix, metric and table, whoever owns that.
enum class Insert : std::uint16_t {
  alone = NLM_F_CREATE | NLM_F_EXCL,     // EEXIST
  beside = NLM_F_CREATE | NLM_F_APPEND,  // takes its place behind it
};

// `index` is of the route's device, and not looked at for a blackhole. RTNH_F_ONLINK is never set: a tunnel's far end is
// covered by a connected prefix or is the address's peer, and a gateway that no prefix of its device covers is a
// mistake that the kernel is to name ("Nexthop has invalid gateway").
[[nodiscard]] Bytes encode_new_route(const model::Route& route, net::IfIndex index, Insert insert,
                                     std::uint8_t protocol = model::kRouteProtocol);
// Exactly this one: same protocol, metric, table, device and gateway.
[[nodiscard]] Bytes encode_delete_route(const model::Route& route, net::IfIndex index);
// Those with our protocol number in every table; the kernel filters (NETLINK_GET_STRICT_CHK).
[[nodiscard]] Bytes encode_dump_routes(net::Family family);

struct IndexedRoute {
  model::Route route;  // its device is empty: the message has only the index
  net::IfIndex index;  // 0 for a blackhole
  bool operator==(const IndexedRoute&) const = default;
};
// Ours alone. Of several next hops the first: we make no others.
[[nodiscard]] std::optional<IndexedRoute> decode_route(const nlmsghdr& message);
// Whether a notification is about a route of ours; cheaper than decoding it.
[[nodiscard]] bool is_our_route(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
