// RTM_*LINK for XFRM interfaces: linux/rtnetlink.h, linux/if_link.h, net/xfrm/xfrm_interface_core.c.
#pragma once

#include "model/observed.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

inline constexpr std::string_view kXfrmKind = "xfrm";  // IFLA_INFO_KIND
inline constexpr std::string_view kVrfKind = "vrf";

// Links on their way out are moved here, so that one message removes them all. They are still ours.
inline constexpr std::uint32_t kLeavingGroup = model::kLinkGroup + 1;

// Makes the link, down, and with if_id, name, MTU, group and the multicast flag: all that a creating message may carry.
// `lower` is where outer packets start their route lookup; the loopback device means "anywhere".
[[nodiscard]] Bytes encode_create_link(const model::Link& link, net::IfIndex lower, std::uint32_t group = model::kLinkGroup);

// No link-local address when the link comes up. Generating one costs most of the time of a mass start (52.7 s against
// 15.0 s for 4,000 links), it would be random at each boot, and peers cannot know it. Who needs one (OSPFv3, RIPng, BGP
// unnumbered) gives it in the file as a child's address. EAFNOSUPPORT when the link has no IPv6 (MTU below 1280).
[[nodiscard]] Bytes encode_no_address_generation(net::IfIndex index);

// Puts the link under that master; 0 takes it out of the one that it has. Either takes it down and up (cycle_netdev,
// drivers/net/vrf.c), and nothing happens when it is so already.
[[nodiscard]] Bytes encode_enslave(net::IfIndex index, net::IfIndex master);

// MTU, alias and flags of an existing link.
[[nodiscard]] Bytes encode_change_link(const model::Link& link, net::IfIndex index);

[[nodiscard]] Bytes encode_leave_link(net::IfIndex index);  // moves it to kLeavingGroup
[[nodiscard]] Bytes encode_delete_link(net::IfIndex index);
[[nodiscard]] Bytes encode_delete_leaving_links();

[[nodiscard]] Bytes encode_get_link(const net::IfName& name);
[[nodiscard]] Bytes encode_dump_links();                     // without statistics
[[nodiscard]] Bytes encode_get_counters(net::IfIndex link);  // the same of one
[[nodiscard]] Bytes encode_dump_counters();                  // RTM_GETSTATS: 64 bit counters alone, by index

// The master by index alone. Nothing for another message type, for a link without a usable name, and for bridge ports.
[[nodiscard]] std::optional<model::ObservedLink> decode_link(const nlmsghdr& message);

struct IndexedCounters {
  net::IfIndex index;
  model::LinkCounters counters;
  bool operator==(const IndexedCounters&) const = default;
};
[[nodiscard]] std::optional<IndexedCounters> decode_counters(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
