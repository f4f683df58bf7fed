#include "platform/linux/links.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/utf8.h"

namespace vtid::platform::netlink {
namespace {

ifinfomsg header(net::IfIndex index = {}, unsigned flags = 0, unsigned change = 0) {
  ifinfomsg message{};
  message.ifi_index = static_cast<int>(index.value);
  message.ifi_flags = flags;
  message.ifi_change = change;
  return message;
}

unsigned flags_of(const model::Link& link) {
  return (link.up ? unsigned{IFF_UP} : 0U) | (link.multicast ? unsigned{IFF_MULTICAST} : 0U);
}

}  // namespace

Bytes encode_create_link(const model::Link& link, net::IfIndex lower, std::uint32_t group) {
  return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header({}, flags_of(link) & IFF_MULTICAST, IFF_MULTICAST))
      .put_text(IFLA_IFNAME, link.name.text())
      .put(IFLA_MTU, link.mtu)
      .put(IFLA_GROUP, group)
      .nest(IFLA_LINKINFO,
            [&](Request& request) {
              request.put_text(IFLA_INFO_KIND, kXfrmKind).nest(IFLA_INFO_DATA, [&](Request& inner) {
                inner.put(IFLA_XFRM_LINK, lower.value).put(IFLA_XFRM_IF_ID, link.if_id.value);
              });
            })
      .bytes();
}

Bytes encode_no_address_generation(net::IfIndex index) {
  return Request(RTM_NEWLINK, 0, header(index))
      .nest(IFLA_AF_SPEC,
            [](Request& request) {
              request.nest(AF_INET6,
                           [](Request& inner) { inner.put(IFLA_INET6_ADDR_GEN_MODE, std::uint8_t{IN6_ADDR_GEN_MODE_NONE}); });
            })
      .bytes();
}

Bytes encode_enslave(net::IfIndex index, net::IfIndex master) {
  return Request(RTM_NEWLINK, 0, header(index)).put(IFLA_MASTER, master.value).bytes();
}

Bytes encode_change_link(const model::Link& link, net::IfIndex index) {
  return Request(RTM_NEWLINK, 0, header(index, flags_of(link), IFF_UP | IFF_MULTICAST))
      .put(IFLA_MTU, link.mtu)
      .put_text(IFLA_IFALIAS, link.alias)
      .bytes();
}

Bytes encode_leave_link(net::IfIndex index) {
  return Request(RTM_NEWLINK, 0, header(index)).put(IFLA_GROUP, kLeavingGroup).bytes();
}

Bytes encode_delete_link(net::IfIndex index) { return Request(RTM_DELLINK, 0, header(index)).bytes(); }

Bytes encode_delete_leaving_links() { return Request(RTM_DELLINK, 0, header()).put(IFLA_GROUP, kLeavingGroup).bytes(); }

Bytes encode_get_link(const net::IfName& name) {
  return Request(RTM_GETLINK, 0, header())
      .put(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS})
      .put_text(IFLA_IFNAME, name.text())
      .bytes();
}

Bytes encode_dump_links() {
  return Request(RTM_GETLINK, NLM_F_DUMP, header()).put(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS}).bytes();
}

Bytes encode_get_counters(net::IfIndex link) {
  if_stats_msg message{};
  message.ifindex = link.value;
  message.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  return Request(RTM_GETSTATS, 0, message).bytes();
}

Bytes encode_dump_counters() {
  if_stats_msg message{};
  message.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  return Request(RTM_GETSTATS, NLM_F_DUMP, message).bytes();
}

std::optional<model::ObservedLink> decode_link(const nlmsghdr& message) {
  const auto head = header_of<ifinfomsg>(message);
  if (message.nlmsg_type != RTM_NEWLINK || !head || head->ifi_family != AF_UNSPEC) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  auto name = net::IfName::parse(attributes.text(IFLA_IFNAME));
  if (!name) return std::nullopt;

  model::ObservedLink link;
  link.index = {static_cast<std::uint32_t>(head->ifi_index)};
  link.name = *std::move(name);
  const Attributes details = attributes.nested(IFLA_LINKINFO);
  link.kind = details.text(IFLA_INFO_KIND);
  if (link.kind == kXfrmKind) {
    link.if_id = net::IfId{details.nested(IFLA_INFO_DATA).get<std::uint32_t>(IFLA_XFRM_IF_ID).value_or(0)};
    const auto group = attributes.get<std::uint32_t>(IFLA_GROUP);
    if (group == model::kLinkGroup || group == kLeavingGroup) link.owner = model::Owner::vtid;
  }
  if (link.kind == kVrfKind) {
    if (const auto table = details.nested(IFLA_INFO_DATA).get<std::uint32_t>(IFLA_VRF_TABLE)) link.vrf_table = {*table};
  }
  link.master_index = {attributes.get<std::uint32_t>(IFLA_MASTER).value_or(0)};
  link.mtu = attributes.get<std::uint32_t>(IFLA_MTU).value_or(0);
  link.up = (head->ifi_flags & IFF_UP) != 0;
  link.multicast = (head->ifi_flags & IFF_MULTICAST) != 0;
  link.alias = to_utf8(attributes.text(IFLA_IFALIAS));  // anybody may set it to any bytes
  return link;
}

std::optional<IndexedCounters> decode_counters(const nlmsghdr& message) {
  const auto head = header_of<if_stats_msg>(message);
  if (message.nlmsg_type != RTM_NEWSTATS || !head) return std::nullopt;
  // struct rtnl_link_stats64 grows with each kernel; it begins with received and sent packets, received and sent bytes.
  const auto stats = Attributes(message, sizeof *head).get<std::array<std::uint64_t, 4>>(IFLA_STATS_LINK_64);
  if (!stats) return std::nullopt;
  const auto [packets_in, packets_out, bytes_in, bytes_out] = *stats;
  return IndexedCounters{{head->ifindex}, {bytes_in, bytes_out, packets_in, packets_out}};
}

}  // namespace vtid::platform::netlink
