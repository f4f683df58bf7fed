// `vtictl status NAME`: all that there is to say about one tunnel, on one screen.
#pragma once

#include <string>

#include "ctl/connection.h"

namespace vtid::ctl {

// {"tunnel": as `show tunnels NAME`, "gateways": [], "sas": [], "routes": [], "problems": []}: what of each belongs to it.
[[nodiscard]] Outcome<Json> ask_tunnel(Connection& connection, const std::string& name, Duration patience);

[[nodiscard]] std::string render_tunnel(const Json& result, const Options& options);

}  // namespace vtid::ctl
