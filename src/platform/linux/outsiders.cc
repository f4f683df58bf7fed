#include "platform/linux/outsiders.h"

#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

namespace vtid::platform::netlink {
namespace {

bool selects_everything(const xfrm_selector& selector) {
  return selector.prefixlen_d == 0 && selector.prefixlen_s == 0 && selector.proto == 0 && selector.dport_mask == 0 &&
         selector.sport_mask == 0 && selector.ifindex == 0 && (selector.family == AF_INET || selector.family == AF_INET6);
}

}  // namespace

std::optional<model::CatchAll> decode_catch_all(const nlmsghdr& message) {
  const auto head = header_of<xfrm_userpolicy_info>(message);
  if (message.nlmsg_type != XFRM_MSG_NEWPOLICY || !head) return std::nullopt;
  if (head->dir > XFRM_POLICY_FWD || !selects_everything(head->sel)) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  const bool blocks = head->action == XFRM_POLICY_BLOCK;
  if (!blocks && !attributes.has(XFRMA_TMPL)) return std::nullopt;
  if (attributes.get<std::uint32_t>(XFRMA_IF_ID).value_or(0) != 0) return std::nullopt;
  if (const auto mark = attributes.get<xfrm_mark>(XFRMA_MARK); mark && mark->m != 0) return std::nullopt;
  return model::CatchAll{.direction = static_cast<model::PolicyDirection>(head->dir),
                         .family = head->sel.family == AF_INET ? net::Family::ipv4 : net::Family::ipv6,
                         .priority = head->priority,
                         .blocks = blocks};
}

Bytes encode_route_lookup(const net::Address& to) {
  rtmsg header{};
  header.rtm_family = to.is_v4() ? AF_INET : AF_INET6;
  header.rtm_dst_len = static_cast<unsigned char>(to.bits());
  return Request(RTM_GETROUTE, 0, header).put_address(RTA_DST, to).bytes();
}

std::optional<IndexedPath> decode_path(const nlmsghdr& message) {
  const auto head = header_of<rtmsg>(message);
  if (message.nlmsg_type != RTM_NEWROUTE || !head) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  const auto index = attributes.get<std::uint32_t>(RTA_OIF);
  if (!index) return std::nullopt;
  IndexedPath path{{*index}, std::nullopt};
  if (attributes.has(RTA_METRICS)) path.mtu = attributes.nested(RTA_METRICS).get<std::uint32_t>(RTAX_MTU);
  return path;
}

}  // namespace vtid::platform::netlink
