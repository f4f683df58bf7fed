// Gateways outside the networks of their device's addresses, as hosters have them: a route to the gateway alone, by its device,
// makes it a neighbour, and every other route can lead to it then. Pure.
#pragma once

#include "model/config.h"
#include "model/desired.h"
#include "reconcile/next_hops.h"

namespace vtid::reconcile {

// Adds to the routes of `desired` what the file does not have itself; it sorts nothing.
void add_on_link_routes(const model::Config& config, const NextHopResolver& next_hops, model::Desired& desired);

}  // namespace vtid::reconcile
