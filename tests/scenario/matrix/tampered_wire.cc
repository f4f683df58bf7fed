#include "scenario/matrix/tampered_wire.h"

#include <utility>

#include "vici/codec.h"

namespace vtid::test::matrix {
namespace {

constexpr std::size_t kLengthBytes = 4;

// With their lengths in front, as they came.
std::vector<std::string> segments_of(std::string_view bytes) {
  std::vector<std::string> segments;
  while (bytes.size() >= kLengthBytes) {
    std::size_t length = 0;
    for (const char byte : bytes.substr(0, kLengthBytes)) length = length << 8U | static_cast<unsigned char>(byte);
    segments.emplace_back(bytes.substr(0, kLengthBytes + length));
    bytes.remove_prefix(segments.back().size());
  }
  return segments;
}

std::string refusal_of(std::string_view segment) {
  const auto asked = vici::decode(segment.substr(kLengthBytes)).value();
  if (asked.type != vici::PacketType::request) return *vici::encode_segment({vici::PacketType::unknown_event, {}, {}});
  return *vici::encode_segment(
      {vici::PacketType::response, {}, vici::Message{}.add("success", "no").add("errmsg", "refused by the test")});
}

}  // namespace

bool TamperedWire::open(int line) {
  if (!charon_.running) return false;
  mute_.erase(line);
  held_.erase(line);
  if (stopped_) {
    missed_.push_back({Step::Kind::open, line, {}});
    waiting_.insert(line);
  } else {
    charon_.open(line);
  }
  return true;
}

void TamperedWire::close(int line) {
  ending_.erase(line);
  left_.erase(line);
  if (stopped_) {
    missed_.push_back({Step::Kind::close, line, {}});
    waiting_.erase(line);
  } else {
    charon_.close(line);
  }
}

void TamperedWire::send(int line, std::string_view bytes, TimePoint now) {
  for (const std::string& segment : segments_of(bytes)) {
    const std::size_t request = requests_++;
    if (mute_.contains(line) || ending_.contains(line)) continue;
    if (fault_ && fault_->first == request && !stopped_) {
      tamper(fault_->second, line, segment, now);
    } else {
      pass_on(line, segment, now);
    }
  }
}

void TamperedWire::pass_on(int line, const std::string& segment, TimePoint) {
  if (stopped_) {
    missed_.push_back({Step::Kind::bytes, line, segment});
  } else {
    charon_.feed(line, segment);
  }
}

void TamperedWire::tamper(Way way, int line, const std::string& segment, TimePoint now) {
  switch (way) {
    case Way::refused: charon_.send_junk(line, refusal_of(segment)); return;
    case Way::never_answered: mute_.insert(line); return;
    case Way::late: held_[line] = now + kLate; break;
    case Way::done_but_refused:
    case Way::cut_before:
    case Way::cut_after:
    case Way::cut_within: break;
  }
  if (way != Way::cut_before) charon_.feed(line, segment);
  if (way == Way::late) return;
  std::string answer = charon_.take(line);
  if (way == Way::done_but_refused) {
    const std::size_t last = segments_of(answer).empty() ? 0 : segments_of(answer).back().size();
    answer.resize(answer.size() - last);
    charon_.send_junk(line, answer + refusal_of(segment));
    return;
  }
  ending_.insert(line);
  if (way == Way::cut_within) left_[line] = answer.substr(0, answer.size() / 2);
}

bool TamperedWire::is_open(int line) {
  if (stopped_) return charon_.running && (waiting_.contains(line) || charon_.is_open(line));
  if (ending_.contains(line) && left_[line].empty()) {
    ending_.erase(line);
    left_.erase(line);
    charon_.close(line);
  }
  return charon_.is_open(line);
}

std::string TamperedWire::receive(int line, TimePoint now) {
  if (stopped_) return {};
  if (ending_.contains(line)) return std::exchange(left_[line], {});
  if (const auto held = held_.find(line); held != held_.end() && held->second > now) return {};
  return charon_.take(line);
}

// It finds everything as it came, also what the daemon has given up meanwhile.
void TamperedWire::go_on(TimePoint now) {
  if (!std::exchange(stopped_, false)) return;
  waiting_.clear();
  for (const Step& step : std::exchange(missed_, {})) {
    if (step.kind == Step::Kind::open) charon_.open(step.line);
    if (step.kind == Step::Kind::close) charon_.close(step.line);
    if (step.kind == Step::Kind::bytes) pass_on(step.line, step.bytes, now);
  }
}

void TamperedWire::forget() {
  stopped_ = false;
  missed_.clear();
  waiting_.clear();
  mute_.clear();
  ending_.clear();
  left_.clear();
  held_.clear();
}

}  // namespace vtid::test::matrix
