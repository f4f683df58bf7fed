// One long dialogue, rerun with every way of failing at every step: it always ends in step with charon.
#include <gtest/gtest.h>

#include "support/charon_wire.h"
#include "support/worlds.h"

namespace vtid::vici {
namespace {

using test::ScriptedCharon;

struct Dialogue {
  ScriptedCharon server;
  Charon charon{{}, [] { return 0U; }};
  test::CharonWire wire{charon, server};

  // Connect, load, initiate, rekey both ways, a peer that initiates too, one end of it, a change of the file.
  void run() {
    const auto wanted = [](const std::string& name, std::uint32_t unit) {
      return make_connection(test::tunnel(name), {{name, net::Unit{unit}}}).value();
    };
    charon.want({wanted("hq", 1), wanted("lab", 2)}, wire.now);
    wire.pass(Duration{1'000});
    charon.initiate(1, "hq", "hq", wire.now);
    wire.pass(Duration{1'000});
    charon.rekey(2, {"", "hq"}, wire.now);
    charon.rekey(3, {"hq", ""}, wire.now);
    wire.pass(Duration{1'000});
    server.bring_up("hq", false);
    server.bring_up("lab", false);
    wire.pass(Duration{1'000});
    if (!server.ikes.empty()) server.take_down(server.ikes.begin()->first);
    charon.want({wanted("hq", 1), wanted("new", 3)}, wire.now);
    charon.look(4, "hq", wire.now);
    wire.pass(Duration{1'000});
    std::erase_if(server.children, [](const auto& child) { return child.second.state == model::ChildState::deleted; });
    wire.pass(Duration{700'000});
  }

  template <class Map>
  static std::set<typename Map::key_type> keys(const Map& map) {
    std::set<typename Map::key_type> keys;
    for (const auto& [key, value] : map) keys.insert(key);
    return keys;
  }

  std::string verdict() {
    if (!charon.table().connected || !charon.settled()) return "not in step";
    if (keys(server.connections) != std::set<std::string>{"hq", "new"}) return "other connections are loaded";
    if (keys(server.secrets) != std::set<std::string>{"vtid-hq", "vtid-new"}) return "other secrets are loaded";
    if (keys(charon.table().ikes) != keys(server.ikes)) return "the IKE_SAs differ";
    if (keys(charon.table().children) != keys(server.children)) return "the CHILD_SAs differ";
    std::set<Ticket> tickets;
    const auto outcomes = charon.take_outcomes();
    for (const Outcome& outcome : outcomes) tickets.insert(outcome.ticket);
    if (outcomes.size() != 4 || tickets.size() != 4) return "a ticket was not answered exactly once";
    for (const model::Problem& problem : charon.problems()) {
      if (problem.severity != model::Severity::caveat) return problem.text;
    }
    return "in step";
  }
};

TEST(CharonFailure, TheDialogueSucceedsWithoutFailure) {
  Dialogue dialogue;
  dialogue.run();
  EXPECT_EQ(dialogue.verdict(), "in step");
}

TEST(CharonFailure, EveryPieceSizeEndsTheSame) {
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 64U, 1000U}) {
    Dialogue dialogue;
    dialogue.wire.piece = piece;
    dialogue.run();
    EXPECT_EQ(dialogue.verdict(), "in step") << piece;
  }
}

// Until a run ends without the break having happened: then charon has died in, before and after every packet it sends.
TEST(CharonFailure, ALineMayDieAnywhere) {
  std::size_t broken = 0;
  for (std::size_t bytes = 0;; bytes += 61) {
    Dialogue dialogue;
    dialogue.wire.break_after = bytes;
    dialogue.run();
    if (dialogue.wire.break_after) break;
    ASSERT_EQ(dialogue.verdict(), "in step") << bytes;
    ++broken;
  }
  EXPECT_GT(broken, 100U);
}

TEST(CharonFailure, AnyCommandMayHangForAWhile) {
  for (const std::string command :
       {"version", "stats", "get-conns", "get-shared", "list-sas", "load-conn", "load-shared", "initiate"}) {
    Dialogue dialogue;
    dialogue.server.unanswered.insert(command);
    dialogue.wire.pass(Duration{100'000});
    dialogue.server.unanswered.clear();
    dialogue.run();
    EXPECT_EQ(dialogue.verdict(), "in step") << command;
  }
}

}  // namespace
}  // namespace vtid::vici
