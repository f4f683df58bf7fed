// How many operations of one kind the kernel is given at once, so that a batch takes it less than the budget of a step: more
// while it is quick, fewer when it was slow. No fewer than pays: a batch has costs of its own (deleting links waits for grace
// periods).
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.h"

namespace vtid::platform {

class Pace {
 public:
  static constexpr std::size_t kLeast = 32;
  static constexpr std::size_t kMost = 512;

  [[nodiscard]] std::size_t batch() const { return batch_; }
  void on_batch(std::size_t size, Duration took, Duration budget) {
    if (took > budget / 2) batch_ = std::max(batch_ / 2, kLeast);
    if (size == batch_ && took < budget / 4) batch_ = std::min(batch_ * 2, kMost);
  }

 private:
  std::size_t batch_ = kLeast;
};

}  // namespace vtid::platform
