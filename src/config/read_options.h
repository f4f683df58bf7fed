// The keys of "ike" and of a child that become model::IkeOptions and model::ChildOptions: those that may be absent, and are
// charon's to decide then.
#pragma once

#include "config/object.h"
#include "config/tree.h"
#include "model/sa_options.h"

namespace vtid::config {

void read_ike_options(Object& ike, model::IkeOptions& options);
// A number, or a name of RFC 2474, 2597, 3246 and 8622.
[[nodiscard]] Result<std::uint8_t> dscp_value(const Node& node);
inline constexpr std::size_t kMostDscps = 64;
void read_child_options(Object& child, model::ChildOptions& options);

}  // namespace vtid::config
