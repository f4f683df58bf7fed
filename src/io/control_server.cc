#include "io/control_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/log.h"
#include "control/dispatch.h"
#include "io/asio.h"
#include "io/close_on_exec.h"
#include "io/control_session.h"
#include "io/control_turns.h"
#include "io/unix_listener.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using Stream = asio::local::stream_protocol;

constexpr std::size_t kMostDescriptors = 2 * (kMaxSessions + kKeptForRoot);  // of a socket, with sessions that are ending
constexpr Duration kAcceptPause{1'000};  // after a failed accept: out of descriptors, most likely

}  // namespace

// One listening socket and its sessions.
struct Door {
  Door(asio::io_context& context, std::string at, control::Access opens)
      : acceptor(context), pause(context), path(std::move(at)), access(opens) {}

  Stream::acceptor acceptor;
  asio::steady_timer pause;
  const std::string path;
  const control::Access access;
  std::set<std::shared_ptr<ControlSession>> sessions;
};

namespace {

Result<void> open_door(Door& door, const std::string& group) {
  auto fd = listen_on(door.path, group);
  if (!fd) return std::unexpected(fd.error());
  error_code error;
  door.acceptor.assign(Stream(), fd->get(), error);
  if (error) return fail(fmt::format("cannot watch {}: {}", door.path, error.message()));
  static_cast<void>(fd->release());
  return {};
}

void close_door(Door& door) {
  if (!door.acceptor.is_open()) return;
  error_code ignored;
  door.acceptor.close(ignored);
  door.pause.cancel();
  ::unlink(door.path.c_str());
  for (const auto& session : door.sessions) session->close();
}

bool is_root(std::uint32_t uid) { return uid == 0 || uid == ::geteuid(); }

ControlTurns::Lane lane_of(control::Access access, std::uint32_t uid) {
  using enum ControlTurns::Lane;
  if (access == control::Access::view) return is_root(uid) ? view_root : view;
  return is_root(uid) ? full_root : full;
}

// Why one more session of that user has no place; nothing when it has one. `may_yield` gets whose sessions are in its way.
std::optional<Error> crowd(const Door& door, std::uint32_t uid, std::function<bool(const ControlSession&)>& may_yield) {
  const auto count = [&](const std::function<bool(const ControlSession&)>& which) {
    return static_cast<std::size_t>(std::ranges::count_if(
        door.sessions, [&](const auto& session) { return !session->is_ending() && (!which || which(*session)); }));
  };
  const auto of_user = [uid](const ControlSession& session) { return session.uid() == uid; };
  const auto of_all_but_root = [](const ControlSession& session) { return !is_root(session.uid()); };
  const bool root = is_root(uid);
  if (!root && count(of_user) >= kMaxSessionsOfUser) {
    may_yield = of_user;
    return Error{fmt::format("user {} has {} sessions on this socket already", uid, kMaxSessionsOfUser),
                 "close one of them, or try again"};
  }
  const std::size_t all = count({});
  if (all < (root ? kMaxSessions + kKeptForRoot : kMaxSessions)) return std::nullopt;
  if (!root) may_yield = of_all_but_root;
  return Error{fmt::format("there are {} sessions on this socket already", all), "close one of them, or try again"};
}

// Ends the session that has asked for nothing for longest; false when all are busy.
bool make_room(const Door& door, const std::function<bool(const ControlSession&)>& may_yield) {
  ControlSession* idlest = nullptr;
  for (const auto& session : door.sessions) {
    if (!session->idle_since() || (may_yield && !may_yield(*session))) continue;
    if (idlest == nullptr || *session->idle_since() < *idlest->idle_since()) idlest = session.get();
  }
  if (idlest != nullptr) idlest->drop("another session needed the place, and this one was idle");
  return idlest != nullptr;
}

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, const ControlDoors& doors, ControlWiring with)
      : full(context, doors.path, control::Access::full),
        view(context, (std::filesystem::path(doors.path).parent_path() / protocol::kViewSocketName).string(),
             control::Access::view),
        wiring(std::make_shared<const ControlWiring>(std::move(with))),
        turns(std::make_shared<ControlTurns>(context.get_executor())) {}

  Door full;
  Door view;
  const std::shared_ptr<const ControlWiring> wiring;
  const std::shared_ptr<ControlTurns> turns;

  // `self` keeps the door: a coroutine starts only when the context runs, by which time the server may be gone.
  static awaitable<void> accept(std::shared_ptr<State> self, Door& door) {
    while (door.acceptor.is_open()) {
      auto [error, socket] = co_await door.acceptor.async_accept(kNoThrow);
      if (!error) {
        self->welcome(door, std::move(socket));
      } else if (door.acceptor.is_open()) {
        log::warning("control accept failed", {{"socket", door.path}, {"error", error.message()}});
        door.pause.expires_after(kAcceptPause);
        co_await door.pause.async_wait(kNoThrow);
      }
    }
  }

  void welcome(Door& door, Stream::socket socket) {
    close_on_exec(socket.native_handle());
    const auto caller = wiring->peer(socket.native_handle());
    if (!caller) return log::warning("control peer unknown", {{"socket", door.path}, {"error", caller.error().text}});
    const auto executor = socket.get_executor();
    const ControlSession::Client client{door.access, *caller, lane_of(door.access, caller->uid)};
    auto session = std::make_shared<ControlSession>(std::move(socket), client, wiring, turns);
    if (door.sessions.size() >= kMostDescriptors) return session->close();
    std::function<bool(const ControlSession&)> may_yield;
    if (const auto crowded = crowd(door, caller->uid, may_yield); crowded && !make_room(door, may_yield)) {
      return session->refuse(control::busy_line(*crowded));
    }
    door.sessions.insert(session);
    asio::co_spawn(executor, session->run(),
                   [self = shared_from_this(), &door, session](const std::exception_ptr&) { door.sessions.erase(session); });
  }
};

Result<ControlServer> ControlServer::open(asio::io_context& context, ControlDoors doors, ControlWiring wiring) {
  const auto state = std::make_shared<State>(context, doors, std::move(wiring));
  ControlServer server(state);
  if (auto opened = open_door(state->full, doors.group); !opened) return std::unexpected(opened.error());
  if (auto opened = open_door(state->view, doors.view_group); !opened) return std::unexpected(opened.error());
  for (Door* door : {&state->full, &state->view}) asio::co_spawn(context, State::accept(state, *door), asio::detached);
  return server;
}

void ControlServer::publish(const model::Event& event) {
  std::shared_ptr<const std::string> line;  // one for all of them
  for (const Door* door : {&state_->full, &state_->view}) {
    for (const auto& session : door->sessions) {
      if (!session->follows(event.kind)) continue;
      if (!line) line = std::make_shared<const std::string>(control::event_line(event));
      session->publish(line);
    }
  }
}

void ControlServer::close() {
  if (!state_) return;
  close_door(state_->full);
  close_door(state_->view);
  state_->turns->close();
}

ControlServer::ControlServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
ControlServer::ControlServer(ControlServer&&) noexcept = default;
ControlServer& ControlServer::operator=(ControlServer&& other) noexcept {
  close();
  state_ = std::move(other.state_);
  return *this;
}
ControlServer::~ControlServer() { close(); }

}  // namespace vtid::io
