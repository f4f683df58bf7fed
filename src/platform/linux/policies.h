// XFRM_MSG_*POLICY: linux/xfrm.h, net/xfrm/xfrm_user.c. Ours are 0/0 to 0/0 at priority kPolicyPriority.
#pragma once

#include "model/kernel_objects.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

// One template: ESP, tunnel mode, level required (optional on the way in would let clear text through), any SPI of the
// reqid, any algorithm.
[[nodiscard]] Bytes encode_new_policy(const model::Policy& policy);      // EEXIST whoever owns the one that is there
[[nodiscard]] Bytes encode_replace_policy(const model::Policy& policy);  // whoever owns the one that is there
[[nodiscard]] Bytes encode_delete_policy(const model::Policy& policy);   // by identity, whoever owns it
[[nodiscard]] Bytes encode_get_policy(const model::Policy& policy);      // by identity
[[nodiscard]] Bytes encode_dump_policies();

// Anybody else's that leads to SAs with a reqid, whatever it selects.
[[nodiscard]] std::optional<model::CharonsPolicies> decode_charons_policy(const nlmsghdr& message);
// Of XFRMNLGRP_POLICY: one that went, or all of them. New and changed ones are no news: charon changes its own at each rekey.
[[nodiscard]] bool tells_of_lost_policies(const nlmsghdr& message);

// Ours alone.
[[nodiscard]] std::optional<model::Policy> decode_policy(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
