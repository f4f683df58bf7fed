// What is not ours and decides over our traffic: policies that take everything (net/xfrm/xfrm_user.c) and the way that the
// routing takes to a peer (RTM_GETROUTE, net/ipv4/route.c, net/ipv6/route.c).
#pragma once

#include "model/host_facts.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

// Nothing for any other policy: per socket, per interface, with a mark, an if_id or a narrower selector, or one that lets
// traffic pass as it is.
[[nodiscard]] std::optional<model::CatchAll> decode_catch_all(const nlmsghdr& message);

[[nodiscard]] Bytes encode_route_lookup(const net::Address& to);

struct IndexedPath {
  net::IfIndex index;
  std::optional<std::uint32_t> mtu;
  bool operator==(const IndexedPath&) const = default;
};
[[nodiscard]] std::optional<IndexedPath> decode_path(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
