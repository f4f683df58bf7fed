#include "io/echo_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <netinet/in.h>

#include <netinet/icmp6.h>  // FreeBSD's needs <netinet/in.h> first

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "monitor/echo.h"

namespace vtid::io {
namespace {

using std::chrono::microseconds;

std::unexpected<Error> system_failure(std::string doing) {
  const int code = errno;
  return fail(std::move(doing) + ": " + std::strerror(code), {}, code);
}

bool set_option(int fd, int level, int name, int value) { return ::setsockopt(fd, level, name, &value, sizeof value) == 0; }

// A hint: what the system refuses here only makes bursts lossier.
void ask_for_buffer(int fd) {
#ifdef SO_RCVBUFFORCE  // Linux, beyond net.core.rmem_max, with CAP_NET_ADMIN
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) return;
#endif
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
}

bool want_only_answers(int fd) {
  icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
  return ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) == 0;
}

sockaddr_storage socket_address(const EchoPath& path, socklen_t& size) {
  sockaddr_storage storage{};
  const auto bytes = path.destination.bytes();
  if (path.destination.is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::memcpy(&address.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &address, size = sizeof address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
    if (path.destination.is_link_local()) address.sin6_scope_id = path.device.value;
    std::memcpy(&storage, &address, size = sizeof address);
  }
  return storage;
}

net::Address address_of(const sockaddr_storage& storage) {
  std::array<std::uint8_t, 16> bytes{};
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof address);
    std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
    return net::Address::v6(bytes);
  }
  sockaddr_in address{};
  std::memcpy(&address, &storage, sizeof address);
  std::memcpy(bytes.data(), &address.sin_addr, 4);
  return *net::Address::from_bytes(std::span(bytes).first(4));
}

// Room for three control messages: a pin, a mark and a hop limit, or a pin and a time.
struct Control {
  alignas(cmsghdr) std::array<std::uint8_t, 96> bytes{};
  std::size_t used = 0;

  template <class Value>
  void put(msghdr& message, int level, int type, const Value& value) {
    static_assert(CMSG_SPACE(sizeof(in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(std::uint32_t)) <= sizeof bytes);
    static_assert(CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(timeval)) <= sizeof bytes);
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(bytes.data() + used, &header, sizeof header);
    std::memcpy(bytes.data() + used + CMSG_LEN(0), &value, sizeof value);
    used += CMSG_SPACE(sizeof value);
    message.msg_control = bytes.data();
    message.msg_controllen = static_cast<decltype(message.msg_controllen)>(used);
  }
};

// The one difference between the systems. Linux takes source and outgoing interface with each packet, and refuses a source
// that is not ours (ip(7), IP_PKTINFO). FreeBSD drops control data of raw IPv4 sockets (raw_ip.c, rip_send), so the source
// stands in a header of our own, and the route chooses the interface.
#ifdef __linux__
constexpr bool kWriteIpv4Header = false;
void pin4(msghdr& message, Control& control, const EchoPath& path) {
  in_pktinfo pin{};
  if (path.names_device()) pin.ipi_ifindex = static_cast<int>(path.device.value);
  if (path.source) std::memcpy(&pin.ipi_spec_dst, path.source->bytes().data(), 4);
  control.put(message, IPPROTO_IP, IP_PKTINFO, pin);
}
void put_mark(msghdr& message, Control& control, const EchoPath& path) {
  if (path.mark != 0) control.put(message, SOL_SOCKET, SO_MARK, path.mark);
}
#else
constexpr bool kWriteIpv4Header = true;
void pin4(msghdr&, Control&, const EchoPath&) {}
void put_mark(msghdr&, Control&, const EchoPath&) {}
#endif

// RFC 3542 section 6.2: zeros mean no wish.
void pin6(msghdr& message, Control& control, const EchoPath& path) {
  in6_pktinfo pin{};
  if (path.names_device()) pin.ipi6_ifindex = path.device.value;
  if (path.source) std::memcpy(&pin.ipi6_addr, path.source->bytes().data(), 16);
  control.put(message, IPPROTO_IPV6, IPV6_PKTINFO, pin);
  if (path.hop_limit != 0) control.put(message, IPPROTO_IPV6, IPV6_HOPLIMIT, path.hop_limit);
}

// By whose routes the socket sends. It is everybody's, so who changes it puts it back.
bool choose_fib([[maybe_unused]] int fd, [[maybe_unused]] std::uint32_t fib) {
#ifdef SO_SETFIB
  const int number = static_cast<int>(fib);
  return ::setsockopt(fd, SOL_SOCKET, SO_SETFIB, &number, sizeof number) == 0;
#else
  return true;
#endif
}

// The kernel's time of arrival against the same clock now. A clock that was set meanwhile makes it nonsense, which is no time.
constexpr std::chrono::seconds kLongestQueued{1};  // the loop is never held so long
microseconds time_queued(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMP) continue;
    timeval arrived{};
    std::memcpy(&arrived, CMSG_DATA(header), sizeof arrived);
    timeval now{};
    ::gettimeofday(&now, nullptr);
    const auto queued = std::chrono::seconds{now.tv_sec - arrived.tv_sec} + microseconds{now.tv_usec - arrived.tv_usec};
    return queued >= microseconds{0} && queued <= kLongestQueued ? queued : microseconds{0};
  }
  return {};
}

net::IfIndex device_of(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != IPPROTO_IPV6 || header->cmsg_type != IPV6_PKTINFO) continue;
    in6_pktinfo pin{};
    std::memcpy(&pin, CMSG_DATA(header), sizeof pin);
    return {static_cast<std::uint32_t>(pin.ipi6_ifindex)};
  }
  return {};
}

#ifdef SO_RCVBUFFORCE  // Linux
constexpr std::string_view kPrivilege = "run vtid as root or give it CAP_NET_RAW";
#else
constexpr std::string_view kPrivilege = "run vtid as root";
#endif

}  // namespace

Result<UniqueFd> open_echo_socket(net::Family family) {
  const bool v4 = family == net::Family::ipv4;
  constexpr int kKind = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(v4 ? ::socket(AF_INET, kKind, IPPROTO_ICMP) : ::socket(AF_INET6, kKind, IPPROTO_ICMPV6));
  if (!fd) {
    auto failure = system_failure("cannot open a raw socket for " + std::string(net::print(family)) + " probes");
    if (failure.error().code == EPERM) failure.error().remedy = std::string(kPrivilege);
    return failure;
  }
  const bool ready = v4 ? set_option(fd.get(), IPPROTO_IP, IP_HDRINCL, kWriteIpv4Header)
                        : want_only_answers(fd.get()) && set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (!ready || !set_option(fd.get(), SOL_SOCKET, SO_TIMESTAMP, 1)) {
    return system_failure("cannot set up the raw socket for " + std::string(net::print(family)) + " probes");
  }
  ask_for_buffer(fd.get());
  return fd;
}

Result<void> forbid_fragments(int fd, net::Family family) {
  bool done = family == net::Family::ipv4 || set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
#ifdef __linux__  // the path's MTU as learnt so far does not count: it may be what is wrong
  done = done && (family == net::Family::ipv4 ? set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
                                              : set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE));
#endif
  return done ? Result<void>{} : system_failure("cannot forbid fragments");
}

Result<void> send_echo(int fd, const EchoPath& path, std::span<const std::uint8_t> message) {
  const bool v4 = path.destination.is_v4();
  const auto source = path.source.value_or(net::Address::any(path.destination.family()));
  std::array<std::uint8_t, monitor::kIpv4HeaderBytes> header{};
  if (v4) header = monitor::encode_ipv4_header(source, path.destination, message.size(), path.whole);
  std::array<iovec, 2> pieces{iovec{header.data(), v4 && kWriteIpv4Header ? header.size() : 0},
                              iovec{const_cast<std::uint8_t*>(message.data()), message.size()}};  // iovec knows no const
  msghdr packet{};
  auto to = socket_address(path, packet.msg_namelen);
  packet.msg_name = &to;
  packet.msg_iov = pieces.data();
  packet.msg_iovlen = pieces.size();
  Control control;
  if (v4) {
    pin4(packet, control, path);
  } else {
    pin6(packet, control, path);
  }
  put_mark(packet, control, path);
  const bool sent = (path.fib == 0 || choose_fib(fd, path.fib)) && ::sendmsg(fd, &packet, 0) >= 0;
  const int code = errno;
  if (path.fib != 0) (void)choose_fib(fd, 0);
  errno = code;
  if (!sent) return system_failure("cannot send to " + net::print(path.destination));
  return {};
}

Result<std::optional<EchoPacket>> receive_echo(int fd, std::span<std::uint8_t> buffer) {
  sockaddr_storage from{};
  iovec piece{buffer.data(), buffer.size()};
  Control control;
  msghdr packet{};
  packet.msg_name = &from;
  packet.msg_namelen = sizeof from;
  packet.msg_iov = &piece;
  packet.msg_iovlen = 1;
  packet.msg_control = control.bytes.data();
  packet.msg_controllen = sizeof control.bytes;
  const auto size = ::recvmsg(fd, &packet, 0);
  if (size >= 0) return EchoPacket{address_of(from), device_of(packet), static_cast<std::size_t>(size), time_queued(packet)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
  return system_failure("cannot receive probes' answers");
}

}  // namespace vtid::io
