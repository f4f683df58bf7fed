#include "io/control_turns.h"

#include <utility>

namespace vtid::io {

void ControlTurns::wait(Lane lane, std::function<void()> go) {
  line_of(lane).waiting.push_back(std::move(go));
  schedule();
}

void ControlTurns::release(Lane lane, std::size_t bytes) {
  line_of(lane).unread -= bytes;
  schedule();
}

void ControlTurns::close() {
  for (Line& line : lines_) {
    for (auto& go : std::exchange(line.waiting, {})) boost::asio::post(executor_, std::move(go));
  }
}

ControlTurns::Line* ControlTurns::next_line() {
  for (std::size_t i = 1; i <= lines_.size(); ++i) {
    Line& line = lines_.at((last_ + i) % lines_.size());
    if (!line.waiting.empty() && line.unread < kMaxUnread) return &line;
  }
  return nullptr;
}

// Posted, so that it comes after everything that is ready.
void ControlTurns::schedule() {
  if (scheduled_ || next_line() == nullptr) return;
  scheduled_ = true;
  boost::asio::post(executor_, [self = shared_from_this()] { self->take_turn(); });
}

void ControlTurns::take_turn() {
  scheduled_ = false;
  Line* line = next_line();
  if (line == nullptr) return;
  last_ = static_cast<std::size_t>(line - lines_.data());
  const auto go = std::move(line->waiting.front());
  line->waiting.pop_front();
  schedule();
  go();
}

}  // namespace vtid::io
