// One echo request after the other from a local address, until one is answered.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"

namespace vtid::selftest {

// Whether one was answered in that time. An error: the last of them could not be sent.
[[nodiscard]] Result<bool> answers(const net::Address& from, const net::Address& to, Duration patience);

}  // namespace vtid::selftest
