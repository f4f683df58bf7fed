// What the daemon owes the system it runs on: rights it does not need are given up, a service manager is told how it is.
#pragma once

#include <string_view>

#include "base/error.h"

namespace vtid::platform {

// Keeps only what vtid needs (Linux: CAP_NET_ADMIN for links, routes and policies, CAP_NET_RAW for probes, CAP_CHOWN for its
// sockets, CAP_DAC_OVERRIDE for charon's socket and the files of other users). Not being privileged is no error here: the
// first refused call says more.
[[nodiscard]] Result<void> drop_privileges();

// Nothing happens without a service manager.
void notify_ready(std::string_view status);
void notify_reloading();
void notify_stopping();

// Whether stderr goes to a journal that adds time and level by itself.
[[nodiscard]] bool logs_to_journal();

}  // namespace vtid::platform
