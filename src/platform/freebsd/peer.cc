#include "platform/peer.h"

#include <sys/param.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/ucred.h>
#include <sys/un.h>
#include <sys/user.h>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

namespace vtid::platform {
namespace {

using Micros = std::chrono::microseconds;

constexpr int kTries = 3;

Micros micros(const timeval& time) { return std::chrono::seconds{time.tv_sec} + Micros{time.tv_usec}; }

// When the system started, by a clock that may be set: setting it moves this.
std::optional<Micros> boot_time() {
  std::array mib{CTL_KERN, KERN_BOOTTIME};
  timeval time{};
  std::size_t size = sizeof time;
  if (::sysctl(mib.data(), mib.size(), &time, &size, nullptr, 0) != 0 || size != sizeof time) return std::nullopt;
  return micros(time);
}

// ki_start is the uptime at the fork, which stays, plus the boot time of the moment of asking (fill_kinfo_proc, kern_proc.c).
std::optional<Micros> start_time(int pid) {
  std::array mib{CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
  kinfo_proc process{};
  std::size_t size = sizeof process;
  if (::sysctl(mib.data(), mib.size(), &process, &size, nullptr, 0) != 0 || size != sizeof process) return std::nullopt;
  return micros(process.ki_start);
}

}  // namespace

// unix(4), LOCAL_PEERCRED; cr_pid since FreeBSD 13.
Result<model::Caller> peer_of(int fd) {
  xucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, &peer, &size) != 0 || peer.cr_version != XUCRED_VERSION) {
    const int code = errno;
    return fail(std::string("cannot tell who connected: ") + std::strerror(code), {}, code);
  }
  return model::Caller{peer.cr_uid, peer.cr_groups[0], peer.cr_pid};
}

// The clock may be set between two questions: then they are asked once more.
std::string run_of_peer(int fd) {
  const auto peer = peer_of(fd);
  if (!peer || peer->pid <= 0) return "";
  for (int i = 0; i < kTries; ++i) {
    const auto before = boot_time();
    const auto started = start_time(peer->pid);
    const auto after = boot_time();
    if (!before || !started || !after) return "";
    if (before == after) return fmt::format("{}/{}", peer->pid, (*started - *before).count());
  }
  return "";
}

}  // namespace vtid::platform
