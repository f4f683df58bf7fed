// Policy routes: as the kernel has them on Linux: one table for each way that they lead, and rules that lead there. A packet
// that a rule has matched does not come back to the main table while its gateway is down, unless it says "withdraw".
#pragma once

#include "model/config.h"
#include "model/desired.h"
#include "reconcile/next_hops.h"

namespace vtid::reconcile {

inline constexpr std::uint32_t kFirstPolicyPriority = 11'800;  // of the file's first one; before main's 32766
inline constexpr std::uint32_t kFirstPolicyTable = 118'000'000;
inline constexpr std::uint32_t kPolicyTables = 500'000;  // from there

// Adds to routes and rules of `desired`; it sorts nothing.
void add_policy_routes(const model::Config& config, const Exits& exits, const model::Capabilities& system,
                       model::Desired& desired);

// Where the filter routes by policy instead, as on FreeBSD: what the file's policy routes come to there. Those of what comes in
// by a tunnel are left out: the rules of the tunnel would not be asked any more.
[[nodiscard]] std::vector<model::DevicePolicyRoute> filter_policy_routes(const model::Config& config, const Exits& exits);
[[nodiscard]] bool comes_by_tunnel(const model::Config& config, const model::PolicyRoute& route);

inline constexpr std::uint32_t kReplyPriority = 11'700;  // before them all: a reply belongs to its connection
inline constexpr std::uint32_t kFirstReplyTable = kFirstPolicyTable + kPolicyTables;  // and the tunnel's unit

// The filter marks replies of connections that came in by a tunnel; what is marked leaves by it.
void add_reply_routes(const model::FilterSet& filter, model::Desired& desired);

// A number that follows from the text alone, so that a table keeps it whatever else the file says: FNV-1a, 32 bits.
[[nodiscard]] std::uint32_t hash_of(std::string_view text);

}  // namespace vtid::reconcile
