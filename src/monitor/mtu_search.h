// Finds the longest packet that crosses a path by asking about one size after the other: the longest first, then the
// shortest, then halves of what is between. It sends nothing.
#pragma once

#include <optional>

namespace vtid::monitor {

class MtuSearch {
 public:
  // Bytes of a whole IP packet; `least` at most `most`.
  MtuSearch(int least, int most) : least_(least), most_(most), next_(most) {}

  // The size to ask about; nothing when the answer is known.
  [[nodiscard]] std::optional<int> next() const { return next_; }
  // Whether a packet of the size that next() says crosses.
  void on(bool crosses);
  // The longest that crossed; nothing when not even `least` did.
  [[nodiscard]] std::optional<int> longest() const { return longest_; }

 private:
  int least_;
  int most_;  // while searching: the shortest that did not cross, less one
  std::optional<int> next_;
  std::optional<int> longest_;
};

}  // namespace vtid::monitor
