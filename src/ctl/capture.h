// `vtictl capture NAME`: tcpdump where the question is answered. From what the daemon says of a tunnel to the words of the
// command, and the command itself in our place. No shell is involved.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ctl/json.h"

namespace vtid::ctl {

struct CaptureQuestion {
  std::string_view child{};              // one of the tunnel's; empty: the only one that has an interface
  bool outer = false;                    // the packets between the two outer addresses; else what is inside
  std::string_view inner_device{};       // the one device on which the inside of all tunnels is seen; empty: the tunnel's own
  std::vector<std::string> arguments{};  // for tcpdump; where we have an expression it follows them
};

// tcpdump and its arguments. `tunnel` is the daemon's answer to `show tunnels`.
[[nodiscard]] Result<std::vector<std::string>> capture_command(const Json& tunnel, const CaptureQuestion& question);

// As a shell would have to be given it.
[[nodiscard]] std::string print_command(const std::vector<std::string>& words);

// Becomes the command; returns only what went wrong.
[[nodiscard]] Error become(std::vector<std::string> words);

}  // namespace vtid::ctl
