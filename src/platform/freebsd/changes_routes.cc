// Routes. RTM_DELETE and RTM_CHANGE take whoever's route has the destination, so both follow a look. Since FreeBSD 13 RTM_ADD
// of another next hop joins what is there instead of being refused, RTM_DELETE takes the next hop whose gateway it names, as
// ours always do, and RTM_CHANGE finds a next hop among several by the gateway that it is to have (sys/net/route/route_ctl.c).
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "model/words.h"
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

template <class Routes>
auto own_of(const Routes& routes, const typename Routes::key_type& place) {
  const auto [first, last] = routes.equal_range(place);
  const auto found = std::find_if(first, last, [](const auto& item) { return item.second.ours; });
  return found == last ? routes.end() : found;
}

}  // namespace

Changes::Routes* Changes::routes() {
  if (routes_) return &*routes_;
  auto listed = list_routes(calls_);
  if (!listed) {
    failed_ = told(listed.error());
    return nullptr;
  }
  routes_.emplace();
  for (ListedRoute& route : *listed) routes_->emplace(place_of(route.route), std::move(route));
  return &*routes_;
}

Verdict Changes::send(abi::RouteType type, const ListedRoute& route) {
  const Stamp stamp{static_cast<std::int32_t>(calls_.pid()), static_cast<std::int32_t>(++sequence_)};
  const std::uint32_t fib = net::fib_of(route.route.table).value_or(0);
  return {calls_.change_route(encode_route(type, route.route, route.index, stamp), fib), {}};
}

Verdict Changes::apply_one(const model::SetRoute& op) {
  if (!net::fib_of(op.route.table)) return {EOPNOTSUPP, "FreeBSD has no tables by number"};
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
  const Place place = place_of(next.route);
  const auto old = own_of(*all, place);
  const bool fresh = old == all->cend();
  if (const auto others = all->find(place); fresh && others != all->end())
    return {EEXIST, std::string(kNotOurs), deletion_of(others->second)};
  if (!fresh && same_target(old->second, next)) return {};
  const bool alone = all->count(place) == 1;
  const Verdict verdict = fresh ? send(abi::kRtmAdd, next) : replace(old->second, next, alone);
  if (verdict.code != 0) return verdict;
  if (!fresh) all->erase(old);
  all->emplace(place, next);
  return verdict;
}

std::string Changes::deletion_of(const ListedRoute& route) {
  const auto* via = hop_of(route.route);
  std::string device;
  if (const auto* links = links_ ? &*links_ : keep(links_, list_links(calls_))) {
    const auto found = std::ranges::find(links->links, route.index, &model::ObservedLink::index);
    if (found != links->links.end()) device = found->name.text();
  }
  const std::string gateway = via != nullptr && via->gateway ? net::print(*via->gateway) : "";
  const std::string fib = model::in_fib(net::fib_of(route.route.table).value_or(0));
  return fmt::format("{0}{1} shows it; {0}{2}, or take ours out of the file", fib,
                     model::show_route("freebsd", net::print(route.route.to)),
                     model::delete_route("freebsd", net::print(route.route.to), gateway, device));
}

// From gateway to gateway in one step, where no other shares the network. Otherwise RTM_CHANGE would keep the old device, so
// the old route goes first, and comes back when the new one is refused.
Verdict Changes::replace(const ListedRoute& old, const ListedRoute& next, bool alone) {
  if (alone && has_gateway(old.route) && has_gateway(next.route)) return send(abi::kRtmChange, next);
  if (const Verdict removed = send(abi::kRtmDelete, old); removed.code != 0 && removed.code != ESRCH) return removed;
  const Verdict added = send(abi::kRtmAdd, next);
  if (added.code != 0) (void)send(abi::kRtmAdd, old);
  return added;
}

Verdict Changes::apply_one(const model::DeleteRoute& op) {
  if (std::holds_alternative<model::Multipath>(op.route.target)) return {};  // there is none
  auto* all = routes();
  if (all == nullptr) return failed_;
  const auto* via = hop_of(op.route);
  ListedRoute named{op.route, {}, true};
  if (via != nullptr) {
    const model::ObservedLink* device = link(via->device);
    if (device == nullptr) return failed_;  // gone with its device
    named.index = device->index;
  }
  const auto [first, last] = all->equal_range(place_of(op.route));
  const auto old =
      std::find_if(first, last, [&](const auto& item) { return item.second.ours && same_target(item.second, named); });
  if (old == last) return {};
  Verdict verdict = send(abi::kRtmDelete, old->second);
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
    const auto want = own_of(wanted, to);
    const auto have = own_of(*all, to);
    if (want == wanted.end() || have == all->end() || same_target(have->second, want->second)) continue;
    (void)send(abi::kRtmDelete, have->second);
    results[slot] = std::unexpected(
        refusal(ops[slot].change, ENETUNREACH, "the kernel reaches this gateway through another interface", "freebsd"));
  }
}

}  // namespace vtid::platform::freebsd
