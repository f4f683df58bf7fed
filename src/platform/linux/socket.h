// A netlink socket for requests: many in flight, one answer each, and whole dumps. Blocks until the kernel has answered.
// It never repeats a request that changes something: when an answer was lost, the answer says so.
#pragma once

#include <memory>

#include "base/error.h"
#include "platform/kernel.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

struct Answer {
  Verdict verdict;
  Bytes reply;  // the message that a get request asked for; empty for others and for refusals
};

inline constexpr int kReceiveBuffer = 8 << 20;            // asked for with SO_RCVBUFFORCE
inline constexpr std::size_t kLongestDatagram = 1 << 16;  // the kernel fills dumps up to 32 KiB (net/netlink/af_netlink.c)
inline constexpr int kAnswerSeconds = 30;                 // longest silence; the kernel answers within the call that asks

using SocketHandle = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

// Opened, bound, close-on-exec, with a large receive buffer. Protocol as in linux/netlink.h.
[[nodiscard]] Result<SocketHandle> open_socket(int protocol, int flags);

class Socket {
 public:
  static Result<Socket> open(int protocol);

  // One answer per request, in their order. Requests are sent in windows whose answers fit the receive buffer.
  [[nodiscard]] std::vector<Answer> exchange(std::vector<Bytes> requests);

  // All that `decode` makes of a dump's messages. A dump that was interrupted, or lost for want of space, is repeated.
  template <class Decode>
  [[nodiscard]] auto dump(Bytes request, const char* what, Decode decode)
      -> Result<std::vector<typename std::invoke_result_t<Decode, const nlmsghdr&>::value_type>> {
    std::vector<typename std::invoke_result_t<Decode, const nlmsghdr&>::value_type> found;
    const auto done = dump_messages(
        std::move(request), what, [&] { found.clear(); },
        [&](const nlmsghdr& message) {
          if (auto value = decode(message)) found.push_back(*std::move(value));
        });
    if (!done) return std::unexpected(done.error());
    return found;
  }

 private:
  Socket(SocketHandle socket, std::size_t window) : socket_(std::move(socket)), window_(window), buffer_(kLongestDatagram) {}

  using Visit = std::function<void(const nlmsghdr&)>;
  Result<void> dump_messages(Bytes request, const char* what, const std::function<void()>& restart, const Visit& visit);
  enum class Pass { whole, interrupted };
  Result<Pass> dump_once(Bytes& request, const char* what, const Visit& visit);
  void exchange_window(std::span<Bytes> requests, std::span<Answer> answers);
  int send(std::span<const std::uint8_t> bytes);  // 0 or an errno
  // The next datagram, or an errno: ENOBUFS when some were lost before it, EAGAIN after kAnswerSeconds (at once when not
  // to wait).
  enum class Wait { yes, no };
  std::expected<std::span<const std::uint8_t>, int> receive(Wait wait = Wait::yes);

  SocketHandle socket_;
  std::size_t window_;
  Bytes buffer_;
  std::uint32_t sequence_ = 0;
};

}  // namespace vtid::platform::netlink
