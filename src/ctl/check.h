// `vtictl check FILE`: the daemon's own validation, run without a daemon, so that there is only one opinion.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace vtid::ctl {

// Where vtid may be: beside the program that was started as `program`, in the sbin next to that, in `search_path`, then
// in the system's own sbin folders.
[[nodiscard]] std::vector<std::string> places_of_vtid(const std::string& program, const std::string& search_path);

// Runs `vtid --check --config FILE` with our own stdout and stderr; its exit code.
[[nodiscard]] Result<int> run_check(const std::vector<std::string>& places, const std::string& file);

}  // namespace vtid::ctl
