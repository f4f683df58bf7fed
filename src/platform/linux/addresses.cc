#include "platform/linux/addresses.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

namespace vtid::platform::netlink {
namespace {

// IFA_F_SECONDARY is IFA_F_TEMPORARY of IPv6: linux/if_addr.h.
constexpr std::uint32_t kNotInUse = IFA_F_TENTATIVE | IFA_F_DADFAILED;
constexpr std::uint32_t kSpare = IFA_F_SECONDARY | IFA_F_DEPRECATED | kNotInUse;

Bytes encode(std::uint16_t type, std::uint16_t flags, const model::InterfaceAddress& address, net::IfIndex index) {
  const net::Address& local = address.local.address;
  ifaddrmsg header{};
  header.ifa_family = local.is_v4() ? AF_INET : AF_INET6;
  header.ifa_prefixlen = address.local.length;
  header.ifa_index = index.value;
  if (local.is_v6() && type == RTM_NEWADDR) header.ifa_flags = IFA_F_NODAD;
  // IFA_ADDRESS is the far end; without one it repeats the near end. The prefix length belongs to it.
  return Request(type, flags, header)
      .put_address(IFA_LOCAL, local)
      .put_address(IFA_ADDRESS, address.peer.value_or(local))
      .bytes();
}

}  // namespace

Bytes encode_new_address(const model::InterfaceAddress& address, net::IfIndex index) {
  return encode(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, index);
}

Bytes encode_delete_address(const model::InterfaceAddress& address, net::IfIndex index) {
  return encode(RTM_DELADDR, 0, address, index);
}

Bytes encode_dump_addresses() { return Request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}).bytes(); }

std::optional<model::ObservedAddress> decode_address(const nlmsghdr& message) {
  const auto head = header_of<ifaddrmsg>(message);
  if (message.nlmsg_type != RTM_NEWADDR || !head) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  const auto far = attributes.address(IFA_ADDRESS);
  const auto local = attributes.address(IFA_LOCAL).or_else([&] { return far; });  // IPv6 gives it only beside a peer
  const auto family = head->ifa_family == AF_INET ? net::Family::ipv4 : net::Family::ipv6;
  if (!local || local->family() != family || head->ifa_prefixlen > local->bits()) return std::nullopt;

  model::ObservedAddress address;
  address.index = {head->ifa_index};
  address.local = {*local, head->ifa_prefixlen};
  if (far && *far != *local) address.peer = far;
  const std::uint32_t flags = attributes.get<std::uint32_t>(IFA_FLAGS).value_or(head->ifa_flags);
  address.spare = (flags & kSpare) != 0;
  address.in_use = (flags & kNotInUse) == 0 || (flags & IFA_F_OPTIMISTIC) != 0;
  address.kernel_made = attributes.get<std::uint8_t>(IFA_PROTO).value_or(IFAPROT_UNSPEC) != IFAPROT_UNSPEC;
  return address;
}

}  // namespace vtid::platform::netlink
