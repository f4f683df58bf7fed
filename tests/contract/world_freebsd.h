// The others on FreeBSD, by its own system calls: over a real kernel, or over one in maps.
#pragma once

#include "contract/stage.h"
#include "platform/freebsd/calls.h"

namespace vtid::contract {

[[nodiscard]] std::unique_ptr<World> make_freebsd_world(std::unique_ptr<platform::freebsd::Calls> calls);

// As an administrator does, who waits for it.
[[nodiscard]] Result<platform::Ran> run_pfctl(platform::freebsd::Calls& calls, std::vector<std::string> arguments,
                                              std::string_view input);

}  // namespace vtid::contract
