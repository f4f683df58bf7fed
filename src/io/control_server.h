// The control sockets: one for everything, one beside it for reading. Sessions read a snapshot or post a command, and never
// wait for each other; a client that does not read is dropped with a reason, and nothing that it sends ends another session,
// holds the loop for longer than one answer takes or makes memory grow beyond what is named here and in control_turns.h.
// Runs on the io_context's one thread; never touches the daemon's state.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "model/command.h"
#include "model/snapshot_view.h"
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

// What the server needs of the daemon. `snapshot` is read before anything else happens; `post` replies once, on the same
// thread, at once or later; a reply that is not wanted any more need not be given.
struct ControlWiring {
  std::function<model::SnapshotView()> snapshot;
  std::function<void(model::Command, model::Caller, model::Reply)> post;
  std::function<Result<model::Caller>(int fd)> peer;  // whose the other end of a connected socket is
  Duration idle_limit{60'000};                        // for a session that follows nothing to ask for something
  Duration long_request_limit{10'000};                // for a request of more than protocol::kMaxShortRequest bytes to end
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

// Places on each of the two sockets: readers cannot crowd out changes, one user not the others, nobody root. Where there is
// none left, the session that has been idle for longest makes way.
inline constexpr std::size_t kMaxSessions = 64;        // of everybody
inline constexpr std::size_t kMaxSessionsOfUser = 32;  // of one user but root and the daemon's own
inline constexpr std::size_t kKeptForRoot = 16;        // beyond kMaxSessions, for those two

inline constexpr std::size_t kMaxQueuedEvents = 1024;            // lines that a session may lag behind before it is dropped
inline constexpr std::size_t kMaxQueuedEventBytes = 256U << 10;  // bytes of them
inline constexpr Duration kWriteDeadline{10'000};                // for a client to take one line

}  // namespace vtid::io
