// Ways beside the main table, as the kernel has them on Linux: those of policy routes, of rules with a gateway and of replies.
// One table for each way, and rules that lead there. A packet that such a rule has matched does not come back to the main table
// while its gateway is down, unless it says "withdraw".
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/config.h"
#include "model/desired.h"
#include "reconcile/next_hops.h"

namespace vtid::reconcile {

inline constexpr std::uint32_t kFirstPolicyPriority = 11'800;  // of the file's first one; before main's 32766
inline constexpr std::uint32_t kPastPolicyPriority = 12'824;   // behind the file's last possible one
inline constexpr std::uint32_t kFirstPolicyTable = 118'000'000;
inline constexpr std::uint32_t kPolicyTables = 500'000;  // from there
inline constexpr net::Metric kLastMetric{UINT32_MAX};    // of what catches packets while a table has no way for them

inline constexpr std::uint32_t kReplyPriority = 11'700;   // before them all: a reply belongs to its connection
inline constexpr std::uint32_t kChoicePriority = 11'701;  // of what a rule of the filter has given a gateway
inline constexpr std::uint32_t kFirstReplyTable = kFirstPolicyTable + kPolicyTables;  // and the tunnel's unit

// Adds to routes and rules of `desired`; it sorts nothing. `filter` is what the system is to have, if anything.
void add_policy_routes(const model::Config& config, const NextHopResolver& next_hops,
                       const std::optional<model::FilterSet>& filter, const model::Capabilities& system,
                       model::Desired& desired);

// Where the filter routes by policy instead, as on FreeBSD: what the file's policy routes come to there. Those of what comes in
// by a tunnel are left out: the rules of the tunnel would not be asked any more.
[[nodiscard]] std::vector<model::DevicePolicyRoute> filter_policy_routes(const model::Config& config,
                                                                         const NextHopResolver& next_hops);
[[nodiscard]] bool comes_by_tunnel(const model::Config& config, const model::PolicyRoute& route);

// A number below `slots` for each name, which follows from the name alone as long as no two meet, so that it keeps it whatever
// else the file says. At most `slots` names.
[[nodiscard]] std::map<std::string, std::uint32_t> spread(const std::set<std::string>& names, std::uint32_t slots);

}  // namespace vtid::reconcile
