#include "platform/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/unique_fd.h"

namespace vtid::platform {
namespace {

constexpr std::size_t kMostOfProc = 4'096;  // a line of /proc
constexpr int kFieldsBeforeStart = 22 - 3;  // proc_pid_stat(5): "starttime" is field 22, the one after the name field 3
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

std::string read_line(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kMostOfProc> buffer{};
  const ssize_t count = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : 0;
  const std::string_view text(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  return std::string(text.substr(0, text.find('\n')));
}

// In clock ticks since the system's start, which no clock changes. The name may hold spaces and parentheses of its own.
std::string start_time_in(std::string_view stat) {
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos) return "";
  stat.remove_prefix(name_end + 2);
  for (int field = 0; field < kFieldsBeforeStart; ++field) {
    const std::size_t space = stat.find(' ');
    if (space == std::string_view::npos) return "";
    stat.remove_prefix(space + 1);
  }
  return std::string(stat.substr(0, stat.find(' ')));
}

}  // namespace

Result<model::Caller> peer_of(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    const int code = errno;
    return fail(std::string("cannot tell who connected: ") + std::strerror(code), {}, code);
  }
  return model::Caller{peer.uid, peer.gid, peer.pid};
}

// A process of a namespace that we do not see has pid 0.
std::string run_of_peer(int fd) {
  const auto peer = peer_of(fd);
  if (!peer || peer->pid <= 0) return "";
  const std::string started = start_time_in(read_line(fmt::format("/proc/{}/stat", peer->pid)));
  const std::string boot = read_line(kBootId);
  if (started.empty() || boot.empty()) return "";
  return fmt::format("{}/{}/{}", boot, peer->pid, started);
}

}  // namespace vtid::platform
