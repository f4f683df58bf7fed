#include "base/random.h"

#include <unistd.h>

#include <chrono>

namespace vtid {

// getentropy(3) fails only on kernels older than what vtid runs on. What it is for there, telling probes and retries of
// several daemons apart, the clock does too.
std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getentropy(&bits, sizeof bits) == 0) return bits;
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(ticks) * 0x9e3779b97f4a7c15ULL;  // the golden ratio: spreads what changes in low bits
}

}  // namespace vtid
