#include "platform/peer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace vtid::platform {

Result<model::Caller> peer_of(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    const int code = errno;
    return fail(std::string("cannot tell who connected: ") + std::strerror(code), {}, code);
  }
  return model::Caller{peer.uid, peer.gid, peer.pid};
}

}  // namespace vtid::platform
