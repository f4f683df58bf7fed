// The whole of vici::Charon (three lines, loader, SA poller, view) against a charon that lies: raw bytes, answers that are well
// formed and say something else, lines that end, other processes, clocks that are set, and requests of ours in between. The
// input is a script of such moves. Whatever it plays: no crash, no endless loop, and every bound holds after each move.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "support/scripted_charon.h"
#include "support/worlds.h"
#include "vici/charon.h"
#include "vici/words.h"

namespace {

using namespace vtid;
using vici::Channel;
using vici::Message;

constexpr std::size_t kMostMoves = 256;
constexpr std::size_t kMostSentAtOnce = 1024 * 1024;  // bytes, for a handful of tunnels
constexpr std::size_t kLongestProblem = vici::kLongestReason + 1024;

void demand(bool holds) {
  if (!holds) std::abort();
}

class Script {
 public:
  explicit Script(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool over() const { return rest_.empty(); }
  std::size_t byte() { return static_cast<unsigned char>(take(1).front()); }
  std::size_t word() {
    const std::size_t high = byte();
    return high << 8U | byte();
  }
  // What is missing at the end is zero.
  std::string take(std::size_t size) {
    std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(taken.size());
    if (taken.empty()) taken.resize(1);
    return taken;
  }

 private:
  std::string_view rest_;
};

// The same message, with one of its values, names or sections changed, doubled or left out.
Message distorted(const Message& message, Script& script) {
  const std::size_t chosen = message.elements().empty() ? 0 : script.byte() % message.elements().size();
  Message result;
  for (std::size_t i = 0; i < message.elements().size(); ++i) {
    const vici::Element& element = message.elements()[i];
    const std::size_t how = i == chosen ? script.byte() % 6 : 6;
    if (how == 0) continue;
    for (int times = how == 1 ? 2 : 1; times > 0; --times) {
      if (const auto* section = std::get_if<Message>(&element.content)) {
        result.add_section(element.name, how < 6 ? distorted(*section, script) : *section);
      } else if (const auto* items = std::get_if<Message::List>(&element.content)) {
        result.add_list(element.name, how == 2 ? Message::List(script.word() % 600, script.take(8)) : *items);
      } else {
        const std::string& value = std::get<std::string>(element.content);
        result.add(element.name, how == 3   ? script.take(script.byte())
                                 : how == 4 ? std::string(script.word() % 60'000, '\xe4')
                                 : how == 5 ? std::to_string(script.word())
                                            : value);
      }
    }
  }
  return result;
}

class Play {
 public:
  explicit Play(std::string_view bytes) : script_(bytes), charon_({}, [this] { return ++random_; }) {}

  void run() {
    for (std::size_t moves = 0; !script_.over() && moves < kMostMoves; ++moves) {
      move();
      check();
    }
  }

 private:
  static constexpr Channel kChannels[] = {Channel::events, Channel::queries, Channel::commands};

  void move() {
    switch (script_.byte() % 16) {
      case 0: return carry(false);
      case 1: return carry(true);
      case 2: return raw(channel());
      case 3: return pass(Duration{script_.word() * 10});
      case 4: now_.wall += std::chrono::hours{static_cast<int>(script_.byte()) - 128}; return;
      case 5: return want();
      case 6: return charon_.initiate(++tickets_, name(), name(), now_);
      case 7: return charon_.terminate(++tickets_, {name(), "", static_cast<std::uint32_t>(script_.byte()), true}, now_);
      case 8: return charon_.look(++tickets_, name(), now_);
      case 9: return charon_.rekey(++tickets_, {name(), name()}, now_);
      case 10: return close(channel());
      case 11: return server_.start("Nov 24 03:58:38 2026");
      case 12: server_.bring_up(name()); return;
      case 13: return change_sas();
      case 14: return others();
      default: return misbehave();
    }
  }

  Channel channel() { return kChannels[script_.byte() % 3]; }
  std::string name() { return "t" + std::to_string(script_.byte() % 4); }
  static int line(Channel channel) { return static_cast<int>(channel); }

  void want() {
    std::vector<vici::WantedConnection> wanted;
    for (std::size_t i = script_.byte() % 5; i > 0; --i) {
      const std::string tunnel = "t" + std::to_string(i - 1);
      const auto unit = static_cast<std::uint32_t>(i);
      wanted.push_back(
          vici::make_connection(test::tunnel(tunnel, script_.byte() % 2 == 0 ? 106 : 107), {{tunnel, net::Unit{unit}}})
              .value());
      if (i % 2 != 0) continue;
      wanted.back().key_id = "k" + std::to_string(i);
      wanted.back().key = Message{}.add("data", wanted.back().key_id);
      wanted.back().certificates = {Message{}.add("data", "office")};
    }
    charon_.want(std::move(wanted), now_);
  }

  void change_sas() {
    if (server_.children.empty() || server_.ikes.empty()) return;
    switch (script_.byte() % 4) {
      case 0: server_.rekey_child(server_.children.begin()->first); return;
      case 1: server_.rekey_ike(server_.ikes.begin()->first); return;
      case 2: return server_.take_down(server_.ikes.begin()->first);
      default: server_.busy.insert(server_.ikes.begin()->first); return;
    }
  }

  void others() {
    switch (script_.byte() % 4) {
      case 0: return server_.unload_all();
      case 1: return server_.clear_credentials();
      case 2: server_.connections["t1"] = Message{}; return;
      default: server_.run = script_.byte() % 2 == 0 ? "" : "charon x"; return;
    }
  }

  void misbehave() {
    static const std::vector<std::string> kCommands{"version",   "stats",    "get-conns", "get-keys", "get-shared",
                                                    "load-conn", "list-sas", "load-key",  "initiate"};
    switch (script_.byte() % 4) {
      case 0: server_.unanswered.insert(kCommands.at(script_.byte() % kCommands.size())); return;
      case 1:
        server_.unanswered.clear();
        server_.busy.clear();
        return server_.finish_work(0);
      case 2: server_.refused_all = "\xff" + script_.take(script_.byte()); return;
      default: server_.refused_all.reset(); return;
    }
  }

  // Everything to and fro once; well formed answers are distorted when `lie`.
  void carry(bool lie) {
    take_effects();
    for (const Channel channel : kChannels) {
      if (!server_.is_open(line(channel))) {
        if (open_.contains(channel)) close(channel);
        continue;
      }
      const std::string bytes = server_.take(line(channel));
      deliver(channel, lie ? lies(bytes) : bytes);
    }
    take_effects();
  }

  std::string lies(const std::string& bytes) {
    vici::SegmentReader reader;
    reader.append(bytes);
    std::string result;
    for (auto payload = reader.next(); payload && *payload; payload = reader.next()) {
      vici::Packet packet = vici::decode(**payload).value();
      if (script_.byte() % 2 == 0) packet.message = distorted(packet.message, script_);
      result += vici::encode_segment(packet).value_or("");
    }
    return result;
  }

  void raw(Channel channel) { deliver(channel, script_.take(script_.word())); }

  void deliver(Channel channel, std::string_view bytes) {
    if (!bytes.empty() && open_.contains(channel)) charon_.on_bytes(channel, bytes, now_);
  }

  void close(Channel channel) {
    server_.close(line(channel));
    if (open_.erase(channel) > 0) charon_.on_closed(channel, "Connection reset by peer", now_);
  }

  void pass(Duration time) {
    now_.steady += time;
    now_.wall += std::chrono::floor<std::chrono::seconds>(time);
    charon_.on_time(now_);
  }

  void take_effects() {
    std::size_t sent = 0;
    for (const vici::Effect& effect : charon_.take_effects()) {
      if (const auto* open = std::get_if<vici::Open>(&effect)) {
        server_.open(line(open->channel));
        open_.insert(open->channel);
        charon_.on_opened(open->channel, server_.run, now_);
      } else if (const auto* send = std::get_if<vici::Send>(&effect)) {
        sent += send->bytes.size();
        server_.feed(line(send->channel), send->bytes);
      } else {
        const Channel closed = std::get<vici::Close>(effect).channel;
        server_.close(line(closed));
        open_.erase(closed);
      }
    }
    demand(sent <= kMostSentAtOnce);
  }

  void check() {
    take_effects();
    const model::SaTable& table = charon_.table();
    demand(table.ikes.size() <= vici::kMostSas && table.children.size() <= vici::kMostSas);
    for (const auto& [id, ike] : table.ikes) demand(is_word(ike.name) && is_utf8(ike.remote_id) && is_utf8(ike.local_id));
    for (const auto& [id, child] : table.children) {
      demand(is_word(child.name) && is_word(child.protocol) && child.local_ts.size() <= vici::kMostSelectors);
    }
    demand(is_word(table.version.text()));
    for (const model::Problem& problem : charon_.problems()) {
      demand(is_utf8(problem.text) && problem.text.size() <= kLongestProblem);
    }
    for (const std::string& key : charon_.loaded().keys) demand(is_word(key));
    for (const vici::Outcome& outcome : charon_.take_outcomes()) {
      demand(outcome.ticket <= tickets_ && answered_.insert(outcome.ticket).second);
      demand(outcome.result || is_utf8(outcome.result.error().text));
    }
    (void)charon_.take_unloaded();
    (void)charon_.next_deadline();
  }

  static bool is_word(const std::string& text) { return is_utf8(text) && text.size() <= vici::kLongestWord; }

  Script script_;
  std::uint32_t random_ = 0;
  test::ScriptedCharon server_;
  vici::Charon charon_;
  std::set<Channel> open_;
  std::set<vici::Ticket> answered_;
  vici::Ticket tickets_ = 0;
  Now now_{TimePoint{std::chrono::hours{1}}, WallTime{std::chrono::seconds{1'800'000'000}}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Play(std::string_view(reinterpret_cast<const char*>(data), size)).run();
  return 0;
}
