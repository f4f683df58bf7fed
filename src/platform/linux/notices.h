// The kernel's notifications, reduced to "look again". Opened before the first dump, so that nothing falls between.
#pragma once

#include <array>

#include "base/unique_fd.h"
#include "platform/kernel.h"
#include "platform/linux/socket.h"

namespace vtid::platform::netlink {

class NoticeSocket {
 public:
  static Result<NoticeSocket> open();

  // Readable while any of the sockets behind it is.
  [[nodiscard]] int descriptor() const { return any_.get(); }
  // At most kNoticesAtOnce datagrams of each socket; the descriptor stays readable when there are more.
  [[nodiscard]] Notices drain();

 private:
  NoticeSocket(SocketHandle route, SocketHandle xfrm, SocketHandle filter, UniqueFd any)
      : route_(std::move(route)),
        xfrm_(std::move(xfrm)),
        filter_(std::move(filter)),
        any_(std::move(any)),
        buffer_(kLongestDatagram) {}

  template <class Take>
  void drain(mnl_socket* socket, Take take, Notices& notices);

  SocketHandle route_;
  SocketHandle xfrm_;
  SocketHandle filter_;  // empty where the kernel has no netfilter
  UniqueFd any_;         // epoll(7) over all
  Bytes buffer_;
};

inline constexpr int kNoticesAtOnce = 4096;

// Links, whoever's: names and if_ids are taken and given back, outer MTUs change. Addresses, whoever's: they may be outer
// ones. Routes of ours. Not bridge ports and not wireless events, which come as link messages too.
[[nodiscard]] bool concerns_us(const nlmsghdr& message);
// SAs of ours, SAs of others that went, and policies that went, whoever's.
void take_xfrm_notice(const nlmsghdr& message, Notices& notices);

}  // namespace vtid::platform::netlink
