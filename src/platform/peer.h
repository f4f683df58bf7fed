// Who is at the other end of a connected UNIX socket, as the kernel says.
#pragma once

#include "base/error.h"
#include "model/command.h"

namespace vtid::platform {

[[nodiscard]] Result<model::Caller> peer_of(int fd);

}  // namespace vtid::platform
