// `vtictl compare`: reads two configuration files, vtid's or any that can be imported, each with what lies beside it, and says
// whether their tunnels would meet.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "ctl/json.h"
#include "ctl/options.h"
#include "foreign/import.h"

namespace vtid::ctl {

// {"meets": bool, "pairs": [{"local", "peer", "comparisons": [{"verdict", "what", "text", "local", "peer", "remedy"}]}]}. A
// file that is no configuration is an error with all that is wrong with it; a pre-shared key that is not at hand is not
// compared.
[[nodiscard]] Result<Json> compare_files(const std::string& local, const std::string& peer);

// A file of vtid's, with those that another system's file held and that are not on the disk.
struct Side {
  std::string name, text;
  std::vector<foreign::KeptFile> kept{};
};
// As above, of a text that has been read already.
[[nodiscard]] Result<Json> compare_sides(const Side& local, const std::string& peer);

[[nodiscard]] std::string render_comparison(const Json& result, const Options& options);

}  // namespace vtid::ctl
