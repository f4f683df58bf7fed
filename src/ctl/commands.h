// vtictl's commands: one row each in a table of syntax, action and renderer.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "ctl/options.h"

namespace vtid::ctl {

// The whole program, but for its process: `program` is how it was started (argv[0]), `words` what follows, `terminal` the
// descriptor of what `out` is, if that may be one.
[[nodiscard]] ExitCode run(const std::string& program, std::span<const std::string> words, std::ostream& out, std::ostream& err,
                           int terminal = -1);

}  // namespace vtid::ctl
