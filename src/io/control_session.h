// One client of the control sockets: serves its requests in their order, one for each turn, and hands it events. A client that
// does not read, or has nothing to ask, is dropped. Private to control_server; ended by closing its socket.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "control/dispatch.h"
#include "control/framing.h"
#include "io/asio.h"
#include "io/control_server.h"
#include "io/control_turns.h"

namespace vtid::io {

// Kept alive by its coroutine, by a write under way and by the server's list.
class ControlSession : public std::enable_shared_from_this<ControlSession> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Clock = boost::asio::steady_timer::clock_type;

  struct Client {
    control::Access access;
    model::Caller caller;
    ControlTurns::Lane lane;
  };

  ControlSession(Socket socket, const Client& client, std::shared_ptr<const ControlWiring> wiring,
                 std::shared_ptr<ControlTurns> turns);
  ~ControlSession();
  ControlSession(const ControlSession&) = delete;
  ControlSession& operator=(const ControlSession&) = delete;

  // Until the client leaves or is dropped.
  boost::asio::awaitable<void> run();

  // Whether the client wants events of that kind.
  [[nodiscard]] bool follows(std::string_view kind) const;
  // Sends an event, as a line.
  void publish(std::shared_ptr<const std::string> line);

  // Sends one line and ends, without run().
  void refuse(std::string line);

  [[nodiscard]] std::uint32_t uid() const { return client_.caller.uid; }
  [[nodiscard]] bool is_ending() const { return closing_; }
  // Since when the client has asked for nothing and follows nothing; nothing while a request is served.
  [[nodiscard]] std::optional<Clock::time_point> idle_since() const { return closing_ ? std::nullopt : idle_since_; }

  // Says why, as far as the client still reads, and ends.
  void drop(std::string_view reason);
  void close();

 private:
  struct Waiting;
  struct Outgoing {
    std::shared_ptr<const std::string> line;
    bool is_event = false;
  };

  void rest();
  void rest_for(Duration most, std::string_view reason);  // a literal
  void work();
  void watch_for_hang_up();
  void look_for_hang_up();
  void glance();
  void abandon();
  void tell(boost::system::error_code error) const;
  [[nodiscard]] bool may_grow();
  void give_long_request_back();
  [[nodiscard]] std::string too_long() const;
  boost::asio::awaitable<void> turn();
  boost::asio::awaitable<void> answer(const control::Line& line);
  boost::asio::awaitable<void> serve(const std::string& line);
  boost::asio::awaitable<void> ask(control::Execute ask);
  boost::asio::awaitable<model::CommandResult> post(model::Command command);
  boost::asio::awaitable<void> drain();
  void send(std::string line);
  void put(Outgoing outgoing);
  void forget(const Outgoing& outgoing);
  void write_first();
  void written();

  Socket socket_;
  const Client client_;
  const std::shared_ptr<const ControlWiring> wiring_;
  const std::shared_ptr<ControlTurns> turns_;
  boost::asio::steady_timer deadline_;  // of the write under way
  boost::asio::steady_timer drained_;   // cancelled when the queue is empty
  boost::asio::steady_timer idle_;      // runs while the client asks for nothing
  boost::asio::steady_timer glance_;    // runs while a command waits
  std::deque<Outgoing> queue_;
  std::size_t event_bytes_ = 0;  // of the queue
  std::optional<Clock::time_point> idle_since_;
  std::shared_ptr<Waiting> waiting_;  // for a command's result
  bool left_ = false;                 // the client hung up: nobody reads any more
  bool has_long_request_ = false;     // a place for one is taken
  bool crowded_ = false;              // the line at hand was refused such a place
  bool follows_ = false;
  std::string kind_;      // of the events that it follows; empty: every kind
  bool closing_ = false;  // nothing more is queued; closed once the queue is written
};

}  // namespace vtid::io
