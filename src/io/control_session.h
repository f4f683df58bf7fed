// One client of the control sockets: serves its requests in their order and hands it events. A client that does not read is
// dropped. Private to control_server; ended by closing its socket.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "control/dispatch.h"
#include "io/asio.h"
#include "io/control_server.h"

namespace vtid::io {

// Kept alive by its coroutine, by a write under way and by the server's list.
class ControlSession : public std::enable_shared_from_this<ControlSession> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  ControlSession(Socket socket, control::Access access, model::Caller caller, std::shared_ptr<const ControlWiring> wiring);

  // Until the client leaves or is dropped.
  boost::asio::awaitable<void> run();

  // Whether the client wants events of that kind.
  [[nodiscard]] bool follows(std::string_view kind) const;
  // Sends an event, as a line.
  void publish(const std::string& line);

  // Sends one line and ends, without run().
  void refuse(std::string line);

  void close();

 private:
  boost::asio::awaitable<void> serve(const std::string& line);
  boost::asio::awaitable<void> ask(control::Ask ask);
  boost::asio::awaitable<model::CommandResult> post(model::Command command);
  boost::asio::awaitable<void> drain();
  void send(std::string line);
  void drop(std::string_view reason);
  void write_first();
  void written();

  Socket socket_;
  const control::Access access_;
  const model::Caller caller_;
  const std::shared_ptr<const ControlWiring> wiring_;
  boost::asio::steady_timer deadline_;  // of the write under way
  boost::asio::steady_timer drained_;   // cancelled when the queue is empty
  std::deque<std::string> queue_;
  bool follows_ = false;
  std::string kind_;      // of the events that it follows; empty: every kind
  bool closing_ = false;  // nothing more is queued; closed once the queue is written
};

}  // namespace vtid::io
