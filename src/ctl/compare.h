// `vtictl compare`: reads two configuration files, each with what lies beside it, and says whether their tunnels would meet.
#pragma once

#include <string>

#include "base/error.h"
#include "ctl/json.h"
#include "ctl/options.h"

namespace vtid::ctl {

// {"meets": bool, "pairs": [{"local", "peer", "comparisons": [{"verdict", "what", "text", "local", "peer", "remedy"}]}]}. A
// file that is no configuration is an error with all that is wrong with it; a pre-shared key that is not at hand is not
// compared.
[[nodiscard]] Result<Json> compare_files(const std::string& local, const std::string& peer);

[[nodiscard]] std::string render_comparison(const Json& result, const Options& options);

}  // namespace vtid::ctl
