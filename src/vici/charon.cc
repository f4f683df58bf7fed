#include "vici/charon.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "vici/words.h"

namespace vtid::vici {
namespace {

constexpr std::array kChannels{Channel::events, Channel::queries, Channel::commands};
// Never "control-log", and "log" only of a charon that does not deadlock on it.
constexpr std::array<std::string_view, 5> kEvents{"child-updown", "child-rekey", "ike-updown", "ike-rekey", "ike-update"};

constexpr std::string_view kLog = "log";

constexpr BackoffLimits kReconnect{Duration{500}, Duration{3'000}};
constexpr Duration kOpenPatience{10'000};
constexpr Duration kQueryPatience{10'000};
constexpr Duration kWaitPatience{60'000};     // an IKE_SA is busy while charon resolves a host name or a module loads
constexpr Duration kCommandPatience{60'000};  // and a command may have to wait for it
constexpr Duration kSettle{1'000};            // from an event to the look that checks what it left untold
constexpr Duration kRelist{300'000};
constexpr Duration kRelistWhenFull{10'000};
// What charon has of ours is looked at so often, and less while others unload it again and again.
constexpr BackoffLimits kInventoryPace{Duration{5'000}, Duration{60'000}};
constexpr Duration kInventoryPerName{1};  // and so much later for each name, so that many cost no more time than few

std::set<std::string> as_set(const Message::List& items) { return {items.begin(), items.end()}; }

Result<void> without_message(const Result<Message>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return {};
}

}  // namespace

Charon::Charon(Loaded loaded, std::function<std::uint32_t()> random)
    : random_(random), loader_(std::move(loaded), std::move(random)), backoff_(kReconnect), inventory_pace_(kInventoryPace) {}

void Charon::on_opened(Channel channel, std::string_view run, Now now) {
  Line& opened = line(channel);
  if (opened.state != LineState::opening) return;
  opened.state = LineState::open;
  if (!meets(run)) {
    lose("it was replaced by another while the connections were opened", now);
    return pump(now);
  }
  if (all_open()) loader_.on_charon(*peer_.run);
  if (channel == Channel::events) {
    for (const std::string_view event : kEvents) {
      opened.purposes.emplace(opened.session.subscribe(event, kQueryPatience, now), Subscribed{});
    }
  } else if (channel == Channel::queries) {
    ask(channel, "version", {}, VersionAsked{}, now);
    ask(channel, "stats", {}, StatsAsked{}, now);
  }
  pump(now);
}

bool Charon::all_open() const {
  return std::ranges::all_of(lines_, [](const Line& one) { return one.state == LineState::open; });
}

// All lines are to lead to one process. False: they do not.
bool Charon::meets(std::string_view run) {
  if (!peer_.run) peer_.run = run;
  if (*peer_.run == run) return true;
  const bool known = !peer_.run->empty() && !run.empty();
  peer_.run->clear();
  return !known;
}

void Charon::on_bytes(Channel channel, std::string_view bytes, Now now) {
  if (line(channel).state != LineState::open) return;
  line(channel).session.on_bytes(bytes, now);
  pump(now);
}

void Charon::on_closed(Channel channel, std::string_view reason, Now now) {
  if (line(channel).state == LineState::closed) return;
  line(channel).state = LineState::closed;
  lose(std::string(reason), now);
  pump(now);
}

void Charon::on_time(Now now) {
  const bool closed = std::ranges::all_of(lines_, [](const Line& one) { return one.state == LineState::closed; });
  const bool opening = std::ranges::any_of(lines_, [](const Line& one) { return one.state == LineState::opening; });
  if (closed && now.steady >= next_try_) open_all(now);
  if (opening && now.steady >= opened_by_) lose("the connection could not be opened in time", now);
  for (Line& one : lines_) one.session.on_time(now);
  view_.follow_clock(now);
  if (table().connected && now.steady >= inventory_at_ && !peer_.inventory_asked) peer_.inventory_due = true;
  if (view_.overflowed()) relist_at_ = std::min(relist_at_, now.steady + kRelistWhenFull);
  if (table().connected && now.steady >= relist_at_) {
    relist_at_ = now.steady + kRelist;
    poller_.never_wait(false);
    poller_.look_at_all();
    ask(Channel::queries, "stats", {}, StatsAsked{}, now);
  }
  pump(now);
}

TimePoint Charon::next_deadline() const {
  if (std::ranges::all_of(lines_, [](const Line& one) { return one.state == LineState::closed; })) return next_try_;
  TimePoint next = TimePoint::max();
  for (const Line& one : lines_) {
    if (one.state == LineState::opening) next = std::min(next, opened_by_);
    next = std::min(next, one.session.next_deadline().value_or(next));
  }
  if (!table().connected) return next;
  if (!peer_.inventory_asked) next = std::min(next, inventory_at_);
  next = std::min({next, relist_at_, poller_.next_deadline().value_or(next)});
  return std::min(next, loader_.next_deadline().value_or(next));
}

void Charon::open_all(Now now) {
  peer_ = {};
  peer_.view.make_room(loader_.wanted());
  opened_by_ = now.steady + kOpenPatience;
  for (const Channel channel : kChannels) {
    line(channel) = {LineState::opening, {}, {}};
    effects_.emplace_back(Open{channel});
  }
}

// One line is as good as none: without events the table ages unseen, without queries it cannot be checked.
void Charon::lose(const std::string& reason, Now now) {
  // Waiting made charon hang, it seems: the next time the list has to do with what is not busy.
  const auto& hung = line(Channel::queries).session.ended();
  if (hung && poller_.under_way() && poller_.under_way()->waits) poller_.never_wait(true);
  const Error error{"charon went away: " + reason, {}, 0};
  for (const Channel channel : kChannels) {
    Line& lost = line(channel);
    if (lost.state != LineState::closed) effects_.emplace_back(Close{channel});
    for (const auto& [id, purpose] : std::exchange(lost, {}).purposes) {
      if (const auto* asked = std::get_if<TicketAsked>(&purpose)) conclude(asked->ticket, std::unexpected(error));
    }
  }
  for (const Initiate& initiate : std::exchange(waiting_, {})) conclude(initiate.ticket, std::unexpected(error));
  for (const Ticket ticket : poller_.abandon()) conclude(ticket, std::unexpected(error));
  loader_.on_disconnected();
  view_.disconnect(now.wall);
  next_try_ = now.steady + backoff_.next(random_());
  if (std::exchange(lost_because_, reason) != reason) ++revision_;
}

// Everything that follows from an input, until nothing more does.
void Charon::pump(Now now) {
  for (bool news = true; news;) {
    news = false;
    for (const Channel channel : kChannels) news |= receive(channel, now);
    const auto ended = std::ranges::find_if(lines_, [](const Line& one) { return one.session.ended().has_value(); });
    if (ended != lines_.end()) lose(std::string(ended->session.ended()->text), now);
    advance(now);
  }
  for (const Channel channel : kChannels) {
    if (std::string bytes = line(channel).session.take_output(); !bytes.empty())
      effects_.emplace_back(Send{channel, std::move(bytes)});
  }
  const bool changed = view_.take_changed();
  if (loader_.take_changed() || changed) ++revision_;
}

bool Charon::receive(Channel channel, Now now) {
  std::vector<Report> reports = line(channel).session.take_reports();
  for (Report& report : reports) on_report(line(channel), std::move(report), now);
  return !reports.empty();
}

void Charon::on_report(Line& from, Report report, Now now) {
  if (const auto* raised = std::get_if<Raised>(&report)) {
    if (&from == &line(Channel::events)) on_event(*raised, now);  // nobody asked for others
    return;
  }
  if (const auto* streamed = std::get_if<Streamed>(&report)) return on_listed(streamed->message, now);
  const auto* answered = std::get_if<Answered>(&report);
  if (answered == nullptr) return;  // abandoned: lose() sees to it
  const auto entry = from.purposes.extract(answered->id);
  std::visit([&](const auto& purpose) { on_answer(purpose, answered->response, now); }, entry.mapped());
}

void Charon::ask(Channel channel, std::string_view command, const Message& message, Purpose purpose, Now now) {
  Line& asked = line(channel);
  const Duration patience = channel == Channel::commands ? kCommandPatience : kQueryPatience;
  asked.purposes.emplace(asked.session.request(command, message, patience, now), std::move(purpose));
}

void Charon::advance(Now now) {
  subscribe_to_log(now);
  advance_inventory(now);
  advance_polling(now);
  if (table().connected) advance_loads(now);
}

// What it tells is a help for people: nothing waits for it.
void Charon::subscribe_to_log(Now now) {
  if (!all_open() || !peer_.version.is_known() || peer_.version.can_deadlock() || std::exchange(peer_.log_asked, true)) return;
  Line& events = line(Channel::events);
  events.purposes.emplace(events.session.subscribe(kLog, kQueryPatience, now), LogSubscribed{});
}

// Over the commands, not the queries: so the answer tells exactly what the loads before it have made.
void Charon::advance_inventory(Now now) {
  if (!all_open() || peer_.inventory_asked || !std::exchange(peer_.inventory_due, false)) return;
  peer_.inventory_asked = true;
  peer_.inventory = {};
  if (table().connected && !peer_.version.is_known()) ask(Channel::queries, "version", {}, VersionAsked{}, now);
  ask(Channel::commands, "get-conns", {}, ConnectionsAsked{}, now);
  ask(Channel::commands, "get-keys", {}, KeysAsked{}, now);
  ask(Channel::commands, "get-authorities", {}, AuthoritiesAsked{}, now);
  ask(Channel::commands, "get-shared", {}, SecretsAsked{}, now);
}

// Not before every event is subscribed: what happens after the list must be heard.
void Charon::advance_polling(Now now) {
  if (!all_open() || !peer_.stats_known || peer_.subscriptions < kEvents.size()) return;
  Line& queries = line(Channel::queries);
  const auto poll = poller_.next(now.steady);
  if (!poll) return;
  Message request;
  if (!poll->waits) request.add_flag("noblock", true);
  if (poll->connection) request.add("ike", *poll->connection);
  const Duration patience = poll->waits ? kWaitPatience : kQueryPatience;
  current_view().begin_reading(poll->connection);
  peer_.listed = 0;
  queries.purposes.emplace(queries.session.stream("list-sas", "list-sa", request, patience, now), ListAsked{});
}

void Charon::on_listed(const Message& message, Now now) {
  ++peer_.listed;
  const auto listing = decode_listing(message, now.wall);
  if (!listing) return;
  current_view().read(*listing);
  poller_.on_listed(listing->ike.name);
}

void Charon::on_answer(const ListAsked&, const Result<Message>& answer, Now now) {
  const bool whole = answer && poller_.under_way()->waits;
  for (const Ticket ticket : poller_.finish(current_view().end_reading(whole))) conclude(ticket, without_message(answer));
  if (table().connected) return;
  if (peer_.listed >= peer_.ikes || whole || poller_.never_waits()) {
    adopt(now);
  } else {
    poller_.recheck_all();
  }
}

void Charon::adopt(Now now) {
  poller_.recheck(view_.adopt(std::move(peer_.view), *peer_.run, peer_.version, now));
  relist_at_ = now.steady + kRelist;
  backoff_.reset();
  lost_because_.clear();
}

void Charon::on_event(const Raised& raised, Now now) {
  if (raised.event == kLog) {
    if (auto refusal = decode_refusal(raised.message); refusal && refusals_.size() < kMostRefusals)
      refusals_.push_back(*std::move(refusal));
    return;
  }
  const auto event = decode_event(raised.event, raised.message, now.wall);
  if (!event) return;
  if (const auto* rekeyed = std::get_if<IkeRekeyed>(&*event)) loader_.on_ike_rekeyed(rekeyed->before.id, rekeyed->after.id);
  const std::string connection = current_view().apply(*event);
  if (!connection.empty()) poller_.look_soon(connection, now.steady + kSettle);
}

// An event that this charon does not know costs time, not correctness: the lists show what it would have told.
void Charon::on_answer(const Subscribed&, const Result<Message>&, Now) {
  if (++peer_.subscriptions == kEvents.size()) poller_.look_at_all();
}

void Charon::on_answer(const LogSubscribed&, const Result<Message>&, Now) {}

void Charon::on_answer(const VersionAsked&, const Result<Message>& answer, Now) {
  if (!answer) return;  // asked again with the next inventory
  peer_.version = to_utf8(answer->text("version"), kLongestWord);
  loader_.on_version(peer_.version);
  if (table().connected) view_.set_version(peer_.version);
}

void Charon::on_answer(const StatsAsked&, const Result<Message>& answer, Now) {
  const Message* ikes = answer ? answer->find_section("ikesas") : nullptr;
  if (answer) loader_.on_plugins(as_set(answer->list("plugins")));
  peer_.stats_known = true;
  peer_.ikes = ikes == nullptr ? 0 : static_cast<std::size_t>(ikes->number("total").value_or(0));
}

std::set<std::string> Charon::names(const Result<Message>& answer, std::string_view list) {
  peer_.inventory.whole &= answer.has_value();
  if (!answer) return {};
  return as_set(answer->list(list));
}

void Charon::on_answer(const ConnectionsAsked&, const Result<Message>& answer, Now) {
  peer_.inventory.connections = names(answer, "conns");
}

void Charon::on_answer(const KeysAsked&, const Result<Message>& answer, Now) { peer_.inventory.keys = names(answer, "keys"); }

void Charon::on_answer(const AuthoritiesAsked&, const Result<Message>& answer, Now) {
  peer_.inventory.authorities = names(answer, "authorities");
}

void Charon::on_answer(const SecretsAsked&, const Result<Message>& answer, Now now) {
  peer_.inventory.secrets = names(answer, "keys");
  peer_.inventory_asked = false;
  if (!loader_.on_inventory(peer_.inventory)) inventory_pace_.reset();
  const Duration for_many = kInventoryPerName * static_cast<int>(peer_.inventory.size());
  inventory_at_ = now.steady + inventory_pace_.next(random_()) + for_many;
}

std::vector<Effect> Charon::take_effects() { return std::exchange(effects_, {}); }

}  // namespace vtid::vici
