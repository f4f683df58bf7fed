#include "platform/process.h"

#include <cap-ng.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/linux/notify.h"

namespace vtid::platform {
namespace {

constexpr std::array<unsigned, 4> kKept{CAP_NET_ADMIN, CAP_NET_RAW, CAP_CHOWN, CAP_DAC_OVERRIDE};

constexpr std::array kSets{CAPNG_EFFECTIVE, CAPNG_PERMITTED, CAPNG_INHERITABLE, CAPNG_BOUNDING_SET};

bool is_kept(unsigned capability) { return std::ranges::find(kKept, capability) != kKept.end(); }

// Of what vtid needs it keeps what it has, in whichever set: as a user of its own it has them inheritable and ambient, and so
// have the programs that it runs. The bounding set shrinks where that is allowed (CAP_SETPCAP); no_new_privs does as much.
// Where a service manager gave only these the call is not made: it may be forbidden.
bool keep_few_capabilities() {
  if (capng_get_caps_process() != 0) return false;
  const bool may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  bool more = false;
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (is_kept(capability)) continue;
    for (const capng_type_t set : kSets) {
      if (capng_have_capability(set, capability) == 0) continue;
      more |= may_bound || set != CAPNG_BOUNDING_SET;
      if (capng_update(CAPNG_DROP, set, capability) != 0) return false;
    }
  }
  return !more || capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0;
}

}  // namespace

Result<void> drop_privileges() {
  if (!keep_few_capabilities()) return fail("cannot give up the capabilities that vtid does not need");
  constexpr rlimit kNoCore{0, 0};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
      ::setrlimit(RLIMIT_CORE, &kNoCore) != 0) {
    const int code = errno;
    return fail(fmt::format("cannot close vtid's memory to others: {}", std::strerror(code)), "", code);
  }
  return {};
}

void notify_ready(std::string_view status) { notify(fmt::format("READY=1\nSTATUS={}", status)); }
void notify_reloading() { notify("RELOADING=1"); }
void notify_stopping() { notify("STOPPING=1"); }
void notify_alive() { notify("WATCHDOG=1"); }

std::optional<Duration> watchdog() { return watchdog_of(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID")); }

bool logs_to_journal() { return std::getenv("JOURNAL_STREAM") != nullptr; }

}  // namespace vtid::platform
