// What the monitors know of a gateway.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace vtid::model {

enum class GatewayState : std::uint8_t { online, latency, loss, down, forced_down, unmonitored, pending };
[[nodiscard]] std::string_view print(GatewayState state);  // "online", "forced_down"

struct GatewayHealth {
  GatewayState state = GatewayState::pending;
  WallTime since{};
  double rtt_ms = 0;
  double stddev_ms = 0;
  int loss_percent = 0;
  bool operator==(const GatewayHealth&) const = default;
};

using Gateways = std::map<std::string, GatewayHealth>;  // by gateway name

}  // namespace vtid::model
