#include "io/tcp_probe.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint endpoint_of(const net::Address& address, std::uint16_t port, net::IfIndex device) {
  if (address.is_v4()) {
    asio::ip::address_v4::bytes_type bytes;
    std::ranges::copy(address.bytes(), bytes.begin());
    return {asio::ip::address_v4(bytes), port};
  }
  asio::ip::address_v6::bytes_type bytes;
  std::ranges::copy(address.bytes(), bytes.begin());
  return {asio::ip::address_v6(bytes, address.is_link_local() ? device.value : 0), port};
}

// As with echoes, a mark leaves the device to the rules. FreeBSD has neither: there the route decides.
error_code keep_to_path([[maybe_unused]] TcpSocket& socket, [[maybe_unused]] const EchoPath& path,
                        [[maybe_unused]] const net::IfName& device) {
  [[maybe_unused]] int failed = 0;
#ifdef SO_MARK
  if (path.mark != 0) {
    failed = ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_MARK, &path.mark, sizeof path.mark);
  }
  if (failed == 0 && path.names_device() && !device.empty()) {
    const std::string& name = device.text();
    failed = ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                          static_cast<socklen_t>(name.size() + 1));
  }
#endif
#ifdef SO_SETFIB
  const int fib = static_cast<int>(path.fib);
  if (fib != 0) failed = ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SETFIB, &fib, sizeof fib);
#endif
  return failed == 0 ? error_code{} : error_code(errno, boost::system::system_category());
}

}  // namespace

Result<std::shared_ptr<TcpSocket>> begin_connect(asio::io_context& context, const EchoPath& path, std::uint16_t port,
                                                 const net::IfName& device, OnConnected connected) {
  const tcp::endpoint destination = endpoint_of(path.destination, port, path.device);
  const auto socket = std::make_shared<TcpSocket>(context);
  error_code failure;
  socket->open(destination.protocol(), failure);
  if (!failure) socket->set_option(asio::socket_base::linger(true, 0), failure);
  if (!failure) failure = keep_to_path(*socket, path, device);
  if (!failure && path.source) socket->bind(endpoint_of(*path.source, 0, path.device), failure);
  if (failure) return fail(connect_failure(path.destination, failure), {}, failure.value());
  socket->async_connect(destination, [waiting = std::weak_ptr(socket), connected = std::move(connected)](error_code outcome) {
    if (!waiting.expired()) connected(outcome);
  });
  return socket;
}

std::string connect_failure(const net::Address& destination, error_code failure) {
  return "cannot connect to " + net::print(destination) + ": " + failure.message();
}

bool is_answer(error_code failure) { return !failure || failure == asio::error::connection_refused; }

}  // namespace vtid::io
