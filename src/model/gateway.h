// What the monitors know of a gateway, and which members are active for a group because of it.
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

// Whether probes are answered: not that one knows, they are, or they were and are no longer.
enum class Answers : std::uint8_t { unknown, come, ceased };

// One of several targets by which a gateway is judged.
struct TargetHealth {
  std::string target;  // "tcp 203.0.113.9:443"
  GatewayState state = GatewayState::pending;
  double rtt_ms = 0;
  int loss_percent = 0;
  std::string reason{};
  bool operator==(const TargetHealth&) const = default;
};

struct GatewayHealth {
  GatewayState state = GatewayState::pending;
  WallTime since{};
  double rtt_ms = 0;
  double stddev_ms = 0;
  int loss_percent = 0;
  bool slow = false;  // the round trip alone asks for state latency, which loss hides
  Answers answers = Answers::unknown;
  bool cut = false;      // its tunnel is down or it has no address; what is not monitored has no other way to be known unusable
  std::string reason{};  // "tunnel hq is down", "25 % loss, more than 20 %"; empty when online
  std::vector<TargetHealth> targets{};  // when there are several
  bool operator==(const GatewayHealth&) const = default;
};

using Gateways = std::map<std::string, GatewayHealth>;  // by gateway name

struct ActiveMember {
  std::string gateway;
  int weight = 1;
  bool operator==(const ActiveMember&) const = default;
};

// Which members are active for a group now.
struct GroupSelection {
  std::vector<ActiveMember> active;  // of one tier, in the file's order; empty: nobody
  bool usable = true;                // false: no member is, and `active` is what the group says for that case
  std::string reason{};              // "tier 2: HQ_A_VTIV4 is down"; empty when all of the first tier carry
  WallTime since{};                  // of these active members
  bool operator==(const GroupSelection&) const = default;
};
// "full": all of the first tier carry; "reduced": others or fewer do; "down": no member is usable.
[[nodiscard]] std::string_view state_of(const GroupSelection& selection);

// What the kernel's routes follow of all that.
struct GatewaySelection {
  std::set<std::string, std::less<>> down;                    // gateways that are unusable by themselves
  std::map<std::string, GroupSelection, std::less<>> groups;  // by group name
  bool operator==(const GatewaySelection&) const = default;
};

}  // namespace vtid::model
