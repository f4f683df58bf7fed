// XFRM_MSG_*SA: linux/xfrm.h, net/xfrm/xfrm_user.c. Ours have kSaMark as the user of their selector: the kernel stores
// selectors of states whole and compares the user with nothing. The selector's family is AF_UNSPEC (with
// XFRM_STATE_AF_UNSPEC), so that one SA carries traffic of both families. charon sets no user.
#pragma once

#include "model/kernel_objects.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

// Messages with keys: whoever holds these bytes holds the key.
[[nodiscard]] Bytes encode_new_sa(const model::Sa& sa, std::uint32_t mark = model::kSaMark);  // EEXIST whoever owns it
[[nodiscard]] Bytes encode_delete_sa(const model::Sa& sa);                                    // by identity, whoever owns it
[[nodiscard]] Bytes encode_get_sa(const model::Sa& sa);                                       // by identity
[[nodiscard]] Bytes encode_dump_sas();

// Ours alone, with an algorithm that we know. A key of zeros is what the kernel shows under lockdown: it reads as none.
[[nodiscard]] std::optional<model::Sa> decode_sa(const nlmsghdr& message);

// Of XFRMNLGRP_SA: an SA of ours that came, went or changed, or all of them at once.
[[nodiscard]] bool is_our_sa(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
