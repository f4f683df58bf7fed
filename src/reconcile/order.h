// The order of operations: what leaves makes room before what comes needs it, and a thing comes after what it stands on.
#pragma once

#include <vector>

#include "model/op.h"

namespace vtid::reconcile {

// Stable: within one phase the planner's order (by identity) stays.
void sort_ops(std::vector<model::Op>& ops);

// the filter in, routes out, addresses out, policies out, links out, links in, links changed, addresses in, SAs in, policies
// in, routes in (those to a gateway first), rules in, SAs out: the new SA carries before the old one goes; then rules out, and
// the routes of other tables. The filter out comes last: nothing of ours is ever there without the filter that it should have.
[[nodiscard]] int phase_of(const model::Change& change);

// The devices that an operation stands on: none of policies, rules, SAs, blackholes and the filter, several of a multipath
// route.
[[nodiscard]] std::vector<net::IfName> devices_of(const model::Change& change);

}  // namespace vtid::reconcile
