// Built without instrumentation itself. Edges are counted in a table by a hash of both their ends, and counts in powers of two.
#include "fuzz/coverage.h"

#include <array>
#include <bit>
#include <cstdint>

namespace {

constexpr std::size_t kEdges = 1U << 16U;
std::array<std::uint8_t, kEdges> taken;  // NOLINT: by this input
std::array<std::uint8_t, kEdges> known;  // NOLINT: bits of counts, by all inputs
std::size_t seen = 0;                    // NOLINT
std::uintptr_t last = 0;                 // NOLINT

}  // namespace

extern "C" void __sanitizer_cov_trace_pc() {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  const std::uintptr_t mixed = (here ^ here >> 13U) * 0x9e3779b1U;
  std::uint8_t& count = taken[(mixed ^ last) % kEdges];
  if (count < 128) ++count;
  last = mixed >> 1U;
}

namespace vtid::fuzz {

bool found_something_new() {
  bool fresh = false;
  for (std::size_t edge = 0; edge < kEdges; ++edge) {
    if (taken[edge] == 0) continue;
    const auto bits = static_cast<std::uint8_t>(1U << (static_cast<unsigned>(std::bit_width(taken[edge])) - 1U));
    if (known[edge] == 0) ++seen;
    fresh |= (known[edge] & bits) == 0;
    known[edge] |= bits;
    taken[edge] = 0;
  }
  last = 0;
  return fresh;
}

std::size_t places() { return seen; }

}  // namespace vtid::fuzz
