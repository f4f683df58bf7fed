// Listening UNIX sockets whose files have their owner and mode before anybody can connect. Plain POSIX, no Asio.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vtid::io {

// Makes the socket file (0660 and `group`'s, or 0600 where no such group exists) and its folder if that is missing, and
// listens. A socket file that nobody answers on is replaced; a living one, or a file of another kind, is an error.
[[nodiscard]] Result<UniqueFd> listen_on(const std::string& path, const std::string& group);

}  // namespace vtid::io
