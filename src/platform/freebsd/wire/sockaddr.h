// Addresses as the kernel writes them. A link-local address carries its device in its scope, or, inside the kernel's older
// structures, in its third and fourth byte: both are taken out when one is read.
#pragma once

#include "net/address.h"
#include "net/names.h"
#include "platform/freebsd/wire/abi.h"
#include "platform/freebsd/wire/bytes.h"

namespace vtid::platform::freebsd {

[[nodiscard]] abi::SockaddrIn sockaddr4(const net::Address& address);
[[nodiscard]] abi::SockaddrIn6 sockaddr6(const net::Address& address, net::IfIndex scope = {});
// The mask of a prefix length, as a sockaddr of its family.
[[nodiscard]] net::Address mask_of(net::Family family, std::uint8_t length);

[[nodiscard]] Bytes encode_sockaddr(const net::Address& address, net::IfIndex scope = {});
[[nodiscard]] Bytes encode_link_sockaddr(net::IfIndex index);

// Nothing when it is not an address of either family.
[[nodiscard]] std::optional<net::Address> decode_sockaddr(View bytes);
// How many bytes a sockaddr takes in a list of them: rounded to 8; an empty one takes 8 too (SA_SIZE, sys/net/route.h).
[[nodiscard]] std::size_t room_of_sockaddr(View bytes);
// The length of the prefix that a mask leaves. Masks come trimmed, with a wrong family, or with bits in their port.
[[nodiscard]] std::optional<std::uint8_t> decode_mask(View bytes, net::Family family);

}  // namespace vtid::platform::freebsd
