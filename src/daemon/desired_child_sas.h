// The CHILD_SAs of a file as the supervisor and charon are to treat them. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/supervisor.h"
#include "model/config.h"
#include "reconcile/numbers.h"

namespace vtid::daemon {

// The tunnels as the supervisor and charon are to treat them: those with IKE.
[[nodiscard]] std::vector<DesiredChildSa> desired_child_sas(const model::Config& config, const reconcile::Numbers& numbers);
[[nodiscard]] std::vector<DesiredChildSa> desired_child_sas(const model::Tunnel& tunnel, const reconcile::Numbers& numbers);
// The tunnels for which charon must have a connection of ours before packets ask for one.
[[nodiscard]] std::vector<std::string> tunnels_on_demand(const model::Config& config);

}  // namespace vtid::daemon
