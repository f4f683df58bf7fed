// Programs of the user's that are run for him: started, watched, killed. Never through a shell, never with our descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vtid::platform {

struct Program {
  std::int32_t pid = 0;  // also of its process group
  UniqueFd output;       // what it writes to its standard output and error; reading never blocks
};

// `command` is a path and arguments, never empty. `environment` is all that it gets: "NAME=value". Standard input is empty.
[[nodiscard]] Result<Program> start_program(const std::vector<std::string>& command,
                                            const std::vector<std::string>& environment);

// How it ended ("exit status 1", "signal 9", empty for success), when it has.
[[nodiscard]] std::optional<std::string> ended(const Program& program);

// What it has written since the last time, at most `most` bytes; the rest of what is there is thrown away.
[[nodiscard]] std::string read_output(const Program& program, std::size_t most);

// With everything that it started and that is still in its group.
void kill_program(const Program& program);

}  // namespace vtid::platform
