// The FreeBSD kernel in maps under a backend that open_freebsd() made.
#pragma once

#include "platform/kernel.h"
#include "support/fake_freebsd.h"

namespace vtid::contract {

[[nodiscard]] platform::freebsd::FakeFreebsd& fake_under(platform::Kernel& kernel);

}  // namespace vtid::contract
