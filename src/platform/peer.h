// Who is at the other end of a connected UNIX socket, as the kernel says.
#pragma once

#include <string>

#include "base/error.h"
#include "model/command.h"

namespace vtid::platform {

[[nodiscard]] Result<model::Caller> peer_of(int fd);

// Which run of which process that is: equal for the same, and for no other, not even after a reboot, and whatever the clock was
// set to. Of a connected socket it is who listens. Empty when the system does not say.
[[nodiscard]] std::string run_of_peer(int fd);

}  // namespace vtid::platform
