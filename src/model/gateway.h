// What the monitors know of a gateway, and who carries for a group because of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace vtid::model {

enum class GatewayState : std::uint8_t { online, latency, loss, down, forced_down, unmonitored, pending };
[[nodiscard]] std::string_view print(GatewayState state);  // "online", "forced_down"
[[nodiscard]] std::optional<GatewayState> parse_gateway_state(std::string_view name);

struct GatewayHealth {
  GatewayState state = GatewayState::pending;
  WallTime since{};
  double rtt_ms = 0;
  double stddev_ms = 0;
  int loss_percent = 0;
  bool slow = false;         // the round trip alone asks for state latency, which loss hides
  bool tunnel_down = false;  // IKE says so; what is not monitored has no other way to be known unusable
  std::string reason{};      // "tunnel hq is down", "25 % loss, more than 20 %"; empty when online
  bool operator==(const GatewayHealth&) const = default;
};

using Gateways = std::map<std::string, GatewayHealth>;  // by gateway name

struct Carrier {
  std::string gateway;
  int weight = 1;
  bool operator==(const Carrier&) const = default;
};

// Who carries for a group now.
struct Choice {
  std::vector<Carrier> carriers;  // of one tier, in the file's order; empty: nobody
  bool usable = true;             // false: no member is, and `carriers` is what the group says for that case
  std::string reason{};           // "tier 2: HQ_A_VTIV4 is down"; empty when all of the first tier carry
  WallTime since{};               // of these carriers
  bool operator==(const Choice&) const = default;
};

// What the kernel's routes follow of all that.
struct Carrying {
  std::set<std::string, std::less<>> down;            // gateways that are unusable by themselves
  std::map<std::string, Choice, std::less<>> groups;  // by group name
  bool operator==(const Carrying&) const = default;
};

}  // namespace vtid::model
