// What a gateway's monitor knows that must outlive the daemon: what it did not believe when it stopped, and how often the path
// fell. Measurements are not among it: they are made again. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/gateway.h"
#include "net/address.h"

namespace vtid::monitor {

struct Memory {
  net::Address address;                                      // that was probed: another one is another path
  model::GatewayState state = model::GatewayState::pending;  // latency, loss or down; pending: nothing to wait for
  WallTime since{};                                          // of that state
  bool has_worked = false;                                   // before it: only then it is held
  bool slow = false;
  std::vector<WallTime> falls{};
  bool operator==(const Memory&) const = default;
};

using Memories = std::map<std::string, Memory>;  // by gateway name; who has nothing to remember is not there

}  // namespace vtid::monitor
