// Why a tunnel, interface, gateway or route is as it is: the chain from the file over the SAs and the device to the routes,
// in that order, each step with what was found there.
#pragma once

#include <optional>
#include <string_view>

#include "control/index.h"
#include "control/message.h"

namespace vtid::control {

// An array of {"what", "state", "text"}; nothing when no tunnel, interface, gateway or route has this name. Where several
// do, the first of that order.
[[nodiscard]] std::optional<Json> explain(std::string_view name, const Index& index);

// Every name that explain() knows, for "did you mean".
[[nodiscard]] std::vector<std::string> explainable_names(const Index& index);

}  // namespace vtid::control
