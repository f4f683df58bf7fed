#include "io/control_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/log.h"
#include "control/dispatch.h"
#include "io/asio.h"
#include "io/close_on_exec.h"
#include "io/control_session.h"
#include "io/unix_listener.h"

namespace vtid::io {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using Stream = asio::local::stream_protocol;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr Duration kAcceptPause{1'000};  // after a failed accept: out of descriptors, most likely

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

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, const ControlDoors& doors, ControlWiring with)
      : full(context, doors.path, control::Access::full),
        view(context, (std::filesystem::path(doors.path).parent_path() / protocol::kViewSocketName).string(),
             control::Access::view),
        wiring(std::make_shared<const ControlWiring>(std::move(with))) {}

  Door full;
  Door view;
  const std::shared_ptr<const ControlWiring> wiring;

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
    auto session = std::make_shared<ControlSession>(std::move(socket), door.access, *caller, wiring);
    if (door.sessions.size() >= kMaxSessions) return session->refuse(control::busy_line());
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
  std::string line;
  for (const Door* door : {&state_->full, &state_->view}) {
    for (const auto& session : door->sessions) {
      if (!session->follows(event.kind)) continue;
      if (line.empty()) line = control::event_line(event);
      session->publish(line);
    }
  }
}

void ControlServer::close() {
  if (!state_) return;
  close_door(state_->full);
  close_door(state_->view);
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
