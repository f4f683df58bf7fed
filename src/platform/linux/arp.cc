#include "platform/arp.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

namespace vtid::platform {
namespace {

std::unexpected<Error> failure(const std::string& doing) {
  const int code = errno;
  return fail(doing + ": " + std::strerror(code), code == EPERM ? "give vtid CAP_NET_RAW, or run it as root" : "", code);
}

sockaddr_ll link_address(net::IfIndex device) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ARP);
  address.sll_ifindex = static_cast<int>(device.value);
  address.sll_halen = ETH_ALEN;
  std::memset(address.sll_addr, 0xff, ETH_ALEN);
  return address;
}

// Replies alone: a busy segment is full of requests.
bool want_only_replies(int fd) {
  std::array<sock_filter, 4> code{sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(ether_arp, ea_hdr.ar_op)),
                                  sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 0, 1),
                                  sock_filter BPF_STMT(BPF_RET | BPF_K, sizeof(ether_arp)),
                                  sock_filter BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog filter{code.size(), code.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

}  // namespace

// The filter comes before the protocol: until then nothing is received.
Result<UniqueFd> open_arp_socket() {
  UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failure("cannot open a packet socket for ARP probes");
  const sockaddr_ll all = link_address({});
  if (!want_only_replies(fd.get()) || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0) {
    return failure("cannot set up the packet socket for ARP probes");
  }
  return fd;
}

Result<void> send_arp_request(int fd, net::IfIndex device, const net::Address& neighbour) {
  const std::string doing = "cannot ask for " + net::print(neighbour);
  ifreq request{};
  if (::if_indextoname(device.value, request.ifr_name) == nullptr) return failure(doing);
  if (::ioctl(fd, SIOCGIFHWADDR, &request) != 0) return failure(doing);
  if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
    return fail(doing + ": " + request.ifr_name + " is no Ethernet", "write \"kind\": \"icmp\"", ENOTSUP);
  }
  ether_arp message{};
  message.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
  message.ea_hdr.ar_pro = htons(ETH_P_IP);
  message.ea_hdr.ar_hln = ETH_ALEN;
  message.ea_hdr.ar_pln = sizeof message.arp_tpa;
  message.ea_hdr.ar_op = htons(ARPOP_REQUEST);
  std::memcpy(message.arp_sha, request.ifr_hwaddr.sa_data, ETH_ALEN);
  std::memcpy(message.arp_tpa, neighbour.bytes().data(), sizeof message.arp_tpa);
  if (::ioctl(fd, SIOCGIFADDR, &request) == 0) {  // else 0.0.0.0, as an address is probed before it is used (RFC 5227)
    sockaddr_in own{};
    std::memcpy(&own, &request.ifr_addr, sizeof own);
    std::memcpy(message.arp_spa, &own.sin_addr, sizeof message.arp_spa);
  }
  const sockaddr_ll everybody = link_address(device);
  const auto sent = ::sendto(fd, &message, sizeof message, 0, reinterpret_cast<const sockaddr*>(&everybody), sizeof everybody);
  return sent == sizeof message ? Result<void>{} : failure(doing);
}

// What is no reply to anybody's question has the unspecified address.
Result<std::optional<std::pair<net::Address, net::IfIndex>>> receive_arp_reply(int fd) {
  ether_arp message{};
  sockaddr_ll from{};
  socklen_t size = sizeof from;
  const auto length = ::recvfrom(fd, &message, sizeof message, 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return std::nullopt;
  if (length < 0) return failure("cannot receive the answers of ARP probes");
  const net::IfIndex device{static_cast<std::uint32_t>(from.sll_ifindex)};
  const bool whole = length == sizeof message && message.ea_hdr.ar_pro == htons(ETH_P_IP) &&
                     message.ea_hdr.ar_pln == sizeof message.arp_spa && from.sll_pkttype != PACKET_OUTGOING;
  if (!whole) return std::pair(net::Address::any(net::Family::ipv4), device);
  return std::pair(*net::Address::from_bytes(std::span<const std::uint8_t>(message.arp_spa)), device);
}

}  // namespace vtid::platform
