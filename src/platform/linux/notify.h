// sd_notify(3)'s protocol: a datagram to the socket that $NOTIFY_SOCKET names. The library's function waits for a service
// manager whose queue is full; this one does not.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace vtid::platform {

// Lost when nobody listens.
void notify(std::string_view state);

// From the values of $WATCHDOG_USEC and $WATCHDOG_PID, each of which may be absent: the time, when it is meant for us.
[[nodiscard]] std::optional<Duration> watchdog_of(const char* microseconds, const char* pid);

}  // namespace vtid::platform
