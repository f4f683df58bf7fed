#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/automatic.h"
#include "config/by_name.h"
#include "config/domains.h"
#include "config/prefix_index.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Config;
using model::Tunnel;

// Where packets to a network go, as far as the file says.
struct Hop {
  net::Prefix to;
  std::uint32_t metric;
  std::vector<const Tunnel*> into;  // any of these; none: out of a device that is no tunnel
  bool may_leave;                   // then the next best one has its packets
  std::string pointer;              // "/routes/0/to"
  std::string via;                  // "routes/0 (10.0.0.0/8 via VTI_HQ_VTIV4)"
  model::RoutingDomain domain{};    // in whose tables
};

// A tunnel whose peer the file routes through a tunnel, perhaps itself.
struct Step {
  const Tunnel* from;
  net::Address peer;
  const Tunnel* into;
  Hop hop;
  std::string after;  // what has to leave first, if anything: "routes/0 (198.51.100.1/32 via WAN_GW)"
};

class Paths {
 public:
  Paths(const Config& config, const Findings& findings);

  [[nodiscard]] std::vector<Step> steps_from(const Tunnel& tunnel) const;

 private:
  void add_via(const std::string& name, Hop hop);
  void add_steps(const Tunnel& tunnel, const net::Address& peer, std::vector<Step>& steps) const;
  void add_interfaces();

  const Config& config_;
  const Findings& findings_;
  Automatic automatic_{config_};
  Domains domains_{config_};
  ByName<model::Gateway> gateways_{config_.gateways};
  ByName<model::GatewayGroup> groups_{config_.groups};
  PrefixIndex<Hop> hops_;
};

Paths::Paths(const Config& config, const Findings& findings) : config_(config), findings_(findings) {
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const model::StaticRoute& route = config.routes[i];
    if (findings.any_under(join("/routes", i))) continue;
    add_via(route.via, {route.to,
                        model::metric_of(route).value,
                        {},
                        route.when_down == model::WhenDown::withdraw,
                        join("/routes", i) + "/to",
                        fmt::format("routes/{} ({} via {})", i, net::print(route.to), route.via)});
  }
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const std::string& name = config.default_gateway.of(family);
    const std::string at = family == net::Family::ipv4 ? "/default_gateway/ipv4" : "/default_gateway/ipv6";
    if (findings.any_under(at) || name == model::kNoDefault || name == model::kAutomaticDefault) continue;
    const net::Prefix everything{net::Address::any(family), 0};
    add_via(name,
            {everything, model::default_route_metric(family).value, {}, false, at, fmt::format("{} ({})", at.substr(1), name)});
  }
  add_interfaces();
}

void Paths::add_via(const std::string& name, Hop hop) {
  hop.domain = domains_.of_gateway(name);
  std::vector<const model::Gateway*> gateways;
  if (const model::GatewayGroup* group = groups_.find(name)) {
    for (const model::GroupMember& member : group->members) gateways.push_back(gateways_.find(member.gateway));
    hop.may_leave |= group->when_all_down == model::WhenAllDown::none;
  } else {
    gateways.push_back(gateways_.find(name));
  }
  for (const model::Gateway* gateway : gateways) {
    if (gateway == nullptr) return;  // found wrong already
    if (const Tunnel* tunnel = automatic_.tunnel_of(*gateway)) hop.into.push_back(tunnel);
  }
  const net::Prefix to = hop.to;
  hops_.add(to, std::move(hop));
}

net::Prefix only(const net::Address& address) { return {address, static_cast<std::uint8_t>(address.bits())}; }

// What the kernel reaches without a route of the file: the far ends of tunnels, and gateways on other devices.
void Paths::add_interfaces() {
  for (const Tunnel& tunnel : config_.tunnels) {
    for (const model::Child& child : tunnel.children) {
      const std::string at = join(join("/tunnels", tunnel.name) + "/children", child.name);
      if (!tunnel.enabled || !child.enabled || !inner_addresses_known(findings_, at, child)) continue;
      const model::RoutingDomain domain = domains_.of_child(tunnel, child);
      const net::Prefix network = child.local.network();
      hops_.add(
          network,
          {network, 0, {&tunnel}, false, at + "/local", fmt::format("{} ({})", at.substr(1), net::print(network)), domain});
      const net::Prefix peer = only(child.remote);
      hops_.add(peer,
                {peer, 0, {&tunnel}, false, at + "/remote", fmt::format("{} ({})", at.substr(1), net::print(peer)), domain});
    }
  }
  for (const model::Gateway& gateway : config_.gateways) {
    if (findings_.any_under(join("/gateways", gateway.name)) || automatic_.tunnel_of(gateway) != nullptr) continue;
    if (!gateway.has_address()) continue;  // dynamic: it will be a neighbour
    hops_.add(only(gateway.address), {only(gateway.address), 0, {}, false, "", "", domains_.of_interface(gateway.interface)});
  }
}

std::vector<net::Address> peers_of(const Tunnel& tunnel) {
  if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) return {keys->remote};
  const model::Endpoint* peer = peer_of(tunnel);
  return peer == nullptr ? std::vector<net::Address>{} : addresses_of(*peer);
}

// By whose tables its outer packets go.
model::RoutingDomain outer_domain(const Tunnel& tunnel) {
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  return {std::nullopt, ike == nullptr ? 0 : ike->local.fib.value_or(0)};
}

// vtid itself keeps the way to its peer, by gateways that are on no tunnel.
bool is_pinned(const Tunnel& tunnel) {
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  return ike != nullptr && !ike->local.gateway.empty();
}

std::vector<Step> Paths::steps_from(const Tunnel& tunnel) const {
  std::vector<Step> steps;
  const std::string at = join("/tunnels", tunnel.name);
  const bool known = !findings_.any_under(at + "/ike/remote") && !findings_.any_under(at + "/outer");
  if (!tunnel.enabled || !known || is_pinned(tunnel)) return steps;
  for (const net::Address& peer : peers_of(tunnel)) add_steps(tunnel, peer, steps);
  return steps;
}

// The narrowest route wins, then the lowest metric.
void Paths::add_steps(const Tunnel& tunnel, const net::Address& peer, std::vector<Step>& steps) const {
  auto hops = hops_.covering(peer);
  std::erase_if(hops, [outer = outer_domain(tunnel)](const Hop& hop) { return hop.domain != outer; });
  std::ranges::stable_sort(hops, {}, [](const Hop& hop) { return std::pair(-hop.to.length, hop.metric); });
  std::string after;
  for (const Hop& hop : hops) {
    for (const Tunnel* into : hop.into) steps.push_back({&tunnel, peer, into, hop, after});
    if (!hop.may_leave) break;
    after += (after.empty() ? "" : " and ") + hop.via;
  }
}

std::string remedy_for(const Step& step) {
  if (!step.after.empty()) return "keep that in place: no \"withdraw\" there, no \"none\" in its group";
  const std::string pin = fmt::format("add a route to {} through the gateway that reaches it", net::print(only(step.peer)));
  if (step.hop.pointer.starts_with("/routes")) return "narrow it, or " + pin;
  return step.hop.pointer.starts_with("/default_gateway") ? pin : "give the child a network without that address";
}

void report(const std::vector<Step>& loop, Findings& findings) {
  std::string chain;
  for (const Step& step : loop) {
    chain += fmt::format("{}tunnels/{} sends to its peer {}, which{} {} leads into tunnels/{}", chain.empty() ? "" : "; ",
                         step.from->name, net::print(step.peer),
                         step.after.empty() ? "" : ", once " + step.after + " has left,", step.hop.via, step.into->name);
  }
  findings.error(loop.front().hop.pointer, "makes a loop: " + chain, remedy_for(loop.front()));
}

// A walk along the steps, depth first. Every tunnel is followed once.
class Walk {
 public:
  Walk(const Paths& paths, Findings& findings) : paths_(paths), findings_(findings) {}

  void from(const Tunnel& start) {
    enter(start);
    while (!trail_.empty()) {
      Place& place = trail_.back();
      if (place.next == place.steps.size()) {
        on_trail_.erase(place.at);
        trail_.pop_back();
        continue;
      }
      const Tunnel* into = place.steps[place.next++].into;
      if (on_trail_.contains(into)) {
        if (reported_.insert(into).second) report(loop_back_to(into), findings_);
      } else {
        enter(*into);
      }
    }
  }

 private:
  struct Place {
    const Tunnel* at;
    std::vector<Step> steps;
    std::size_t next = 0;  // not yet taken
  };

  void enter(const Tunnel& tunnel) {
    if (!seen_.insert(&tunnel).second) return;
    on_trail_.insert(&tunnel);
    trail_.push_back({&tunnel, paths_.steps_from(tunnel)});
  }

  [[nodiscard]] std::vector<Step> loop_back_to(const Tunnel* tunnel) const {
    std::vector<Step> loop;
    for (auto place = std::ranges::find(trail_, tunnel, &Place::at); place != trail_.end(); ++place) {
      loop.push_back(place->steps[place->next - 1]);
    }
    return loop;
  }

  const Paths& paths_;
  Findings& findings_;
  std::vector<Place> trail_;
  std::set<const Tunnel*> on_trail_;
  std::set<const Tunnel*> seen_;
  std::set<const Tunnel*> reported_;  // loops begin there: one each is enough
};

}  // namespace

void check_loops(const Config& config, Findings& findings) {
  const Paths paths(config, findings);
  Walk walk(paths, findings);
  for (const Tunnel& start : config.tunnels) walk.from(start);
}

}  // namespace vtid::config
