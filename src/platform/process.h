// What the daemon owes the system it runs on: rights it does not need are given up, a service manager is told how it is.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace vtid::platform {

// Keeps only what vtid needs (Linux: CAP_NET_ADMIN for links, routes and policies, CAP_NET_RAW for probes, CAP_CHOWN for its
// sockets, CAP_DAC_OVERRIDE for charon's socket and the files of other users), for itself and for every program that it runs:
// none gets more, whatever its file says. No other process but root's reads its memory, and it leaves no core: both hold
// secrets. Not being privileged is no error here: the first refused call says more.
[[nodiscard]] Result<void> drop_privileges();

// Nothing happens without a service manager, and one that does not listen is not waited for.
void notify_ready(std::string_view status);
void notify_reloading();
void notify_stopping();
void notify_alive();

// Within which time notify_alive() is to be called; nothing when nobody waits for it.
[[nodiscard]] std::optional<Duration> watchdog();

// Whether stderr goes to a journal that adds time and level by itself.
[[nodiscard]] bool logs_to_journal();

}  // namespace vtid::platform
