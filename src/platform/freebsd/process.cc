#include "platform/process.h"

namespace vtid::platform {

// FreeBSD has no capabilities per process that a network daemon could keep; rc.d starts it, and nobody waits for a word.
Result<void> drop_privileges() { return {}; }
void notify_ready(std::string_view) {}
void notify_reloading() {}
void notify_stopping() {}
bool logs_to_journal() { return false; }

}  // namespace vtid::platform
