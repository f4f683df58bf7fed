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
const std::string kCharonSays = "; charon says: ";
constexpr std::string_view kBetweenRefusals = "; ";
constexpr Duration kFirstLook{50};
constexpr Duration kTick{1};  // of the clock
constexpr Duration kCallPause{
    500};  // before the call after charon was lost: the peer may be quicker, and its connection is loaded
constexpr Duration kCallSpread{500};  // and by chance up to so much more: it may have been lost at both ends
constexpr BackoffLimits kRepairRetry{Duration{4'000}, Duration{60'000}};  // the first leaves time for a rekey and its look
constexpr int kQuickRepairs = 5;             // a first wait apart; only then it is somebody who does it again and again
constexpr Duration kRepairForgets{120'000};  // so long without a loss, and it begins again
constexpr BackoffLimits kTransferRetry{Duration{5'000}, Duration{60'000}};
constexpr Duration kLossConfirmed{400};
constexpr Duration kLongestRenewal{3'600'000};  // between renewals of what stays silent
constexpr Duration kRepairLook{500};            // so often it is looked whether a repair has helped, and
constexpr Duration kRepairRescan{5'000};        // so often when it did not within that time
constexpr Duration kForceAfter{3'000};          // a peer that is gone never consents to a deletion
constexpr Duration kRefusalTime{3'000};         // charon's first retransmission comes after 4 s: what ends sooner was refused

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
    const auto [entry, fresh] = supervised_.try_emplace(desired.name);
    SupervisedChild& supervised = entry->second;
    if (fresh || supervised.leaving || supervised.desired != desired) {
      mark(supervised);
      changed_.insert(desired.tunnel);
    }
    if (fresh) {
      supervised.backoff = Backoff(kInitiateRetry);
      supervised.repairs = Backoff(kRepairRetry);
      supervised.transfers = Backoff(kTransferRetry);
      supervised.next_attempt = now.steady + desired.initial_delay;
      supervised.view.since = now.wall;
    } else if (supervised.desired != desired) {
      reset_attempts(supervised, now);
      supervised.replacing = supervised.desired.identity != desired.identity;
    }
    supervised.leaving = false;
    supervised.desired = std::move(desired);
  }
  for (auto item = supervised_.begin(); item != supervised_.end();) {
    const auto [name, supervised] = std::tie(item->first, item->second);
    if (named.contains(name)) {
      ++item;
    } else if (supervised.desired.external) {
      put_away(supervised);
      item = supervised_.erase(item);
    } else {
      supervised.leaving = true;
      mark(supervised);
      ++item;
    }
  }
  index_desired();
}

void Supervisor::index_desired() {
  auto before = std::exchange(by_connection_, {});
  by_unit_.clear();
  for (auto& [name, supervised] : supervised_) {
    by_connection_[supervised.desired.ike].push_back(&supervised);
    if (supervised.desired.unit) by_unit_[supervised.desired.unit->value].push_back(&supervised);
  }
  // Who shares an IKE_SA with others has to know who they are.
  for (const auto& [ike, all_supervised] : by_connection_) {
    const auto known = before.find(ike);
    if (known == before.end() || known->second != all_supervised) dirty_.insert(all_supervised.begin(), all_supervised.end());
  }
}

void Supervisor::put_away(SupervisedChild& supervised) {
  set_left_behind(supervised, false);
  troubled_.erase(supervised.desired.name);
  dirty_.erase(&supervised);
  unschedule(supervised);
}

void Supervisor::unschedule(SupervisedChild& supervised) {
  if (supervised.due) due_.erase({*std::exchange(supervised.due, {}), &supervised});
  for_turns_.erase(supervised.desired.name);
}

// Another peer, another start or another address: what was learnt about the old one does not count.
void Supervisor::reset_attempts(SupervisedChild& supervised, Now now) {
  supervised.backoff.reset();
  supervised.next_attempt = now.steady;
  if (!supervised.begins_unseen()) supervised.attempt.reset();
  supervised.view.failed = false;
  supervised.view.reason.clear();
}

void Supervisor::locate(const std::string& tunnel, const std::optional<ResolvedPeer>& resolved_peer, Now now) {
  const auto all_desired = by_tunnel_.find(tunnel);
  if (all_desired == by_tunnel_.end()) return;
  for (const std::string& name : all_desired->second) {
    SupervisedChild& supervised = supervised_.at(name);
    const std::optional<ResolvedPeer> before = std::exchange(supervised.resolved_peer, resolved_peer);
    if (before != resolved_peer) mark(supervised);
    if (!before || !resolved_peer || resolved_peer->addresses.empty()) continue;
    if (before->addresses.empty()) {
      reset_attempts(supervised, now);
    } else if (!std::ranges::is_permutation(before->addresses, resolved_peer->addresses)) {
      supervised.moved = true;
    }
  }
}

void Supervisor::leave_old_address(SupervisedChild& supervised, Ikes ikes, Now now) {
  if (!std::exchange(supervised.moved, false) || !supervised.resolved_peer) return;
  const auto is_current = [&](const model::IkeSa* ike) {
    return std::ranges::find(supervised.resolved_peer->addresses, ike->remote) != supervised.resolved_peer->addresses.end();
  };
  if (std::ranges::any_of(ikes, is_current)) return;
  reset_attempts(supervised, now);
  supervised.replacing = !ikes.empty() || supervised.begins_unseen();
}

void Supervisor::move(const std::string& tunnel, const model::LocalEnd* local_end) {
  const auto all_desired = by_tunnel_.find(tunnel);
  if (all_desired == by_tunnel_.end()) return;
  for (const std::string& name : all_desired->second) {
    SupervisedChild& supervised = supervised_.at(name);
    auto fresh = local_end == nullptr ? std::nullopt : std::optional(*local_end);
    if (supervised.local_end == fresh) continue;
    supervised.local_end = std::move(fresh);
    mark(supervised);
    if (local_end == nullptr || !local_end->address) continue;
    const auto before = std::exchange(supervised.place, local_end->address);
    if (!before || before == local_end->address) continue;
    supervised.displaced = true;
    supervised.transfer.reset();
    supervised.transfers.reset();
  }
}

void Supervisor::follow_ends(const std::vector<SupervisedChild*>& marked, const model::SaIndex& index, Now now,
                             std::vector<Ask>& asks) {
  std::map<std::string_view, std::vector<SupervisedChild*>> displaced;  // by connection
  for (SupervisedChild* supervised : marked) {
    if (!stays(*supervised) || !supervised->desired.callable) {
      supervised->displaced = false;
      supervised->transfer.reset();
    }
    if (supervised->displaced) displaced[supervised->desired.ike].push_back(supervised);
  }
  for (const auto& [ike, connection] : displaced) follow_end(connection, index, now, asks);
}

// One that MOBIKE brought here meanwhile stays when it was there first, and goes when a new one was asked for.
bool Supervisor::is_here(const SupervisedChild& supervised, const model::IkeSa& ike) {
  return ike.local == supervised.place && (!supervised.transfer || ike.id > supervised.transfer->newest);
}

// Make before break: what carries stays until all that the connection wants carries where our end is now. What is left then
// goes without asking the peer, to whom there may be no way any more.
void Supervisor::follow_end(const std::vector<SupervisedChild*>& connection, const model::SaIndex& index, Now now,
                            std::vector<Ask>& asks) {
  const Ikes ikes = index.connection(connection.front()->desired.ike);
  std::set<std::uint32_t> here;
  for (const model::IkeSa* ike : ikes) {
    if (std::ranges::all_of(connection, [&](const auto* supervised) { return is_here(*supervised, *ike); }))
      here.insert(ike->id);
  }
  bool followed = true;
  for (SupervisedChild* supervised : connection) {
    const auto children = children_of(supervised->desired, index);
    const auto carries_here = [&](const model::ChildSa* child) { return child->carries() && here.contains(child->ike_id); };
    if (std::ranges::any_of(children, carries_here)) continue;
    if (std::ranges::none_of(children, &model::ChildSa::carries)) {
      go_on_here(*supervised, now);
      continue;
    }
    followed = false;
    transfer(*supervised, ikes, now, asks);
  }
  if (!followed) return;
  const DesiredChildSa& desired = connection.front()->desired;
  for (const model::IkeSa* ike : ikes) {
    if (!here.contains(ike->id)) asks.push_back(AskTerminate{desired.name, desired.ike, {}, true, ike->id});
  }
  for (SupervisedChild* supervised : connection) {
    supervised->displaced = false;
    supervised->transfer.reset();
  }
}

// Of what does not carry: an attempt where our end was is given up, one where it is goes on.
void Supervisor::go_on_here(SupervisedChild& supervised, Now now) {
  supervised.displaced = false;
  if (const auto begun = std::exchange(supervised.transfer, std::nullopt)) {
    supervised.attempt = Attempt{begun->began, begun->next_look, true};
    return;
  }
  reset_attempts(supervised, now);
  supervised.replacing |= supervised.begins_unseen();
}

void Supervisor::transfer(SupervisedChild& supervised, Ikes ikes, Now now, std::vector<Ask>& asks) {
  const auto under_way = [&](const model::IkeSa* ike) { return is_here(supervised, *ike); };
  const bool due =
      !supervised.transfer || (now.steady >= supervised.transfer->next_try && std::ranges::none_of(ikes, under_way));
  if (due) {
    if (!take_turn(supervised, now)) return;
    const std::uint32_t newest = ikes.empty() ? 0 : ikes.back()->id;
    supervised.transfer =
        Transfer{now.steady, now.steady + kFirstLook, now.steady + supervised.transfers.next(random_()), newest};
    asks.push_back(AskInitiate{supervised.desired.name, supervised.desired.ike, supervised.desired.child});
  } else if (now.steady >= supervised.transfer->next_look) {
    asks.push_back(AskLook{supervised.desired.name, supervised.desired.ike});
    supervised.transfer->next_look = now.steady + look_interval(now.steady - supervised.transfer->began);
  }
  wake_at(supervised, supervised.transfer->next_look);
}

std::vector<Ask> Supervisor::step(const model::SaTable& sas, const model::SaIndex& index, const model::SaChanges& changes,
                                  Now now) {
  if (std::exchange(connected_, sas.connected) != sas.connected) mark_all();
  mark(changes);
  mark_due(now);
  const std::vector<SupervisedChild*> marked = take_marked();
  visited_ += marked.size();
  std::vector<Ask> asks;
  if (sas.connected) {
    visit(marked, index, now, asks);
  } else {
    lose_sight(marked, now);
  }
  for (SupervisedChild* supervised : marked) {
    if (supervised->due) due_.emplace(*supervised->due, supervised);
    note_trouble(*supervised);
  }
  bool any_left = false;
  for (SupervisedChild* supervised : marked) {
    if (!supervised->leaving || !supervised->gone) continue;
    any_left = true;
    put_away(*supervised);
    supervised_.erase(std::string(supervised->desired.name));
  }
  if (any_left) index_desired();
  return asks;
}

void Supervisor::mark_all() {
  for (auto& [name, supervised] : supervised_) mark(supervised);
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
  for (const auto& [time, supervised] : due_) {
    if (time > now.steady) break;
    mark(*supervised);
  }
  if (now.steady - rate_window_ < kRateWindow) return;
  int turns = 0;
  for (const auto& [name, supervised] : for_turns_) {
    if (++turns > kBegunPerWindow) break;
    mark(*supervised);
  }
}

// With all that live in the same IKE_SAs, by name.
std::vector<Supervisor::SupervisedChild*> Supervisor::take_marked() {
  std::map<std::string_view, SupervisedChild*> marked;
  for (const SupervisedChild* dirty : std::exchange(dirty_, {})) {
    for (SupervisedChild* supervised : by_connection_.at(dirty->desired.ike))
      marked.emplace(supervised->desired.name, supervised);
  }
  std::vector<SupervisedChild*> all_supervised;
  for (const auto& [name, supervised] : marked) {
    all_supervised.push_back(supervised);
    unschedule(*supervised);
  }
  return all_supervised;
}

void Supervisor::lose_sight(const std::vector<SupervisedChild*>& marked, Now now) {
  kernel_look_.reset();
  for (SupervisedChild* supervised : marked) {
    if (model::has_sas(supervised->view.state)) supervised->lost = supervised->unproven = supervised->sas_left = true;
    set_left_behind(*supervised, supervised->lost && supervised->stays() && !standby_);
    supervised->attempt.reset();
    supervised->transfer.reset();
    supervised->terminating.reset();
    supervised->loss.reset();
    set_state(*supervised, supervised->desired.enabled ? TunnelState::unknown : TunnelState::disabled, now);
    supervised->view.reason = supervised->desired.enabled ? "charon does not answer" : "disabled in the file";
  }
}

void Supervisor::visit(const std::vector<SupervisedChild*>& marked, const model::SaIndex& index, Now now,
                       std::vector<Ask>& asks) {
  for (SupervisedChild* supervised : marked) leave_old_address(*supervised, index.connection(supervised->desired.ike), now);
  follow_ends(marked, index, now, asks);
  std::map<std::string_view, int> staying;  // desired CHILD_SAs by connection
  for (const SupervisedChild* supervised : marked) staying[supervised->desired.ike] += stays(*supervised) ? 1 : 0;
  for (SupervisedChild* supervised : marked) {
    const DesiredChildSa& desired = supervised->desired;
    const bool stayed = stays(*supervised);
    const bool shared = staying[desired.ike] > (stayed ? 1 : 0);
    const bool carries = model::live_child(children_of(desired, index)) != nullptr;
    follow(*supervised, {index.connection(desired.ike), carries, shared}, now, asks);
    if (stays(*supervised) != stayed && by_connection_.at(desired.ike).size() > 1)
      mark(*supervised);  // the others have to know
  }
}

void Supervisor::follow(SupervisedChild& supervised, const Seen& seen, Now now, std::vector<Ask>& asks) {
  TunnelView& view = supervised.view;
  supervised.replacing &= seen.anything_left() || supervised.begins_unseen();
  if (seen.carries || !stays(supervised)) supervised.unproven = supervised.lost = false;
  set_left_behind(supervised, supervised.unproven && supervised.sas_left);
  if (supervised.leaving || supervised.replacing) {
    tear_down(supervised, seen, now, asks);
    return;
  }
  if (!supervised.desired.enabled || supervised.held || standby_) {
    tear_down(supervised, seen, now, asks);
    set_state(supervised, supervised.desired.enabled ? TunnelState::down : TunnelState::disabled, now);
    explain_hold(supervised);
    return;
  }
  supervised.terminating.reset();
  supervised.gone = false;
  if (seen.carries) {
    supervised.attempt.reset();
    supervised.backoff.reset();
    supervised.next_attempt = now.steady;
    supervised.requested = view.failed = false;
    forget_former_silence(supervised, seen.ikes);
    judge_carriage(supervised, now);
    repair(supervised, now, asks);
    renew(supervised, now, asks);
    return;
  }
  if (model::has_sas(view.state) || view.state == TunnelState::unknown) view.reason.clear();
  pursue(supervised, seen.ikes, now, asks);
}

// Who makes an IKE_SA is there, and has both halves of what is made in it: whether that carries, the next answer tells.
void Supervisor::forget_former_silence(SupervisedChild& supervised, Ikes ikes) {
  if (!supervised.silence) return;
  std::uint32_t newest = 0;
  for (const model::IkeSa* ike : ikes) {
    if (established(*ike)) newest = std::max(newest, ike->id);
  }
  if (supervised.silence->ike == 0) supervised.silence->ike = newest;
  if (newest != 0 && newest != supervised.silence->ike) supervised.silence.reset();
}

// Of a desired CHILD_SA that has its SAs: whether they carry anything.
void Supervisor::judge_carriage(SupervisedChild& supervised, Now now) {
  TunnelView& view = supervised.view;
  view.reason.clear();
  view.remedy.clear();
  if (supervised.loss && supervised.loss->confirmed) {
    view.reason = "its SAs are there, and the kernel lacks what their packets need: " + supervised.loss->what;
    view.remedy = "vtid has charon make it again";
  } else if (supervised.silence) {
    view.reason = nothing_comes_back(supervised.silence->reason);
    view.remedy = fmt::format(
        "is the peer's network up, and does it still have the SAs? vtictl rekey {} makes new ones{}", supervised.desired.name,
        supervised.desired.renew_when_silent ? "" : ", and \"renew_when_silent\" lets vtid do so by itself");
  }
  set_state(supervised, view.reason.empty() ? TunnelState::up : TunnelState::silent, now);
}

std::string nothing_comes_back(const std::string& reason) { return "its SAs are there, and nothing comes back: " + reason; }

void Supervisor::on_silence(const std::string& desired, const std::string& reason, Now now) {
  const auto found = supervised_.find(desired);
  if (found == supervised_.end()) return;
  SupervisedChild& supervised = found->second;
  if (reason.empty() ? !supervised.silence : supervised.silence && supervised.silence->reason == reason) return;
  mark(supervised);
  if (reason.empty()) {
    supervised.silence.reset();
  } else if (supervised.silence) {
    supervised.silence->reason = reason;
  } else {
    supervised.silence = Silence{reason, now.steady};
  }
}

// A loss is repaired sooner, by its own rules.
void Supervisor::renew(SupervisedChild& supervised, Now now, std::vector<Ask>& asks) {
  const auto& patience = supervised.desired.renew_when_silent;
  if (!supervised.silence || !patience || supervised.loss) return;
  Silence& silence = *supervised.silence;
  if (!silence.next_renewal) supervised.renewals = Backoff({2 * *patience, std::max(2 * *patience, kLongestRenewal)});
  if (const TimePoint due = silence.next_renewal.value_or(silence.since + *patience); now.steady >= due) {
    silence.next_renewal = now.steady + supervised.renewals.next(random_());
    asks.push_back(AskRekey{supervised.desired.name, supervised.desired.ike, supervised.desired.child, true});
  }
  wake_at(supervised, silence.next_renewal.value_or(silence.since + *patience));
}

// The peer has no reason to call while its own SAs carry, and this end's charon cannot answer for them any more.
void Supervisor::call_after_loss(SupervisedChild& supervised, Now now) {
  if (!std::exchange(supervised.lost, false) || supervised.desired.start == model::Start::start || !supervised.desired.callable)
    return;
  supervised.requested = true;
  supervised.next_attempt =
      now.steady + supervised.desired.initial_delay + kCallPause + kCallSpread * static_cast<int>(random_() % 1024) / 1024;
}

// By new SAs first, which cost nothing; when they do not come, or do not help, the whole CHILD_SA goes and is called again.
void Supervisor::repair(SupervisedChild& supervised, Now now, std::vector<Ask>& asks) {
  if (!supervised.loss || !supervised.loss->confirmed) return;
  if (now.steady < supervised.next_repair) {
    wake_at(supervised, supervised.next_repair);
    return;
  }
  const bool quick = supervised.quick_repairs++ < kQuickRepairs;
  supervised.next_repair = now.steady + (quick ? kRepairRetry.first : supervised.repairs.next(random_()));
  kernel_look_ = std::min(kernel_look_.value_or(TimePoint::max()), now.steady + kRepairLook);
  if (!supervised.loss->rekeyed) {
    supervised.loss->rekeyed = now.steady;
    asks.push_back(AskRekey{supervised.desired.name, supervised.desired.ike, supervised.desired.child});
    wake_at(supervised, supervised.next_repair);
    return;
  }
  supervised.loss.reset();
  supervised.replacing = supervised.requested = true;
  wake_at(supervised, now.steady);
}

void Supervisor::on_kernel(const model::SaTable& sas, const model::SaIndex& index, const reconcile::KernelSide& kernel,
                           Now now) {
  kernel_look_.reset();
  for (auto& [name, supervised] : supervised_) {
    const DesiredChildSa& desired = supervised.desired;
    const bool left = desired.unit && kernel.carries(net::reqid_of(*desired.unit));
    if (std::exchange(supervised.sas_left, left) != left) mark(supervised);
    if (!sas.connected) continue;
    const reconcile::KernelSide::Use use{desired.unit.has_value(), desired.charons_policies};
    const bool lacked = supervised.loss.has_value();
    note_loss(supervised, stays(supervised) ? kernel.missing(children_of(desired, index), use) : std::string(), now);
    if (lacked || supervised.loss) mark(supervised);
  }
}

void Supervisor::note_loss(SupervisedChild& supervised, std::string missing, Now now) {
  if (missing.empty()) {
    supervised.loss.reset();
    return;
  }
  if (!supervised.loss) {
    supervised.loss = Loss{{}, now.steady};
    if (now.steady - supervised.next_repair > kRepairForgets) {
      supervised.repairs.reset();
      supervised.quick_repairs = 0;
    }
  }
  Loss& loss = *supervised.loss;
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
    const SupervisedChild& supervised = supervised_.at(name);
    if (!supervised.loss || !supervised.loss->confirmed) continue;
    return name == tunnel ? supervised.loss->what : fmt::format("{} of {}", supervised.loss->what, name);
  }
  return {};
}

void Supervisor::note_trouble(const SupervisedChild& supervised) {
  const bool silent = supervised.view.state == TunnelState::silent;
  if (supervised.view.failed || silent || (supervised.loss && supervised.loss->confirmed)) {
    troubled_.insert(supervised.desired.name);
  } else {
    troubled_.erase(supervised.desired.name);
  }
}

// What changes is marked, and noted when it is visited.
std::set<std::string> Supervisor::troubled() const {
  std::set<std::string> tunnels;
  for (const SupervisedChild* supervised : dirty_) tunnels.insert(supervised->desired.tunnel);
  for (const std::string& name : troubled_) tunnels.insert(supervised_.at(name).desired.tunnel);
  return tunnels;
}

std::set<std::string> Supervisor::ended() const {
  std::set<std::string> names;
  for (const auto& [name, supervised] : supervised_) {
    if (supervised.held || standby_) names.insert(name);
  }
  return names;
}

void Supervisor::explain_hold(SupervisedChild& supervised) const {
  TunnelView& view = supervised.view;
  view.failed = false;
  view.remedy.clear();
  if (!supervised.desired.enabled) {
    view.reason = "disabled in the file";
  } else if (standby_) {
    view.reason = "this node is on standby";
    view.remedy = standby_remedy_;
  } else {
    view.reason = "held down by vtictl";
    view.remedy = fmt::format("vtictl up {}", supervised.desired.name);
  }
}

void Supervisor::pursue(SupervisedChild& supervised, Ikes ikes, Now now, std::vector<Ask>& asks) {
  TunnelView& view = supervised.view;
  const DesiredChildSa& desired = supervised.desired;
  if (!supervised.attempt) {
    if (lacks_address(supervised, now) || lacks_place(supervised, now)) return;
    call_after_loss(supervised, now);
    if (desired.start != model::Start::start && !supervised.requested) {
      wait(supervised, ikes, now);
      return;
    }
    const bool peer_is_at_it =
        std::ranges::any_of(ikes, [](const model::IkeSa* ike) { return !ike->initiator && !established(*ike); });
    if (supervised.next_attempt > now.steady || peer_is_at_it) {
      set_state(supervised, peer_is_at_it ? TunnelState::connecting : TunnelState::down, now);
      if (view.reason.empty()) view.reason = peer_is_at_it ? "the peer is connecting" : "the next attempt is due soon";
      if (supervised.next_attempt > now.steady) wake_at(supervised, supervised.next_attempt);
      return;
    }
    if (!begin(supervised, now, asks)) return;
  }
  const std::string whom = called_peer(supervised);
  Attempt& attempt = *supervised.attempt;
  attempt.seen |= !ikes.empty();
  attempt.answered |= std::ranges::any_of(ikes, &model::IkeSa::peer_answered);
  if (!attempt.established && std::ranges::any_of(ikes, [](const model::IkeSa* ike) { return established(*ike); }))
    attempt.established = now.steady;
  const Duration age = now.steady - attempt.began;
  set_state(supervised, TunnelState::connecting, now);
  if (attempt.accepted && attempt.looked && ikes.empty()) {
    if (attempt.answered) {
      fail_attempt(supervised, now,
                   fmt::format("authentication with {} failed: it answered, then one end refused the other", whom),
                   "compare the PSK, certificates or keys and both ids on the two ends; charon's log names the refusal");
    } else if (age < kRefusalTime) {
      fail_attempt(
          supervised, now,
          fmt::format("{} refused at once: the PSK, certificates or keys, the ids or the proposals do not match", whom),
          "compare the PSK, certificates or keys, both ids and the proposals on the two ends; charon's log names the refusal");
    } else {
      unanswered_.insert(desired.tunnel);
      fail_attempt(supervised, now, fmt::format("no answer from {}", whom), kReachRemedy);
    }
    return;
  }
  if (attempt.established && now.steady - *attempt.established > kRefusalTime) {
    fail_attempt(supervised, now, fmt::format("{} accepted the IKE_SA and refused the CHILD_SA", whom),
                 "compare the children's proposals and networks on the two ends");
    return;
  }
  if (age > kRefusalTime && attempt.seen && !attempt.answered) {
    view.reason = fmt::format("no answer from {} so far", whom);
    view.remedy = kReachRemedy;
  } else if (!view.failed) {
    view.reason = "connecting";
  }
  if (age <= kRefusalTime) wake_at(supervised, attempt.began + kRefusalTime + kTick);
  if (attempt.established) wake_at(supervised, *attempt.established + kRefusalTime + kTick);
  look_for(supervised, now, asks);
}

// An answer to the initiation wakes by itself.
void Supervisor::look_for(SupervisedChild& supervised, Now now, std::vector<Ask>& asks) {
  Attempt& attempt = *supervised.attempt;
  if (!attempt.accepted) return;
  if (now.steady >= attempt.next_look) {
    asks.push_back(AskLook{supervised.desired.name, supervised.desired.ike});
    attempt.next_look = now.steady + look_interval(now.steady - attempt.began);
  }
  wake_at(supervised, attempt.next_look);
}

// Of several addresses the one that is called; else as the file has it.
std::string Supervisor::called_peer(const SupervisedChild& supervised) {
  const auto& peer = supervised.resolved_peer;
  return peer && peer->several && !peer->addresses.empty() ? net::print(peer->addresses.front()) : supervised.desired.peer;
}

bool Supervisor::lacks_address(SupervisedChild& supervised, Now now) {
  if (!supervised.resolved_peer || !supervised.resolved_peer->addresses.empty()) return false;
  const ResolvedPeer& resolved_peer = *supervised.resolved_peer;
  TunnelView& view = supervised.view;
  view.failed = !resolved_peer.failure.empty();
  view.reason = view.failed ? resolved_peer.failure : "looking up " + resolved_peer.name;
  view.remedy = resolved_peer.remedy;
  set_state(supervised, view.failed ? TunnelState::down : TunnelState::connecting, now);
  return true;
}

bool Supervisor::lacks_place(SupervisedChild& supervised, Now now) {
  if (!supervised.local_end || supervised.local_end->address) return false;
  TunnelView& view = supervised.view;
  view.failed = !supervised.local_end->reason.empty();
  view.reason = view.failed ? "it has no address to begin with: " + supervised.local_end->reason : "looking for our address";
  view.remedy = view.failed ? "vtid goes on as soon as there is one" : "";
  set_state(supervised, view.failed ? TunnelState::down : TunnelState::connecting, now);
  return true;
}

// For the peer, or for a packet that makes charon begin.
void Supervisor::wait(SupervisedChild& supervised, Ikes ikes, Now now) {
  const bool on_demand = supervised.desired.start == model::Start::trap;
  const bool connecting =
      std::ranges::any_of(ikes, [&](const model::IkeSa* ike) { return (on_demand || !ike->initiator) && !established(*ike); });
  set_state(supervised, connecting ? TunnelState::connecting : TunnelState::waiting, now);
  supervised.view.failed = false;  // of what was begun before the file said to wait
  supervised.view.remedy.clear();
  supervised.view.reason = on_demand ? "waits for a packet into the tunnel" : "waits for its peer to begin";
}

// False: its turn comes later.
bool Supervisor::begin(SupervisedChild& supervised, Now now, std::vector<Ask>& asks) {
  if (!take_turn(supervised, now)) {
    supervised.next_attempt = rate_window_ + kRateWindow;
    set_state(supervised, TunnelState::down, now);
    if (supervised.view.reason.empty()) supervised.view.reason = "its turn comes soon";
    return false;
  }
  supervised.attempt = Attempt{now.steady, now.steady + kFirstLook};
  set_state(supervised, TunnelState::connecting, now);
  if (!supervised.view.failed) supervised.view.reason = "connecting";
  asks.push_back(AskInitiate{supervised.desired.name, supervised.desired.ike, supervised.desired.child});
  return true;
}

bool Supervisor::take_turn(SupervisedChild& supervised, Now now) {
  if (now.steady - rate_window_ >= kRateWindow) {
    rate_window_ = now.steady;
    begun_in_window_ = 0;
  }
  const bool turn = begun_in_window_ < kBegunPerWindow;
  if (turn) {
    ++begun_in_window_;
  } else {
    for_turns_.emplace(supervised.desired.name, &supervised);
  }
  return turn;
}

void Supervisor::fail_attempt(SupervisedChild& supervised, Now now, std::string reason, std::string remedy) {
  if (!supervised.attempt->refusal.empty()) reason += kCharonSays + supervised.attempt->refusal;
  supervised.attempt.reset();
  supervised.requested = false;
  supervised.next_attempt = now.steady + supervised.backoff.next(random_());
  supervised.view.reason = std::move(reason);
  supervised.view.remedy = std::move(remedy);
  supervised.view.failed = true;
  set_state(supervised, supervised.desired.start == model::Start::start ? TunnelState::down : TunnelState::waiting, now);
  mark(supervised);  // what it waits for now
}

void Supervisor::tear_down(SupervisedChild& supervised, const Seen& seen, Now now, std::vector<Ask>& asks) {
  const DesiredChildSa& desired = supervised.desired;
  if (seen.anything_left() || !supervised.begins_unseen()) supervised.attempt.reset();
  supervised.gone = !seen.anything_left() && !supervised.attempt;
  if (!seen.anything_left()) {
    supervised.terminating.reset();
    if (supervised.attempt) look_for(supervised, now, asks);
    return;
  }
  const auto terminate = [&](bool force) {
    asks.push_back(AskTerminate{desired.name, desired.ike, seen.shared ? desired.child : "", force});
  };
  if (!supervised.terminating) {
    supervised.terminating = supervised.next_look = now.steady;
    supervised.forced = false;
    terminate(false);
  } else if (!supervised.forced && now.steady - *supervised.terminating >= kForceAfter) {
    supervised.forced = true;
    terminate(true);
  }
  if (now.steady >= supervised.next_look) {
    asks.push_back(AskLook{desired.name, desired.ike});
    supervised.next_look = now.steady + look_interval(now.steady - *supervised.terminating);
  }
  if (!supervised.forced) wake_at(supervised, *supervised.terminating + kForceAfter);
  wake_at(supervised, supervised.next_look);
}

void Supervisor::on_initiated(const std::string& desired, const Result<void>& outcome, Now now) {
  const auto found = supervised_.find(desired);
  if (found == supervised_.end() || !found->second.attempt) return;
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
  const auto found = supervised_.find(desired);
  if (found == supervised_.end() || !found->second.attempt || !found->second.attempt->accepted) return;
  found->second.attempt->looked = true;
  mark(found->second);
}

// Of a failed attempt more may be told after it was given up: log and table come by two connections.
void Supervisor::on_refusal(const std::string& connection, const std::string& text) {
  const auto found = by_connection_.find(connection);
  if (found == by_connection_.end()) return;
  for (SupervisedChild* supervised : found->second) {
    if (supervised->attempt) {
      add_refusal(supervised->attempt->refusal, text);
    } else if (supervised->view.failed && !supervised->view.reason.contains(text)) {
      supervised->view.reason += kCharonSays + text;
      changed_.insert(supervised->desired.tunnel);
    }
  }
}

// The last two lines that differ: what came, and what was expected.
void Supervisor::add_refusal(std::string& to, const std::string& text) {
  if (to.contains(text)) return;
  const auto earlier = to.rfind(kBetweenRefusals);
  if (earlier != std::string::npos) to.erase(0, earlier + kBetweenRefusals.size());
  to += (to.empty() ? "" : std::string(kBetweenRefusals)) + text;
}

void Supervisor::hold_down(const std::string& desired) {
  const auto found = supervised_.find(desired);
  if (found == supervised_.end()) return;
  found->second.held = true;
  found->second.gone = false;
  mark(found->second);
  ++ended_revision_;
}

void Supervisor::bring_up(const std::string& desired, Now now) {
  const auto found = supervised_.find(desired);
  if (found == supervised_.end()) return;
  SupervisedChild& supervised = found->second;
  mark(supervised);
  ++ended_revision_;
  supervised.held = false;
  supervised.requested = true;
  supervised.backoff.reset();
  supervised.next_attempt = now.steady;
  supervised.view.failed = false;
}

void Supervisor::stand_by(bool standby, Now now, std::string remedy) {
  standby_remedy_ = std::move(remedy);
  if (standby == std::exchange(standby_, standby)) return;
  mark_all();
  ++ended_revision_;
  for (auto& [name, supervised] : supervised_) {
    supervised.backoff.reset();
    supervised.next_attempt = now.steady;
    supervised.requested = supervised.view.failed = false;
    supervised.view.reason.clear();
  }
}

bool Supervisor::is_gone(const std::string& desired) const {
  const auto found = supervised_.find(desired);
  return found == supervised_.end() || found->second.gone;
}

const TunnelView* Supervisor::view(const std::string& desired) const {
  const auto found = supervised_.find(desired);
  return found == supervised_.end() ? nullptr : &found->second.view;
}

std::optional<TunnelView> Supervisor::tunnel(const std::string& name) const {
  // From the worst on. A tunnel is disabled as a whole.
  static constexpr std::array kOrder{TunnelState::unknown, TunnelState::down,     TunnelState::silent, TunnelState::connecting,
                                     TunnelState::waiting, TunnelState::disabled, TunnelState::up};
  const auto found = by_tunnel_.find(name);
  if (found == by_tunnel_.end()) return std::nullopt;
  const auto rank = [&](const std::string& desired) { return std::ranges::find(kOrder, view(desired)->state); };
  const std::string& worst = *std::ranges::min_element(found->second, {}, rank);
  TunnelView result = *view(worst);
  if (worst != name && !result.reason.empty()) result.reason = worst.substr(name.size() + 1) + ": " + result.reason;
  return result;
}

void Supervisor::set_state(SupervisedChild& supervised, TunnelState state, Now now) {
  if (supervised.view.state == state) return;
  changed_.insert(supervised.desired.tunnel);
  supervised.view.state = state;
  supervised.view.since = now.wall;
}

void Supervisor::set_left_behind(SupervisedChild& supervised, bool left_behind) {
  if (std::exchange(supervised.view.left_behind, left_behind) == left_behind) return;
  changed_.insert(supervised.desired.tunnel);
  left_behind_ = left_behind ? left_behind_ + 1 : left_behind_ - 1;
}

void Supervisor::wake_at(SupervisedChild& supervised, TimePoint time) {
  supervised.due = std::min(supervised.due.value_or(time), time);
}

std::optional<TimePoint> Supervisor::next_deadline() const {
  if (!dirty_.empty()) return TimePoint{};
  std::optional<TimePoint> next;
  if (!due_.empty()) next = due_.begin()->first;
  if (!for_turns_.empty()) next = std::min(next.value_or(TimePoint::max()), rate_window_ + kRateWindow);
  return next;
}

}  // namespace vtid::daemon
