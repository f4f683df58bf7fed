#include "vici/session.h"

#include <fmt/format.h>

#include <utility>

#include "base/duration.h"

namespace vtid::vici {
namespace {

// Commands that change something say how it went; queries do not, and their silence means success.
Result<Message> judge(Message response) {
  if (response.flag("success", true)) return response;
  const std::string_view reason = response.text("errmsg");
  return fail(std::string(reason.empty() ? "charon refused without a reason" : reason));
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
  output_ += *segment;
  if (owed_.empty()) progress_ = now.steady;
  owed_.push_back(std::move(owed));
}

void Session::refuse(RequestId id, std::string text) { reports_.emplace_back(Answered{id, fail(std::move(text))}); }

void Session::on_bytes(std::string_view bytes, Now now) {
  if (ended_) return;
  reader_.append(bytes);
  while (!ended_) {
    const auto payload = reader_.next();
    if (!payload) return end(payload.error());
    if (!*payload) return;
    Result<Packet> packet = decode(**payload);
    if (!packet) return end(packet.error());
    receive(std::move(*packet), now);
  }
}

void Session::receive(Packet packet, Now now) {
  if (packet.type == PacketType::event) return receive_event(std::move(packet), now);
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

void Session::receive_event(Packet packet, Now now) {
  if (owed_.empty() || owed_.front().streams != packet.name) {
    reports_.emplace_back(Raised{std::move(packet.name), std::move(packet.message)});
    return;
  }
  progress_ = now.steady;
  if (++streamed_ > kMostStreamed)
    return end({fmt::format("charon's answer to \"{}\" does not end", owed_.front().name), {}, 0});
  reports_.emplace_back(Streamed{owed_.front().id, std::move(packet.message)});
}

void Session::settle(Result<Message> response, Now now) {
  if (!owed_.front().silent) reports_.emplace_back(Answered{owed_.front().id, std::move(response)});
  owed_.pop_front();
  progress_ = now.steady;
  streamed_ = 0;
}

void Session::on_time(Now now) {
  const auto deadline = next_deadline();
  if (!deadline || now.steady < *deadline) return;
  end({fmt::format("charon did not answer \"{}\" within {}", owed_.front().name, print_duration(owed_.front().patience)),
       {},
       0});
}

std::optional<TimePoint> Session::next_deadline() const {
  if (owed_.empty()) return std::nullopt;
  return progress_ + owed_.front().patience;
}

void Session::end(Error reason) {
  if (ended_) return;
  ended_ = std::move(reason);
  output_.clear();
  for (const Owed& owed : std::exchange(owed_, {})) {
    if (!owed.silent) reports_.emplace_back(Abandoned{owed.id});
  }
}

std::string Session::take_output() { return std::exchange(output_, {}); }
std::vector<Report> Session::take_reports() { return std::exchange(reports_, {}); }

}  // namespace vtid::vici
