#include "platform/process.h"

#include <cap-ng.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace vtid::platform {

Result<void> drop_privileges() {
  if (::geteuid() != 0) return {};
  capng_clear(CAPNG_SELECT_BOTH);
  if (capng_updatev(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_ADMIN, CAP_NET_RAW,
                    CAP_CHOWN, CAP_DAC_OVERRIDE, -1) != 0 ||
      capng_apply(CAPNG_SELECT_CAPS) != 0) {
    return fail("cannot give up the capabilities that vtid does not need");
  }
  return {};
}

void notify_ready(std::string_view status) { sd_notify(0, ("READY=1\nSTATUS=" + std::string(status)).c_str()); }
void notify_reloading() { sd_notify(0, "RELOADING=1"); }
void notify_stopping() { sd_notify(0, "STOPPING=1"); }

bool logs_to_journal() { return std::getenv("JOURNAL_STREAM") != nullptr; }

}  // namespace vtid::platform
