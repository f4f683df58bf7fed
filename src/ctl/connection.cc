#include "ctl/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "vtid/protocol.h"

namespace vtid::ctl {
namespace {

constexpr int kRequestId = 1;  // one request at a time needs no more

std::unexpected<Failure> no_daemon(std::string text, std::string remedy = "is vtid running?") {
  return std::unexpected(Failure{kNoDaemon, {std::move(text), std::move(remedy), 0}});
}

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(fmt::format("{}: longer than a socket's path may be", path));
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int code = errno;
    return fail(fmt::format("{}: {}", path, std::strerror(code)), {}, code);
  }
  return fd;
}

// What a JSON-RPC error object says.
Failure refusal(const Json& error) {
  return {kRefused, {text_of(error, "message"), text_of(object_of(error, "data"), "remedy"), 0}};
}

Failure ended(const Json& params) { return {kRefused, {"vtid ended the session: " + text_of(params, "reason"), "", 0}}; }

}  // namespace

Outcome<Connection> Connection::open(std::span<const std::string> paths) {
  std::string text = "no daemon answers:";
  bool forbidden = false;
  for (const std::string& path : paths) {
    auto fd = connect_to(path);
    if (fd) return Connection(std::move(*fd), path);
    forbidden = forbidden || fd.error().code == EACCES;
    text += fmt::format("\n  {}", fd.error().text);
  }
  return no_daemon(std::move(text),
                   forbidden ? fmt::format("be root, or of the group {} or {}", protocol::kGroup, protocol::kViewGroup)
                             : "start vtid, or name its socket with --socket");
}

Outcome<Json> Connection::call(std::string_view method, const Json& params, Duration deadline) {
  const Json request{{"jsonrpc", "2.0"}, {"id", kRequestId}, {"method", method}, {"params", params}};
  const std::string line = print_json_line(request);
  if (line.size() > protocol::kMaxRequest) {
    return std::unexpected(
        Failure{kRefused, {fmt::format("the request is longer than {} bytes", protocol::kMaxRequest), "", 0}});
  }
  set_deadline(deadline);
  const auto written = write_all(line + '\n');
  auto answer = read_message();  // even so: a daemon that closes at once says why
  if (!answer && !written) return std::unexpected(written.error());
  if (!answer) return answer;
  if (text_of(*answer, "method") == protocol::method::kClosing) return std::unexpected(ended(object_of(*answer, "params")));
  if (answer->contains("error")) return std::unexpected(refusal(object_of(*answer, "error")));
  return (*answer)["result"];
}

Outcome<Json> Connection::next_event() {
  set_deadline(Duration::zero());
  auto message = read_message();
  if (!message) return message;
  const Json& params = object_of(*message, "params");
  if (text_of(*message, "method") == protocol::method::kClosing) {
    return std::unexpected(ended(params));
  }
  return params;
}

Outcome<Json> Connection::read_message() {
  auto line = read_line();
  if (!line) return std::unexpected(line.error());
  Json message = Json::parse(*line, nullptr, false);
  if (!message.is_object()) return no_daemon(fmt::format("{} does not speak vtid's protocol", path_));
  return message;
}

Outcome<void> Connection::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR) return no_daemon(fmt::format("cannot ask vtid: {}", std::strerror(errno)));
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Outcome<std::string> Connection::read_line() {
  std::size_t searched = 0;
  std::array<char, 65'536> bytes{};
  for (;;) {
    if (const auto newline = buffer_.find('\n', searched); newline != std::string::npos) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      return line;
    }
    searched = buffer_.size();
    const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count == 0) return no_daemon("vtid closed the connection");
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return no_daemon("vtid does not answer");
    if (count < 0 && errno != EINTR) return no_daemon(fmt::format("cannot hear vtid: {}", std::strerror(errno)));
    if (count > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    if (buffer_.size() > kMaxReply) return no_daemon(fmt::format("an answer exceeds {} bytes", kMaxReply));
  }
}

void Connection::set_deadline(Duration deadline) {
  const timeval time{static_cast<time_t>(deadline.count() / 1000), static_cast<suseconds_t>(deadline.count() % 1000 * 1000)};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

}  // namespace vtid::ctl
