// What is known to go wrong with a version of charon, for people to know. Changes nothing in what we do.
#pragma once

#include <optional>
#include <string_view>

#include "model/op.h"

namespace vtid::vici {

[[nodiscard]] std::optional<model::Problem> version_caveat(std::string_view version);

}  // namespace vtid::vici
