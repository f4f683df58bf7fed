// The FreeBSD backend's place. This version says so instead of pretending.
#include "platform/kernel.h"

namespace vtid::platform {

Result<std::unique_ptr<Kernel>> open_native_kernel() {
  return fail("this version of vtid has no FreeBSD backend", "run it with --kernel memory, or on Linux");
}

}  // namespace vtid::platform
