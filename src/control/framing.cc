#include "control/framing.h"

#include <algorithm>
#include <utility>

namespace vtid::control {

void Framer::feed(std::string_view bytes) {
  input_.erase(0, std::exchange(at_, 0));
  input_ += bytes;
}

bool Framer::fits(std::size_t length) {
  if (length <= usual_ || grown_) return length <= longest_;
  grown_ = may_grow_ && may_grow_();
  return grown_ && length <= longest_;
}

std::optional<Line> Framer::next() {
  while (at_ < input_.size()) {
    const auto newline = input_.find('\n', at_);
    const bool complete = newline != std::string::npos;
    const std::string_view piece = std::string_view(input_).substr(at_, complete ? newline - at_ : std::string::npos);
    at_ += piece.size() + (complete ? 1 : 0);
    if (skipping_) {
      skipping_ = !complete;
      continue;
    }
    const bool fitting = fits(line_.size() + piece.size());
    if (fitting) line_ += piece;
    if (fitting && !complete) continue;
    skipping_ = !complete;
    grown_ = false;
    std::string line = std::exchange(line_, {});  // and with it its memory
    if (!fitting) return Line{{}, true};
    if (!line.empty()) return Line{std::move(line), false};
  }
  return std::nullopt;
}

}  // namespace vtid::control
