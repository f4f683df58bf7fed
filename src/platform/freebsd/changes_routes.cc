// Routes. RTM_DELETE and RTM_CHANGE take whoever's route has the destination, so both follow a look.
#include <cerrno>

#include "platform/freebsd/changes.h"
#include "platform/refusal.h"

namespace vtid::platform::freebsd {
namespace {

const model::ViaGateway* hop_of(const model::Route& route) { return std::get_if<model::ViaGateway>(&route.target); }

bool has_gateway(const model::Route& route) { return hop_of(route) != nullptr && hop_of(route)->gateway.has_value(); }

bool same_target(const ListedRoute& a, const ListedRoute& b) {
  const auto* one = hop_of(a.route);
  const auto* other = hop_of(b.route);
  if (one == nullptr || other == nullptr) return one == other;
  return a.index == b.index && one->gateway == other->gateway;
}

}  // namespace

std::map<net::Prefix, ListedRoute>* Changes::routes() {
  if (routes_) return &*routes_;
  auto listed = list_routes(calls_);
  if (!listed) {
    failed_ = told(listed.error());
    return nullptr;
  }
  routes_.emplace();
  for (ListedRoute& route : *listed) routes_->emplace(route.route.to, std::move(route));
  return &*routes_;
}

Verdict Changes::send(abi::RouteType type, const ListedRoute& route) {
  const Stamp stamp{static_cast<std::int32_t>(calls_.pid()), static_cast<std::int32_t>(++sequence_)};
  return {calls_.change_route(encode_route(type, route.route, route.index, stamp)), {}};
}

Verdict Changes::apply_one(const model::SetRoute& op) {
  if (op.route.table != net::kMainTable) return {EOPNOTSUPP, "FreeBSD has no tables by number"};
  if (std::holds_alternative<model::Multipath>(op.route.target)) return {EOPNOTSUPP, "a route has one next hop here"};
  ListedRoute next{op.route, {}, true};
  next.route.to = op.route.to.network();
  if (const auto* via = hop_of(op.route)) {
    const model::ObservedLink* device = link(via->device);
    if (device == nullptr) return failed_.code != 0 ? failed_ : Verdict{ENODEV, {}};
    next.index = device->index;
  }
  auto* all = routes();
  if (all == nullptr) return failed_;
  const auto old = all->find(next.route.to);
  if (old != all->end() && !old->second.ours) return {EEXIST, std::string(kNotOurs)};
  if (old != all->end() && same_target(old->second, next)) return {};
  const Verdict verdict = old == all->end() ? send(abi::kRtmAdd, next) : replace(old->second, next);
  if (verdict.code == 0) all->insert_or_assign(next.route.to, next);
  return verdict;
}

// From gateway to gateway in one step. Otherwise RTM_CHANGE would keep the old device, so the old route goes first, and
// comes back when the new one is refused.
Verdict Changes::replace(const ListedRoute& old, const ListedRoute& next) {
  if (has_gateway(old.route) && has_gateway(next.route)) return send(abi::kRtmChange, next);
  if (const Verdict removed = send(abi::kRtmDelete, old); removed.code != 0 && removed.code != ESRCH) return removed;
  const Verdict added = send(abi::kRtmAdd, next);
  if (added.code != 0) {
    (void)send(abi::kRtmAdd, old);
    routes_.reset();
  }
  return added;
}

Verdict Changes::apply_one(const model::DeleteRoute& op) {
  if (std::holds_alternative<model::Multipath>(op.route.target)) return {};  // there is none
  auto* all = routes();
  if (all == nullptr) return failed_;
  const auto old = all->find(op.route.to.network());
  if (old == all->end() || !old->second.ours) return {};
  const auto* via = hop_of(op.route);
  ListedRoute named{op.route, {}, true};
  if (via != nullptr) {
    const model::ObservedLink* device = link(via->device);
    if (device == nullptr) return failed_;  // gone with its device
    named.index = device->index;
  }
  if (!same_target(old->second, named)) return {};
  const Verdict verdict = send(abi::kRtmDelete, old->second);
  if (verdict.code != 0 && verdict.code != ESRCH) return verdict;
  all->erase(old);
  return {};
}

void Changes::verify(std::span<const model::Op> ops, std::vector<Result<void>>& results) {
  std::erase_if(to_verify_, [&](const auto& item) {
    return !results[item.second] || !has_gateway(std::get<model::SetRoute>(ops[item.second].change).route);
  });
  if (to_verify_.empty() || !routes_) return;
  const auto wanted = *std::exchange(routes_, std::nullopt);
  const auto* all = routes();
  if (all == nullptr) return;  // the next look will tell
  for (const auto& [to, slot] : to_verify_) {
    const auto want = wanted.find(to);
    const auto have = all->find(to);
    if (want == wanted.end() || have == all->end() || !have->second.ours || same_target(have->second, want->second)) continue;
    (void)send(abi::kRtmDelete, have->second);
    results[slot] =
        std::unexpected(refusal(ops[slot].change, ENETUNREACH, "the kernel reaches this gateway through another interface"));
  }
}

}  // namespace vtid::platform::freebsd
