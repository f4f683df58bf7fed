// A connection to the daemon's control socket: one request at a time, answers and events as JSON. Blocks, with a deadline.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "ctl/json.h"
#include "ctl/options.h"

namespace vtid::ctl {

// Why there is no answer, and vtictl's exit code for it.
struct Failure {
  ExitCode exit = kRefused;
  Error error;
  bool operator==(const Failure&) const = default;
};
template <class T>
using Outcome = std::expected<T, Failure>;

class Connection {
 public:
  // The first of `paths` on which a daemon answers.
  [[nodiscard]] static Outcome<Connection> open(std::span<const std::string> paths);

  // The result; a refusal of the daemon is kRefused, a silent or broken one kNoDaemon.
  [[nodiscard]] Outcome<Json> call(std::string_view method, const Json& params, Duration deadline);

  // The next event's params, without a deadline.
  [[nodiscard]] Outcome<Json> next_event();

 private:
  Connection(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  [[nodiscard]] Outcome<void> write_all(std::string_view bytes);
  [[nodiscard]] Outcome<std::string> read_line();
  [[nodiscard]] Outcome<Json> read_message();
  void set_deadline(Duration deadline);

  UniqueFd fd_;
  std::string path_;
  std::string buffer_;
};

inline constexpr std::size_t kMaxReply = 256U << 20;  // bytes; 10,000 tunnels take about 10 MiB

}  // namespace vtid::ctl
