#include "platform/linux/notices.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "platform/linux/routes.h"

namespace vtid::platform::netlink {

Result<NoticeSocket> NoticeSocket::open() {
  auto socket = open_socket(NETLINK_ROUTE, SOCK_NONBLOCK);
  if (!socket) return std::unexpected(socket.error());
  for (unsigned group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE}) {
    if (mnl_socket_setsockopt(socket->get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
      const int code = errno;
      return fail(fmt::format("cannot listen to the kernel's notifications: {}", std::generic_category().message(code)), {},
                  code);
    }
  }
  return NoticeSocket(*std::move(socket));
}

Notices NoticeSocket::drain() {
  Notices notices;
  for (int count = 0; count < kNoticesAtOnce; ++count) {
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (size < 0) {
      // ENOBUFS: some did not fit. ENOSPC: one did not fit into our buffer. Both mean "anything may have changed".
      notices.overflowed = notices.overflowed || errno != EINTR;
      continue;
    }
    for_each_message(std::span<const std::uint8_t>(buffer_).first(static_cast<std::size_t>(size)),
                     [&](const nlmsghdr& message) { notices.ours += concerns_us(message) ? 1U : 0U; });
  }
  return notices;
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
    case RTM_DELROUTE: return is_our_route(message);
    default: return false;
  }
}

}  // namespace vtid::platform::netlink
