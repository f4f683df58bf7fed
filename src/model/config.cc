#include "model/config.h"

#include <algorithm>

namespace vtid::model {
namespace {

template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
  const auto found = std::ranges::find(items, name, &T::name);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string print(const Endpoint& endpoint) {
  struct Printer {
    std::string operator()(const AnyAddress&) const { return "any"; }
    std::string operator()(const net::Address& address) const { return net::print(address); }
    std::string operator()(const HostName& host) const { return host.name; }
  };
  return std::visit(Printer{}, endpoint);
}

std::string_view print(Start start) {
  switch (start) {
    case Start::start: return "start";
    case Start::trap: return "trap";
    case Start::none: return "none";
  }
  std::abort();
}

std::string_view print(ChildMode mode) {
  switch (mode) {
    case ChildMode::vti: return "vti";
    case ChildMode::tunnel: return "tunnel";
    case ChildMode::transport: return "transport";
  }
  std::abort();
}

std::string_view print(PolicyOwner owner) { return owner == PolicyOwner::charon ? "charon" : "vtid"; }

std::string_view print(WhenDown when_down) {
  switch (when_down) {
    case WhenDown::keep: return "keep";
    case WhenDown::withdraw: return "withdraw";
    case WhenDown::blackhole: return "blackhole";
  }
  std::abort();
}

MergedChild merge_children(const Tunnel& tunnel) {
  MergedChild merged{kDefaultChildProposals, kDefaultChildRekey, PolicyOwner::charon};
  if (has_static_keys(tunnel)) merged.policies = PolicyOwner::vtid;
  for (const Child& child : tunnel.children) {
    if (child.mode != ChildMode::vti || !child.enabled) continue;
    if (!child.proposals.empty()) merged.proposals = child.proposals;
    if (child.rekey) merged.rekey = *child.rekey;
    if (child.policies) merged.policies = *child.policies;
  }
  return merged;
}

std::map<std::string_view, const Interface*> assignments_by_tunnel(const Config& config) {
  std::map<std::string_view, const Interface*> assignments;
  for (const Interface& interface : config.interfaces) {
    if (const auto* port = std::get_if<TunnelPort>(&interface.port)) assignments.emplace(port->tunnel, &interface);
  }
  return assignments;
}

const Tunnel* Config::tunnel(std::string_view name) const { return find_named(tunnels, name); }
const Interface* Config::interface(std::string_view name) const { return find_named(interfaces, name); }
const Gateway* Config::gateway(std::string_view name) const { return find_named(gateways, name); }

}  // namespace vtid::model
