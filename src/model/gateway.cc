#include "model/gateway.h"

#include <array>
#include <cstddef>

namespace vtid::model {

std::string_view print(GatewayState state) {
  static constexpr std::array<std::string_view, 7> kNames{"online",      "latency",     "loss",   "down",
                                                          "forced_down", "unmonitored", "pending"};
  return kNames.at(static_cast<std::size_t>(state));
}

}  // namespace vtid::model
