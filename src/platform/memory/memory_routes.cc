// The memory kernel's addresses, routes and policies: what stands on a link, and what is reachable through it.
#include <algorithm>
#include <cerrno>

#include "platform/memory/memory_kernel.h"
#include "platform/refusal.h"

namespace vtid::platform {
namespace {

constexpr net::Metric kIpv6ConnectedMetric{256};  // IP6_RT_PRIO_ADDRCONF, include/net/ip6_route.h

// The network that an address makes reachable on its device.
net::Prefix connected(const net::Prefix& local, const std::optional<net::Address>& peer) {
  return net::Prefix{peer.value_or(local.address), local.length}.network();
}

bool same_address(const model::ObservedAddress& a, const model::InterfaceAddress& b) {
  return a.device == b.device && a.local == b.local && a.peer == b.peer;
}

// What the kernel takes for the same: IPv6 the address alone, IPv4 the address and the connected network.
bool collides(const model::ObservedAddress& a, const model::InterfaceAddress& b) {
  if (a.device != b.device || a.local.address != b.local.address) return false;
  return b.local.address.is_v6() || connected(a.local, a.peer) == connected(b.local, b.peer);
}

bool leads_to(const model::Route& route, const net::IfName& device) {
  return std::ranges::any_of(model::hops_of(route), [&](const model::NextHop& hop) { return hop.via.device == device; });
}

}  // namespace

void MemoryKernel::erase_addresses(const net::IfName& device,
                                   const std::function<bool(const model::ObservedAddress&)>& matches) {
  const auto found = addresses_.find(device);
  if (found == addresses_.end()) return;
  const auto is_v4 = [](const model::ObservedAddress& item) { return item.local.address.is_v4(); };
  const bool had_v4 = std::ranges::any_of(found->second, is_v4);
  notices_.ours += std::erase_if(found->second, [&](const model::ObservedAddress& item) {
    if (!matches(item)) return false;
    const auto [first, last] = connected_.equal_range(connected(item.local, item.peer));
    connected_.erase(std::find_if(first, last, [&](const auto& network) { return network.second == device; }));
    return true;
  });
  if (had_v4 && std::ranges::none_of(found->second, is_v4)) erase_routes(device, net::Family::ipv4);
  if (found->second.empty()) addresses_.erase(found);
}

MemoryKernel::Verdict MemoryKernel::insert(const model::InterfaceAddress& address) {
  const model::ObservedLink* link = find(address.device);
  if (link == nullptr) return {ENODEV, {}};
  if (address.local.address.is_v6() && link->mtu < kLowestIpv6Mtu) return {EINVAL, {}};
  for (const model::ObservedAddress& item : addresses_[address.device]) {
    if (same_address(item, address)) return {};
    if (collides(item, address)) return {EEXIST, "the device has this address with another peer or prefix length"};
  }
  place(address, false);
  return {};
}

void MemoryKernel::place(const model::InterfaceAddress& address, bool kernel_made) {
  model::ObservedAddress& item = addresses_[address.device].emplace_back();
  item.index = links_.at(address.device).index;
  item.device = address.device;
  item.local = address.local;
  item.peer = address.peer;
  item.kernel_made = kernel_made;
  connected_.emplace(connected(item.local, item.peer), address.device);
  ++notices_.ours;
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::AddAddress& op) {
  const model::ObservedLink* link = find(op.address.device);
  if (link != nullptr && link->owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  return insert(op.address);
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeleteAddress& op) {
  const model::ObservedLink* link = find(op.address.device);
  if (link != nullptr && link->owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  erase_addresses(op.address.device, [&](const model::ObservedAddress& item) { return same_address(item, op.address); });
  return {};
}

void MemoryKernel::erase_routes(const net::IfName& device, std::optional<net::Family> family) {
  std::erase_if(routes_, [&](const auto& item) {
    const model::Route& route = item.second.value;
    return leads_to(route, device) && (!family || route.to.family() == *family);
  });
}

bool MemoryKernel::is_connected(const net::IfName& device, const net::Address& gateway) const {
  const auto found = addresses_.find(device);
  const bool by_address = found != addresses_.end() && std::ranges::any_of(found->second, [&](const auto& item) {
                            return connected(item.local, item.peer).contains(gateway) && item.local.address != gateway;
                          });
  return by_address || std::ranges::any_of(routes_, [&](const auto& item) {
           const model::Route& route = item.second.value;
           return route.target == decltype(route.target){model::ViaGateway{device, {}}} && route.table == table_of(device) &&
                  route.to.contains(gateway);
         });
}

// The connected routes stand in the main table, or the VRF's, with the kernel's own protocol number.
bool MemoryKernel::is_made_by_kernel(const model::Route& route) const {
  const net::Metric metric = route.to.address.is_v4() ? net::Metric{} : kIpv6ConnectedMetric;
  if (route.metric != metric) return false;
  const auto makes_it = [&](const model::ObservedAddress& item) {
    const bool has_network = item.peer || item.local.address.is_v6() || item.local.length < 32;
    return item.local.length == route.to.length && has_network && connected(item.local, item.peer) == route.to.network();
  };
  const auto [first, last] = connected_.equal_range(route.to.network());
  return std::any_of(first, last, [&](const auto& network) {
    return route.table == table_of(network.second) && links_.at(network.second).up &&
           std::ranges::any_of(addresses_.at(network.second), makes_it);
  });
}

MemoryKernel::Verdict MemoryKernel::check_hop(const model::ViaGateway& via) {
  const model::ObservedLink* link = find(via.device);
  if (link == nullptr) return {ENODEV, {}};
  if (!link->up) return {ENETDOWN, "Device for nexthop is not up"};
  if (!via.gateway || is_connected(via.device, *via.gateway)) return {};
  if (via.gateway->is_v4()) return {ENETUNREACH, "Nexthop has invalid gateway"};
  return via.gateway->is_link_local() ? Verdict{} : Verdict{EHOSTUNREACH, "Nexthop has invalid gateway"};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::SetRoute& op) {
  for (const model::NextHop& hop : model::hops_of(op.route)) {
    if (const Verdict verdict = check_hop(hop.via); verdict.code != 0) return verdict;
  }
  const auto standing = routes_.find(key_of(op.route));
  const bool foreign = standing != routes_.end() && standing->second.owner != model::Owner::vtid;
  if (foreign || is_made_by_kernel(op.route)) return {EEXIST, kNotOurs};
  if (standing != routes_.end() && standing->second.value == op.route) return {};
  routes_.insert_or_assign(key_of(op.route), Owned<model::Route>{op.route});
  ++notices_.ours;
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeleteRoute& op) {
  const auto standing = routes_.find(key_of(op.route));
  if (standing == routes_.end() || standing->second.owner != model::Owner::vtid) return {};
  if (standing->second.value.target != op.route.target) return {};
  routes_.erase(standing);
  ++notices_.ours;
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::AddRule& op) {
  notices_.ours += rules_.insert(op.rule).second ? 1U : 0U;
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeleteRule& op) {
  delete_rule(op.rule);
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::SetPolicy& op) {
  const auto standing = policies_.find(key_of(op.policy));
  if (standing != policies_.end() && standing->second.owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  policies_.insert_or_assign(key_of(op.policy), Owned<model::Policy>{op.policy});
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeletePolicy& op) {
  const auto standing = policies_.find(key_of(op.policy));
  if (standing == policies_.end()) return {};
  if (standing->second.owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  delete_policy(op.policy);
  return {};
}

void MemoryKernel::add_foreign_address(const model::InterfaceAddress& address) { (void)insert(address); }

void MemoryKernel::add_foreign_route(const model::Route& route) {
  routes_.insert_or_assign(key_of(route), Owned<model::Route>{route, model::Owner::other});
  if (is_followed_default(route, default_devices())) ++notices_.ours;
}

void MemoryKernel::add_foreign_rule(const model::Rule& rule) { foreign_rules_.insert(rule); }

void MemoryKernel::delete_rule(const model::Rule& rule) { notices_.ours += rules_.erase(rule); }

bool MemoryKernel::has_foreign_rule(const model::Rule& rule) const { return foreign_rules_.contains(rule); }

void MemoryKernel::add_foreign_policy(const model::Policy& policy) {
  policies_.insert_or_assign(key_of(policy), Owned<model::Policy>{policy, model::Owner::other});
}

void MemoryKernel::delete_policy(const model::Policy& policy) {
  notices_.lost_policies = policies_.erase(key_of(policy)) > 0 || notices_.lost_policies;
}

void MemoryKernel::flush_addresses(const net::IfName& name) {
  erase_addresses(name, [](const model::ObservedAddress&) { return true; });
}

void MemoryKernel::delete_route(const model::Route& route) {
  const auto erased = routes_.extract(key_of(route));
  if (erased.empty()) return;
  if (erased.mapped().owner == model::Owner::vtid || is_followed_default(erased.mapped().value, default_devices()))
    ++notices_.ours;
}

bool MemoryKernel::has_foreign_route(const model::Route& route) const {
  const auto found = routes_.find(key_of(route));
  return found != routes_.end() && found->second.owner == model::Owner::other && found->second.value == route;
}

bool MemoryKernel::has_foreign_policy(const model::Policy& policy) const {
  const auto found = policies_.find(key_of(policy));
  return found != policies_.end() && found->second.owner == model::Owner::other && found->second.value == policy;
}

}  // namespace vtid::platform
