// RTM_*RULE: linux/fib_rules.h, net/core/fib_rules.c. Ours carry our protocol number.
#pragma once

#include "model/kernel_objects.h"
#include "platform/linux/message.h"

namespace vtid::platform::netlink {

[[nodiscard]] Bytes encode_add_rule(const model::Rule& rule, std::uint8_t protocol = model::kRouteProtocol);
[[nodiscard]] Bytes encode_delete_rule(const model::Rule& rule);  // ours alone
[[nodiscard]] Bytes encode_dump_rules();                          // of both families

// Ours alone.
[[nodiscard]] std::optional<model::Rule> decode_rule(const nlmsghdr& message, std::uint8_t protocol = model::kRouteProtocol);

}  // namespace vtid::platform::netlink
