#include "reconcile/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "model/words.h"
#include "reconcile/merge.h"
#include "reconcile/order.h"
#include "reconcile/ownership.h"
#include "reconcile/sa_facts.h"

namespace vtid::reconcile {
namespace {

using model::Op;

std::string name_of(const net::IfName& link) { return "link " + link.text(); }
std::string name_of(const model::InterfaceAddress& address) {
  return fmt::format("address {} on {}", net::print(address.local), address.device.text());
}

auto key_of(const model::InterfaceAddress& address) { return std::tie(address.device, address.local, address.peer); }
auto key_of(const model::ObservedAddress& address) { return std::tie(address.device, address.local, address.peer); }

const net::IfName& key_of(const model::Link& link) { return link.name; }
const net::IfName& key_of(const model::ObservedLink& link) { return link.name; }

const model::Rule& key_of(const model::Rule& rule) { return rule; }

using RouteKey = std::tuple<net::Prefix, net::Metric, net::TableId>;
RouteKey key_of(const model::Route& route) { return {route.to, route.metric, route.table}; }
RouteKey key_of(const model::ObservedRoute& observed) { return key_of(observed.route); }
std::string name_of(const model::Route& route) {
  std::string name = "route " + net::print(route.to);
  if (route.metric.value != 0) name += fmt::format(" metric {}", route.metric.value);
  if (const auto fib = net::fib_of(route.table); !fib) {
    name += fmt::format(" table {}", route.table.value);
  } else if (*fib != 0) {
    name += fmt::format(" fib {}", *fib);
  }
  return name;
}

using PolicyKey = std::tuple<model::PolicyDirection, net::Family, net::IfId>;
PolicyKey key_of(const model::Policy& policy) { return {policy.direction, policy.family, policy.if_id}; }
std::string name_of(const model::Policy& policy) {
  return fmt::format("policy {} {} if_id {}", print(policy.direction), net::print(policy.family), policy.if_id.value);
}

using SaKey = std::pair<net::Address, std::uint32_t>;
template <class T>
SaKey key_of(const T& sa) {
  return {sa.destination, sa.spi};
}
template <class T>
decltype(auto) key_of(const model::Wanted<T>& item) {
  return key_of(item.value);
}
constexpr auto kKey = [](const auto& item) -> decltype(auto) { return key_of(item); };

std::string name_of(const SaKey& sa) { return fmt::format("SA 0x{:08x} to {}", sa.second, net::print(sa.first)); }
std::string name_of(const model::Sa& sa) { return name_of(key_of(sa)); }
std::string name_of(const model::CharonsSa& sa) { return name_of(key_of(sa)); }

// What is wrong about an SA that is there, as a reason; empty when nothing is: an SA that is right is never made again,
// because its counter would start again. A key that the kernel keeps to itself is taken for the right one.
std::string difference(const model::Sa& have, const model::Sa& want) {
  std::string text;
  const auto add = [&text](bool differs, std::string_view part) {
    if (differs) text += (text.empty() ? "another " : ", another ") + std::string(part);
  };
  const bool other_algorithm = have.algorithm != want.algorithm;
  add(have.source != want.source, "source");
  add(other_algorithm, "algorithm");
  add(!other_algorithm && !have.key.reveal().empty() && have.key != want.key, "key");
  add(have.replay_window != want.replay_window, "replay window");
  add(have.reqid != want.reqid, "reqid");
  add(have.if_id != want.if_id, "if_id");
  return text.empty() ? text : "has " + text;
}

// What has to change about a link in place, as a reason; empty when nothing has.
std::string difference(const model::ObservedLink& have, const model::Link& want, const model::Capabilities& system) {
  std::string text;
  const auto add = [&text](std::string part) { text += (text.empty() ? "" : ", ") + std::move(part); };
  if (have.mtu != want.mtu) add(fmt::format("mtu is {}, wanted {}", have.mtu, want.mtu));
  if (have.up != want.up) add(have.up ? "is up, wanted down" : "is down, wanted up");
  if (system.link_multicast_is_free && have.multicast != want.multicast)
    add(have.multicast ? "has multicast" : "lacks multicast");
  if (have.alias != want.alias) add(fmt::format("alias is \"{}\", wanted \"{}\"", have.alias, want.alias));
  if (!system.link_has_if_id && have.reqid != want.reqid) {
    add(fmt::format("reqid is {}, wanted {}", have.reqid.value_or(net::ReqId{}).value, want.reqid.value));
  }
  if (have.fib != want.fib) add(fmt::format("is in FIB {}, wanted {}", have.fib, want.fib));
  if (have.outer_fib != want.outer_fib) add(fmt::format("sends by FIB {}, wanted {}", have.outer_fib, want.outer_fib));
  if (have.master != want.vrf) {
    add(have.master.empty() ? fmt::format("is not in {}", want.vrf.text())
                            : fmt::format("is in {}, wanted {}", have.master.text(),
                                          want.vrf.empty() ? std::string("in none") : "in " + want.vrf.text()));
  }
  if (system.link_has_outer && want.outer && have.outer != want.outer)
    add(have.outer ? "outer addresses moved" : "lacks its outer addresses");
  return text;
}

class Planner {
 public:
  Planner(const model::Desired& desired, const model::Observed& observed, const model::Capabilities& system, Removal removal)
      : desired_(desired), observed_(observed), system_(system), removal_(removal), conflicts_(desired, observed, system) {}

  model::Plan run() {
    plan_.problems = conflicts_.problems();
    filter();
    links();
    addresses();
    routes();
    rules();
    policies();
    sas();
    held_sas();
    orphans();
    tell_withheld();
    sort_ops(plan_.ops);
    return std::move(plan_);
  }

 private:
  void add(model::Change change, std::string object, std::string reason, std::string because) {
    plan_.ops.push_back({std::move(change), std::move(object), std::move(reason), std::move(because)});
  }
  void remove(model::Change change, std::string object) {
    remove(std::move(change), std::move(object), removal_ == Removal::allowed);
  }
  void remove(model::Change change, std::string object, bool goes) {
    if (goes) return add(std::move(change), std::move(object), "no longer wanted", "");
    withheld_.push_back(std::move(object));
  }

  void tell_withheld() {
    if (withheld_.empty()) return;
    const std::string more = withheld_.size() == 1 ? "" : fmt::format(" and {} more", withheld_.size() - 1);
    plan_.problems.push_back(
        {model::Severity::warning, "charon",
         fmt::format("what is no longer wanted stays until charon's SAs have been read: {}{}", withheld_.front(), more),
         "start charon; vtictl status shows its socket"});
  }

  void filter() {
    if (!desired_.filter) {
      if (observed_.filter) remove(model::DeleteFilter{}, "filter");
      return;
    }
    if (std::string reason = filter_difference(); !reason.empty()) {
      add(model::SetFilter{desired_.filter->value}, "filter", std::move(reason), desired_.filter->because);
    }
  }

  // Empty when the kernel has what is wanted: equal rules are left alone, and so are their counters.
  [[nodiscard]] std::string filter_difference() const {
    const model::FilterSet& want = desired_.filter->value;
    if (!observed_.filter) return "not there";
    const model::ObservedFilter& have = *observed_.filter;
    if (have.altered) return "was changed by somebody else";
    if (!have.inactive_reason.empty() && want.filters) return "is not in force: " + have.inactive_reason;
    if (have.mode != print(want.mode)) return fmt::format("mode is \"{}\", wanted \"{}\"", have.mode, print(want.mode));
    return have.digest == digest(want) ? "" : "differs";
  }

  void links() {
    const auto want = [this](const auto& wanted, const model::ObservedLink* have) {
      if (!conflicts_.blocks(wanted.value.name)) want_link(wanted.value, wanted.because, have);
    };
    merge(
        by_key(desired_.links, kKey), by_key(observed_.links, kKey), kKey, [&](const auto& wanted) { want(wanted, nullptr); },
        [&](const model::ObservedLink& link) {
          if (link.owner == model::Owner::vtid) remove_link(link);
        },
        [&](const auto& wanted, auto have) { want(wanted, have.front()); });
  }

  void remove_link(const model::ObservedLink& link) {
    const bool goes = removal_ == Removal::allowed || has_static_sas(link);
    remove(model::DeleteLink{link.name}, name_of(link.name), goes);
    if (goes) gone_.insert(link.name);
  }

  // Of ours, for which nobody asks charon.
  [[nodiscard]] bool has_static_sas(const model::ObservedLink& link) const {
    return std::ranges::any_of(observed_.sas, [&](const model::Sa& sa) {
      return link.reqid ? sa.reqid == *link.reqid : link.if_id && sa.if_id == *link.if_id;
    });
  }

  void want_link(const model::Link& link, const std::string& because, const model::ObservedLink* have) {
    if (have == nullptr) {
      add(model::CreateLink{link}, name_of(link.name), "not there", because);
      gone_.insert(link.name);
      return;
    }
    // Only a hand can do this: the name is ours and the number is not. The number is what SAs find the device by.
    if (have->if_id && *have->if_id != link.if_id) {
      add(model::DeleteLink{link.name}, name_of(link.name),
          fmt::format("if_id is {}, wanted {}", have->if_id->value, link.if_id.value), because);
      add(model::CreateLink{link}, name_of(link.name), "not there", because);
      gone_.insert(link.name);
      return;
    }
    if (have->master != link.vrf && have->up) cycled_.insert(link.name);
    if (have->fib != link.fib) readdressed_.insert(link.name);
    const std::string reason = difference(*have, link, system_);
    if (!reason.empty()) add(model::ChangeLink{link}, name_of(link.name), reason, because);
  }

  void addresses() {
    const auto is_on_ours = [this](const model::ObservedAddress& address) {
      const model::ObservedLink* link = observed_.link(address.device);
      return link != nullptr && link->owner == model::Owner::vtid && !gone_.contains(address.device);
    };
    merge(
        by_key(desired_.addresses, kKey), by_key(observed_.addresses, kKey, is_on_ours), kKey,
        [this](const auto& wanted) {
          const auto& [address, because] = wanted;
          if (!conflicts_.blocks(address.device)) add(model::AddAddress{address}, name_of(address), "not there", because);
        },
        [this](const model::ObservedAddress& address) {
          if (address.kernel_made) return;
          const model::InterfaceAddress value{address.device, address.local, address.peer};
          remove(model::DeleteAddress{value}, name_of(value));
        },
        [this](const auto& wanted, auto) {
          const auto& [address, because] = wanted;
          const bool again = readdressed_.contains(address.device);
          if (again) add(model::DeleteAddress{address}, name_of(address), "its routes are in another FIB", because);
          if (again || (cycled_.contains(address.device) && address.local.address.is_v6()))
            add(model::AddAddress{address}, name_of(address), "goes when its interface moves", because);
        });
  }

  void routes() {
    const auto wanted = by_key(desired_.routes, kKey);
    merge(
        wanted, by_key(observed_.routes, kKey), kKey, [this](const auto& want) { want_route(want, nullptr); },
        [this](const model::ObservedRoute& have) { remove_route(have.route); },
        [this](const auto& want, auto have) {
          const auto equal = std::ranges::find(have, want.value, &model::ObservedRoute::route);
          const model::ObservedRoute* kept = equal == have.end() ? have.front() : *equal;
          for (const model::ObservedRoute* other : have) {
            if (other != kept) remove_route(other->route);
          }
          want_route(want, &kept->route);
        });
    for (const model::Route& rival : observed_.rivals) {
      const auto want = std::ranges::lower_bound(wanted, key_of(rival), {}, [](const auto* item) { return key_of(*item); });
      if (want != wanted.end() && key_of(**want) == key_of(rival)) tell_of_rival(rival, **want);
    }
  }

  void remove_route(const model::Route& route) { remove(model::DeleteRoute{route}, name_of(route)); }

  void want_route(const model::Wanted<model::Route>& wanted, const model::Route* have) {
    const auto& [route, because] = wanted;
    const auto hops = model::hops_of(route);
    const auto any_device = [&](auto is_so) {
      return std::ranges::any_of(hops, [&](const model::NextHop& hop) { return is_so(hop.via.device); });
    };
    if (any_device([this](const net::IfName& device) { return conflicts_.blocks(device); })) return;
    const bool leaves_with_link = any_device([this](const net::IfName& device) {
      return gone_.contains(device) || cycled_.contains(device) || readdressed_.contains(device);
    });
    if (have == nullptr) {
      add(model::SetRoute{route, false}, name_of(route), "not there", because);
    } else if (*have != route || leaves_with_link) {
      add(model::SetRoute{route, !leaves_with_link}, name_of(route), "points elsewhere", because);
    }
  }

  void tell_of_rival(const model::Route& rival, const model::Wanted<model::Route>& ours) {
    std::string gateway, device;
    for (const model::NextHop& hop : model::hops_of(rival)) {
      gateway = hop.via.gateway ? net::print(*hop.via.gateway) : "";
      device = hop.via.device.text();
    }
    const std::string to = net::print(rival.to);
    plan_.problems.push_back(
        {model::Severity::error, ours.because,
         fmt::format("somebody else has a route to {} too, by {}: the kernel shares the flows between the two", to,
                     gateway.empty() ? device : gateway),
         fmt::format("{}{}, or take ours out of the file", model::in_fib(net::fib_of(rival.table).value_or(0)),
                     model::delete_route(system_.system, to, gateway, device))});
  }

  void rules() {
    merge(
        by_key(desired_.rules, kKey), by_key(observed_.rules, kKey), kKey,
        [this](const auto& wanted) { add(model::AddRule{wanted.value}, print(wanted.value), "not there", wanted.because); },
        [this](const model::Rule& rule) { remove(model::DeleteRule{rule}, print(rule)); }, [](const auto&, auto) {});
  }

  void policies() {
    const auto set = [this](const auto& wanted, const char* reason) {
      const auto& [policy, because] = wanted;
      if (!conflicts_.blocks(policy.if_id)) add(model::SetPolicy{policy}, name_of(policy), reason, because);
    };
    merge(
        by_key(desired_.policies, kKey), by_key(observed_.policies, kKey), kKey,
        [&](const auto& wanted) { set(wanted, "not there"); },
        [this](const model::Policy& policy) {
          if (!desired_.withheld.contains(policy.if_id) && !is_in_use(policy))
            remove(model::DeletePolicy{policy}, name_of(policy));
        },
        [&](const auto& wanted, auto have) {
          if (*have.front() != wanted.value) set(wanted, "differs");
        });
  }

  // SAs that a charon of before left carry by it, although nobody knows the ends any more.
  [[nodiscard]] bool is_in_use(const model::Policy& policy) const {
    return desired_.unplaced.contains(policy.if_id) &&
           std::ranges::any_of(observed_.charons_sas, [&](const auto& sa) { return sa.reqid == policy.reqid; });
  }

  void sas() {
    merge(
        by_key(desired_.sas, kKey), by_key(observed_.sas, kKey), kKey, [this](const auto& wanted) { want_sa(wanted, nullptr); },
        [this](const model::Sa& sa) { add(model::DeleteSa{sa}, name_of(sa), "no longer wanted", ""); },
        [this](const auto& wanted, auto have) { want_sa(wanted, have.front()); });
  }

  void want_sa(const model::Wanted<model::Sa>& wanted, const model::Sa* have) {
    const auto& [sa, because] = wanted;
    if (conflicts_.blocks(sa.if_id)) return;
    if (have == nullptr) return add(model::SetSa{sa}, name_of(sa), "not there", because);
    std::string reason = difference(*have, sa);
    if (!reason.empty()) add(model::SetSa{sa, true}, name_of(sa), std::move(reason), because);
  }

  // The new one is held before the old one is let go, so that the order between them is never open.
  void held_sas() {
    std::map<SaKey, const model::CharonsSa*> have;
    for (const model::CharonsSa& sa : observed_.charons_sas) {
      if (sa.behind_ours) have.emplace(key_of(sa), &sa);
    }
    std::set<SaKey> wanted;
    for (const auto& [order, because] : desired_.send_orders) {
      const auto first = std::ranges::find_if(order.sas, [&](const SaKey& key) { return have.contains(key); });
      if (first == order.sas.end()) continue;
      wanted.insert(*first);
      if (!have.at(*first)->held) hold(*have.at(*first), true, "younger ones are not to be used while it is there", because);
    }
    if (removal_ != Removal::allowed) return;  // while charon is not known nobody knows by which it sends
    for (const auto& [key, sa] : have) {
      if (sa->held && !wanted.contains(key)) hold(*sa, false, "charon sends by another", "");
    }
  }

  void hold(model::CharonsSa sa, bool held, std::string reason, const std::string& because) {
    sa.held = held;
    add(model::HoldSa{sa}, name_of(sa), std::move(reason), because);
  }

  // An SA that charon is just making is younger than the margin, or in charon's table.
  void orphans() {
    if (!desired_.charon || removal_ != Removal::allowed) return;
    const model::KnownToCharon& known = *desired_.charon;
    for (const model::CharonsSa& sa : observed_.charons_sas) {
      if (!known.reqids.contains(sa.reqid) || known.spis.contains(sa.spi) || sa.made + kOrphanMargin > known.since) continue;
      add(model::DropSa{sa}, name_of(sa), "charon does not know it", "");
    }
  }

  const model::Desired& desired_;
  const model::Observed& observed_;
  const model::Capabilities& system_;
  const Removal removal_;
  const Conflicts conflicts_;
  std::set<net::IfName> gone_;         // links that are not there, or will not be, when addresses and routes have their turn
  std::set<net::IfName> cycled_;       // links that move between VRFs, which takes them down and up: their routes and IPv6 go
  std::set<net::IfName> readdressed_;  // links that get another FIB, into which only new addresses put their routes
  std::vector<std::string> withheld_;
  model::Plan plan_;
};

}  // namespace

model::Plan make_plan(const model::Desired& desired, const model::Observed& observed, const model::Capabilities& system,
                      Removal removal) {
  return Planner(desired, observed, system, removal).run();
}

bool awaits_end(const model::Desired& desired, const model::Observed& observed) {
  return std::ranges::any_of(desired.send_orders, [&](const model::Wanted<model::SendOrder>& wanted) {
    const auto& sas = wanted.value.sas;
    return std::any_of(sas.begin(), sas.begin() + static_cast<std::ptrdiff_t>(wanted.value.replaced),
                       [&](const SaKey& key) { return std::ranges::binary_search(observed.charons_sas, key, {}, kKey); });
  });
}

void name_former_holders(model::Plan& plan, const model::Desired& running) {
  std::map<std::string, std::string_view> holders;  // by the removal, as people read it
  for (const auto& [link, because] : running.links) holders.emplace(print(model::DeleteLink{link.name}), because);
  for (const auto& [address, because] : running.addresses) holders.emplace(print(model::DeleteAddress{address}), because);
  for (const auto& [route, because] : running.routes) holders.emplace(print(model::DeleteRoute{route}), because);
  for (const auto& [rule, because] : running.rules) holders.emplace(print(model::DeleteRule{rule}), because);
  if (running.filter) holders.emplace(print(model::DeleteFilter{}), running.filter->because);
  for (const auto& [policy, because] : running.policies) holders.emplace(print(model::DeletePolicy{policy}), because);
  for (const auto& [sa, because] : running.sas) holders.emplace(print(model::DeleteSa{sa}), because);
  for (Op& op : plan.ops) {
    const auto holder = op.because.empty() ? holders.find(print(op.change)) : holders.end();
    if (holder != holders.end()) op.because = fmt::format("{} of the running configuration", holder->second);
  }
}

}  // namespace vtid::reconcile
