// RTM_*ROUTE: linux/rtnetlink.h, net/ipv4/fib_semantics.c, net/ipv6/route.c.
#pragma once

#include "model/observed.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

// How a new route meets one of the same prefix, metric and table, whoever owns that.
enum class Insert : std::uint16_t {
  alone = NLM_F_CREATE | NLM_F_EXCL,     // EEXIST
  beside = NLM_F_CREATE | NLM_F_APPEND,  // takes its place behind it; of IPv6 hops one more path of the same route
  over = NLM_F_CREATE | NLM_F_REPLACE,   // takes its place
};

// Of the devices of a route's hops, in their order; none for a blackhole.
using Indexes = std::vector<net::IfIndex>;

// RTNH_F_ONLINK is never set: a tunnel's far end is covered by a connected prefix or is the address's peer, a gateway that is
// said to be on the link has a route of its own, and any other that no prefix of its device covers is a mistake that the kernel
// is to name ("Nexthop has invalid gateway").
[[nodiscard]] Bytes encode_new_route(const model::Route& route, const Indexes& indexes, Insert insert,
                                     std::uint8_t protocol = model::kRouteProtocol);
// Exactly this one: same protocol, metric, table, devices and gateways.
[[nodiscard]] Bytes encode_delete_route(const model::Route& route, const Indexes& indexes,
                                        std::uint8_t protocol = model::kRouteProtocol);
// Those with our protocol number in every table; the kernel filters (NETLINK_GET_STRICT_CHK).
[[nodiscard]] Bytes encode_dump_routes(net::Family family);
// Whoever's, in the main table, by this device; the kernel filters.
[[nodiscard]] Bytes encode_dump_routes_by(net::Family family, net::IfIndex device);

struct IndexedRoute {
  model::Route route;  // its devices are empty: the message has only the indexes
  Indexes indexes;
  bool operator==(const IndexedRoute&) const = default;
};
// Ours alone.
[[nodiscard]] std::optional<IndexedRoute> decode_route(const nlmsghdr& message);
// Default routes of a line: the main table's, of the kernel (router advertisements, PPP), DHCP clients and who writes them by
// hand.
[[nodiscard]] std::optional<IndexedRoute> decode_default_route(const nlmsghdr& message);
// Whether a notification is about one of those; cheaper than decoding it.
[[nodiscard]] bool is_our_route(const nlmsghdr& message);
[[nodiscard]] bool is_default_route(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
