#include "daemon/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"
#include "model/words.h"
#include "monitor/group_selection.h"

namespace vtid::daemon {
namespace {

constexpr Duration kPlanInterval{1'000};            // between two plans while one is being carried out
constexpr std::int64_t kTunnelsEachMs = 10;         // put off the next plan, so that many cost no more time than few
constexpr std::int64_t kUrgentTunnelsEachMs = 100;  // the same where traffic is lost meanwhile
constexpr Duration kAskAfter{1'000};                // what is under way, when nothing tells of its end
constexpr Duration kLookInterval{50};               // the kernel is read at most so often, however much it has to say
constexpr Duration kLookRetry{1'000};               // after a look that failed
constexpr Duration kLookForEnd{500};                // of an SA that was replaced
constexpr std::size_t kMostUnloadedTold = 16;       // one by one, of what others unloaded at once
constexpr std::size_t kLongestText = 4'096;         // bytes of one event or problem
constexpr Duration kRecordInterval{500};            // between two records of what is loaded, but for what they do not announce
constexpr Duration kSaveAgain{1'000};               // after the disk was full
constexpr Duration kRescan{60'000};                 // without any notice: what was lost costs so much time at most
constexpr Duration kLossPause{300};        // from a word about SAs or policies of others that went until it is followed
constexpr Duration kCountPatience{2'000};  // for the counters of the filter's rules
constexpr std::size_t kMostCounting = 64;  // people who wait for those at a time
constexpr std::size_t kMostLost = 1'024;   // of SPIs that are waited with; more of them are all worth a look

std::string print_all(const std::vector<config::Finding>& findings) {
  std::string text;
  for (const config::Finding& finding : findings) text += (text.empty() ? "" : "\n") + config::print(finding);
  return text;
}

// On standby charon is given no trap either: it would call by itself.
std::vector<vici::WantedConnection> connections_of(const model::Config& config, const reconcile::Numbers& numbers,
                                                   const HostNames& names, model::Role role) {
  std::vector<vici::WantedConnection> connections;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.enabled) continue;
    const auto peer = names.resolved(tunnel);
    const auto resolved = peer ? peer->addresses : std::vector<net::Address>{};
    std::optional<model::Tunnel> mute;
    if (role == model::Role::standby && tunnel.start == model::Start::trap) mute.emplace(tunnel).start = model::Start::none;
    if (auto wanted = vici::make_connection(mute ? *mute : tunnel, numbers, resolved))
      connections.push_back(std::move(*wanted));
  }
  return connections;
}

// The tunnels for which charon must have a connection of ours before packets ask for one.
std::vector<std::string> on_demand(const model::Config& config) {
  std::vector<std::string> names;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (tunnel.enabled && tunnel.start == model::Start::trap && std::holds_alternative<model::Ike>(tunnel.ike))
      names.push_back(tunnel.name);
  }
  return names;
}

}  // namespace

Engine::Engine(EngineWiring wiring, vici::Loaded loaded, reconcile::Numbers numbers)
    : wiring_(std::move(wiring)),
      system_(wiring_.kernel.capabilities()),
      random_state_(wiring_.seed),
      charon_(loaded, [this] { return random(); }),
      executor_(wiring_.kernel),
      supervisor_([this] { return random(); }),
      names_([this] { return random(); }),
      numbers_(std::move(numbers)) {}

Result<std::unique_ptr<Engine>> Engine::start(EngineWiring wiring, Now now) {
  auto numbers = wiring.store.load_numbers();
  if (!numbers) return std::unexpected(numbers.error());
  const auto role = wiring.store.load_role();
  if (!role) return std::unexpected(role.error());
  auto loaded = wiring.store.load_loaded();
  if (!loaded) return std::unexpected(loaded.error());
  std::unique_ptr<Engine> engine(new Engine(std::move(wiring), std::move(*loaded), std::move(*numbers)));
  engine->now_ = now;
  engine->role_ = *role;
  engine->saved_role_ = *role;
  engine->supervisor_.stand_by(*role == model::Role::standby, now);
  if (auto accepted = engine->accept_config(engine->wiring_.read_config(), now); !accepted)
    return std::unexpected(accepted.error());
  return engine;
}

void Engine::on_kernel_notices() {
  const platform::Notices notices = wiring_.kernel.drain();
  needs_observe_ |= notices.ours > 0 || notices.overflowed;
  lost_sas_.insert(notices.lost_sas.begin(), notices.lost_sas.end());
  lost_policies_ |= notices.lost_policies || lost_sas_.size() > kMostLost;
  if (lost_policies_) lost_sas_.clear();
}

// charon takes its own SAs away at each rekey, and is quicker than its word about it. A look is due when one of those that went
// counts for somebody even then.
void Engine::follow_losses(Now now) {
  if (!lost_policies_ && lost_sas_.empty()) return;
  if (!losses_due_) losses_due_ = now.steady + kLossPause;
  if (now.steady < *losses_due_) return;
  losses_due_.reset();
  const bool policies = std::exchange(lost_policies_, false);
  const auto spis = std::exchange(lost_sas_, {});
  needs_observe_ |=
      policies || supervisor_.leans_on_the_kernel() || std::ranges::any_of(charon_.table().children, [&](const auto& child) {
        return spis.contains(child.second.spi_in) || spis.contains(child.second.spi_out);
      });
}

void Engine::on_gateway_changed(const std::string& gateway, const model::GatewayHealth& health, Now now) {
  const auto before = probes_told_.find(gateway);
  // That answers come again is no news of a gateway whose state is held.
  if (before == probes_told_.end() || before->second.state != health.state || before->second.answers == health.answers) {
    log::info("gateway changed",
              {{"gateway", gateway}, {"state", std::string(print(health.state))}, {"reason", health.reason}});
    emit(now, "gateway", gateway,
         fmt::format("is {}: {}{}{} % loss, {:.1f} ms", print(health.state), health.reason, health.reason.empty() ? "" : "; ",
                     health.loss_percent, health.rtt_ms));
  }
  probes_told_[gateway] = {health.state, health.answers};
  gateways_changed_[gateway] = monitor::is_usable(health, model::Trigger::down);
  needs_selection_ |= !config_->groups.empty();
  if (!monitor::is_usable(health, model::Trigger::loss_or_latency)) fallen_.insert(gateway);
  if (const std::string* desired = probes_.holder_of(gateway)) follow_silence(*desired, now);
  snapshot_.reset();
}

// Silent while one of its gateways has fallen silent and none answers. One that has never answered says nothing.
void Engine::follow_silence(const std::string& desired, Now now) {
  std::string reason;
  for (const std::string& gateway : probes_.gateways_behind(desired)) {
    const auto told = probes_told_.find(gateway);
    if (told == probes_told_.end()) continue;
    if (told->second.answers == model::Answers::ceased)
      reason += fmt::format("{}{} is silent", reason.empty() ? "" : ", ", gateway);
    if (told->second.answers != model::Answers::come) continue;
    reason.clear();
    break;
  }
  supervisor_.on_silence(desired, reason, now);
  static_tunnels_.on_silence(desired, reason, now);
}

void Engine::on_name_answer(const model::NameAnswer& answer, Now now) {
  const bool changed = names_.on_answer(answer, now);
  if (changed) want_connections(now);  // before the supervisor: what it begins waits for them
  for (const std::string& name : names_.tunnels_of(answer.name)) {
    const auto resolved_peer = names_.resolved(*config_->tunnel(name));
    supervisor_.locate(name, resolved_peer, now);
    if (!changed) continue;
    std::string list;
    for (const net::Address& address : resolved_peer->addresses) list += ' ' + print(address);
    log::info("peer located", {{"tunnel", name}, {"name", answer.name}, {"addresses", list}});
    emit(now, "tunnel", name, fmt::format("{} is{}", answer.name, list.empty() ? " nowhere" : list));
  }
  snapshot_.reset();
}

void Engine::request_look_up(const model::Tunnel& tunnel, Now now) {
  names_.resolve_now(tunnel, now);
  supervisor_.locate(tunnel.name, names_.resolved(tunnel), now);
}

void Engine::want_connections(Now now) { charon_.want(connections_of(*config_, numbers_, names_, role_), now); }

TimePoint Engine::step(Now now) {
  now_ = now;
  ++steps_;
  snapshot_.reset();
  if (trial_ && now.steady >= trial_->until) end_trial(now);
  charon_.on_time(now);
  follow_move(now);
  follow_charon(now);
  follow_gateways(now);
  follow_losses(now);
  reconcile(now);
  carry_out(now);
  follow_static_tunnels(now);
  supervise(now);
  std::ranges::move(names_.take_due(now), std::back_inserter(lookups_));
  ask(requests_.check(supervisor_, charon_.table(), charon_.index(), now), now);
  finish_counting(now);
  collect_outcomes(now);
  save_state(now);
  emit_changes(now);

  TimePoint next = std::min(charon_.next_deadline(), rescan_);
  for (const auto& deadline : {executor_.next_deadline(), supervisor_.next_deadline(), requests_.next_deadline(),
                               names_.next_deadline(), save_again_}) {
    if (deadline) next = std::min(next, *deadline);
  }
  if (losses_due_) next = std::min(next, *losses_due_);
  if (charon_.loaded_revision() != saved_revision_ && !save_again_) next = std::min(next, record_due_);
  if (trial_) next = std::min(next, trial_->until);
  if (needs_observe_) {
    next = std::min(next, next_look_);
  } else if (const auto due = supervisor_.kernel_look()) {
    next = std::min(next, *due);
  }
  if (executor_.waits() || !counting_.empty()) next = std::min(next, now.steady + kAskAfter);
  if (!counting_.empty()) next = std::min(next, counting_.front().first);
  if (plan_is_due() && kernel_seen_) next = std::min(next, std::max(now.steady, replan_));
  if (executor_.busy()) next = now.steady;
  return next;
}

void Engine::follow_charon(Now now) {
  collect_outcomes(now);
  if (charon_.revision() == charon_revision_) return;
  charon_revision_ = charon_.revision();
  take_sa_changes();
  needs_observe_ |= charon_.table().connected && !reported_connected_;  // what one of before has left in the kernel
  std::set<std::string> early = early_of(on_demand_);
  mark_derived(early != early_);
  early_ = std::move(early);
}

// A plan follows only when something changed that derive reads.
void Engine::take_sa_changes() {
  model::SaChanges changes = charon_.take_changes();
  if (changes.everywhere) {
    needs_observe_ |= !observed_.policies.empty();
    needs_plan_ = true;  // what is not wanted may go when charon is known
    mark_derived(true);
    read_all_sas();
  } else {
    for (const net::Unit unit : changes.units) {
      needs_observe_ |= spi_scope_.own_policies.contains(unit);  // by which of its SAs the kernel sends is ours to see to
      mark_derived(reconcile::refresh(sa_facts_, unit, charon_.table(), charon_.index(), spi_scope_));
    }
  }
  unsupervised_.add(std::move(changes));
}

void Engine::read_all_sas() {
  spi_scope_ = {reconcile::units_with_own_policies(*config_, numbers_, system_),
                reconcile::may_have_orphans(observed_, charon_.table(), system_)};
  sa_facts_ = reconcile::facts_of(charon_.table(), charon_.index(), spi_scope_);
}

void Engine::follow_gateways(Now now) {
  for (const auto& [gateway, usable] : std::exchange(gateways_changed_, {})) {
    const bool changed = usable ? selection_.down.erase(gateway) > 0 : selection_.down.insert(gateway).second;
    if (!changed || !deriver_.reads(gateway)) continue;
    move_routes(now);
    if (!usable) begin_move(gateway);
  }
  const std::set<std::string> fallen = std::exchange(fallen_, {});
  if (!std::exchange(needs_selection_, false)) return;
  model::GatewaySelection chosen = monitor::choose(*config_, wiring_.gateway_health(), selection_, now.wall);
  for (const std::string& group : changed_groups(selection_, chosen)) {
    const model::GroupSelection& selection = chosen.groups.at(group);
    const std::string active = print_active(selection);
    log::info("group changed", {{"group", group}, {"carriers", active}, {"reason", selection.reason}});
    emit(now, "group", group,
         fmt::format("is carried by {}{}{}", active, selection.reason.empty() ? "" : ": ", selection.reason));
    for (const std::string& gateway : members_that_left(selection_, group, selection)) {
      if (fallen.contains(gateway)) begin_move(gateway);
    }
  }
  if (chosen != selection_) move_routes(now);
  selection_ = std::move(chosen);
}

// What falls while others move goes with them.
void Engine::begin_move(const std::string& gateway) {
  const auto answer = wiring_.last_answer(gateway);
  if (!answer) return;
  if (!move_) move_.emplace();
  move_->last_answers.insert_or_assign(gateway, *answer);
  move_->planned = false;
}

// A step after the write, which had to end before.
void Engine::follow_move(Now now) {
  if (!move_) return;
  if (std::exchange(move_->timed, move_->writes) != move_->writes) move_->last_write = now.steady;
  if (!move_->planned || executor_.busy() || executor_.waits()) return;
  const Move move = *std::exchange(move_, {});
  if (move.writes == 0) return;
  for (const auto& [gateway, last_answer] : move.last_answers) {
    const Duration took = moves_[gateway] = move.last_write - last_answer;
    log::info("traffic moved",
              {{"gateway", gateway}, {"changes", std::to_string(move.writes)}, {"ms", std::to_string(took.count())}});
    emit(now, "gateway", gateway,
         fmt::format("traffic moved by {} change{} of the kernel, {:.3f} s after its last answer", move.writes,
                     move.writes == 1 ? "" : "s", std::chrono::duration<double>(took).count()));
  }
}

// Traffic is lost until they have: this plan is put off only when others were made just before, and by little.
void Engine::move_routes(Now now) {
  mark_derived(true);
  const TimePoint planned = next_plan_ - kPlanInterval;
  const Duration pause{static_cast<std::int64_t>(config_->tunnels.size()) / kUrgentTunnelsEachMs};
  replan_ = std::min(replan_, std::max(now.steady, planned + pause));
}

// Before the requests leave: after a crash between the two, our connections would look like somebody else's. A record announces
// what is to be loaded, so that it stays right while that leaves; what has become of it may wait. What could not be saved is
// tried again, first of all a file that was refused because its units could not be remembered: it may bring more.
void Engine::save_state(Now now) {
  if (save_again_ && now.steady < *save_again_) return;
  save_again_.reset();
  if (std::exchange(numbers_unsaved_, false)) (void)reload(now);
  bool unsaved = numbers_unsaved_;
  const bool record_is_due = charon_.is_ahead_of_record() || now.steady >= record_due_;
  if (const std::uint64_t revision = charon_.loaded_revision(); revision != saved_revision_ && record_is_due) {
    if (wiring_.store.save_loaded(charon_.record())) {
      saved_revision_ = revision;
      record_due_ = now.steady + kRecordInterval;
    } else {
      unsaved = true;
    }
  }
  if (role_ != saved_role_) {
    if (wiring_.store.save_role(role_)) {
      saved_role_ = role_;
    } else {
      unsaved = true;
    }
  }
  if (unsaved) save_again_ = now.steady + kSaveAgain;
}

Result<void> Engine::look() {
  (void)wiring_.kernel.drain();  // what these would tell us is what we read next
  auto observed = wiring_.kernel.observe();
  if (!observed && observed.error().code == EINPROGRESS) return std::unexpected(observed.error());
  if (!observed) {
    kernel_problem_ = {model::Severity::error, "kernel", observed.error().text, observed.error().remedy};
    return std::unexpected(observed.error());
  }
  kernel_problem_.reset();
  kernel_seen_ = true;
  if (observed_ != *observed) {
    needs_plan_ = static_tunnels_changed_ = true;
    if (!wrote_) executor_.on_seen(observed_, *observed, now_.steady);
  }
  wrote_ = false;
  observed_ = std::move(*observed);
  reconcile::Host host = reconcile::read_host(observed_);
  mark_derived(host != host_);
  host_ = std::move(host);
  if (reconcile::may_have_orphans(observed_, charon_.table(), system_) != spi_scope_.orphans) {
    mark_derived(true);
    read_all_sas();
  }
  return {};
}

// Something changed that derive reads; a plan follows when it then says another thing.
void Engine::mark_derived(bool changed) { needs_derive_ |= changed; }

bool Engine::derive_running() {
  ++derivations_;
  return deriver_.update(*config_, numbers_, sa_facts_, selection_, host_, system_, restraints(*config_));
}

// The administrator's own connections are there before ours.
reconcile::Restraints Engine::restraints(const model::Config& config) const {
  return {supervisor_.ended(), early_of(on_demand(config))};
}

std::set<std::string> Engine::early_of(const std::vector<std::string>& on_demand) const {
  std::set<std::string> early;
  for (const std::string& name : on_demand) {
    if (role_ == model::Role::standby || !charon_.has_connection(name)) early.insert(name);
  }
  return early;
}

void Engine::reconcile(Now now) {
  // The plan at hand first: it was complete, and looking again half-way only costs. But what has changed meanwhile does not
  // wait for its end, which thousands of links put off by minutes.
  const bool overtaken = executor_.busy() && plan_is_due() && now.steady >= std::max({next_plan_, next_look_, replan_});
  if (executor_.busy() && !overtaken) return;
  needs_observe_ |= overtaken;
  wrote_ |= overtaken;
  bool changed = false;
  needs_observe_ |= supervisor_.kernel_look().value_or(TimePoint::max()) <= now.steady;
  const bool retry_is_due = executor_.next_deadline().value_or(TimePoint::max()) <= now.steady;
  const bool rescan_is_due = now.steady >= rescan_;
  if ((needs_observe_ && now.steady >= next_look_) || rescan_is_due || retry_is_due) {
    const auto looked = look();
    const bool seen = looked.has_value();
    needs_observe_ = !seen;
    next_look_ = now.steady + (seen || looked.error().code == EINPROGRESS ? kLookInterval : kLookRetry);
    rescan_ = now.steady + kRescan;
    // What the kernel took without an error and does not show is still in the plan, and nothing has changed that would tell.
    needs_plan_ |= retry_is_due || (rescan_is_due && !executor_.plan().ops.empty());
    changed = true;
    if (!seen && overtaken) return;  // what was seen before is no longer so
    if (seen && system_.shared_with_charon) {
      supervisor_.on_kernel(charon_.table(), charon_.index(), reconcile::KernelSide(observed_, charon_.table(), system_), now);
    }
  }
  if (std::exchange(ended_revision_, supervisor_.ended_revision()) != supervisor_.ended_revision()) {
    mark_derived(true);
    replan_ = now.steady;  // somebody waits for it
  }
  if (plan_is_due() && kernel_seen_ && now.steady >= replan_) changed |= plan(now);
  if (changed && reconcile::awaits_end(deriver_.derived().desired, observed_))
    rescan_ = std::min(rescan_, now.steady + kLookForEnd);
}

// False: there was nothing to plan, because what is wanted is what was wanted.
bool Engine::plan(Now now) {
  next_plan_ = now.steady + kPlanInterval;
  replan_ = now.steady + Duration{static_cast<std::int64_t>(config_->tunnels.size()) / kTunnelsEachMs};
  if (move_) move_->planned = true;
  const bool other = std::exchange(needs_derive_, false) && derive_running();
  if (!std::exchange(needs_plan_, false) && !other) return false;
  ++plans_;
  static_tunnels_changed_ = true;
  const auto removal = charon_.table().known || !needs_charon() ? reconcile::Removal::allowed : reconcile::Removal::withheld;
  executor_.accept(reconcile::make_plan(deriver_.derived().desired, observed_, system_, removal), now.steady);
  return true;
}

// Else nothing of what is observed can be charon's doing.
bool Engine::needs_charon() const {
  return std::ranges::any_of(config_->tunnels,
                             [](const model::Tunnel& tunnel) { return tunnel.enabled && !has_static_keys(tunnel); });
}

void Engine::carry_out(Now now) {
  if (!executor_.busy() && !executor_.waits()) return;
  const bool worked = executor_.busy();
  bool ended = false;
  for (const Executor::Done& done : executor_.step(now.steady, random())) {
    ended |= done.waited;
    ++(done.error ? kernel_refusals_ : kernel_writes_);
    if (done.error) {
      if (!std::has_single_bit(static_cast<unsigned>(done.failures)))
        continue;  // it stays a problem, and is said ever less often
      log::warning("kernel refused", {{"object", done.op.object}, {"error", done.error->text}});
      emit(now, "kernel", done.op.object, done.error->text);
    } else {
      if (move_ && move_->planned) ++move_->writes;
      const std::string change = print(done.op.change);
      log::info("kernel changed", {{"change", change}, {"reason", done.op.reason}});
      emit(now, "kernel", done.op.object, fmt::format("{}: {}", change, done.op.reason));
    }
  }
  needs_plan_ |= ended;
  if (!executor_.busy() && (worked || ended)) {
    needs_observe_ = wrote_ = true;  // what was written is not believed until it is read back
    next_look_ = now.steady;
  }
}

// Only by a plan of this file: while an older one is carried out, what is known of the old file stays.
void Engine::follow_static_tunnels(Now now) {
  if (!kernel_seen_ || plan_is_due() || !std::exchange(static_tunnels_changed_, false)) return;
  static_tunnels_.follow({*config_, numbers_, deriver_.derived().desired, observed_, executor_.plan()}, now);
}

void Engine::supervise(Now now) {
  take_sa_changes();
  const model::SaChanges changes = std::exchange(unsupervised_, {});
  for (const Ask& asked : supervisor_.step(charon_.table(), charon_.index(), changes, now)) ask(asked, now);
  bool turned = false;
  for (const std::string& name : supervisor_.take_unanswered()) {
    const auto tunnel = tunnels_.find(name);
    turned |= tunnel != tunnels_.end() && names_.take_turn(*tunnel->second);
  }
  if (turned) want_connections(now);
}

vici::Ticket Engine::ticket(Pending::Kind kind, const std::string& tunnel) {
  tickets_.emplace(++last_ticket_, Pending{kind, tunnel});
  return last_ticket_;
}

void Engine::ask(const Ask& asked, Now now) {
  struct Visitor {
    Engine& engine;
    Now now;
    void operator()(const AskInitiate& ask) const {
      log::info("initiation asked", {{"tunnel", ask.desired}});
      engine.charon_.initiate(engine.ticket(Pending::Kind::initiate, ask.desired), ask.ike, ask.child, now);
    }
    void operator()(const AskTerminate& ask) const {
      log::info("termination asked", {{"tunnel", ask.desired}, {"force", ask.force ? "yes" : "no"}});
      engine.charon_.terminate(engine.ticket(Pending::Kind::terminate, ask.desired), {ask.ike, ask.child, 0, ask.force}, now);
    }
    void operator()(const AskLook& ask) const {
      engine.charon_.look(engine.ticket(Pending::Kind::look, ask.desired), ask.ike, now);
    }
    void operator()(const AskRekey& ask) const {
      const std::string reason = ask.silent ? "its probes are not answered" : "the kernel lacks what its SAs need";
      log::warning("rekey asked", {{"tunnel", ask.desired}, {"reason", reason}});
      engine.charon_.rekey(engine.ticket(Pending::Kind::repair, ask.desired), {ask.ike, ask.child}, now);
    }
  };
  std::visit(Visitor{*this, now}, asked);
}

void Engine::ask(const std::vector<RekeyAsk>& asks, Now now) {
  for (const RekeyAsk& asked : asks) {
    charon_.rekey(ticket(Pending::Kind::rekey, asked.target), {asked.child.empty() ? asked.ike : "", asked.child}, now);
  }
}

void Engine::collect_outcomes(Now now) {
  for (const vici::Refusal& refusal : charon_.take_refusals()) {
    log::info("charon refused", {{"connection", refusal.connection}, {"reason", refusal.text}});
    supervisor_.on_refusal(refusal.connection, refusal.text);
  }
  for (const vici::Outcome& outcome : charon_.take_outcomes()) {
    const auto found = tickets_.find(outcome.ticket);
    if (found == tickets_.end()) continue;
    const Pending pending = found->second;
    tickets_.erase(found);
    switch (pending.kind) {
      case Pending::Kind::initiate: supervisor_.on_initiated(pending.tunnel, outcome.result, now); break;
      case Pending::Kind::look:
        if (outcome.result) supervisor_.on_looked(pending.tunnel);
        break;
      case Pending::Kind::rekey:
        if (!outcome.result) requests_.on_refused(pending.tunnel, outcome.result.error());
        break;
      case Pending::Kind::repair:
      case Pending::Kind::terminate: break;  // the table tells, and the supervisor asks again
    }
  }
}

Result<std::string> Engine::accept_config(config::Parsed parsed, Now now) {
  Error refusal;
  numbers_unsaved_ = false;
  if (!parsed.config) {
    refusal = {print_all(parsed.errors), "mend the file and reload; vtictl check FILE lists what is wrong", 0};
  } else if (auto numbers = reconcile::allocate(*parsed.config, numbers_); !numbers) {
    refusal = numbers.error();
  } else if (auto saved = numbers == numbers_ ? Result<void>{} : wiring_.store.save_numbers(*numbers); !saved) {
    refusal = saved.error();
    numbers_unsaved_ = true;
    save_again_ = now.steady + kSaveAgain;
  } else {
    numbers_ = std::move(*numbers);
    const bool same = config_ && *config_ == *parsed.config;
    config_ = std::make_shared<const model::Config>(std::move(*parsed.config));
    config_problem_.reset();
    config_warnings_.clear();
    for (const config::Finding& finding : parsed.warnings) {
      config_warnings_.push_back({model::Severity::caveat, finding.pointer.empty() ? "config" : finding.pointer.substr(1),
                                  finding.text, finding.remedy});
    }
    ++generation_;
    needs_selection_ = needs_plan_ = needs_derive_ = probes_changed_ = static_tunnels_changed_ = true;
    replan_ = now.steady;
    shown_.reset();
    deriver_.forget();
    tunnels_ = model::index_by_name(config_->tunnels);
    on_demand_ = on_demand(*config_);
    probes_ = Probes(*config_, numbers_);
    read_all_sas();
    std::erase_if(reported_states_, [this](const auto& told) { return !tunnels_.contains(told.first); });
    names_.follow(*config_, now);
    want_connections(now);
    supervisor_.supervise(desired_child_sas(*config_, numbers_), now);
    for (const model::Tunnel& tunnel : config_->tunnels) {
      supervisor_.locate(tunnel.name, names_.resolved(tunnel), now);
      for (const model::ChildConfig& child : model::child_configs(tunnel)) follow_silence(child.holder, now);
    }
    const auto gateways = model::index_by_name(config_->gateways);
    std::erase_if(probes_told_, [&](const auto& told) { return !gateways.contains(told.first); });
    std::erase_if(moves_, [&](const auto& move) { return !gateways.contains(move.first); });
    std::string text = fmt::format("configuration {} accepted{}", generation_, same ? ", unchanged" : "");
    log::info("configuration accepted", {{"generation", std::to_string(generation_)}, {"changed", same ? "no" : "yes"}});
    emit(now, "config", wiring_.config_path, same ? "accepted, unchanged" : "accepted");
    return text;
  }
  log::error("configuration refused", {{"file", wiring_.config_path}, {"error", refusal.text}});
  config_problem_ = {model::Severity::error, "config", refusal.text, refusal.remedy};
  emit(now, "config", wiring_.config_path, "refused: " + refusal.text);
  return std::unexpected(refusal);
}

model::CommandResult Engine::reload(Now now) {
  if (trial_) emit(now, "config", trial_->path, "not confirmed before the file was read again");
  trial_.reset();
  auto accepted = accept_config(wiring_.read_config(), now);
  if (accepted) return model::Answer{*accepted, {}};
  return fail("the file is refused and the running configuration stays:\n" + accepted.error().text, accepted.error().remedy);
}

// What runs is changed first, the file last: a crash in between costs the change, and not the way back.
model::CommandResult Engine::apply(const model::Apply& apply, Now now) {
  config::Parsed parsed = wiring_.parse_applied(apply);
  if (!parsed.config) return fail("the file is refused and nothing was changed:\n" + print_all(parsed.errors), "mend the file");
  if (!apply.by_root && (parsed.config->on_change != config_->on_change || parsed.config->vici != config_->vici ||
                         parsed.config->http != config_->http))
    return fail(
        "only root may change which program vtid runs and which charon it obeys, and where it listens (\"on_change\", "
        "\"charon\", \"http\")",
        "apply it as root");
  const auto before = trial_ ? trial_->before : config_;
  const auto problem = config_problem_;
  auto accepted = accept_config(std::move(parsed), now);
  if (!accepted) {
    config_problem_ = problem;  // the file itself is as good as it was
    numbers_unsaved_ = false;
    return fail("the file is refused and nothing was changed:\n" + accepted.error().text, accepted.error().remedy);
  }
  trial_ = {apply.text, apply.path, now.steady + apply.confirm.value_or(Duration{}),
            now.wall + std::chrono::ceil<std::chrono::seconds>(apply.confirm.value_or(Duration{})), before};
  if (!apply.confirm) return confirm(now);
  emit(now, "config", apply.path, fmt::format("applied; goes back at {} unless confirmed", print(trial_->until_wall)));
  return model::Answer{
      *accepted + fmt::format("; it goes back at {} unless `vtictl confirm` comes before", print(trial_->until_wall)), {}};
}

model::CommandResult Engine::confirm(Now now) {
  if (!trial_) return fail("nothing waits to be confirmed", "vtictl apply FILE --confirm 60s");
  if (const auto replaced = wiring_.replace_config(trial_->text); !replaced) {
    const Error error = replaced.error();
    if (now.steady >= trial_->until) end_trial(now);  // it was not to wait for anybody
    return fail(fmt::format("the file stays as it was: {}", error.text), error.remedy);
  }
  trial_.reset();
  emit(now, "config", wiring_.config_path, "replaced");
  return model::Answer{fmt::format("configuration {} runs and is {}", generation_, wiring_.config_path), {}};
}

// Back to the file, or, should that have become invalid meanwhile, to what ran before.
void Engine::end_trial(Now now) {
  const Trial trial = *std::exchange(trial_, std::nullopt);
  log::warning("configuration not confirmed", {{"file", trial.path}});
  emit(now, "config", trial.path, "not confirmed: the configuration of before is back");
  if (auto back = accept_config(wiring_.read_config(), now); back) return;
  const auto why = config_problem_;
  (void)accept_config({*trial.before, {}, {}}, now);
  config_problem_ = why;
}

// Obeyed at once, also when it cannot be remembered: the other node may be gone already.
model::CommandResult Engine::take_role(model::Role role, Now now) {
  log::info("role taken", {{"role", std::string(model::print(role))}, {"before", std::string(model::print(role_))}});
  role_ = role;
  supervisor_.stand_by(role == model::Role::standby, now);
  want_connections(now);
  probes_changed_ = true;
  const std::string text = role == model::Role::active ? "this node is active" : "this node is on standby";
  emit(now, "config", "role", text);
  saved_role_.reset();
  if (auto saved = wiring_.store.save_role(role); saved) {
    saved_role_ = role;
  } else {
    save_again_ = now.steady + kSaveAgain;
    return fail(fmt::format("{}, but a restart will not know: {}", text, saved.error().text), saved.error().remedy);
  }
  return model::Answer{text, {}};
}

Result<Requests::Target> Engine::find_target(const std::string& name) const {
  const std::string tunnel_name = name.substr(0, name.find('/'));
  const bool child_only = tunnel_name.size() != name.size();
  const model::Tunnel* tunnel = config_->tunnel(tunnel_name);
  const model::Child* child = tunnel == nullptr || !child_only ? nullptr : tunnel->child(name.substr(tunnel_name.size() + 1));
  if (tunnel == nullptr || (child_only && child == nullptr)) {
    return fail(fmt::format("there is no tunnel or child named \"{}\"", name), "vtictl list tunnels");
  }
  if (!tunnel->enabled) return fail(fmt::format("{} is disabled in the file", tunnel_name), "set \"enabled\": true and reload");
  if (child != nullptr && !child->enabled) return fail(fmt::format("{} is disabled in the file", name), "enable it and reload");
  if (has_static_keys(*tunnel)) {
    return fail(fmt::format("{} has static SAs: there is nobody to ask", tunnel_name),
                "edit its \"keys\" and reload to rekey it, or \"enabled\" to take it up or down");
  }
  Requests::Target target{tunnel_name, desired_child_sas(*tunnel, numbers_), child_only};
  if (child_only) {
    std::erase_if(target.all_desired,
                  [&](const DesiredChildSa& desired) { return desired.name != name && desired.name != tunnel_name; });
    target.name = target.all_desired.front().name;  // children that share a CHILD_SA share its fate
  }
  return target;
}

void Engine::on_command(const model::Command& command, Requests::Reply reply, Now now) {
  struct Visitor {
    Engine& engine;
    Requests::Reply reply;
    Now now;

    // Answers itself when there is no such tunnel or charon is away.
    std::optional<Requests::Target> target(const std::string& name) const {
      auto found = engine.find_target(name);
      if (found && engine.charon_.table().connected) return *found;
      reply(found ? fail("charon does not answer",
                         "is it running? " + model::charon_status(engine.system_.system) + "; vtictl status shows its socket")
                  : std::unexpected(found.error()));
      return std::nullopt;
    }
    void operator()(const model::Up& up) const {
      if (engine.role_ == model::Role::standby) {
        reply(fail("this node is on standby", "vtictl role active"));
        return;
      }
      const auto found = target(up.target);
      if (!found) return;
      engine.request_look_up(*engine.config_->tunnel(found->all_desired.front().tunnel), now);
      for (const DesiredChildSa& desired : found->all_desired) engine.supervisor_.bring_up(desired.name, now);
      engine.requests_.wait_up(*found, up.timeout, now, reply);
    }
    void operator()(const model::Down& down) const {
      const auto found = target(down.target);
      if (!found) return;
      for (const DesiredChildSa& desired : found->all_desired) engine.supervisor_.hold_down(desired.name);
      engine.requests_.wait_down(*found, down.timeout, now, reply);
    }
    void operator()(const model::Rekey& rekey) const {
      const auto found = target(rekey.target);
      if (!found) return;
      engine.ask(engine.requests_.rekey(*found, engine.charon_.table(), engine.charon_.index(), rekey.timeout, now, reply),
                 now);
    }
    void operator()(const model::TakeRole& take) const { reply(engine.take_role(take.role, now)); }
    void operator()(const model::Reload&) const { reply(engine.reload(now)); }
    void operator()(const model::SetLogLevel& set) const {
      if (set.level) log::set_level(*set.level);
      reply(model::Answer{fmt::format("the log level is {}", log::print(log::level())), {}});
    }
    void operator()(const model::Apply& apply) const { reply(engine.apply(apply, now)); }
    void operator()(const model::Confirm&) const { reply(engine.confirm(now)); }
    void operator()(const model::Refresh& refresh) const {
      const bool whole = engine.refresh_counters(refresh);
      if (whole) return reply(model::Answer{});
      if (engine.counting_.size() >= kMostCounting) return reply(model::Answer{});  // as last read
      engine.counting_.emplace_back(now.steady + kCountPatience, reply);
    }
    void operator()(const model::MakePlan& plan) const { reply(engine.plan_for(plan)); }
    void operator()(const model::FindMtu& find) const { engine.wiring_.find_mtus(find.paths, reply); }
    void operator()(const model::Examine& examine) const {
      (void)engine.refresh_counters({});
      reply(model::Answer{"", {}, std::make_shared<const model::HostFacts>(engine.wiring_.read_host(examine.question))});
    }
  };
  now_ = now;
  std::visit(Visitor{*this, std::move(reply), now}, command);
}

model::CommandResult Engine::plan_for(const model::MakePlan& command) {
  if (auto seen = look(); !seen) return std::unexpected(seen.error());
  follow_gateways(now_);
  const auto plan_of = [this](const reconcile::Derived& derived) {
    return reconcile::make_plan(derived.desired, observed_, system_, reconcile::Removal::allowed);
  };
  if (!command.text) {
    return model::Answer{
        "", plan_of(reconcile::derive(*config_, numbers_, sa_facts_, selection_, host_, system_, restraints(*config_)))};
  }
  const config::Parsed parsed = wiring_.parse_text(*command.text, command.path);
  if (!parsed.config) return fail(print_all(parsed.errors), "mend the file");
  const model::Config& config = *parsed.config;
  const auto numbers = reconcile::allocate(config, numbers_);
  if (!numbers) return std::unexpected(numbers.error());
  const model::GatewaySelection selection = monitor::choose(config, wiring_.gateway_health(), selection_, now_.wall);
  const reconcile::SpiScope scope{reconcile::units_with_own_policies(config, *numbers, system_), spi_scope_.orphans};
  const auto sas = reconcile::facts_of(charon_.table(), charon_.index(), scope);
  model::Plan plan = plan_of(reconcile::derive(config, *numbers, sas, selection, host_, system_, restraints(config)));
  reconcile::name_former_holders(plan, deriver_.derived().desired);
  return model::Answer{"", std::move(plan)};
}

Result<model::Plan> Engine::plan_only() {
  (void)observe_now(wiring_.kernel);
  auto result = plan_for({});
  if (!result) return std::unexpected(result.error());
  return *result->plan;
}

// False: those of the rules are still being read.
bool Engine::refresh_counters(const model::Refresh& refresh) {
  snapshot_.reset();
  if (refresh.links) refresh_links(refresh.tunnel);
  return !refresh.rules || !config_->filter.rules || read_rule_counters();
}

void Engine::refresh_links(const std::string& tunnel) {
  if (tunnel.empty()) {
    if (auto counters = wiring_.kernel.counters()) counters_ = std::move(*counters);
    return;
  }
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  const auto devices = devices_of(*found->second, numbers_);
  auto counters = wiring_.kernel.counters_of(devices);
  if (!counters) return;
  for (const net::IfName& device : devices) counters_.erase(device);
  counters_.merge(*counters);
}

// False: they are still being read.
bool Engine::read_rule_counters() {
  auto counted = wiring_.kernel.rule_counters();
  if (counted) rule_counters_ = std::move(*counted);
  return counted || counted.error().code != EINPROGRESS;
}

// Who waits for the rules' counters gets those of before when there is no end of it.
void Engine::finish_counting(Now now) {
  if (counting_.empty()) return;
  const bool ended = read_rule_counters();
  std::erase_if(counting_, [&](const auto& asked) {
    const bool over = ended || now.steady >= asked.first;
    if (over) asked.second(model::Answer{});
    return over;
  });
}

void Engine::stop(Now now) {
  if (charon_.loaded_revision() != saved_revision_) (void)wiring_.store.save_loaded(charon_.record());
  if (config_->on_stop != model::OnStop::remove) return;
  (void)observe_now(wiring_.kernel);
  if (!look()) return;
  executor_.accept(reconcile::make_plan({}, observed_, system_, reconcile::Removal::allowed), now.steady);
  while (executor_.busy() || executor_.waits()) {
    carry_out(now);
    if (!executor_.busy()) wait_for_end(wiring_.kernel);
  }
}

std::optional<Engine::ProbeNews> Engine::take_probes() {
  const bool all = std::exchange(probes_changed_, false);
  const std::set<std::string> changed = std::exchange(probed_changed_, {});
  ProbeNews news{all ? probes_.all(supervisor_, static_tunnels_) : probes_.of(changed, supervisor_, static_tunnels_), all};
  auto& targets = news.targets;
  if (!all && targets.empty()) return std::nullopt;
  needs_selection_ |= all;
  if (role_ == model::Role::standby) {
    for (io::Prober::Target& target : targets) {
      if (target.underlay.state == monitor::Underlay::State::up) target.options.enabled = false;  // else it is down anyway
    }
  }
  return news;
}

std::vector<model::Problem> Engine::problems() {
  std::vector<model::Problem> problems;
  const auto add = [&problems](const std::vector<model::Problem>& more) {
    std::ranges::copy(more, std::back_inserter(problems));
  };
  for (const auto& problem : {config_problem_, kernel_problem_}) {
    if (problem) problems.push_back(*problem);
  }
  if (trial_) {
    problems.push_back({model::Severity::caveat, "config",
                        fmt::format("{} is on trial and goes back at {}", trial_->path, print(trial_->until_wall)),
                        "vtictl confirm keeps it"});
  }
  add(wiring_.store.problems());
  add(charon_.problems());
  add(executor_.plan().problems);
  add(deriver_.derived().problems);
  add(executor_.problems());
  add(tunnel_problems(shown().names, supervisor_));
  add(name_problems(shown().names, names_, supervisor_));
  add(group_problems(selection_));
  add(shown().missing_means);
  add(filter_problems(observed_, deriver_.derived().desired));
  add(config_warnings_);
  for (model::Problem& problem : problems) {
    for (std::string* text : {&problem.object, &problem.text, &problem.remedy}) {
      if (text->size() > kLongestText || !is_utf8(*text)) *text = to_utf8(*text, kLongestText);
    }
  }
  return problems;
}

bool Engine::converged(const std::vector<model::Problem>& problems) const {
  return seen_everything() && executor_.plan().ops.empty() && charon_.settled() &&
         std::ranges::none_of(problems,
                              [](const model::Problem& problem) { return problem.severity == model::Severity::error; });
}

model::Work Engine::work_of_loop() const {
  model::Work work = wiring_.loop_work();
  work.steps = steps_;
  work.kernel_writes = kernel_writes_;
  work.kernel_refusals = kernel_refusals_;
  return work;
}

const Engine::Shown& Engine::shown() {
  if (!shown_) {
    shown_ = std::make_unique<const Shown>(
        Shown{model::ConfigIndex(*config_), tunnels_by_reqid(*config_, numbers_), missing_means(*config_, system_)});
  }
  return *shown_;
}

StatusSources Engine::status_sources() {
  return {*config_,           shown().names, numbers_,    charon_.table(), charon_.index(),
          deriver_.derived(), counters_,     supervisor_, static_tunnels_};
}

model::SnapshotView Engine::view() {
  const auto problems = [this] { return this->problems(); };
  return model::SnapshotView(model::SnapshotParts{
      .version = wiring_.version,
      .generation = generation_,
      .role = role_,
      .config = *config_,
      .names = shown().names,
      .numbers = numbers_,
      .tunnel_by_reqid = shown().tunnel_by_reqid,
      .sas = charon_.table(),
      .sa_index = charon_.index(),
      .observed = observed_,
      .desired = deriver_.derived().desired,
      .plan = executor_.plan(),
      .rule_counters = rule_counters_,
      .selection = selection_,
      .moves = moves_,
      .work = work_of_loop(),
      .tunnel =
          [this](std::string_view name) {
            const auto found = tunnels_.find(name);
            if (found != tunnels_.end()) ++statuses_;
            return found == tunnels_.end() ? std::nullopt : std::optional(tunnel_status(*found->second, status_sources()));
          },
      .gateway = wiring_.health_of,
      .tunnels = model::Lazy<std::vector<model::TunnelStatus>>([this] {
        statuses_ += config_->tunnels.size();
        return tunnel_statuses(status_sources());
      }),
      .failed = model::Lazy<std::vector<model::FailedOp>>([this] { return executor_.failed(); }),
      .problems = model::Lazy<std::vector<model::Problem>>(problems),
      .converged = model::Lazy<bool>([this, problems] { return converged(problems()); }),
      .host_names = model::Lazy<model::ResolvedNames>([this] { return names_.known(); })});
}

std::shared_ptr<const model::Snapshot> Engine::snapshot() {
  if (snapshot_) return snapshot_;
  const model::SnapshotView now = view();
  auto fresh = std::make_shared<model::Snapshot>();
  fresh->version = now.version;
  fresh->now = now_;
  fresh->generation = now.generation;
  fresh->role = now.role;
  fresh->config_path = wiring_.config_path;
  fresh->config = config_;
  fresh->numbers = now.numbers;
  fresh->host_names = *now.host_names;
  fresh->sas = now.sas;
  fresh->observed = now.observed;
  fresh->desired = now.desired;
  fresh->plan = now.plan;
  fresh->failed = *now.failed;
  fresh->problems = *now.problems;
  fresh->tunnels = *now.tunnels;
  fresh->gateways = wiring_.gateway_health();
  fresh->rule_counters = now.rule_counters;
  fresh->selection = now.selection;
  fresh->moves = now.moves;
  fresh->work = now.work;
  fresh->converged = *now.converged;
  return snapshot_ = std::move(fresh);
}

void Engine::emit_changes(Now now) {
  if (const bool connected = charon_.table().connected; connected != std::exchange(reported_connected_, connected)) {
    log::info(connected ? "charon connected" : "charon lost", {{"version", charon_.table().version.text()}});
    emit(now, "charon", "",
         connected ? "connected, version " + charon_.table().version.text() : "lost: its SAs are shown as last seen");
  }
  emit_unloaded(now);
  emit_tunnels(now);
}

void Engine::emit_tunnels(Now now) {
  std::set<std::string> changed = supervisor_.take_changed();
  changed.merge(static_tunnels_.take_changed());
  probed_changed_.insert(changed.begin(), changed.end());
  for (const std::string& name : changed) {
    const auto view = tunnels_.contains(name) ? tunnel_view(name, supervisor_, static_tunnels_) : std::nullopt;
    if (!view) continue;
    const auto [told, fresh] = reported_states_.try_emplace(name, view->state);
    if (!fresh && told->second == view->state) continue;
    told->second = view->state;
    log::info("tunnel changed", {{"tunnel", name}, {"state", std::string(print(view->state))}, {"reason", view->reason}});
    emit(now, "tunnel", name, fmt::format("is {}{}{}", print(view->state), view->reason.empty() ? "" : ": ", view->reason));
  }
}

void Engine::emit_unloaded(Now now) {
  const std::vector<vici::Unloaded> unloaded = charon_.take_unloaded();
  for (std::size_t i = 0; i < std::min(unloaded.size(), kMostUnloadedTold); ++i) {
    const std::string what = print(unloaded[i]);
    log::warning("unloaded by others", {{"what", what}});
    emit(now, "charon", "", fmt::format("somebody unloaded {} (swanctl --load-all, --clear?): it is loaded again", what));
  }
  if (unloaded.size() <= kMostUnloadedTold) return;
  const std::size_t more = unloaded.size() - kMostUnloadedTold;
  log::warning("unloaded by others", {{"more", std::to_string(more)}});
  emit(now, "charon", "", fmt::format("somebody unloaded {} more: they are loaded again", more));
}

void Engine::emit(Now now, std::string kind, std::string object, std::string text) {
  wiring_.publish({now.wall, std::move(kind), to_utf8(object, kLongestText), to_utf8(text, kLongestText)});
}

// splitmix64: jitter needs no more, and a seed makes a run repeatable.
std::uint32_t Engine::random() {
  std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<std::uint32_t>((z ^ (z >> 31U)) >> 32U);
}

}  // namespace vtid::daemon
