// vtictl's commands: one row each in a table of syntax, action and renderer.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "ctl/options.h"

namespace vtid::ctl {

// The whole program, but for its process: `program` is how it was started (argv[0]), `words` what follows.
[[nodiscard]] ExitCode run(const std::string& program, std::span<const std::string> words, std::ostream& out,
                           std::ostream& err);

}  // namespace vtid::ctl
