#include "reconcile/local_ends.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

namespace vtid::reconcile {
namespace {

using model::LocalEnd;
using model::OuterWay;

const model::Ike* located_ike(const model::Tunnel& tunnel) {
  const auto* ike = tunnel.enabled ? std::get_if<model::Ike>(&tunnel.ike) : nullptr;
  return ike != nullptr && ike->local.is_located() ? ike : nullptr;
}

class LocalEndFinder {
 public:
  LocalEndFinder(const model::Config& config, const model::Observed& observed, const model::GatewaySelection& selection)
      : observed_(observed),
        selection_(selection),
        interfaces_(model::index_by_name(config.interfaces)),
        gateways_(model::index_by_name(config.gateways)),
        groups_(model::index_by_name(config.groups)) {}

  [[nodiscard]] LocalEnd find(const model::Ike& ike, std::vector<net::Address> peers, const LocalEnd* before) const {
    LocalEnd end;
    end.peers = std::move(peers);
    if (const auto* address = std::get_if<net::Address>(&ike.remote.address)) end.peers = {*address};
    if (ike.local.gateway.empty()) {
      by_interface(ike, end);
    } else {
      by_gateway(ike.local.gateway, before, end);
    }
    return end;
  }

 private:
  // Of a device, the best to begin with: no spare one, in the network of the next hop if there is one, the lowest.
  [[nodiscard]] std::optional<net::Address> address_on(const net::IfName& device, std::optional<net::Family> family,
                                                       const net::Address* next_hop) const {
    const auto held = std::ranges::equal_range(observed_.addresses, device, {}, &model::ObservedAddress::device);
    const auto rank = [&](const model::ObservedAddress& item) {
      const bool beside = next_hop != nullptr && (item.local.contains(*next_hop) || item.peer == *next_hop);
      return std::tuple(item.spare, next_hop != nullptr && !beside, item.local.address);
    };
    const model::ObservedAddress* best = nullptr;
    for (const model::ObservedAddress& item : held) {
      const net::Address& address = item.local.address;
      if (address.is_link_local() || address.is_loopback() || (family && address.family() != *family)) continue;
      if (best == nullptr || rank(item) < rank(*best)) best = &item;
    }
    return best == nullptr ? std::nullopt : std::optional(best->local.address);
  }

  void by_interface(const model::Ike& ike, LocalEnd& end) const {
    const std::string& name = ike.local.interface;
    const auto interface = interfaces_.find(name);
    const auto parsed = net::IfName::parse(name);
    if (interface != interfaces_.end()) {
      if (const auto* port = std::get_if<model::DevicePort>(&interface->second->port)) end.device = port->device;
    } else if (parsed) {
      end.device = *parsed;
    }
    const auto family = end.peers.empty() ? family_of(ike.remote.address) : std::optional(end.peers.front().family());
    end.address = address_on(end.device, family, nullptr);
    const std::string of = end.device.text() == name ? name : fmt::format("{} ({})", name, end.device.text());
    end.reason = end.address ? "the address of " + of
                             : fmt::format("{} has no {}address", of, family ? fmt::format("{} ", net::print(*family)) : "");
  }

  [[nodiscard]] std::optional<net::Address> held(const net::Address& address) const {
    const auto is_it = [&](const model::ObservedAddress& item) { return item.local.address == address; };
    return std::ranges::any_of(observed_.addresses, is_it) ? std::optional(address) : std::nullopt;
  }

  // A gateway alone is as a group of it.
  [[nodiscard]] std::vector<model::GroupMember> members_of(const std::string& name) const {
    if (const auto group = groups_.find(name); group != groups_.end()) return group->second->members;
    model::GroupMember member;
    member.gateway = name;
    return {member};
  }

  // In the file's order; a gateway whose interface is disabled is on none, and one without an address leads nowhere.
  [[nodiscard]] std::vector<OuterWay> ways_of(const std::string& name) const {
    std::vector<OuterWay> ways;
    for (const model::GroupMember& member : members_of(name)) {
      const auto found = gateways_.find(member.gateway);
      const auto interface = found == gateways_.end() ? interfaces_.end() : interfaces_.find(found->second->interface);
      if (interface == interfaces_.end() || !interface->second->enabled) continue;
      const auto* port = std::get_if<model::DevicePort>(&interface->second->port);
      if (port == nullptr) continue;
      const net::Address& next_hop = found->second->address;
      OuterWay& way = ways.emplace_back(member.gateway, port->device, next_hop, std::nullopt);
      if (!found->second->has_address()) continue;
      way.local = member.local ? held(*member.local) : address_on(port->device, next_hop.family(), &next_hop);
    }
    return ways;
  }

  [[nodiscard]] std::string why_nowhere(const std::string& name, const OuterWay& way) const {
    if (way.next_hop.is_unspecified()) return fmt::format("{} has no next hop on {}", way.gateway, way.device.text());
    const auto members = members_of(name);
    const auto member = std::ranges::find(members, way.gateway, &model::GroupMember::gateway);
    if (member != members.end() && member->local)
      return fmt::format("this host does not have {}, the address for {}", net::print(*member->local), way.gateway);
    return fmt::format("{}, the device of {}, has no {} address", way.device.text(), way.gateway,
                       net::print(way.next_hop.family()));
  }

  void by_gateway(const std::string& name, const LocalEnd* before, LocalEnd& end) const {
    end.ways = ways_of(name);
    const auto selection = selection_.groups.find(name);
    const bool group = groups_.contains(name);
    const OuterWay* way = group ? carrier(end.ways, selection, before) : end.ways.empty() ? nullptr : &end.ways.front();
    if (way == nullptr) {
      end.reason = fmt::format("nobody carries {}", name);
      return;
    }
    end.gateway = way->gateway;
    end.device = way->device;
    end.address = way->local;
    end.reason = group ? fmt::format("{} carries {}", way->gateway, name) : "the way of " + way->gateway;
    if (group && selection != selection_.groups.end() && !selection->second.reason.empty())
      end.reason += ": " + selection->second.reason;
    if (!way->local) end.reason = why_nowhere(name, *way);
  }

  using Selected = decltype(model::GatewaySelection::groups)::const_iterator;

  // Before the first choice nobody.
  [[nodiscard]] const OuterWay* carrier(const std::vector<OuterWay>& ways, Selected selection, const LocalEnd* before) const {
    if (selection == selection_.groups.end()) return nullptr;
    const auto& [active, usable, reason, since] = selection->second;
    const auto named = [&](const std::string& gateway) -> const OuterWay* {
      const auto found = std::ranges::find(ways, gateway, &OuterWay::gateway);
      return found == ways.end() ? nullptr : &*found;
    };
    const auto carries = [&](const std::string& gateway) {
      return !usable || std::ranges::find(active, gateway, &model::ActiveMember::gateway) != active.end();
    };
    if (before != nullptr && carries(before->gateway)) {
      if (const OuterWay* way = named(before->gateway); way != nullptr && way->local) return way;
    }
    const OuterWay* first = nullptr;
    for (const model::ActiveMember& member : active) {
      const OuterWay* way = named(member.gateway);
      if (way != nullptr && way->local) return way;
      if (first == nullptr) first = way;
    }
    return first;
  }

  const model::Observed& observed_;
  const model::GatewaySelection& selection_;
  const std::map<std::string_view, const model::Interface*> interfaces_;
  const std::map<std::string_view, const model::Gateway*> gateways_;
  const std::map<std::string_view, const model::GatewayGroup*> groups_;
};

}  // namespace

bool has_located_tunnels(const model::Config& config) {
  return std::ranges::any_of(config.tunnels, [](const model::Tunnel& tunnel) { return located_ike(tunnel) != nullptr; });
}

std::set<std::string> located_with_named_peers(const model::Config& config) {
  std::set<std::string> names;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (located_ike(tunnel) != nullptr && has_varying_peer(tunnel)) names.insert(tunnel.name);
  }
  return names;
}

model::LocalEnds local_ends(const model::Config& config, const model::Observed& observed,
                            const model::GatewaySelection& selection, const NamedPeers& named, const model::LocalEnds& before) {
  model::LocalEnds ends;
  if (!has_located_tunnels(config)) return ends;
  const LocalEndFinder finder(config, observed, selection);
  for (const model::Tunnel& tunnel : config.tunnels) {
    const model::Ike* ike = located_ike(tunnel);
    if (ike == nullptr) continue;
    const auto peers = named.find(tunnel.name);
    ends.emplace(tunnel.name, finder.find(*ike, peers == named.end() ? std::vector<net::Address>{} : peers->second,
                                          end_of(before, tunnel.name)));
  }
  return ends;
}

}  // namespace vtid::reconcile
