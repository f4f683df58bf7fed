#include "control/framing.h"

namespace vtid::control {

void Framer::feed(std::string_view bytes) {
  buffer_.erase(0, start_);
  searched_ -= start_;
  start_ = 0;
  buffer_ += bytes;
}

std::optional<Line> Framer::next() {
  for (;;) {
    const auto newline = buffer_.find('\n', searched_);
    const bool complete = newline != std::string::npos;
    const std::size_t end = complete ? newline : buffer_.size();
    const std::size_t length = end - start_;
    const bool too_long = !skipping_ && length > max_line_;
    const bool whole = complete && !skipping_ && !too_long && length > 0;
    Line line{whole ? buffer_.substr(start_, length) : std::string{}, too_long};

    skipping_ = !complete && (skipping_ || too_long);
    searched_ = complete ? end + 1 : end;
    if (complete || skipping_) start_ = searched_;
    if (whole || too_long) return line;
    if (!complete) return std::nullopt;
  }
}

}  // namespace vtid::control
