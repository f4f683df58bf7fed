// One run of a program of the system's, waited for: never through a shell, never with our descriptors, never longer than said.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid::platform {

struct Ran {
  int status = 0;      // its exit status, or 128 and the signal
  std::string output;  // what it wrote to its standard output, kMostOutput bytes at most
  std::string errors;  // and to its standard error
};

inline constexpr std::size_t kMostOutput = 8 * 1024 * 1024;

// `command` is a path and arguments; it reads `input`. An error: it could not be run, or was killed after `patience`.
[[nodiscard]] Result<Ran> run(const std::vector<std::string>& command, std::string_view input,
                              std::chrono::milliseconds patience);

}  // namespace vtid::platform
