#include "io/tcp_listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vtid::io {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

SocketAddress address_of(const net::Address& address, std::uint16_t port) {
  SocketAddress result;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    std::memcpy(&result.storage, &v4, result.length = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    std::memcpy(&result.storage, &v6, result.length = sizeof v6);
  }
  return result;
}

}  // namespace

Result<UniqueFd> listen_on_tcp(const net::Address& address, std::uint16_t port) {
  const auto failed = [&](std::string_view doing, std::string remedy = {}) {
    const int code = errno;
    return fail(fmt::format("cannot {} {} port {}: {}", doing, net::print(address), port, std::strerror(code)),
                std::move(remedy), code);
  };
  const SocketAddress at = address_of(address, port);
  const int on = 1;
  UniqueFd fd(::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return failed("make a socket for");
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.is_v6()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at.storage), at.length) != 0)
    return failed("listen on",
                  errno == EACCES ? "choose a port above 1023" : "choose another in \"http\", or stop what has it");
  if (::listen(fd.get(), SOMAXCONN) != 0) return failed("listen on");
  return fd;
}

}  // namespace vtid::io
