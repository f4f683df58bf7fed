#include "model/snapshot.h"

#include <array>
#include <cstddef>

namespace vtid::model {

std::string_view print(TunnelState state) {
  static constexpr std::array<std::string_view, 7> kNames{"up",      "connecting", "down",  "disabled",
                                                          "waiting", "unknown",    "silent"};
  return kNames.at(static_cast<std::size_t>(state));
}

}  // namespace vtid::model
