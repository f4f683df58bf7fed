// What became of one operation.
#pragma once

#include <cerrno>
#include <string>

#include "base/error.h"
#include "platform/freebsd/calls.h"

namespace vtid::platform::freebsd {

struct Verdict {  // an errno, what it is about, and what helps where that is not always the same
  int code = 0;
  std::string detail;
  std::string remedy{};
};

[[nodiscard]] inline Verdict told(const Error& error) { return {error.code == 0 ? EIO : error.code, error.text, error.remedy}; }

// An errno; 0: the link's flags say so now.
[[nodiscard]] int set_link_up(Calls& calls, const net::IfName& name, bool up);

}  // namespace vtid::platform::freebsd
