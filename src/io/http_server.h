// The optional HTTP listener: for reading only, off unless the file names where. Bounded as the control sockets are: how many
// connections, how long a request, how much time for it and for its answer; one request is served for each pass of the loop.
// What cannot be listened on is said in the log and tried again; tunnels do not depend on it. Runs on the io_context's one
// thread; never touches the daemon's state.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "model/command.h"
#include "model/http.h"
#include "model/snapshot.h"
#include "vtid/protocol.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

struct HttpWiring {
  std::function<std::shared_ptr<const model::Snapshot>()> snapshot;
  std::function<void(model::Command, model::Caller, model::Reply)> post;  // as ControlWiring's
  std::string group{protocol::kViewGroup};                                // of a UNIX socket
  Duration request_limit{10'000};                                         // for a request to come, and to be answered
  Duration write_limit{10'000};                                           // for a client to take an answer
  Duration heartbeat{15'000};                                             // of an event stream
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& context, HttpWiring wiring);
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();  // ends every connection and removes the socket files

  // Listens there, and no longer elsewhere; what is the same stays.
  void lead_to(const model::HttpConfig& config);

  // To every event stream.
  void publish(const model::Event& event);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

inline constexpr std::size_t kMaxHttpSessions = 64;      // where there is none left, the one idle for longest makes way
inline constexpr std::size_t kMaxHttpStreams = 16;       // of them
inline constexpr std::size_t kMaxHttpHeader = 8U << 10;  // bytes of a request
inline constexpr std::size_t kMaxKeptEvents = 100;       // that a new stream begins with
inline constexpr std::size_t kMaxStreamEvents = 256;     // that a stream may lag behind before it is ended

}  // namespace vtid::io
