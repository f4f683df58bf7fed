// From the health of gateways to which members are active for each group: all usable members of the best tier that has one,
// under the group's own trigger. Pure, and the same whatever order the news came in, except for groups that keep their last
// active members.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "model/config.h"
#include "model/gateway.h"

namespace vtid::monitor {

// A gateway that is down, forced down or on a tunnel that is down is unusable under every trigger; one of which nothing is
// known, or that is not monitored, is usable.
[[nodiscard]] bool is_usable(const model::GatewayHealth& health, model::Trigger trigger);

// Every group, and the gateways that are unusable by themselves. `before` is what was chosen last: it says since when, and
// who carried last.
[[nodiscard]] model::GatewaySelection choose(const model::Config& config, const model::Gateways& gateways,
                                             const model::GatewaySelection& before, WallTime now);

// Those of `after` that others carry than before; a new one with all of its first tier is no news.
[[nodiscard]] std::vector<std::string> changed_groups(const model::GatewaySelection& before,
                                                      const model::GatewaySelection& after);
// The gateways that were active for a group and are not any more.
[[nodiscard]] std::vector<std::string> members_that_left(const model::GatewaySelection& before, const std::string& group,
                                                         const model::GroupSelection& now);
[[nodiscard]] std::string print_active(const model::GroupSelection& selection);  // "HQ_A_VTIV4, HQ_B_VTIV4", "nobody"

}  // namespace vtid::monitor
