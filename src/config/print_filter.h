// "filter", "lists", "rules", "nat" and "policy_routes" of the canonical file: what says of which traffic it is.
#pragma once

#include <nlohmann/json.hpp>

#include "model/config.h"

namespace vtid::config {

// One as a string, several as an array, none as "any".
[[nodiscard]] nlohmann::ordered_json print_networks(const std::vector<net::Prefix>& networks);
[[nodiscard]] nlohmann::ordered_json print_filter(const model::FilterConfig& filter);
[[nodiscard]] nlohmann::ordered_json print_lists(const std::vector<model::ListRef>& lists);
[[nodiscard]] nlohmann::ordered_json print_rules(const std::vector<model::FilterRule>& rules);
[[nodiscard]] nlohmann::ordered_json print_policy_routes(const std::vector<model::PolicyRoute>& routes);
[[nodiscard]] nlohmann::ordered_json print_nat(const std::vector<model::NatRule>& nat);

}  // namespace vtid::config
