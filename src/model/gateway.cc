#include "model/gateway.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace vtid::model {

namespace {

constexpr std::array<std::string_view, 7> kNames{"online", "latency", "loss", "down", "forced_down", "unmonitored", "pending"};

}  // namespace

std::string_view print(GatewayState state) { return kNames.at(static_cast<std::size_t>(state)); }

std::optional<GatewayState> parse_gateway_state(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name);
  return found == kNames.end() ? std::nullopt : std::optional(static_cast<GatewayState>(found - kNames.begin()));
}

std::string_view state_of(const GroupSelection& selection) {
  return !selection.usable ? "down" : selection.reason.empty() ? "full" : "reduced";
}

}  // namespace vtid::model
