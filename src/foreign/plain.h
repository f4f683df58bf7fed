// A vtid.json as one would have written it: the canonical file without what it need not say.
#pragma once

#include <string>

#include "model/config.h"

namespace vtid::foreign {

// Parses to the same configuration. Ends in a newline.
[[nodiscard]] std::string print_plain(const model::Config& config);

}  // namespace vtid::foreign
