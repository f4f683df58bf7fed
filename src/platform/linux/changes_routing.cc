// Routes, rules and policies. Neither can be replaced by their kernel calls without hitting whoever stands there, so what
// stands there is looked at first, and only when a plain insertion was refused.
#include <algorithm>
#include <cerrno>
#include <thread>
#include <tuple>
#include <utility>

#include "platform/linux/changes.h"
#include "platform/linux/policies.h"
#include "platform/linux/rules.h"
#include "platform/refusal.h"

namespace vtid::platform::netlink {
namespace {

using RouteIdentity = std::tuple<net::Prefix, net::Metric, net::TableId>;

RouteIdentity identity(const model::Route& route) { return {{route.to.network()}, route.metric, route.table}; }

// With their devices by index, whatever their order.
std::vector<std::pair<net::IfIndex, model::NextHop>> indexed_hops(const model::Route& route, const Indexes& indexes) {
  std::vector<std::pair<net::IfIndex, model::NextHop>> result;
  for (model::NextHop& hop : model::hops_of(route)) {
    hop.via.device = {};
    result.emplace_back(indexes[result.size()], std::move(hop));
  }
  std::ranges::sort(result);
  return result;
}

bool same_target(const model::Route& route, const Indexes& indexes, const IndexedRoute& other) {
  return indexed_hops(route, indexes) == indexed_hops(other.route, other.indexes);
}

// One more hop beside an IPv6 route's becomes a path of that route.
bool is_one_more_path(const model::Route& route, const model::Route& old) {
  return route.to.address.is_v6() && (hops_of(route).size() > 1 || hops_of(old).size() > 1);
}

// Our routes by identity, read now.
Result<std::map<RouteIdentity, IndexedRoute>> read_routes(Socket& socket) {
  std::map<RouteIdentity, IndexedRoute> found;
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    auto routes = socket.dump(encode_dump_routes(family), "routes", decode_route);
    if (!routes) return std::unexpected(routes.error());
    for (IndexedRoute& route : *routes) found.emplace(identity(route.route), std::move(route));
  }
  return found;
}

bool is_ours(const Answer& answer) {
  bool ours = false;
  for_each_message(answer.reply, [&](const nlmsghdr& message) { ours = decode_policy(message).has_value(); });
  return ours;
}

}  // namespace

std::optional<Indexes> Changes::indexes_for(const model::Route& route) const {
  Indexes indexes;
  for (const model::NextHop& hop : model::hops_of(route)) {
    const Device* found = device(hop.via.device);
    if (found == nullptr) return std::nullopt;
    indexes.push_back(found->index);
  }
  return indexes;
}

template <class T>
void Changes::look_up_hops(const Slots& run) {
  std::vector<net::IfName> names;
  for (const std::size_t slot : run) {
    for (const model::NextHop& hop : model::hops_of(op<T>(slot).route)) names.push_back(hop.via.device);
  }
  look_up(names);
}

void Changes::set_routes(const Slots& run) {
  look_up_hops<model::SetRoute>(run);
  Slots known;
  for (const std::size_t slot : run) {
    if (indexes_for(op<model::SetRoute>(slot).route)) {
      known.push_back(slot);
    } else {
      settle(slot, {ENODEV, {}});
    }
  }
  const Slots standing = insert_routes(known);
  if (!standing.empty()) replace_routes(standing);
}

bool Changes::leads_to_new_peer(const model::Route& route) const {
  return std::ranges::any_of(model::hops_of(route), [this](const model::NextHop& hop) {
    return hop.via.gateway && new_peers_.contains(*hop.via.gateway);
  });
}

Changes::Slots Changes::insert_routes(const Slots& run) {
  Slots standing;
  Slots waiting = run;
  for (int attempt = 1; !waiting.empty(); ++attempt) {
    if (attempt > 1) std::this_thread::sleep_for(kPeerRoutePause);
    Pass adding;
    for (const std::size_t slot : std::exchange(waiting, {})) {
      const model::Route& route = op<model::SetRoute>(slot).route;
      adding.add(slot, encode_new_route(route, *indexes_for(route), Insert::alone));
    }
    exchange(route_, std::move(adding), [&](std::size_t slot, const Answer& answer) {
      const int code = answer.verdict.code;
      const bool early = code == EHOSTUNREACH && leads_to_new_peer(op<model::SetRoute>(slot).route);
      if (code == EEXIST) {
        standing.push_back(slot);
      } else if (early && attempt < kPeerRouteAttempts) {
        waiting.push_back(slot);
      } else {
        settle(slot, answer.verdict);
      }
    });
  }
  return standing;
}

// NLM_F_REPLACE takes the first route of that prefix and metric, whoever owns it. Instead ours gets its successor beside
// it and is then removed by its own protocol and next hop: no moment without a route, and never another's route.
void Changes::replace_routes(const Slots& standing) {
  const auto ours = read_routes(route_);
  Pass adding;
  Pass removing;
  for (const std::size_t slot : standing) {
    const model::Route& route = op<model::SetRoute>(slot).route;
    if (!ours) {
      fail(slot, ours.error());
      continue;
    }
    const auto old = ours->find(identity(route));
    if (old == ours->end()) {
      settle(slot, {EEXIST, std::string(kNotOurs)});
    } else if (!same_target(route, *indexes_for(route), old->second)) {
      const bool over = is_one_more_path(route, old->second.route);
      adding.add(slot, encode_new_route(route, *indexes_for(route), over ? Insert::over : Insert::beside));
    }
  }
  exchange(route_, std::move(adding), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict);
    const model::Route& route = op<model::SetRoute>(slot).route;
    const IndexedRoute& old = ours->at(identity(route));
    if (answer.verdict.code != 0 || is_one_more_path(route, old.route)) return;
    removing.add(slot, encode_delete_route(old.route, old.indexes));
  });
  exchange(route_, std::move(removing),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, ESRCH); });
}

void Changes::delete_routes(const Slots& run) {
  look_up_hops<model::DeleteRoute>(run);
  Pass deleting;
  for (const std::size_t slot : run) {
    const model::Route& route = op<model::DeleteRoute>(slot).route;
    if (const auto indexes = indexes_for(route)) deleting.add(slot, encode_delete_route(route, *indexes));
  }
  exchange(route_, std::move(deleting),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, ESRCH); });
}

// The kernel tells rules of other protocol numbers apart: EEXIST is of our own.
void Changes::add_rules(const Slots& run) {
  Pass adding;
  for (const std::size_t slot : run) adding.add(slot, encode_add_rule(op<model::AddRule>(slot).rule));
  exchange(route_, std::move(adding), [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, EEXIST); });
}

void Changes::delete_rules(const Slots& run) {
  Pass deleting;
  for (const std::size_t slot : run) deleting.add(slot, encode_delete_rule(op<model::DeleteRule>(slot).rule));
  exchange(route_, std::move(deleting),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, ENOENT); });
}

// XFRM_MSG_UPDPOLICY replaces any policy of that selector, direction and if_id, charon's too; so it follows a look.
void Changes::set_policies(const Slots& run) {
  Pass adding;
  Pass looking;
  Pass replacing;
  for (const std::size_t slot : run) adding.add(slot, encode_new_policy(op<model::SetPolicy>(slot).policy));
  exchange(xfrm_, std::move(adding), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, EEXIST);
    if (answer.verdict.code == EEXIST) looking.add(slot, encode_get_policy(op<model::SetPolicy>(slot).policy));
  });
  exchange(xfrm_, std::move(looking), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict);
    if (!results_[slot]) return;
    if (is_ours(answer)) {
      replacing.add(slot, encode_replace_policy(op<model::SetPolicy>(slot).policy));
    } else {
      settle(slot, {EEXIST, std::string(kNotOurs)});
    }
  });
  exchange(xfrm_, std::move(replacing), [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict); });
}

void Changes::delete_policies(const Slots& run) {
  Pass looking;
  Pass deleting;
  for (const std::size_t slot : run) looking.add(slot, encode_get_policy(op<model::DeletePolicy>(slot).policy));
  exchange(xfrm_, std::move(looking), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, ENOENT);
    if (answer.verdict.code != 0) return;
    if (is_ours(answer)) {
      deleting.add(slot, encode_delete_policy(op<model::DeletePolicy>(slot).policy));
    } else {
      settle(slot, {EEXIST, std::string(kNotOurs)});
    }
  });
  exchange(xfrm_, std::move(deleting),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, ENOENT); });
}

}  // namespace vtid::platform::netlink
