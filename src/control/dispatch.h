// From one request line to what is to be done about it, by a table of methods. Pure: it reads a snapshot and decides; the
// caller posts, waits and writes. Never throws, whatever the line holds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "model/command.h"
#include "model/snapshot_view.h"
#include "vtid/protocol.h"

namespace vtid::control {

enum class Access : std::uint8_t { view, full };  // by the socket on which the request came

// Write `line` (with its newline); nothing when empty, as for a notification.
struct Respond {
  std::string line;
};

// Post `command`; when its result is there, write what `reply` makes of it and of the snapshot of that moment.
struct Execute {
  model::Command command;
  std::string change;  // "up hq": what is changed, for the log; empty when nothing is
  std::function<std::string(const model::CommandResult&, const model::SnapshotView&)> reply;
};

// This moment; taken only when the request needs it.
using SnapshotSource = std::function<model::SnapshotView()>;

// Write `line`, then every event of `kind` (of any kind when empty) until the session ends.
struct Subscribe {
  std::string line;
  std::string kind;
};

using Action = std::variant<Respond, Execute, Subscribe>;

[[nodiscard]] Action dispatch(std::string_view line, Access access, const SnapshotSource& snapshot);
[[nodiscard]] Action dispatch(std::string_view line, Access access, const model::Snapshot& snapshot);

// Lines that answer no request in particular.
[[nodiscard]] std::string too_long_line(Access access);    // an error: the request exceeds what that socket takes
[[nodiscard]] std::string busy_line(const Error& reason);  // an error: no place for a session or a long request
[[nodiscard]] std::string event_line(const model::Event& event);
[[nodiscard]] std::string closing_line(std::string_view reason);  // before the daemon ends a session by itself

inline constexpr Duration kLongestWait = std::chrono::minutes{10};     // of a request's `timeout`
inline constexpr Duration kShortestConfirm = std::chrono::seconds{1};  // of an apply's `confirm`
inline constexpr Duration kLongestConfirm = std::chrono::hours{24};
inline constexpr std::size_t kLongestName = 255;  // bytes of a name in a request

}  // namespace vtid::control
