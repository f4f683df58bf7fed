// Raw ICMP and ICMPv6 sockets: one descriptor sends from any local address by any interface, and takes in echo replies and
// neighbour advertisements. Plain POSIX and RFC 3542; it
// neither waits nor knows what a probe means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/names.h"

namespace vtid::io {

// Needs CAP_NET_RAW on Linux, root on FreeBSD. Non-blocking.
[[nodiscard]] Result<UniqueFd> open_echo_socket(net::Family family);
// Packets larger than the MTU of the way are lost, not fragmented; on FreeBSD IPv4 ones need EchoPath::whole too.
[[nodiscard]] Result<void> forbid_fragments(int fd, net::Family family);

struct EchoPath {
  net::Address destination;
  std::optional<net::Address> source;
  net::IfIndex device;  // 0: the routing table decides. FreeBSD knows no such wish for IPv4 and lets the route decide
  bool whole = false;   // not to be fragmented
  // Linux: of the packet, for routing rules to lead it; 0: none. The device is left to these then: of a packet that names one
  // IPv6's lookup passes over routes that refuse, and IPv4's takes an address without a route for a neighbour.
  std::uint32_t mark = 0;
  int hop_limit = 0;      // of IPv6; 0: the system's
  bool in_vrf = false;    // Linux: the device is named beside the mark too
  std::uint32_t fib = 0;  // FreeBSD: by whose routes it goes
  [[nodiscard]] bool names_device() const { return mark == 0 || in_vrf; }
};

// `message` is ICMP or ICMPv6 without IP header. An error is about this packet alone; its code is errno.
[[nodiscard]] Result<void> send_echo(int fd, const EchoPath& path, std::span<const std::uint8_t> message);

struct EchoPacket {
  net::Address source;
  net::IfIndex device{};               // by which it came, of IPv6; 0: not told
  std::size_t size = 0;                // bytes of the buffer that were filled
  std::chrono::microseconds queued{};  // how long it lay in the socket: our own slowness is not the path's
};

// The next packet into `buffer`, nothing when there is none. After an error the socket is to be opened again.
[[nodiscard]] Result<std::optional<EchoPacket>> receive_echo(int fd, std::span<std::uint8_t> buffer);

inline constexpr std::size_t kLongestReply = 128;   // more than any IPv4 header (60) and our message (20) together
inline constexpr int kReceiveBuffer = 1024 * 1024;  // about 2,000 replies may wait while the daemon is busy elsewhere

}  // namespace vtid::io
