// Ways of their own for the probes of gateways whose monitor address lies beyond them: without one the routing table would
// choose whom such a probe goes by, and a gateway would be given the health of another. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "model/capabilities.h"
#include "model/config.h"
#include "model/desired.h"
#include "reconcile/next_hops.h"

namespace vtid::reconcile {

inline constexpr std::uint32_t kProbePriority = 11'699;  // before every other rule of ours: a probe goes by its gateway
inline constexpr std::uint32_t kVrfProbePriority = 998;  // of gateways in VRFs: before 1000, where these look into their tables
inline constexpr std::uint32_t kFirstProbeTable = 119'000'000;

// The mark on the probes of each gateway that has such a way, by its name: those that are probed by other addresses than their
// own.
using ProbeMarks = std::map<std::string, std::uint32_t, std::less<>>;
[[nodiscard]] ProbeMarks probe_marks(const model::Config& config);

// Adds to routes and rules of `desired`; it sorts nothing. Where the system has routing rules each of these gateways has a
// table, to which the mark leads; elsewhere a route to the monitor address alone, unless the file has one.
void add_probe_routes(const model::Config& config, const NextHopResolver& next_hops, const model::Capabilities& system,
                      model::Desired& desired);

}  // namespace vtid::reconcile
