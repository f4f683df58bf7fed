// Which packets cross a tunnel: what to ask about, and what the answers mean.
#pragma once

#include <string_view>
#include <vector>

#include "control/index.h"
#include "control/message.h"
#include "model/mtu.h"

namespace vtid::control {

// The transits of a tunnel's interfaces that carry traffic; none while it has none.
[[nodiscard]] std::vector<model::MtuPath> mtu_paths(const model::Tunnel& tunnel, const Index& index);

// Steps as of explain(), one for each path. As many findings as paths.
[[nodiscard]] Json render_mtus(const std::vector<model::MtuPath>& paths, const std::vector<model::MtuFinding>& findings);

}  // namespace vtid::control
