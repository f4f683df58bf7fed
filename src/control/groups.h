// Gateway groups as JSON: which members are active, and of each member why it does or does not. Decides nothing.
#pragma once

#include "control/index.h"
#include "control/message.h"

namespace vtid::control {

[[nodiscard]] Json list_groups(const Index& index);

// As model::state_of().
[[nodiscard]] std::string_view group_state(const model::GatewayGroup& group, const Index& index);
[[nodiscard]] Json render_active(const model::GatewayGroup& group, const Index& index);  // their names

}  // namespace vtid::control
