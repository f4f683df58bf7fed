// From the file to the filter: rules and translations on devices, whose echo requests always pass, what TCP is told.
// Nothing where nothing is asked for: then the kernel has no table of ours.
#pragma once

#include <optional>
#include <vector>

#include "model/capabilities.h"
#include "model/config.h"
#include "model/desired.h"
#include "reconcile/next_hops.h"
#include "reconcile/numbers.h"

namespace vtid::reconcile {

// `links` are the wanted ones, with their MTUs; `policy_routes` are those that the filter has to make. A system without a
// filter is asked for one only when it has to keep something out or to translate; then it says itself that it cannot.
[[nodiscard]] std::optional<model::FilterSet> derive_filter(const model::Config& config, const Numbers& numbers,
                                                            const std::vector<model::Wanted<model::Link>>& links,
                                                            const NextHopResolver& next_hops,
                                                            std::vector<model::DevicePolicyRoute> policy_routes,
                                                            const model::Capabilities& system);

}  // namespace vtid::reconcile
