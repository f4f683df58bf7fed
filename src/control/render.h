// Values of the model as the JSON that people and scripts rely on (docs/control-protocol.md). Decides nothing; linear in
// what it shows. Secrets cannot appear: nothing here reads a Secret.
#pragma once

#include "control/index.h"
#include "control/message.h"
#include "model/command.h"

namespace vtid::control {

// The published status, as text: it is long.
[[nodiscard]] Rendered render_status(const Index& index);

// The pieces of it that lists show too.
[[nodiscard]] Json render_tunnel(const model::TunnelStatus& status, const Index& index);
[[nodiscard]] Json render_gateway(const model::Gateway& gateway, const Index& index);
[[nodiscard]] Json render_problem(const model::Problem& problem);

// `failed` adds to an op that waits for its backoff what went wrong; empty for a plan of another file.
[[nodiscard]] Json render_plan(const model::Answer& answer, const std::vector<model::FailedOp>& failed);

[[nodiscard]] Json render_event(const model::Event& event);

// RFC 3339, or null when it never happened.
[[nodiscard]] Json render_address(const net::Address& address);  // null when it is unspecified
[[nodiscard]] Json render_time(WallTime time);

// An SPI as ip(8) prints it: "0xc1f3a0b2".
[[nodiscard]] std::string print_spi(std::uint32_t spi);

}  // namespace vtid::control
