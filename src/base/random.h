// Chance, by the kernel: never fails for want of a descriptor, as a std::random_device may.
#pragma once

#include <cstdint>

namespace vtid {

[[nodiscard]] std::uint64_t random_bits();

}  // namespace vtid
