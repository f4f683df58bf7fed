#include "platform/arp.h"

#include <cerrno>

namespace vtid::platform {
namespace {

// Packets of a link are had by bpf(4) alone, a device for each interface. The configuration refuses what would need them.
std::unexpected<Error> no_means() { return fail("this system does not ask for IPv4 neighbours", "write \"icmp\"", ENOTSUP); }

}  // namespace

Result<UniqueFd> open_arp_socket() { return no_means(); }

Result<void> send_arp_request(int, net::IfIndex, const net::Address&) { return no_means(); }

Result<std::optional<std::pair<net::Address, net::IfIndex>>> receive_arp_reply(int) { return no_means(); }

}  // namespace vtid::platform
