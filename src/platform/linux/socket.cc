#include "platform/linux/socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace vtid::platform::netlink {
namespace {

constexpr std::size_t kAnswerCost = 4096;  // what one answer may take of the receive buffer: a link's whole description
constexpr std::size_t kWidestWindow = 256;
constexpr std::size_t kNarrowestWindow = 16;

std::string reason(int code) { return std::generic_category().message(code); }

nlmsghdr& header_in(Bytes& request) { return *static_cast<nlmsghdr*>(static_cast<void*>(request.data())); }

void set(const mnl_socket* socket, int option) {
  int on = 1;
  // Older kernels lack one or the other: then errors have no text, or dumps are filtered here.
  (void)mnl_socket_setsockopt(socket, option, &on, sizeof on);
}

std::size_t window_of(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
  return std::clamp(static_cast<std::size_t>(size) / kAnswerCost, kNarrowestWindow, kWidestWindow);
}

}  // namespace

Result<SocketHandle> open_socket(int protocol, int flags) {
  SocketHandle socket(mnl_socket_open2(protocol, SOCK_CLOEXEC | flags), mnl_socket_close);
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    const int code = errno;
    return fail(fmt::format("cannot open a netlink socket (protocol {}): {}", protocol, reason(code)),
                "the kernel needs XFRM (CONFIG_XFRM_USER, CONFIG_XFRM_INTERFACE); without it only --kernel memory works", code);
  }
  const int fd = mnl_socket_get_fd(socket.get());
  const int size = kReceiveBuffer;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);  // without CAP_NET_ADMIN: as much as rmem_max allows
  }
  return socket;
}

Result<Socket> Socket::open(int protocol) {
  auto handle = open_socket(protocol, 0);
  if (!handle) return std::unexpected(handle.error());
  const int fd = mnl_socket_get_fd(handle->get());
  const timeval patience{kAnswerSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  set(handle->get(), NETLINK_EXT_ACK);
  set(handle->get(), NETLINK_CAP_ACK);
  set(handle->get(), NETLINK_GET_STRICT_CHK);
  return Socket(*std::move(handle), window_of(fd));
}

std::vector<Answer> Socket::exchange(std::vector<Bytes> requests) {
  std::vector<Answer> answers(requests.size());
  for (std::size_t at = 0; at < requests.size(); at += window_) {
    const std::size_t count = std::min(window_, requests.size() - at);
    exchange_window(std::span(requests).subspan(at, count), std::span(answers).subspan(at, count));
  }
  return answers;
}

void Socket::exchange_window(std::span<Bytes> requests, std::span<Answer> answers) {
  const std::uint32_t first = sequence_ + 1;
  Bytes all;
  for (Bytes& request : requests) {
    header_in(request).nlmsg_seq = ++sequence_;
    header_in(request).nlmsg_flags |= NLM_F_ACK;
    all.insert(all.end(), request.begin(), request.end());
  }
  int lost = send(all);
  std::vector<bool> answered(requests.size());
  std::size_t open = lost == 0 ? requests.size() : 0;
  while (open > 0) {
    // The kernel worked through the whole window before send() returned: after a loss, what is in the queue is all there is.
    const auto datagram = receive(lost == 0 ? Wait::yes : Wait::no);
    if (!datagram) {
      if (lost != 0) break;
      lost = datagram.error();
      continue;
    }
    for_each_message(*datagram, [&](const nlmsghdr& message) {
      const std::uint32_t slot = message.nlmsg_seq - first;
      if (slot >= requests.size() || answered[slot]) return;  // of a window whose answers were given up
      if (message.nlmsg_type != NLMSG_ERROR) {
        const auto* bytes = static_cast<const std::uint8_t*>(static_cast<const void*>(&message));
        answers[slot].reply.assign(bytes, bytes + aligned(message.nlmsg_len));
        return;
      }
      answers[slot].verdict = decode_verdict(message);
      answered[slot] = true;
      --open;
    });
  }
  for (std::size_t slot = 0; slot < requests.size(); ++slot) {
    if (!answered[slot]) answers[slot] = {{lost, "the kernel's answer was lost"}, {}};
  }
}

Result<void> Socket::dump_messages(Bytes request, const char* what, const std::function<void()>& restart, const Visit& visit) {
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    restart();
    const auto pass = dump_once(request, what, visit);
    if (!pass) return std::unexpected(pass.error());
    if (*pass == Pass::whole) return {};
  }
  return fail(fmt::format("cannot list {}: they changed during each of {} attempts", what, kDumpAttempts), {}, EAGAIN);
}

Result<Socket::Pass> Socket::dump_once(Bytes& request, const char* what, const Visit& visit) {
  const auto refused = [what](const Verdict& verdict) {
    return fail(fmt::format("cannot list {}: {}", what, verdict.text.empty() ? reason(verdict.code) : verdict.text), {},
                verdict.code);
  };
  header_in(request).nlmsg_seq = ++sequence_;
  if (const int code = send(request); code != 0) return refused({code, {}});
  Pass pass = Pass::whole;
  std::optional<Verdict> end;
  while (!end) {
    const auto datagram = receive();
    if (!datagram && datagram.error() == ENOBUFS) {
      pass = Pass::interrupted;  // the dump goes on all the same: it has to be read to its end
      continue;
    }
    if (!datagram) return refused({datagram.error(), {}});
    for_each_message(*datagram, [&](const nlmsghdr& message) {
      if (message.nlmsg_seq != sequence_) return;
      if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) pass = Pass::interrupted;
      if (message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR) {
        end = decode_verdict(message);
      } else {
        visit(message);
      }
    });
  }
  if (end->code != 0) return refused(*end);
  return pass;
}

int Socket::send(std::span<const std::uint8_t> bytes) {
  return mnl_socket_sendto(socket_.get(), bytes.data(), bytes.size()) < 0 ? errno : 0;
}

std::expected<std::span<const std::uint8_t>, int> Socket::receive(Wait wait) {
  pollfd readable{mnl_socket_get_fd(socket_.get()), POLLIN, 0};
  if (wait == Wait::no && poll(&readable, 1, 0) <= 0) return std::unexpected(EAGAIN);
  ssize_t size = -1;
  do {
    size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0) return std::unexpected(errno);
  return std::span<const std::uint8_t>(buffer_).first(static_cast<std::size_t>(size));
}

}  // namespace vtid::platform::netlink
