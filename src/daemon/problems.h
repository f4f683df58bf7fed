// What is wrong and no operation can mend, in words, with its remedy. Pure.
#pragma once

#include <vector>

#include "daemon/host_names.h"
#include "daemon/supervisor.h"
#include "model/capabilities.h"
#include "model/config_index.h"
#include "model/desired.h"
#include "model/gateway.h"
#include "model/observed.h"
#include "model/op.h"

namespace vtid::daemon {

// Tunnels whose last attempt failed, or from under whose SAs somebody took what they need in the kernel; in the file's order.
[[nodiscard]] std::vector<model::Problem> tunnel_problems(const model::ConfigIndex& config, const Supervisor& supervisor);

// Host names whose latest look-up failed, where that is not already the reason why the tunnel is down.
[[nodiscard]] std::vector<model::Problem> name_problems(const model::ConfigIndex& config, const HostNames& names,
                                                        const Supervisor& supervisor);
// What the file asks for and this system has no means for, so that nobody takes it for done.
[[nodiscard]] std::vector<model::Problem> missing_means(const model::Config& config, const model::Capabilities& system);
// A filter that lies in the kernel and that packets do not meet, where nothing has to be kept out; else writing it fails.
[[nodiscard]] std::vector<model::Problem> filter_problems(const model::Observed& observed, const model::Desired& desired);
// Groups of which no member is usable.
[[nodiscard]] std::vector<model::Problem> group_problems(const model::GatewaySelection& selection);

}  // namespace vtid::daemon
