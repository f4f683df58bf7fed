// What becomes of traffic whose gateway is down. Routes, policy routes and rules say it each for themselves.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace vtid::model {

enum class WhenDown : std::uint8_t { keep, withdraw, blackhole };

[[nodiscard]] constexpr std::string_view print(WhenDown when_down) {
  switch (when_down) {
    case WhenDown::keep: return "keep";
    case WhenDown::withdraw: return "withdraw";
    case WhenDown::blackhole: return "blackhole";
  }
  std::abort();
}

}  // namespace vtid::model
