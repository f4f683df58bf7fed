// Ways of their own for the outer packets of tunnels that begin at a gateway: to the peer by that gateway, whatever the other
// routes say. Pure.
#pragma once

#include "model/capabilities.h"
#include "model/config.h"
#include "model/desired.h"
#include "model/local_end.h"

namespace vtid::reconcile {

inline constexpr std::uint32_t kOuterPriority = 11'698;  // before every other rule of ours
inline constexpr std::uint32_t kFirstOuterTable = 119'100'000;
inline constexpr std::uint32_t kOuterTables = 500'000;  // from there

// Adds to routes and rules of `desired`; it sorts nothing. Where the system has routing rules, each gateway that may carry has
// a table with routes to the peers, to which packets with its address are led: the ways of all of a group stand there at once,
// and nothing moves with the tunnel. Elsewhere a route to the peer by the gateway that carries, unless the file has one.
void add_outer_routes(const model::Config& config, const model::LocalEnds& ends, const model::Capabilities& system,
                      model::Desired& desired);

}  // namespace vtid::reconcile
