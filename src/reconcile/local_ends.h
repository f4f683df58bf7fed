// Which address each tunnel begins with that the file gives an interface, a gateway or a group: from what the host has and
// which gateways carry, and, so that nothing moves without need, from which did before. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/gateway.h"
#include "model/local_end.h"
#include "model/observed.h"

namespace vtid::reconcile {

using NamedPeers = std::map<std::string, std::vector<net::Address>>;  // by tunnel whose peer varies: where it may be

[[nodiscard]] bool has_located_tunnels(const model::Config& config);
[[nodiscard]] std::set<std::string> located_with_named_peers(const model::Config& config);

// A tunnel stays with the gateway that carries it as long as its group counts that one among those that carry, and while the
// group counts nobody: there is nowhere to go then.
[[nodiscard]] model::LocalEnds local_ends(const model::Config& config, const model::Observed& observed,
                                          const model::GatewaySelection& selection, const NamedPeers& named,
                                          const model::LocalEnds& before);

}  // namespace vtid::reconcile
