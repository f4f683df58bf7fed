// The control sockets: one for everything, one beside it for reading. Sessions read a snapshot or post a command, and never
// wait for each other; a client that does not read is dropped with a reason, and nothing that it sends ends another session.
// Runs on the io_context's one thread; never touches the daemon's state.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "model/command.h"
#include "model/snapshot.h"
#include "vtid/protocol.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

// Who may use the sockets. Where a group does not exist its socket is the daemon's user's alone.
struct ControlDoors {
  std::string path{protocol::kSocket};  // view.sock lies in the same folder, which is made when it is missing
  std::string group{protocol::kGroup};
  std::string view_group{protocol::kViewGroup};
};

// What the server needs of the daemon. `snapshot` always gives one; `post` calls back once, on the same thread, at once or
// later.
struct ControlWiring {
  std::function<std::shared_ptr<const model::Snapshot>()> snapshot;
  std::function<void(model::Command, model::Caller, std::function<void(model::CommandResult)>)> post;
  std::function<Result<model::Caller>(int fd)> peer;  // whose the other end of a connected socket is
};

class ControlServer {
 public:
  // Listens at once. A socket file that nobody answers on is replaced; one that somebody answers on is an error.
  [[nodiscard]] static Result<ControlServer> open(boost::asio::io_context& context, ControlDoors doors, ControlWiring wiring);

  ControlServer(ControlServer&&) noexcept;
  ControlServer& operator=(ControlServer&&) noexcept;
  ~ControlServer();  // close()

  // To every session that subscribed to this kind.
  void publish(const model::Event& event);

  // Ends every session and removes the socket files. A result that arrives later is dropped.
  void close();

 private:
  struct State;
  explicit ControlServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

inline constexpr std::size_t kMaxSessions = 64;        // on each of the two sockets: readers cannot crowd out changes
inline constexpr std::size_t kMaxQueuedEvents = 1024;  // lines that a session may lag behind before it is dropped
inline constexpr Duration kWriteDeadline{10'000};      // for a client to take one line

}  // namespace vtid::io
