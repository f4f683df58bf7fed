// Who holds which unit. A unit is given once and kept for as long as its holder is known, so that reordering, disabling
// or renaming descriptions never moves a device, a reqid or an if_id. Pure: reading and saving is the daemon's.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "model/config.h"
#include "net/names.h"

namespace vtid::reconcile {

// By holder: a tunnel ("hq"), or a child that has an interface of its own ("hq/v4"). Holders that left the file, or that
// share an interface for the time being, stay known until no free unit is left.
using Numbers = std::map<std::string, net::Unit>;

// The numbers for this file: pins first, then what is known, then the lowest free unit. Refused when a pin takes the
// unit of another tunnel of the file, because moving that one would recreate its interface.
[[nodiscard]] Result<Numbers> allocate(const model::Config& config, const Numbers& known);

}  // namespace vtid::reconcile
