// What charon is asked to do: loads for the wanted connections, and requests with a ticket.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "vici/charon.h"

namespace vtid::vici {
namespace {

Message quick(bool force = false) {
  Message request;
  request.add("timeout", "-1");  // answer at once: never wait in charon (strongSwan issue 566)
  if (force) request.add_flag("force", true);
  return request;
}

void add_unless_empty(Message& message, std::string name, const std::string& value) {
  if (!value.empty()) message.add(std::move(name), value);
}

}  // namespace

void Charon::want(std::vector<WantedConnection> connections, Now now) {
  loader_.want(std::move(connections));
  for (SaView* view : {&view_, &peer_.view}) view->make_room(loader_.wanted());
  pump(now);
}

void Charon::advance_loads(Now now) {
  while (const auto step = loader_.next_step(now.steady)) {
    if (!step->replaces.empty()) note_outliving(*step);
    ask(Channel::commands, step->command, step->request, *step, now);
  }
  std::vector<Initiate> still_waiting;
  for (Initiate& initiate : std::exchange(waiting_, {})) {
    if (loader_.busy_with(initiate.ike)) {
      still_waiting.push_back(std::move(initiate));
    } else if (const auto refusal = loader_.refusal(initiate.ike)) {
      conclude(initiate.ticket, std::unexpected(*refusal));
    } else {
      send_initiate(initiate, now);
    }
  }
  waiting_ = std::move(still_waiting);
}

// What is up keeps the settings that it was negotiated with, also when it is rekeyed.
void Charon::note_outliving(const Step& step) {
  std::vector<std::uint32_t> ikes;
  for (const model::IkeSa* ike : index().connection(step.name)) ikes.push_back(ike->id);
  if (table().connected) loader_.forget_ikes([&](std::uint32_t id) { return !table().ikes.contains(id); });
  loader_.outlive(step, ikes);
}

void Charon::on_answer(const Step& step, const Result<Message>& answer, Now now) { loader_.on_done(step, answer, now.steady); }

void Charon::initiate(Ticket ticket, const std::string& ike, const std::string& child, Now now) {
  if (!table().connected) {
    conclude(ticket, fail("charon does not answer"));
  } else if (waiting_.size() >= kMostInitiates) {
    conclude(ticket, fail("too many requests are waiting for charon"));
  } else {
    waiting_.push_back({ticket, ike, child});
  }
  pump(now);
}

void Charon::send_initiate(const Initiate& initiate, Now now) {
  Message request = quick();
  request.add("ike", initiate.ike).add("child", initiate.child);
  ask(Channel::commands, "initiate", request, TicketAsked{initiate.ticket}, now);
}

void Charon::terminate(Ticket ticket, const Terminate& what, Now now) {
  Message request = quick(what.force);
  add_unless_empty(request, "ike", what.ike);
  add_unless_empty(request, "child", what.child);
  if (what.ike_id != 0) request.add_number("ike-id", what.ike_id);
  ask_ticket(ticket, "terminate", request, now);
}

void Charon::rekey(Ticket ticket, const RekeySa& what, Now now) {
  Message request;
  add_unless_empty(request, "ike", what.ike);
  add_unless_empty(request, "child", what.child);
  ask_ticket(ticket, "rekey", request, now);
}

void Charon::look(Ticket ticket, const std::string& ike, Now now) {
  if (table().connected) {
    poller_.ask(ike, ticket);
  } else {
    conclude(ticket, fail("charon does not answer"));
  }
  pump(now);
}

void Charon::ask_ticket(Ticket ticket, std::string_view command, const Message& message, Now now) {
  if (table().connected) {
    ask(Channel::commands, command, message, TicketAsked{ticket}, now);
  } else {
    conclude(ticket, fail("charon does not answer"));
  }
  pump(now);
}

// A refusal may mean that somebody unloaded what was ours (swanctl --load-all does): look what is there.
void Charon::on_answer(const TicketAsked& asked, const Result<Message>& answer, Now) {
  if (!answer) peer_.inventory_due = true;
  conclude(asked.ticket, answer ? Result<void>{} : std::unexpected(answer.error()));
}

void Charon::conclude(Ticket ticket, Result<void> result) { outcomes_.push_back({ticket, std::move(result)}); }

std::vector<Outcome> Charon::take_outcomes() { return std::exchange(outcomes_, {}); }

void Charon::add_older(std::vector<model::Problem>& problems) const {
  std::set<std::string> told;
  for (const auto& [id, settings] : loader_.loaded().older) {
    const auto ike = table().ikes.find(id);
    if (ike == table().ikes.end() || !loader_.is_older(ike->second.name, id) || !told.insert(ike->second.name).second) continue;
    problems.push_back({model::Severity::caveat, "tunnels/" + ike->second.name,
                        "was negotiated with settings that the file does not have any more, and keeps them when it is rekeyed",
                        fmt::format("vtictl down {0} && vtictl up {0} negotiates again", ike->second.name)});
  }
}

std::vector<model::Problem> Charon::problems() const {
  std::vector<model::Problem> problems = loader_.problems();
  if (!table().connected && !lost_because_.empty()) {
    problems.push_back({model::Severity::error, "charon", "charon does not answer: " + lost_because_,
                        "is charon running, with the vici plugin, on the socket that charon.vici names?"});
  }
  add_older(problems);
  if (table().connected) {
    if (view_.overflowed()) {
      problems.push_back({model::Severity::error, "charon",
                          "charon has more SAs than vtid keeps in mind; the others are not seen",
                          "swanctl --list-sas --noblock tells what they are; terminate those that nobody needs"});
    }
    if (const model::CharonVersion& version = table().version; version.can_deadlock()) {
      problems.push_back(
          {model::Severity::caveat, "charon",
           fmt::format("strongSwan {} can deadlock while swanctl waits for --initiate, --terminate or --log", version.text()),
           "bring tunnels up and down with vtictl, or use strongSwan 5.9.11 or later"});
    }
  }
  return problems;
}

}  // namespace vtid::vici
