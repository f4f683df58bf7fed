// RTM_*ADDR: linux/if_addr.h, net/ipv4/devinet.c, net/ipv6/addrconf.c.
#pragma once

#include "model/observed.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

// Refused with EEXIST when the device has it. IPv6 without duplicate address detection: there is nobody else on a tunnel,
// and a tentative address could not be used in the first second.
[[nodiscard]] Bytes encode_new_address(const model::InterfaceAddress& address, net::IfIndex index);
[[nodiscard]] Bytes encode_delete_address(const model::InterfaceAddress& address, net::IfIndex index);
[[nodiscard]] Bytes encode_dump_addresses();  // of both families

// `device` stays empty: the message has only the index.
[[nodiscard]] std::optional<model::ObservedAddress> decode_address(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
