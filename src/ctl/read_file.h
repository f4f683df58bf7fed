// A file that a person named on the command line, as bytes. Waits for what a pipe brings; never takes more than it may.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace vtid::ctl {

// "-" is the standard input. A folder, and more than `limit` bytes, are errors.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace vtid::ctl
