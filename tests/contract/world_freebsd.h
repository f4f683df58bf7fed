// The others on FreeBSD, by its own system calls: over a real kernel, or over one in maps.
#pragma once

#include "contract/stage.h"
#include "platform/freebsd/calls.h"

namespace vtid::contract {

[[nodiscard]] std::unique_ptr<World> make_freebsd_world(std::unique_ptr<platform::freebsd::Calls> calls);

}  // namespace vtid::contract
