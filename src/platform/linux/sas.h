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
[[nodiscard]] Bytes encode_get_sa(const model::CharonsSa& sa);                                // by identity
[[nodiscard]] Bytes encode_dump_sas();

// Ours alone, with an algorithm that we know. A key of zeros is what the kernel shows under lockdown: it reads as none.
[[nodiscard]] std::optional<model::Sa> decode_sa(const nlmsghdr& message);

// In seconds since 1970, as the kernel dates its SAs.
[[nodiscard]] std::uint64_t wall_seconds();

// Any ESP SA that is in use and not ours, with its reqid; behind a policy of ours, if there is one for it, when reqid and if_id
// are of one unit. One that is only reserved has no keys yet, and is none.
[[nodiscard]] std::optional<model::CharonsSa> decode_charons_sa(const nlmsghdr& message, std::uint64_t now);

// XFRM_MSG_NEWAE that changes when an SA was made, as far as the kernel remembers, and nothing else; from what a get request
// answered. The kernel's own lifetimes count from there, so one that is held lives for one of them more from now.
[[nodiscard]] std::optional<Bytes> encode_hold_sa(const nlmsghdr& standing, bool held, std::uint64_t now);

// Of XFRMNLGRP_SA: an SA of ours that came, went or changed, or all of them at once.
[[nodiscard]] bool is_our_sa(const nlmsghdr& message);
// One of somebody else's that went: its SPI.
[[nodiscard]] std::optional<std::uint32_t> decode_lost_sa(const nlmsghdr& message);

}  // namespace vtid::platform::netlink
