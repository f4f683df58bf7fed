// What makes the same objects as vtid without it: on Linux `ip -batch`; on each system a raw loop, the fewest calls for one
// tunnel, one after the other, without a plan and without reading anything back. What a hand-written C program would do.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace vtid::bench {

inline constexpr std::uint32_t kMostTunnels = 16'000;

// The objects of tunnel `n`: ipsecN with unit N, the addresses of its ends, the network behind it.
struct Numbers {
  std::uint32_t n;
  [[nodiscard]] std::string host(std::uint32_t last) const { return fmt::format("10.128.{}.{}", n / 64, n % 64 * 4 + last); }
  [[nodiscard]] std::string host6(std::uint32_t last) const { return fmt::format("fd00:0:0:{:x}::{}", n, last); }
  [[nodiscard]] std::string network() const { return fmt::format("10.{}.{}.0/24", n / 256, n % 256); }
  [[nodiscard]] std::string peer() const { return fmt::format("198.51.{}.{}", n / 250, n % 250 + 1); }
};

// Each ends the program when the kernel refuses.
struct Rival {
  std::string_view name;
  void (*make)(std::uint32_t count);
  void (*remove)(std::uint32_t count);
};
[[nodiscard]] std::vector<Rival> rivals();
void prepare_network();  // in a fresh one

[[noreturn]] inline void die(const std::string& what) {
  fmt::print(stderr, "vtid-bench-cold-start: {}\n", what);
  std::exit(1);
}

}  // namespace vtid::bench
