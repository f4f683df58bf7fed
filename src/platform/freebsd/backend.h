// The FreeBSD backend over a set of system calls.
#pragma once

#include "platform/freebsd/calls.h"

namespace vtid::platform::freebsd {

[[nodiscard]] std::unique_ptr<Kernel> make_backend(std::unique_ptr<Calls> calls);

// The system's own calls; only where this is FreeBSD.
[[nodiscard]] Result<std::unique_ptr<Calls>> open_calls();

// pf filters, and routes by policy. Not links but numbers of SAs and sets of addresses tie a tunnel together; the kernel makes
// the policies; no route has a metric.
// `release`: kern.osreldate.
[[nodiscard]] Capabilities freebsd_capabilities(bool has_pf, std::int64_t release, std::uint32_t fibs);
[[nodiscard]] std::int64_t release_of(Calls& calls);  // FreeBSD 14's when it cannot be asked

}  // namespace vtid::platform::freebsd
