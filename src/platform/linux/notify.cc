#include "platform/linux/notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/number.h"
#include "base/unique_fd.h"

namespace vtid::platform {
namespace {

constexpr int kPatience = 20;  // milliseconds for a service manager that is busy

// A path, or a name that begins with "@" and is in no folder.
socklen_t address_of(std::string_view name, sockaddr_un& address) {
  if (name.size() < 2 || name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) return 0;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
}

}  // namespace

void notify(std::string_view state) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const socklen_t size = name != nullptr ? address_of(name, address) : 0;
  if (size == 0) return;
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return;
  if (::send(fd.get(), state.data(), state.size(), MSG_NOSIGNAL) >= 0 || errno != EAGAIN) return;
  pollfd room{fd.get(), POLLOUT, 0};
  if (::poll(&room, 1, kPatience) == 1) (void)::send(fd.get(), state.data(), state.size(), MSG_NOSIGNAL);
}

std::optional<Duration> watchdog_of(const char* microseconds, const char* pid) {
  if (microseconds == nullptr || (pid != nullptr && parse_number<std::int64_t>(pid) != ::getpid())) return std::nullopt;
  const auto value = parse_number<std::int64_t>(microseconds);
  if (!value || *value < 1'000) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::microseconds{*value});
}

}  // namespace vtid::platform
