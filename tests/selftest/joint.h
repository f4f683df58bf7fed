// The wire between the networks of two processes, laid by a third: an epair(4) or a veth. Nothing of it outlives them and
// take_up().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "net/names.h"

namespace vtid::selftest {

struct Joint {
  std::array<std::uint32_t, 2> networks{};               // as enter_own_network() gave them
  std::array<std::optional<net::IfName>, 2> ends{};      // those that exist
  [[nodiscard]] Result<void> lay();                      // one end into each network
  [[nodiscard]] Result<void> take_up();                  // while the networks are there; also what was laid in part
  [[nodiscard]] Result<void> find_nothing_left() const;  // of the networks, when their processes have ended
};

}  // namespace vtid::selftest
