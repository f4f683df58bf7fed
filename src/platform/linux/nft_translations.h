// The parts of the table that change packets instead of judging them: marks for replies, NAT, the MSS. Each adds nothing where
// nothing is asked for.
#pragma once

#include "model/filter.h"
#include "platform/linux/nft_commands.h"

namespace vtid::platform::netlink::nft {

// A connection is marked with the tunnel that it came by, and its replies get that mark before they are routed.
void add_replies(const model::FilterSet& set, Commands& commands);
// A connection that a rule with a gateway passes gets that rule's mark as it begins; its packets get it before they are routed.
void add_choices(const model::FilterSet& set, Commands& commands);
void add_nat(const model::FilterSet& set, Commands& commands);
void add_clamps(const model::FilterSet& set, Commands& commands);

}  // namespace vtid::platform::netlink::nft
