// A connection that is begun to see whether somebody answers, and thrown away: what refuses it is as much there as what takes
// it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/asio.h"
#include "io/echo_socket.h"

namespace vtid::io {

using TcpSocket = boost::asio::ip::tcp::socket;
using OnConnected = std::function<void(boost::system::error_code failure)>;

// `connected` is called from the io_context, once, unless the socket is gone by then. Closing it sends a reset: nothing of it
// is left at either end. `device` is the path's, by its name; Linux alone can keep a connection to one.
[[nodiscard]] Result<std::shared_ptr<TcpSocket>> begin_connect(boost::asio::io_context& context, const EchoPath& path,
                                                               std::uint16_t port, const net::IfName& device,
                                                               OnConnected connected);

// Whether that was an answer of the destination's.
[[nodiscard]] bool is_answer(boost::system::error_code failure);

// "cannot connect to 203.0.113.9: No route to host"
[[nodiscard]] std::string connect_failure(const net::Address& destination, boost::system::error_code failure);

}  // namespace vtid::io
