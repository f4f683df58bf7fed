#include "platform/linux/notices.h"

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "platform/linux/filter.h"
#include "platform/linux/policies.h"
#include "platform/linux/routes.h"
#include "platform/linux/rules.h"
#include "platform/linux/sas.h"

namespace vtid::platform::netlink {

namespace {

std::unexpected<Error> cannot_listen() {
  const int code = errno;
  const bool not_allowed = code == EPERM || code == EACCES;
  return fail(fmt::format("cannot listen to the kernel's notifications: {}", std::generic_category().message(code)),
              not_allowed ? "run vtid as root, or by its service, which gives it the capabilities that it needs" : "", code);
}

Result<SocketHandle> listen(int protocol, std::initializer_list<unsigned> groups) {
  auto socket = open_socket(protocol, SOCK_NONBLOCK);
  if (!socket) return socket;
  for (unsigned group : groups) {
    if (mnl_socket_setsockopt(socket->get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) return cannot_listen();
  }
  return socket;
}

bool watch(const UniqueFd& any, const SocketHandle& socket) {
  if (!socket) return true;
  epoll_event event{};
  event.events = EPOLLIN;
  return epoll_ctl(any.get(), EPOLL_CTL_ADD, mnl_socket_get_fd(socket.get()), &event) == 0;
}

}  // namespace

Result<NoticeSocket> NoticeSocket::open() {
  auto route = listen(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                      RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE});
  if (!route) return std::unexpected(route.error());
  auto xfrm = listen(NETLINK_XFRM, {XFRMNLGRP_SA, XFRMNLGRP_POLICY});
  if (!xfrm) return std::unexpected(xfrm.error());
  auto netfilter = listen(NETLINK_NETFILTER, {NFNLGRP_NFTABLES});
  SocketHandle filter = netfilter ? *std::move(netfilter) : SocketHandle(nullptr, mnl_socket_close);
  UniqueFd any(epoll_create1(EPOLL_CLOEXEC));
  if (!any || !watch(any, *route) || !watch(any, *xfrm) || !watch(any, filter)) return cannot_listen();
  return NoticeSocket(*std::move(route), *std::move(xfrm), std::move(filter), std::move(any));
}

Notices NoticeSocket::drain() {
  Notices notices;
  const auto counted = [](bool (*concerns)(const nlmsghdr&)) {
    return [concerns](const nlmsghdr& message, Notices& told) { told.ours += concerns(message) ? 1U : 0U; };
  };
  drain(route_.get(), counted(concerns_us), notices);
  drain(xfrm_.get(), take_xfrm_notice, notices);
  if (filter_) drain(filter_.get(), counted(is_our_filter), notices);
  return notices;
}

template <class Take>
void NoticeSocket::drain(mnl_socket* socket, Take take, Notices& notices) {
  for (int count = 0; count < kNoticesAtOnce; ++count) {
    const ssize_t size = mnl_socket_recvfrom(socket, buffer_.data(), buffer_.size());
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (size < 0) {
      // ENOBUFS: some did not fit. ENOSPC: one did not fit into our buffer. Both mean "anything may have changed".
      notices.overflowed = notices.overflowed || errno != EINTR;
      continue;
    }
    for_each_message(std::span<const std::uint8_t>(buffer_).first(static_cast<std::size_t>(size)),
                     [&](const nlmsghdr& message) { take(message, notices); });
  }
}

void take_xfrm_notice(const nlmsghdr& message, Notices& notices) {
  notices.ours += is_our_sa(message) ? 1U : 0U;
  notices.lost_policies = notices.lost_policies || tells_of_lost_policies(message);
  if (const auto spi = decode_lost_sa(message)) notices.lost_sas.push_back(*spi);
}

bool concerns_us(const nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const auto head = header_of<ifinfomsg>(message);
      return head && head->ifi_family == AF_UNSPEC && !Attributes(message, sizeof *head).has(IFLA_WIRELESS);
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: return true;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: return is_our_route(message) || is_default_route(message);
    case RTM_NEWRULE:
    case RTM_DELRULE: return decode_rule(message).has_value();
    default: return false;
  }
}

}  // namespace vtid::platform::netlink
