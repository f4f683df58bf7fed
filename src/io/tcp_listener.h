// Listening TCP sockets. Plain POSIX, no Asio.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace vtid::io {

// For that address alone: an IPv6 socket takes no IPv4.
[[nodiscard]] Result<UniqueFd> listen_on_tcp(const net::Address& address, std::uint16_t port);

}  // namespace vtid::io
