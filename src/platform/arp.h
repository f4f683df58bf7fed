// Asks an IPv4 neighbour for its link-layer address (RFC 826), and hears who answers. It neither waits nor knows what a probe
// means, and leaves the kernel's own table of neighbours alone.
#pragma once

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"
#include "net/names.h"

namespace vtid::platform {

// Non-blocking; needs CAP_NET_RAW on Linux. An error where Capabilities::asks_arp is false.
[[nodiscard]] Result<UniqueFd> open_arp_socket();
// A broadcast by an Ethernet device, from its first address.
[[nodiscard]] Result<void> send_arp_request(int fd, net::IfIndex device, const net::Address& neighbour);
// The next reply: whose, and by which device; nothing when there is none. After an error the socket is to be opened again.
[[nodiscard]] Result<std::optional<std::pair<net::Address, net::IfIndex>>> receive_arp_reply(int fd);

}  // namespace vtid::platform
