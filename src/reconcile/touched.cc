#include "reconcile/touched.h"

#include <algorithm>
#include <iterator>

#include "reconcile/order.h"

namespace vtid::reconcile {
namespace {

template <class T, class Matches>
bool differ(const std::vector<T>& before, const std::vector<T>& after, Matches matches) {
  std::vector<T> then;
  std::vector<T> now;
  std::ranges::copy_if(before, std::back_inserter(then), matches);
  std::ranges::copy_if(after, std::back_inserter(now), matches);
  return then != now;
}

bool device_touched(const net::IfName& device, const model::Observed& before, const model::Observed& after) {
  return differ(before.links, after.links, [&](const model::ObservedLink& link) { return link.name == device; }) ||
         differ(before.addresses, after.addresses,
                [&](const model::ObservedAddress& address) { return address.device == device; });
}

// What stands at the identity of the thing itself, beside the devices that it names.
struct PlaceTouched {
  const model::Observed& before;
  const model::Observed& after;

  bool operator()(const model::CreateLink& op) const {
    return differ(before.links, after.links, [&](const model::ObservedLink& link) {
      return link.if_id == op.link.if_id || link.reqid == op.link.reqid;  // whoever had the number
    });
  }
  bool operator()(const model::SetRoute& op) const { return route(op.route); }
  bool operator()(const model::DeleteRoute& op) const { return route(op.route); }
  bool operator()(const model::AddRule& op) const { return rule(op.rule); }
  bool operator()(const model::DeleteRule& op) const { return rule(op.rule); }
  bool operator()(const model::SetPolicy& op) const { return policy(op.policy); }
  bool operator()(const model::DeletePolicy& op) const { return policy(op.policy); }
  bool operator()(const model::SetSa& op) const { return sa(op.sa); }
  bool operator()(const model::DeleteSa& op) const { return sa(op.sa); }
  bool operator()(const model::SetFilter&) const { return before.filter != after.filter; }
  bool operator()(const model::DeleteFilter&) const { return before.filter != after.filter; }
  bool operator()(const auto&) const { return false; }

  [[nodiscard]] bool route(const model::Route& value) const {
    return differ(before.routes, after.routes, [&](const model::ObservedRoute& item) {
      return item.route.to == value.to && item.route.metric == value.metric && item.route.table == value.table;
    });
  }
  [[nodiscard]] bool rule(const model::Rule& value) const {
    return std::ranges::binary_search(before.rules, value) != std::ranges::binary_search(after.rules, value);
  }
  [[nodiscard]] bool policy(const model::Policy& value) const {
    return differ(before.policies, after.policies, [&](const model::Policy& item) {
      return item.if_id == value.if_id && item.direction == value.direction && item.family == value.family;
    });
  }
  [[nodiscard]] bool sa(const model::Sa& value) const {
    const auto same = [&](const auto& item) { return item.destination == value.destination && item.spi == value.spi; };
    return differ(before.sas, after.sas, same) || differ(before.charons_sas, after.charons_sas, same);
  }
};

}  // namespace

bool touched(const model::Change& change, const model::Observed& before, const model::Observed& after) {
  const auto devices = devices_of(change);
  return std::ranges::any_of(devices, [&](const net::IfName& device) { return device_touched(device, before, after); }) ||
         std::visit(PlaceTouched{before, after}, change);
}

}  // namespace vtid::reconcile
