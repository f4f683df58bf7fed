#include "daemon/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "daemon/desired_child_sas.h"
#include "monitor/group_selection.h"
#include "reconcile/leases.h"

namespace vtid::daemon {
namespace {

constexpr Duration kPlanInterval{1'000};            // between two plans while one is being carried out
constexpr std::int64_t kTunnelsEachMs = 10;         // put off the next plan, so that many cost no more time than few
constexpr std::int64_t kUrgentTunnelsEachMs = 100;  // the same where traffic is lost meanwhile
constexpr Duration kAskAfter{1'000};                // what is under way, when nothing tells of its end
constexpr Duration kLookInterval{50};               // the kernel is read at most so often, however much it has to say
constexpr Duration kLookRetry{1'000};               // after a look that failed
constexpr Duration kLookForEnd{500};                // of an SA that was replaced
constexpr Duration kRecordInterval{500};            // between two records of what is loaded, but for what they do not announce
constexpr Duration kRescan{60'000};                 // without any notice: what was lost costs so much time at most
constexpr Duration kLossPause{300};       // from a word about SAs or policies of others that went until it is followed
constexpr std::size_t kMostLost = 1'024;  // of SPIs that are waited with; more of them are all worth a look

using Names = std::set<std::string_view>;

// On standby charon is given no trap either: it would call by itself. `unchanged` are those that are wanted as before.
std::vector<vici::WantedConnection> connections_of(const model::Config& config, const reconcile::Numbers& numbers,
                                                   const HostNames& names, const model::LocalEnds& local_ends, model::Role role,
                                                   const Names& unchanged) {
  std::vector<vici::WantedConnection> connections;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.enabled) continue;
    if (unchanged.contains(tunnel.name)) {
      connections.push_back({.name = tunnel.name, .as_before = true});
      continue;
    }
    const auto peer = names.resolved(tunnel);
    auto resolved = peer ? peer->addresses : std::vector<net::Address>{};
    const auto located = model::located_at(local_ends, tunnel.name);
    if (located) std::erase_if(resolved, [&](const net::Address& address) { return address.family() != located->family(); });
    std::optional<model::Tunnel> mute;
    if (role == model::Role::standby && tunnel.start == model::Start::trap) mute.emplace(tunnel).start = model::Start::none;
    if (auto wanted = vici::make_connection(mute ? *mute : tunnel, numbers, resolved, located))
      connections.push_back(std::move(*wanted));
  }
  return connections;
}

bool is_same_end(const model::LocalEnd* one, const model::LocalEnd* other) {
  return one == nullptr || other == nullptr ? one == other : *one == *other;
}

}  // namespace

Engine::Engine(EngineWiring wiring, vici::Loaded loaded, reconcile::Numbers numbers)
    : wiring_(std::move(wiring)),
      system_(wiring_.kernel.capabilities()),
      random_state_(wiring_.seed),
      charon_(std::move(loaded), [this] { return random(); }),
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
  if (engine->config_->role_address) {  // the other node may hold it
    engine->role_ = model::Role::standby;
    engine->change_role(model::Role::standby, now);
  }
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
  if (changed) {
    needs_local_ends_ = true;
    follow_local_ends(now);
    want_connections(now);  // before the supervisor: what it begins waits for them
  }
  for (const std::string& name : names_.tunnels_of(answer.name)) {
    const auto resolved_peer = names_.resolved(*config_->tunnel(name));
    supervisor_.locate(name, resolved_peer, now);
    if (!changed) continue;
    std::string list;
    for (const net::Address& address : resolved_peer->addresses) list += ' ' + print(address);
    log::info("peer located", {{"tunnel", name}, {"name", answer.name}, {"addresses", list}});
    emit(now, "tunnel", name,
         fmt::format("{} is{}", resolved_peer->several ? "the peer" : answer.name, list.empty() ? " nowhere" : list));
  }
  snapshot_.reset();
}

void Engine::request_look_up(const model::Tunnel& tunnel, Now now) {
  names_.resolve_now(tunnel, now);
  supervisor_.locate(tunnel.name, names_.resolved(tunnel), now);
}

void Engine::want_connections(Now now, const Names& unchanged) {
  auto connections = connections_of(*config_, numbers_, names_, local_ends_, role_, unchanged);
  connections_made_ += static_cast<std::size_t>(std::ranges::count(connections, false, &vici::WantedConnection::as_before));
  charon_.want(std::move(connections), now);
}

// With those where SAs are: a name may not have been looked up since the start, and a peer may have moved.
reconcile::NamedPeers Engine::named_peers(const model::Config& config) const {
  reconcile::NamedPeers peers;
  for (const std::string& name : reconcile::located_with_named_peers(config)) {
    const auto resolved = names_.resolved(*config.tunnel(name));
    std::vector<net::Address>& addresses = peers[name];
    if (resolved) addresses = resolved->addresses;
    for (const model::IkeSa* sa : charon_.index().connection(name)) {
      if (std::ranges::find(addresses, sa->remote) == addresses.end()) addresses.push_back(sa->remote);
    }
    std::ranges::sort(addresses);  // whose turn it is moves nothing
  }
  return peers;
}

// Before the host was seen no end is known.
model::LocalEnds Engine::local_ends_now() const {
  if (kernel_seen_) return reconcile::local_ends(*config_, observed_, selection_, named_peers(*config_), local_ends_);
  model::LocalEnds unknown = reconcile::local_ends(*config_, {}, {}, {}, {});
  for (auto& [tunnel, end] : unknown) end = {};
  return unknown;
}

// Before the supervisor: what it begins waits for the connection.
void Engine::follow_local_ends(Now now) {
  if (!kernel_seen_ || !std::exchange(needs_local_ends_, false) || !locates_ends_) return;
  const model::LocalEnds before = std::exchange(local_ends_, local_ends_now());
  if (before == local_ends_) return;
  needs_derive_ = true;
  deriver_.mark_local_ends();
  Names unmoved;
  for (const auto& [name, tunnel] : tunnels_) {
    if (is_same_end(end_of(before, name), end_of(local_ends_, name))) unmoved.insert(name);
  }
  want_connections(now, unmoved);
  for (const auto& [tunnel, end] : local_ends_) {
    supervisor_.move(tunnel, &end);
    const auto last = located_at(before, tunnel);
    if (!last || last == end.address) continue;
    const std::string address = end.address ? net::print(*end.address) : "nowhere";
    log::info("tunnel moved", {{"tunnel", tunnel}, {"address", address}, {"reason", end.reason}});
    emit(now, "tunnel", tunnel, fmt::format("begins {}{}: {}", end.address ? "at " : "", address, end.reason));
  }
}

TimePoint Engine::step(Now now) {
  now_ = now;
  ++steps_;
  snapshot_.reset();
  if (trial_ && now.steady >= trial_->until) end_trial(now);
  charon_.on_time(now);
  follow_move(now);
  follow_charon(now);
  follow_gateways(now);
  follow_local_ends(now);
  follow_losses(now);
  reconcile(now);
  follow_role_address(now);
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
                               names_.next_deadline(), save_again_, role_due_}) {
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
  if (early != early_) mark_all_derived();
  early_ = std::move(early);
}

// A plan follows only when something changed that derive reads.
void Engine::take_sa_changes() {
  model::SaChanges changes = charon_.take_changes();
  needs_local_ends_ |= changes.everywhere || std::ranges::any_of(changes.connections, [this](const std::string& connection) {
                         return located_named_peers_.contains(connection);
                       });
  if (changes.everywhere) {
    needs_observe_ |= !observed_.policies.empty();
    needs_plan_ = true;  // what is not wanted may go when charon is known
    read_all_sas();
  } else {
    for (const net::Unit unit : changes.units) {
      needs_observe_ |= spi_scope_.own_policies.contains(unit);  // by which of its SAs the kernel sends is ours to see to
      if (!reconcile::refresh(sa_facts_, unit, charon_.table(), charon_.index(), spi_scope_)) continue;
      deriver_.mark(unit);
      needs_derive_ = true;
    }
  }
  unsupervised_.add(std::move(changes));
}

void Engine::read_all_sas() {
  spi_scope_ = {reconcile::units_with_own_policies(*config_, numbers_, system_),
                reconcile::may_have_orphans(observed_, charon_.table(), system_)};
  sa_facts_ = reconcile::facts_of(charon_.table(), charon_.index(), spi_scope_);
  mark_all_derived();
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
  for (const std::string& group : monitor::changed_groups(selection_, chosen)) {
    const model::GroupSelection& selection = chosen.groups.at(group);
    const std::string active = monitor::print_active(selection);
    log::info("group changed", {{"group", group}, {"carriers", active}, {"reason", selection.reason}});
    emit(now, "group", group,
         fmt::format("is carried by {}{}{}", active, selection.reason.empty() ? "" : ": ", selection.reason));
    for (const std::string& gateway : monitor::members_that_left(selection_, group, selection)) {
      if (fallen.contains(gateway)) begin_move(gateway);
    }
    const auto before = selection_.groups.find(group);
    wiring_.changed(GroupChange{group, before == selection_.groups.end() ? nullptr : &before->second, selection});
  }
  if (chosen != selection_) {
    move_routes(now);
    needs_local_ends_ = true;
  }
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
  const TrafficMove move = *std::exchange(move_, {});
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
  deriver_.mark_selection();
  needs_derive_ = true;
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
  if (!config_->role_address && role_ != saved_role_) {
    if (wiring_.store.save_role(role_)) {
      saved_role_ = role_;
    } else {
      unsaved = true;
    }
  }
  if (unsaved) save_again_ = now.steady + kSaveAgain;
}

Result<bool> Engine::look() {
  (void)wiring_.kernel.drain();  // what these would tell us is what we read next
  auto observed = wiring_.kernel.observe();
  if (!observed && observed.error().code == EINPROGRESS) return std::unexpected(observed.error());
  if (!observed) {
    kernel_problem_ = {model::Severity::error, "kernel", observed.error().text, observed.error().remedy};
    return std::unexpected(observed.error());
  }
  kernel_problem_.reset();
  kernel_seen_ = true;
  const bool changed = observed_ != *observed;
  if (changed) {
    needs_plan_ = static_tunnels_changed_ = needs_local_ends_ = true;
    if (!wrote_) executor_.on_seen(observed_, *observed, now_.steady);
  }
  wrote_ = false;
  observed_ = std::move(*observed);
  follow_leases();
  follow_local_ends(now_);
  see_role_address(now_);
  reconcile::Host host = reconcile::read_host(observed_);
  if (host != host_) mark_all_derived();
  host_ = std::move(host);
  if (reconcile::may_have_orphans(observed_, charon_.table(), system_) != spi_scope_.orphans) {
    read_all_sas();
  }
  return changed;
}

// A dynamic gateway that has another address is as another file.
void Engine::follow_leases() {
  if (leased_devices_.empty()) return;
  const reconcile::Leases leases = reconcile::other_leases(*config_, observed_);
  if (leases.empty()) return;
  model::Config config = *config_;
  reconcile::assign(config, leases);
  for (const auto& [place, address] : leases) {
    const std::string& gateway = config.gateways[place].name;
    const std::string text = address.is_unspecified() ? "nowhere" : net::print(address);
    log::info("gateway moved", {{"gateway", gateway}, {"address", text}});
    emit(now_, "gateway", gateway, "is " + (address.is_unspecified() ? text : "at " + text));
  }
  run(std::move(config), numbers_, now_);
  move_routes(now_);
  needs_selection_ = true;
  follow_gateways(now_);
}

// Something changed that derive reads; a plan follows when it then says another thing.
void Engine::mark_all_derived() {
  deriver_.mark_all();
  needs_derive_ = true;
}

bool Engine::derive_running() {
  ++derivations_;
  return deriver_.update(*config_, numbers_, sa_facts_, selection_, host_, system_, restraints(*config_), local_ends_);
}

// The administrator's own connections are there before ours.
reconcile::Restraints Engine::restraints(const model::Config& config) const {
  return {supervisor_.ended(), early_of(tunnels_on_demand(config))};
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
    const bool wrote = wrote_;
    const auto looked = look();
    const bool seen = looked.has_value();
    needs_observe_ = !seen;
    next_look_ = now.steady + (seen || looked.error().code == EINPROGRESS ? kLookInterval : kLookRetry);
    rescan_ = now.steady + kRescan;
    // What the kernel took without an error and does not show, or others took away at once, is still in the plan, and nothing
    // has changed that would tell.
    if (seen && wrote && !*looked && !executor_.plan().ops.empty())
      rescan_ = now.steady + std::min(kRescan, write_again_.next(random()));
    needs_plan_ |= retry_is_due || (rescan_is_due && !executor_.plan().ops.empty());
    changed = true;
    if (!seen && overtaken) return;  // what was seen before is no longer so
    if (seen && system_.shared_with_charon) {
      supervisor_.on_kernel(charon_.table(), charon_.index(), reconcile::KernelSide(observed_, charon_.table(), system_), now);
    }
  }
  if (std::exchange(ended_revision_, supervisor_.ended_revision()) != supervisor_.ended_revision()) {
    mark_all_derived();
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
  if (executor_.plan().ops.empty()) write_again_.reset();
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
    if (tunnel == tunnels_.end() || !names_.take_turn(*tunnel->second)) continue;
    supervisor_.locate(name, names_.resolved(*tunnel->second), now);
    turned = true;
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
      engine.charon_.terminate(engine.ticket(Pending::Kind::terminate, ask.desired),
                               {ask.ike_id == 0 ? ask.ike : "", ask.child, ask.ike_id, ask.force}, now);
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

// splitmix64: jitter needs no more, and a seed makes a run repeatable.
std::uint32_t Engine::random() {
  std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return static_cast<std::uint32_t>((z ^ (z >> 31U)) >> 32U);
}

}  // namespace vtid::daemon
