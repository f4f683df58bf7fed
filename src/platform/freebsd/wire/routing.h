// PF_ROUTE and its sysctl(3): runs of messages to links, addresses and routes, and back. No sockets.
#pragma once

#include <functional>

#include "model/observed.h"
#include "platform/freebsd/wire/sockaddr.h"

namespace vtid::platform::freebsd {

// Calls back for each message; false when a length does not fit, which is where it stops.
[[nodiscard]] bool for_each_message(View run, const std::function<void(View)>& take);
[[nodiscard]] std::uint8_t type_of(View message);

// The addresses that follow a header, as they stand there.
class Sockaddrs {
 public:
  // Nothing when one of them ends behind the message.
  static std::optional<Sockaddrs> read(View message, std::size_t offset, std::uint32_t present);
  [[nodiscard]] View at(abi::Slot slot) const { return items_[slot]; }  // empty when it is not there

 private:
  std::array<View, abi::kSlots> items_;
};

struct ListedLink {
  net::IfIndex index;
  net::IfName name;
  std::uint32_t flags = 0;  // IFF_*
  std::uint32_t mtu = 0;
  model::LinkCounters counters;
  bool operator==(const ListedLink&) const = default;
};

struct ListedAddress {
  net::IfIndex index;
  net::Prefix local;
  std::optional<net::Address> far;  // the peer of a point-to-point link; else the broadcast address
  bool operator==(const ListedAddress&) const = default;
};

// A route by its index; the device of its target is left empty.
struct ListedRoute {
  model::Route route;
  net::IfIndex index;
  bool ours = false;  // RTF_PROTO1
  bool operator==(const ListedRoute&) const = default;
};

// Of NET_RT_IFLISTL and NET_RT_DUMP. Nothing for a message of another kind or one that is cut short.
[[nodiscard]] std::optional<ListedLink> decode_link(View message);
[[nodiscard]] std::optional<ListedAddress> decode_address(View message);
[[nodiscard]] std::optional<ListedRoute> decode_route(View message);

struct Stamp {
  std::int32_t pid = 0;
  std::int32_t sequence = 0;
};
// RTM_ADD, RTM_CHANGE or RTM_DELETE of a route of ours. `index` is its device's, 0 for a blackhole.
[[nodiscard]] Bytes encode_route(abi::RouteType type, const model::Route& route, net::IfIndex index, Stamp stamp,
                                 std::uint32_t owner_flag = abi::kRtfProto1);

// Whether a notice may concern us: any link or address, routes of ours and default routes. What the kernel refused is no news.
[[nodiscard]] bool route_notice_concerns_us(View message);

}  // namespace vtid::platform::freebsd
