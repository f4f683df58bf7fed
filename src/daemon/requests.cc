#include "daemon/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/duration.h"

namespace vtid::daemon {
namespace {

using model::Answer;
using model::CommandResult;

std::string seconds(Duration time) { return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000); }

// What charon has of the desired CHILD_SAs. A rekeyed CHILD_SA still carries, for as long as its successor is not in use.
std::vector<const model::ChildSa*> selection(const model::SaIndex& index, const std::vector<DesiredChildSa>& all_desired) {
  std::vector<const model::ChildSa*> found;
  for (const DesiredChildSa& desired : all_desired) {
    std::ranges::copy_if(children_of(desired, index), std::back_inserter(found), &model::ChildSa::carries);
  }
  return found;
}

std::set<std::uint32_t> carrying_children(const model::SaIndex& index, const std::vector<DesiredChildSa>& all_desired) {
  std::set<std::uint32_t> ids;
  for (const model::ChildSa* child : selection(index, all_desired)) {
    if (child->state != model::ChildState::rekeyed) ids.insert(child->id);
  }
  return ids;
}

std::set<std::uint32_t> parents_of(const model::SaIndex& index, const std::vector<DesiredChildSa>& all_desired) {
  std::set<std::uint32_t> ids;
  for (const model::ChildSa* child : selection(index, all_desired)) ids.insert(child->ike_id);
  return ids;
}

// What to ask charon for: each name once, whatever the number of SAs that carry it.
std::vector<RekeyAsk> asks_for(const Requests::Target& target, const model::SaTable& sas, const model::SaIndex& index,
                               bool children) {
  std::set<std::pair<std::string, std::string>> names;
  for (const model::ChildSa* child : selection(index, target.all_desired)) {
    const auto ike = sas.ikes.find(child->ike_id);
    if (ike != sas.ikes.end()) names.emplace(ike->second.name, children ? child->name : "");
  }
  std::vector<RekeyAsk> asks;
  for (const auto& [ike, child] : names) asks.push_back({target.name, ike, child});
  return asks;
}

// "up" when all of them are; else the first that is not.
const TunnelView* worst_of(const std::vector<DesiredChildSa>& all_desired, const Supervisor& supervisor) {
  const TunnelView* worst = nullptr;
  for (const DesiredChildSa& desired : all_desired) {
    const TunnelView* view = supervisor.view(desired.name);
    if (view == nullptr) return nullptr;
    if (worst == nullptr || model::has_sas(worst->state) || (view->failed && !worst->failed)) worst = view;
  }
  return worst;
}

std::string devices_of(const std::vector<DesiredChildSa>& all_desired) {
  std::string text;
  for (const DesiredChildSa& desired : all_desired) {
    if (desired.unit) text += (text.empty() ? ": " : ", ") + net::IfName::of(*desired.unit).text();
  }
  return text;
}

// Something is there and nothing of it was there before.
bool replaced(const std::set<std::uint32_t>& old_ids, const std::set<std::uint32_t>& ids) {
  return !ids.empty() && std::ranges::none_of(ids, [&](std::uint32_t id) { return old_ids.contains(id); });
}

}  // namespace

void Requests::forget_unwanted() {
  std::erase_if(pending_, [](const Pending& pending) { return !pending.reply.is_wanted(); });
}

void Requests::add(Pending pending) {
  forget_unwanted();
  if (pending_.size() >= kMost) {
    pending.reply(fail("too many requests wait already", "try again when some of them are answered"));
    return;
  }
  pending_.push_back(std::move(pending));
}

void Requests::wait_up(Target target, Duration timeout, Now now, Reply reply) {
  add({Kind::up, std::move(target), now.steady, now.steady + timeout, timeout, std::move(reply), {}});
}

void Requests::wait_down(Target target, Duration timeout, Now now, Reply reply) {
  add({Kind::down, std::move(target), now.steady, now.steady + timeout, timeout, std::move(reply), {}});
}

std::vector<RekeyAsk> Requests::rekey(Target target, const model::SaTable& sas, const model::SaIndex& index, Duration timeout,
                                      Now now, Reply reply) {
  std::set<std::uint32_t> ids = carrying_children(index, target.all_desired);
  if (ids.empty()) {
    reply(fail(fmt::format("{} is not up: there is nothing to rekey", target.name), fmt::format("vtictl up {}", target.name)));
    return {};
  }
  std::vector<RekeyAsk> asks = asks_for(target, sas, index, true);
  add({Kind::rekey_child, std::move(target), now.steady, now.steady + timeout, timeout, std::move(reply), std::move(ids)});
  return asks;
}

void Requests::on_refused(const std::string& target, const Error& error) {
  for (Pending& pending : pending_) {
    const bool rekeys = pending.kind == Kind::rekey_child || pending.kind == Kind::rekey_ike;
    if (!rekeys || pending.target.name != target || !pending.reply) continue;
    pending.reply(fail(fmt::format("{} was not rekeyed: {}", target, error.text), error.remedy));
    pending.reply = nullptr;
  }
  std::erase_if(pending_, [](const Pending& pending) { return !pending.reply; });
}

std::vector<RekeyAsk> Requests::check(const Supervisor& supervisor, const model::SaTable& sas, const model::SaIndex& index,
                                      Now now) {
  forget_unwanted();
  std::vector<RekeyAsk> asks;
  for (Pending& pending : pending_) {
    if (auto result = outcome(pending, supervisor, sas, index, now, asks)) {
      pending.reply(std::move(*result));
      pending.reply = nullptr;
    }
  }
  std::erase_if(pending_, [](const Pending& pending) { return !pending.reply; });
  return asks;
}

std::optional<CommandResult> Requests::outcome(Pending& pending, const Supervisor& supervisor, const model::SaTable& sas,
                                               const model::SaIndex& index, Now now, std::vector<RekeyAsk>& asks) {
  const std::string& name = pending.target.name;
  const TunnelView* view = worst_of(pending.target.all_desired, supervisor);
  if (view == nullptr) return fail(fmt::format("{} left the configuration meanwhile", name));
  const std::string took = seconds(now.steady - pending.began);
  const bool late = now.steady >= pending.deadline;
  switch (pending.kind) {
    case Kind::up:
      if (model::has_sas(view->state)) {
        return Answer{fmt::format("{} is up{} after {}", name, devices_of(pending.target.all_desired), took), {}};
      }
      if (view->failed) return fail(fmt::format("{} did not come up: {}", name, view->reason), view->remedy);
      if (late) {
        return fail(fmt::format("{} is not up after {}: {}", name, print_duration(pending.timeout), view->reason),
                    view->remedy);
      }
      return std::nullopt;
    case Kind::down:
      if (std::ranges::all_of(pending.target.all_desired,
                              [&](const DesiredChildSa& desired) { return supervisor.is_gone(desired.name); }))
        return Answer{fmt::format("{} is down after {}, and held", name, took), {}};
      if (late)
        return fail(fmt::format("{} is not down after {}: charon still has SAs of it", name, print_duration(pending.timeout)));
      return std::nullopt;
    case Kind::rekey_child:
      if (replaced(pending.old_ids, carrying_children(index, pending.target.all_desired))) {
        if (pending.target.child_only) return Answer{fmt::format("{} has new CHILD_SAs after {}", name, took), {}};
        pending.kind = Kind::rekey_ike;
        pending.old_ids = parents_of(index, pending.target.all_desired);
        std::ranges::move(asks_for(pending.target, sas, index, false), std::back_inserter(asks));
        return std::nullopt;
      }
      break;
    case Kind::rekey_ike:
      if (replaced(pending.old_ids, parents_of(index, pending.target.all_desired))) {
        return Answer{fmt::format("{} has new CHILD_SAs and a new IKE_SA after {}", name, took), {}};
      }
      break;
  }
  if (!model::has_sas(view->state))
    return fail(fmt::format("{} went down while it was rekeyed: {}", name, view->reason), view->remedy);
  if (late)
    return fail(fmt::format("{} was not rekeyed within {}", name, print_duration(pending.timeout)),
                "is the peer still there? see vtictl explain " + name);
  return std::nullopt;
}

std::optional<TimePoint> Requests::next_deadline() const {
  std::optional<TimePoint> next;
  for (const Pending& pending : pending_) next = std::min(next.value_or(pending.deadline), pending.deadline);
  return next;
}

}  // namespace vtid::daemon
