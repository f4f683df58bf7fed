#include "daemon/supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace vtid::daemon {
namespace {

using model::TunnelState;

constexpr BackoffLimits kInitiateRetry{Duration{1'000}, Duration{60'000}};
constexpr Duration kRateWindow{1'000};
constexpr int kBegunPerWindow = 100;  // attempts begun per second over all tunnels: charon has 16 threads by default
constexpr const char* kReachRemedy = "is it reachable, does it run IKE, and do UDP 500 and 4500 pass on the way?";
constexpr Duration kFirstLook{50};
constexpr Duration kTick{1};  // of the clock
constexpr Duration kCallPause{
    500};  // before the call after charon was lost: the peer may be quicker, and its connection is loaded
constexpr Duration kCallSpread{500};  // and by chance up to so much more: it may have been lost at both ends
constexpr BackoffLimits kRepairRetry{Duration{4'000}, Duration{60'000}};  // the first leaves time for a rekey and its look
constexpr int kQuickRepairs = 5;             // a first wait apart; only then it is somebody who does it again and again
constexpr Duration kRepairForgets{120'000};  // so long without a loss, and it begins anew
constexpr Duration kLossConfirmed{400};
constexpr Duration kRepairLook{500};      // so often it is looked whether a repair has helped, and
constexpr Duration kRepairRescan{5'000};  // so often when it did not within that time
constexpr Duration kForceAfter{3'000};    // a peer that is gone never consents to a deletion
constexpr Duration kRefusalTime{3'000};   // charon's first retransmission comes after 4 s: what ends sooner was refused

bool established(const model::IkeSa& ike) {
  return ike.state == model::IkeState::established || ike.state == model::IkeState::rekeying;
}

// Often while something is likely to happen, rarely while charon only retransmits.
Duration look_interval(Duration age) {
  if (age < Duration{1'000}) return Duration{100};
  return age < Duration{10'000} ? Duration{500} : Duration{2'000};
}

}  // namespace

std::vector<const model::ChildSa*> children_of(const DesiredChildSa& desired, const model::SaIndex& index) {
  if (!desired.unit) return index.named(desired.ike, desired.child);
  const auto children = index.of(*desired.unit);
  return {children.begin(), children.end()};
}

void Supervisor::supervise(std::vector<DesiredChildSa> all_desired, Now now) {
  std::set<std::string> named;
  by_tunnel_.clear();
  for (DesiredChildSa& desired : all_desired) {
    named.insert(desired.name);
    by_tunnel_[desired.tunnel].push_back(desired.name);
    const auto [entry, fresh] = charges_.try_emplace(desired.name);
    Charge& charge = entry->second;
    if (fresh || charge.leaving || charge.desired != desired) {
      mark(charge);
      changed_.insert(desired.tunnel);
    }
    if (fresh) {
      charge.backoff = Backoff(kInitiateRetry);
      charge.repairs = Backoff(kRepairRetry);
      charge.next_attempt = now.steady + desired.yields;
      charge.view.since = now.wall;
    } else if (charge.desired != desired) {
      begin_anew(charge, now);
      charge.replacing = charge.desired.identity != desired.identity;
    }
    charge.leaving = false;
    charge.desired = std::move(desired);
  }
  for (auto item = charges_.begin(); item != charges_.end();) {
    const auto [name, charge] = std::tie(item->first, item->second);
    if (named.contains(name)) {
      ++item;
    } else if (charge.desired.external) {
      put_away(charge);
      item = charges_.erase(item);
    } else {
      charge.leaving = true;
      mark(charge);
      ++item;
    }
  }
  index_desired();
}

void Supervisor::index_desired() {
  auto before = std::exchange(by_connection_, {});
  by_unit_.clear();
  for (auto& [name, charge] : charges_) {
    by_connection_[charge.desired.ike].push_back(&charge);
    if (charge.desired.unit) by_unit_[charge.desired.unit->value].push_back(&charge);
  }
  // Who shares an IKE_SA with others has to know who they are.
  for (const auto& [ike, charges] : by_connection_) {
    const auto known = before.find(ike);
    if (known == before.end() || known->second != charges) dirty_.insert(charges.begin(), charges.end());
  }
}

void Supervisor::put_away(Charge& charge) {
  set_left_behind(charge, false);
  dirty_.erase(&charge);
  unschedule(charge);
}

void Supervisor::unschedule(Charge& charge) {
  if (charge.due) due_.erase({*std::exchange(charge.due, {}), &charge});
  for_turns_.erase(charge.desired.name);
}

// Another peer, another start or another address: what was learnt about the old one does not count.
void Supervisor::begin_anew(Charge& charge, Now now) {
  charge.backoff.reset();
  charge.next_attempt = now.steady;
  if (!charge.begins_unseen()) charge.attempt.reset();
  charge.view.failed = false;
  charge.view.reason.clear();
}

void Supervisor::locate(const std::string& tunnel, const std::optional<Whereabouts>& where, Now now) {
  const auto all_desired = by_tunnel_.find(tunnel);
  if (all_desired == by_tunnel_.end()) return;
  for (const std::string& name : all_desired->second) {
    Charge& charge = charges_.at(name);
    const std::optional<Whereabouts> before = std::exchange(charge.where, where);
    if (before != where) mark(charge);
    if (!before || !where || where->addresses.empty()) continue;
    if (before->addresses.empty()) {
      begin_anew(charge, now);
    } else if (!std::ranges::is_permutation(before->addresses, where->addresses)) {
      charge.moved = true;
    }
  }
}

void Supervisor::leave_old_address(Charge& charge, Ikes ikes, Now now) {
  if (!std::exchange(charge.moved, false) || !charge.where) return;
  const auto is_current = [&](const model::IkeSa* ike) {
    return std::ranges::find(charge.where->addresses, ike->remote) != charge.where->addresses.end();
  };
  if (std::ranges::any_of(ikes, is_current)) return;
  begin_anew(charge, now);
  charge.replacing = !ikes.empty() || charge.begins_unseen();
}

std::vector<Ask> Supervisor::step(const model::SaTable& sas, const model::SaIndex& index, const model::SaChanges& changes,
                                  Now now) {
  if (std::exchange(connected_, sas.connected) != sas.connected) mark_all();
  mark(changes);
  mark_due(now);
  const std::vector<Charge*> marked = take_marked();
  visited_ += marked.size();
  std::vector<Ask> asks;
  if (sas.connected) {
    visit(marked, index, now, asks);
  } else {
    lose_sight(marked, now);
  }
  for (Charge* charge : marked) {
    if (charge->due) due_.emplace(*charge->due, charge);
  }
  bool any_left = false;
  for (Charge* charge : marked) {
    if (!charge->leaving || !charge->gone) continue;
    any_left = true;
    put_away(*charge);
    charges_.erase(std::string(charge->desired.name));
  }
  if (any_left) index_desired();
  return asks;
}

void Supervisor::mark_all() {
  for (auto& [name, charge] : charges_) mark(charge);
}

void Supervisor::mark(const model::SaChanges& changes) {
  if (changes.everywhere) return mark_all();
  const auto mark_found = [this](const auto& index, const auto& key) {
    if (const auto found = index.find(key); found != index.end()) dirty_.insert(found->second.begin(), found->second.end());
  };
  for (const net::Unit unit : changes.units) mark_found(by_unit_, unit.value);
  for (const std::string& connection : changes.connections) mark_found(by_connection_, connection);
}

// Of those that wait for their turn no more than can have it: it goes by names.
void Supervisor::mark_due(Now now) {
  for (const auto& [time, charge] : due_) {
    if (time > now.steady) break;
    mark(*charge);
  }
  if (now.steady - rate_window_ < kRateWindow) return;
  int turns = 0;
  for (const auto& [name, charge] : for_turns_) {
    if (++turns > kBegunPerWindow) break;
    mark(*charge);
  }
}

// With all that live in the same IKE_SAs, by name.
std::vector<Supervisor::Charge*> Supervisor::take_marked() {
  std::map<std::string_view, Charge*> marked;
  for (const Charge* dirty : std::exchange(dirty_, {})) {
    for (Charge* charge : by_connection_.at(dirty->desired.ike)) marked.emplace(charge->desired.name, charge);
  }
  std::vector<Charge*> charges;
  for (const auto& [name, charge] : marked) {
    charges.push_back(charge);
    unschedule(*charge);
  }
  return charges;
}

void Supervisor::lose_sight(const std::vector<Charge*>& marked, Now now) {
  kernel_look_.reset();
  for (Charge* charge : marked) {
    if (charge->view.state == TunnelState::up) charge->lost = charge->unproven = charge->sas_left = true;
    set_left_behind(*charge, charge->lost && charge->stays() && !standby_);
    charge->attempt.reset();
    charge->terminating.reset();
    charge->loss.reset();
    set_state(*charge, charge->desired.enabled ? TunnelState::unknown : TunnelState::disabled, now);
    charge->view.reason = charge->desired.enabled ? "charon does not answer" : "disabled in the file";
  }
}

void Supervisor::visit(const std::vector<Charge*>& marked, const model::SaIndex& index, Now now, std::vector<Ask>& asks) {
  for (Charge* charge : marked) leave_old_address(*charge, index.connection(charge->desired.ike), now);
  std::map<std::string_view, int> staying;  // desired CHILD_SAs by connection
  for (const Charge* charge : marked) staying[charge->desired.ike] += stays(*charge) ? 1 : 0;
  for (Charge* charge : marked) {
    const DesiredChildSa& desired = charge->desired;
    const bool stayed = stays(*charge);
    const bool shared = staying[desired.ike] > (stayed ? 1 : 0);
    const bool carries = model::live_child(children_of(desired, index)) != nullptr;
    follow(*charge, {index.connection(desired.ike), carries, shared}, now, asks);
    if (stays(*charge) != stayed && by_connection_.at(desired.ike).size() > 1) mark(*charge);  // the others have to know
  }
}

void Supervisor::follow(Charge& charge, const Seen& seen, Now now, std::vector<Ask>& asks) {
  TunnelView& view = charge.view;
  charge.replacing &= seen.anything_left() || charge.begins_unseen();
  if (seen.carries || !stays(charge)) charge.unproven = charge.lost = false;
  set_left_behind(charge, charge.unproven && charge.sas_left);
  if (charge.leaving || charge.replacing) {
    tear_down(charge, seen, now, asks);
    return;
  }
  if (!charge.desired.enabled || charge.held || standby_) {
    tear_down(charge, seen, now, asks);
    set_state(charge, charge.desired.enabled ? TunnelState::down : TunnelState::disabled, now);
    explain_hold(charge);
    return;
  }
  charge.terminating.reset();
  charge.gone = false;
  if (seen.carries) {
    charge.attempt.reset();
    charge.backoff.reset();
    charge.next_attempt = now.steady;
    charge.urged = view.failed = false;
    set_state(charge, TunnelState::up, now);
    view.reason.clear();
    view.remedy.clear();
    repair(charge, now, asks);
    return;
  }
  if (view.state == TunnelState::up || view.state == TunnelState::unknown) view.reason.clear();
  pursue(charge, seen.ikes, now, asks);
}

// The peer has no reason to call while its own SAs carry, and this end's charon cannot answer for them any more.
void Supervisor::call_after_loss(Charge& charge, Now now) {
  if (!std::exchange(charge.lost, false) || charge.desired.start == model::Start::start || !charge.desired.callable) return;
  charge.urged = true;
  charge.next_attempt =
      now.steady + charge.desired.yields + kCallPause + kCallSpread * static_cast<int>(random_() % 1024) / 1024;
}

// By new SAs first, which cost nothing; when they do not come, or do not help, the whole CHILD_SA goes and is called anew.
void Supervisor::repair(Charge& charge, Now now, std::vector<Ask>& asks) {
  if (!charge.loss || !charge.loss->confirmed) return;
  if (now.steady < charge.next_repair) {
    wake_at(charge, charge.next_repair);
    return;
  }
  const bool quick = charge.quick_repairs++ < kQuickRepairs;
  charge.next_repair = now.steady + (quick ? kRepairRetry.first : charge.repairs.next(random_()));
  kernel_look_ = std::min(kernel_look_.value_or(TimePoint::max()), now.steady + kRepairLook);
  if (!charge.loss->rekeyed) {
    charge.loss->rekeyed = now.steady;
    asks.push_back(AskRekey{charge.desired.name, charge.desired.ike, charge.desired.child});
    wake_at(charge, charge.next_repair);
    return;
  }
  charge.loss.reset();
  charge.replacing = charge.urged = true;
  wake_at(charge, now.steady);
}

void Supervisor::on_kernel(const model::SaTable& sas, const model::SaIndex& index, const reconcile::KernelSide& kernel,
                           Now now) {
  kernel_look_.reset();
  for (auto& [name, charge] : charges_) {
    const DesiredChildSa& desired = charge.desired;
    const bool left = desired.unit && kernel.carries(net::reqid_of(*desired.unit));
    if (std::exchange(charge.sas_left, left) != left) mark(charge);
    if (!sas.connected) continue;
    const reconcile::KernelSide::Use use{desired.unit.has_value(), desired.charons_policies};
    const bool lacked = charge.loss.has_value();
    note_loss(charge, stays(charge) ? kernel.missing(children_of(desired, index), use) : std::string(), now);
    if (lacked || charge.loss) mark(charge);
  }
}

void Supervisor::note_loss(Charge& charge, std::string missing, Now now) {
  if (missing.empty()) {
    charge.loss.reset();
    return;
  }
  if (!charge.loss) {
    charge.loss = Loss{{}, now.steady};
    if (now.steady - charge.next_repair > kRepairForgets) {
      charge.repairs.reset();
      charge.quick_repairs = 0;
    }
  }
  Loss& loss = *charge.loss;
  loss.what = std::move(missing);
  loss.confirmed |= now.steady - loss.since >= kLossConfirmed;
  TimePoint next = loss.since + kLossConfirmed;
  const bool soon = loss.rekeyed && now.steady - *loss.rekeyed < kRepairRescan;
  if (loss.confirmed) next = now.steady + (soon ? kRepairLook : kRepairRescan);
  kernel_look_ = std::min(kernel_look_.value_or(next), next);
}

std::string Supervisor::missing(const std::string& tunnel) const {
  const auto all_desired = by_tunnel_.find(tunnel);
  if (all_desired == by_tunnel_.end()) return {};
  for (const std::string& name : all_desired->second) {
    const Charge& charge = charges_.at(name);
    if (!charge.loss || !charge.loss->confirmed) continue;
    return name == tunnel ? charge.loss->what : fmt::format("{} of {}", charge.loss->what, name);
  }
  return {};
}

std::set<std::string> Supervisor::ended() const {
  std::set<std::string> names;
  for (const auto& [name, charge] : charges_) {
    if (charge.held || standby_) names.insert(name);
  }
  return names;
}

void Supervisor::explain_hold(Charge& charge) const {
  TunnelView& view = charge.view;
  view.failed = false;
  view.remedy.clear();
  if (!charge.desired.enabled) {
    view.reason = "disabled in the file";
  } else if (standby_) {
    view.reason = "this node is on standby";
    view.remedy = "vtictl role active";
  } else {
    view.reason = "held down by vtictl";
    view.remedy = fmt::format("vtictl up {}", charge.desired.name);
  }
}

void Supervisor::pursue(Charge& charge, Ikes ikes, Now now, std::vector<Ask>& asks) {
  TunnelView& view = charge.view;
  const DesiredChildSa& desired = charge.desired;
  if (!charge.attempt) {
    if (lacks_address(charge, now)) return;
    call_after_loss(charge, now);
    if (desired.start != model::Start::start && !charge.urged) {
      wait(charge, ikes, now);
      return;
    }
    const bool peer_is_at_it =
        std::ranges::any_of(ikes, [](const model::IkeSa* ike) { return !ike->initiator && !established(*ike); });
    if (charge.next_attempt > now.steady || peer_is_at_it) {
      set_state(charge, peer_is_at_it ? TunnelState::connecting : TunnelState::down, now);
      if (view.reason.empty()) view.reason = peer_is_at_it ? "the peer is connecting" : "the next attempt is due soon";
      if (charge.next_attempt > now.steady) wake_at(charge, charge.next_attempt);
      return;
    }
    if (!begin(charge, now, asks)) return;
  }
  Attempt& attempt = *charge.attempt;
  attempt.seen |= !ikes.empty();
  attempt.answered |= std::ranges::any_of(ikes, &model::IkeSa::peer_answered);
  if (!attempt.established && std::ranges::any_of(ikes, [](const model::IkeSa* ike) { return established(*ike); }))
    attempt.established = now.steady;
  const Duration age = now.steady - attempt.began;
  set_state(charge, TunnelState::connecting, now);
  if (attempt.accepted && attempt.looked && ikes.empty()) {
    if (attempt.answered) {
      fail_attempt(charge, now,
                   fmt::format("authentication with {} failed: it answered, then one end refused the other", desired.peer),
                   "compare the PSK, certificates or keys and both ids on the two ends; charon's log names the refusal");
    } else if (age < kRefusalTime) {
      fail_attempt(
          charge, now,
          fmt::format("{} refused at once: the PSK, certificates or keys, the ids or the proposals do not match", desired.peer),
          "compare the PSK, certificates or keys, both ids and the proposals on the two ends; charon's log names the refusal");
    } else {
      unanswered_.insert(desired.tunnel);
      fail_attempt(charge, now, fmt::format("no answer from {}", desired.peer), kReachRemedy);
    }
    return;
  }
  if (attempt.established && now.steady - *attempt.established > kRefusalTime) {
    fail_attempt(charge, now, fmt::format("{} accepted the IKE_SA and refused the CHILD_SA", desired.peer),
                 "compare the children's proposals and networks on the two ends");
    return;
  }
  if (age > kRefusalTime && attempt.seen && !attempt.answered) {
    view.reason = fmt::format("no answer from {} so far", desired.peer);
    view.remedy = kReachRemedy;
  } else if (!view.failed) {
    view.reason = "connecting";
  }
  if (age <= kRefusalTime) wake_at(charge, attempt.began + kRefusalTime + kTick);
  if (attempt.established) wake_at(charge, *attempt.established + kRefusalTime + kTick);
  look_for(charge, now, asks);
}

// An answer to the initiation wakes by itself.
void Supervisor::look_for(Charge& charge, Now now, std::vector<Ask>& asks) {
  Attempt& attempt = *charge.attempt;
  if (!attempt.accepted) return;
  if (now.steady >= attempt.next_look) {
    asks.push_back(AskLook{charge.desired.name, charge.desired.ike});
    attempt.next_look = now.steady + look_interval(now.steady - attempt.began);
  }
  wake_at(charge, attempt.next_look);
}

bool Supervisor::lacks_address(Charge& charge, Now now) {
  if (!charge.where || !charge.where->addresses.empty()) return false;
  const Whereabouts& where = *charge.where;
  TunnelView& view = charge.view;
  view.failed = !where.failure.empty();
  view.reason = view.failed ? where.failure : "looking up " + where.name;
  view.remedy = where.remedy;
  set_state(charge, view.failed ? TunnelState::down : TunnelState::connecting, now);
  return true;
}

// For the peer, or for a packet that makes charon begin.
void Supervisor::wait(Charge& charge, Ikes ikes, Now now) {
  const bool on_demand = charge.desired.start == model::Start::trap;
  const bool connecting =
      std::ranges::any_of(ikes, [&](const model::IkeSa* ike) { return (on_demand || !ike->initiator) && !established(*ike); });
  set_state(charge, connecting ? TunnelState::connecting : TunnelState::waiting, now);
  charge.view.failed = false;  // of what was begun before the file said to wait
  charge.view.remedy.clear();
  charge.view.reason = on_demand ? "waits for a packet into the tunnel" : "waits for its peer to begin";
}

// False: its turn comes later.
bool Supervisor::begin(Charge& charge, Now now, std::vector<Ask>& asks) {
  if (now.steady - rate_window_ >= kRateWindow) {
    rate_window_ = now.steady;
    begun_in_window_ = 0;
  }
  if (begun_in_window_ >= kBegunPerWindow) {
    charge.next_attempt = rate_window_ + kRateWindow;
    set_state(charge, TunnelState::down, now);
    if (charge.view.reason.empty()) charge.view.reason = "its turn comes soon";
    for_turns_.emplace(charge.desired.name, &charge);
    return false;
  }
  ++begun_in_window_;
  charge.attempt = Attempt{now.steady, now.steady + kFirstLook};
  set_state(charge, TunnelState::connecting, now);
  if (!charge.view.failed) charge.view.reason = "connecting";
  asks.push_back(AskInitiate{charge.desired.name, charge.desired.ike, charge.desired.child});
  return true;
}

void Supervisor::fail_attempt(Charge& charge, Now now, std::string reason, std::string remedy) {
  charge.attempt.reset();
  charge.urged = false;
  charge.next_attempt = now.steady + charge.backoff.next(random_());
  charge.view.reason = std::move(reason);
  charge.view.remedy = std::move(remedy);
  charge.view.failed = true;
  set_state(charge, charge.desired.start == model::Start::start ? TunnelState::down : TunnelState::waiting, now);
  mark(charge);  // what it waits for now
}

void Supervisor::tear_down(Charge& charge, const Seen& seen, Now now, std::vector<Ask>& asks) {
  const DesiredChildSa& desired = charge.desired;
  if (seen.anything_left() || !charge.begins_unseen()) charge.attempt.reset();
  charge.gone = !seen.anything_left() && !charge.attempt;
  if (!seen.anything_left()) {
    charge.terminating.reset();
    if (charge.attempt) look_for(charge, now, asks);
    return;
  }
  const auto terminate = [&](bool force) {
    asks.push_back(AskTerminate{desired.name, desired.ike, seen.shared ? desired.child : "", force});
  };
  if (!charge.terminating) {
    charge.terminating = charge.next_look = now.steady;
    charge.forced = false;
    terminate(false);
  } else if (!charge.forced && now.steady - *charge.terminating >= kForceAfter) {
    charge.forced = true;
    terminate(true);
  }
  if (now.steady >= charge.next_look) {
    asks.push_back(AskLook{desired.name, desired.ike});
    charge.next_look = now.steady + look_interval(now.steady - *charge.terminating);
  }
  if (!charge.forced) wake_at(charge, *charge.terminating + kForceAfter);
  wake_at(charge, charge.next_look);
}

void Supervisor::on_initiated(const std::string& desired, const Result<void>& outcome, Now now) {
  const auto found = charges_.find(desired);
  if (found == charges_.end() || !found->second.attempt) return;
  mark(found->second);
  unschedule(found->second);
  if (outcome) {
    found->second.attempt->accepted = true;
  } else if (stays(found->second)) {
    fail_attempt(found->second, now, outcome.error().text, outcome.error().remedy);
  } else {
    found->second.attempt.reset();
  }
}

void Supervisor::on_looked(const std::string& desired) {
  const auto found = charges_.find(desired);
  if (found == charges_.end() || !found->second.attempt || !found->second.attempt->accepted) return;
  found->second.attempt->looked = true;
  mark(found->second);
}

void Supervisor::hold_down(const std::string& desired) {
  const auto found = charges_.find(desired);
  if (found == charges_.end()) return;
  found->second.held = true;
  found->second.gone = false;
  mark(found->second);
  ++ended_revision_;
}

void Supervisor::bring_up(const std::string& desired, Now now) {
  const auto found = charges_.find(desired);
  if (found == charges_.end()) return;
  Charge& charge = found->second;
  mark(charge);
  ++ended_revision_;
  charge.held = false;
  charge.urged = true;
  charge.backoff.reset();
  charge.next_attempt = now.steady;
  charge.view.failed = false;
}

void Supervisor::stand_by(bool standby, Now now) {
  if (standby == std::exchange(standby_, standby)) return;
  mark_all();
  ++ended_revision_;
  for (auto& [name, charge] : charges_) {
    charge.backoff.reset();
    charge.next_attempt = now.steady;
    charge.urged = charge.view.failed = false;
    charge.view.reason.clear();
  }
}

bool Supervisor::is_gone(const std::string& desired) const {
  const auto found = charges_.find(desired);
  return found == charges_.end() || found->second.gone;
}

const TunnelView* Supervisor::view(const std::string& desired) const {
  const auto found = charges_.find(desired);
  return found == charges_.end() ? nullptr : &found->second.view;
}

std::optional<TunnelView> Supervisor::tunnel(const std::string& name) const {
  // From the worst on. A tunnel is disabled as a whole.
  static constexpr std::array kOrder{TunnelState::unknown, TunnelState::down,     TunnelState::connecting,
                                     TunnelState::waiting, TunnelState::disabled, TunnelState::up};
  const auto found = by_tunnel_.find(name);
  if (found == by_tunnel_.end()) return std::nullopt;
  const auto rank = [&](const std::string& desired) { return std::ranges::find(kOrder, view(desired)->state); };
  const std::string& worst = *std::ranges::min_element(found->second, {}, rank);
  TunnelView result = *view(worst);
  if (worst != name && !result.reason.empty()) result.reason = worst.substr(name.size() + 1) + ": " + result.reason;
  return result;
}

void Supervisor::set_state(Charge& charge, TunnelState state, Now now) {
  if (charge.view.state == state) return;
  changed_.insert(charge.desired.tunnel);
  charge.view.state = state;
  charge.view.since = now.wall;
}

void Supervisor::set_left_behind(Charge& charge, bool left_behind) {
  if (std::exchange(charge.view.left_behind, left_behind) == left_behind) return;
  changed_.insert(charge.desired.tunnel);
  left_behind_ = left_behind ? left_behind_ + 1 : left_behind_ - 1;
}

void Supervisor::wake_at(Charge& charge, TimePoint time) { charge.due = std::min(charge.due.value_or(time), time); }

std::optional<TimePoint> Supervisor::next_deadline() const {
  if (!dirty_.empty()) return TimePoint{};
  std::optional<TimePoint> next;
  if (!due_.empty()) next = due_.begin()->first;
  if (!for_turns_.empty()) next = std::min(next.value_or(TimePoint::max()), rate_window_ + kRateWindow);
  return next;
}

}  // namespace vtid::daemon
