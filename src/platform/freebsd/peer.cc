#include "platform/peer.h"

#include <sys/param.h>
#include <sys/socket.h>
#include <sys/ucred.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace vtid::platform {

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

}  // namespace vtid::platform
