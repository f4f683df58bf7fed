// The kernel's notifications, reduced to "look again". Opened before the first dump, so that nothing falls between.
#pragma once

#include "platform/kernel.h"
#include "platform/linux/socket.h"

namespace vtid::platform::netlink {

class NoticeSocket {
 public:
  static Result<NoticeSocket> open();

  [[nodiscard]] int descriptor() const { return mnl_socket_get_fd(socket_.get()); }
  // At most kNoticesAtOnce datagrams; the descriptor stays readable when there are more.
  [[nodiscard]] Notices drain();

 private:
  explicit NoticeSocket(SocketHandle socket) : socket_(std::move(socket)), buffer_(kLongestDatagram) {}

  SocketHandle socket_;
  Bytes buffer_;
};

inline constexpr int kNoticesAtOnce = 4096;

// Links, whoever's: names and if_ids are taken and given back, outer MTUs change. Addresses, whoever's: they may be outer
// ones. Routes of ours. Not bridge ports and not wireless events, which come as link messages too.
[[nodiscard]] bool concerns_us(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
