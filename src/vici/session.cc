#include "vici/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "base/utf8.h"
#include "vici/words.h"

namespace vtid::vici {
namespace {

// Commands that change something say how it went; queries do not, and their silence means success.
Result<Message> judge(Message response) {
  if (response.flag("success", true)) return response;
  const std::string_view reason = response.text("errmsg");
  return fail(reason.empty() ? "charon refused without a reason" : to_utf8(reason, kLongestReason));
}

}  // namespace

RequestId Session::subscribe(std::string_view event, Duration patience, Now now) {
  const RequestId id = ++last_id_;
  post(PacketType::subscribe, {id, true, false, std::string(event), {}, patience}, {}, now);
  return id;
}

RequestId Session::request(std::string_view command, const Message& message, Duration patience, Now now) {
  const RequestId id = ++last_id_;
  post(PacketType::request, {id, false, false, std::string(command), {}, patience}, message, now);
  return id;
}

RequestId Session::stream(std::string_view command, std::string_view event, const Message& message, Duration patience,
                          Now now) {
  const RequestId id = ++last_id_;
  post(PacketType::subscribe, {id, true, true, std::string(event), {}, patience}, {}, now);
  post(PacketType::request, {id, false, false, std::string(command), std::string(event), patience}, message, now);
  post(PacketType::unsubscribe, {id, true, true, std::string(event), {}, patience}, {}, now);
  return id;
}

void Session::post(PacketType type, Owed owed, const Message& message, Now now) {
  if (ended_) {
    if (!owed.silent) reports_.emplace_back(Abandoned{owed.id});
    return;
  }
  if (owed_.size() >= kMostPending && !owed.silent) return refuse(owed.id, "too many requests are waiting for charon");
  Result<std::string> segment = encode_segment({type, owed.name, message});
  if (!segment) return refuse(owed.id, segment.error().text);
  if (owed_bytes_ + segment->size() > kMostPendingBytes && !owed.silent)
    return refuse(owed.id, "too much is waiting for charon");
  owed.size = segment->size();
  owed_bytes_ += owed.size;
  output_ += *segment;
  if (owed_.empty()) progress_ = now.steady;
  owed_.push_back(std::move(owed));
}

void Session::refuse(RequestId id, std::string text) { reports_.emplace_back(Answered{id, fail(std::move(text))}); }

void Session::on_bytes(std::string_view bytes, Now now) {
  if (ended_) return;
  reader_.append(bytes);
  for (bool whole_ones = false; !ended_; whole_ones = true) {
    const auto payload = reader_.next();
    if (!payload) return end(payload.error());
    if (!*payload) return note_unfinished_segment(whole_ones, now);
    Result<Packet> packet = decode(**payload);
    if (!packet) return end(packet.error());
    receive(std::move(*packet), (*payload)->size(), now);
  }
}

void Session::note_unfinished_segment(bool whole_ones, Now now) {
  if (!reader_.unfinished()) {
    segment_began_.reset();
  } else if (whole_ones || !segment_began_) {
    segment_began_ = now.steady;
  }
}

void Session::receive(Packet packet, std::size_t size, Now now) {
  if (packet.type == PacketType::event) return receive_event(std::move(packet), size, now);
  const bool confirms = packet.type == PacketType::confirmed || packet.type == PacketType::unknown_event;
  const bool responds = packet.type == PacketType::response || packet.type == PacketType::unknown_command;
  if (owed_.empty() || owed_.front().confirmation != confirms || confirms == responds) {
    return end({"charon sent a packet that nobody asked for", {}, 0});
  }
  switch (packet.type) {
    case PacketType::response: return settle(judge(std::move(packet.message)), now);
    case PacketType::unknown_command:
      return settle(fail(fmt::format("charon does not know the command \"{}\"", owed_.front().name)), now);
    case PacketType::unknown_event:
      return settle(fail(fmt::format("charon does not know the event \"{}\"", owed_.front().name)), now);
    default: return settle(Message{}, now);
  }
}

void Session::receive_event(Packet packet, std::size_t size, Now now) {
  if (owed_.empty() || owed_.front().streams != packet.name) {
    reports_.emplace_back(Raised{std::move(packet.name), std::move(packet.message)});
    return;
  }
  progress_ = now.steady;
  if (streamed_ == 0) streaming_since_ = now.steady;
  streamed_bytes_ += size;
  if (++streamed_ > kMostStreamed || streamed_bytes_ > kMostStreamedBytes)
    return end({fmt::format("charon's answer to \"{}\" does not end", owed_.front().name), {}, 0});
  reports_.emplace_back(Streamed{owed_.front().id, std::move(packet.message)});
}

void Session::settle(Result<Message> response, Now now) {
  if (!owed_.front().silent) reports_.emplace_back(Answered{owed_.front().id, std::move(response)});
  owed_bytes_ -= owed_.front().size;
  owed_.pop_front();
  progress_ = now.steady;
  streamed_ = streamed_bytes_ = 0;
}

void Session::on_time(Now now) {
  const auto deadline = next_deadline();
  if (!deadline || now.steady < *deadline) return;
  if (segment_began_ && now.steady >= *segment_began_ + kSegmentPatience)
    return end({"charon sent a part of a packet and then nothing more", {}, 0});
  if (streamed_ > 0 && now.steady >= streaming_since_ + kLongestAnswer)
    return end({fmt::format("charon's answer to \"{}\" does not end", owed_.front().name), {}, 0});
  end({fmt::format("charon did not answer \"{}\" within {}", owed_.front().name, print_duration(owed_.front().patience)),
       {},
       0});
}

std::optional<TimePoint> Session::next_deadline() const {
  if (ended_) return std::nullopt;
  std::optional<TimePoint> next;
  const auto add = [&next](TimePoint time) { next = std::min(next.value_or(time), time); };
  if (segment_began_) add(*segment_began_ + kSegmentPatience);
  if (!owed_.empty()) add(progress_ + owed_.front().patience);
  if (streamed_ > 0) add(streaming_since_ + kLongestAnswer);
  return next;
}

void Session::end(Error reason) {
  if (ended_) return;
  ended_ = std::move(reason);
  output_.clear();
  owed_bytes_ = streamed_ = 0;
  for (const Owed& owed : std::exchange(owed_, {})) {
    if (!owed.silent) reports_.emplace_back(Abandoned{owed.id});
  }
}

std::string Session::take_output() { return std::exchange(output_, {}); }
std::vector<Report> Session::take_reports() { return std::exchange(reports_, {}); }

}  // namespace vtid::vici
