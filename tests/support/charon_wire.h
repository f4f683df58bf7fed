// Joins a vici::Charon and a ScriptedCharon without sockets, under a clock that tests own. Delivers in pieces of any size and
// breaks where it is told to.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "support/scripted_charon.h"
#include "vici/charon.h"

namespace vtid::test {

class CharonWire {
 public:
  CharonWire(vici::Charon& charon, ScriptedCharon& server) : charon_(charon), server_(server) {}

  Now now{TimePoint{std::chrono::hours{1}}, WallTime{std::chrono::seconds{1'800'000'000}}};
  std::size_t piece = 65'536;              // bytes delivered at once
  std::optional<std::size_t> break_after;  // so many bytes from charon, then that line dies, once

  // Carries everything to and fro until both are quiet.
  void settle() {
    for (bool busy = true; busy;) {
      busy = false;
      for (vici::Effect& effect : charon_.take_effects()) {
        busy = true;
        std::visit([this](const auto& what) { carry_out(what); }, effect);
      }
      for (const vici::Channel channel : kChannels) busy |= deliver(channel);
    }
  }

  // Somebody sets the wall clock.
  void set_clock(std::chrono::seconds on) { now.wall += on; }

  // Lets time pass, waking charon's client whenever it wants to be woken.
  void pass(Duration duration) {
    const TimePoint end = now.steady + duration;
    settle();
    while (charon_.next_deadline() <= end) {
      step_to(std::max(now.steady, charon_.next_deadline()));
      charon_.on_time(now);
      settle();
    }
    step_to(end);
  }

 private:
  static constexpr std::array kChannels{vici::Channel::events, vici::Channel::queries, vici::Channel::commands};
  static ScriptedCharon::Line line(vici::Channel channel) { return static_cast<ScriptedCharon::Line>(channel); }

  void carry_out(const vici::Open& open) {
    is_open(open.channel) = server_.running;
    if (!server_.running) return charon_.on_closed(open.channel, "Connection refused", now);
    server_.open(line(open.channel));
    charon_.on_opened(open.channel, server_.run, now);
  }
  void carry_out(const vici::Send& send) { server_.feed(line(send.channel), send.bytes); }
  void carry_out(const vici::Close& close) {
    is_open(close.channel) = false;
    server_.close(line(close.channel));
  }

  bool deliver(vici::Channel channel) {
    if (!is_open(channel)) return false;
    if (!server_.is_open(line(channel))) return drop(channel);
    const std::string bytes = server_.take(line(channel));
    for (std::size_t at = 0; at < bytes.size() && is_open(channel); at += piece) {
      const std::string_view part = std::string_view(bytes).substr(at, piece);
      if (break_after && *break_after < part.size()) {
        break_after.reset();
        server_.close(line(channel));
        return drop(channel);
      }
      if (break_after) *break_after -= part.size();
      charon_.on_bytes(channel, part, now);
    }
    return !bytes.empty();
  }

  bool drop(vici::Channel channel) {
    is_open(channel) = false;
    charon_.on_closed(channel, "Connection reset by peer", now);
    return true;
  }

  void step_to(TimePoint time) {
    now.wall += std::chrono::floor<std::chrono::seconds>(time) - std::chrono::floor<std::chrono::seconds>(now.steady);
    now.steady = time;
  }

  bool& is_open(vici::Channel channel) { return open_.at(static_cast<std::size_t>(channel)); }

  vici::Charon& charon_;
  ScriptedCharon& server_;
  std::array<bool, 3> open_{};
};

}  // namespace vtid::test
