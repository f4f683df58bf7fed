// "filter", "rules" and "nat" of the canonical file.
#pragma once

#include <nlohmann/json.hpp>

#include "model/filter.h"

namespace vtid::config {

[[nodiscard]] nlohmann::ordered_json print_filter(const model::FilterConfig& filter);
[[nodiscard]] nlohmann::ordered_json print_rules(const std::vector<model::FilterRule>& rules);
[[nodiscard]] nlohmann::ordered_json print_nat(const std::vector<model::NatRule>& nat);

}  // namespace vtid::config
