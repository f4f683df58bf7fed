// One gateway's health from that of the targets by which it is judged. Their states are combined, and never their measurements:
// a mean over two paths is that of neither. Pure.
#pragma once

#include <string>
#include <vector>

#include "model/gateway.h"

namespace vtid::monitor {

struct JudgedTarget {
  std::string name;  // "tcp 203.0.113.9:443"
  model::GatewayHealth health;
};

// The gateway is what the `required` best of them are at least, from the best state on: online, latency, loss, pending (it may
// be well), down; its round trip, loss and since are those of the last of these. One target or more; `required` from 1 to their
// number.
[[nodiscard]] model::GatewayHealth combine(const std::vector<JudgedTarget>& targets, std::size_t required);

}  // namespace vtid::monitor
