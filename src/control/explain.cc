#include "control/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "control/groups.h"
#include "control/render.h"

namespace vtid::control {
namespace {

// The objects whose chain is told; what a null or empty one leaves open is told in full.
struct Focus {
  const model::Tunnel* tunnel = nullptr;
  const model::Interface* interface = nullptr;  // only this one of its interfaces
  const model::ChildStatus* child = nullptr;    // the same, by the child that has it
  const model::Gateway* gateway = nullptr;      // only this one, and only its routes
  const model::GatewayGroup* group = nullptr;   // its members, and only its routes
  std::string route{};                          // only this one, by its place in the file
  bool past_all = false;                        // which goes through no device of ours
};

// An interface of the chain: a tunnel's, an assigned device, or both.
struct Place {
  net::IfName device;
  const model::ChildStatus* child = nullptr;    // none: an assigned device that is no tunnel's
  const model::Interface* interface = nullptr;  // none: unassigned
};

class Chain {
 public:
  Chain(const Focus& focus, const Index& index) : focus_(focus), index_(index), snapshot_(index.snapshot) {
    if (focus.tunnel != nullptr) {
      objects_.push_back("tunnels/" + focus.tunnel->name);
      status_ = index.status_of(focus.tunnel->name);
    }
    find_places();
  }

  Json tell() {
    if (focus_.tunnel != nullptr) tell_tunnel(*focus_.tunnel);
    if (focus_.group != nullptr) tell_group(*focus_.group);
    if (places_.empty() && focus_.group == nullptr && !focus_.past_all) step("device", "none", "no device");
    for (const Place& place : places_) {
      if (place.child != nullptr) {
        step("numbers", "kept",
             fmt::format("device {}, reqid {}, if_id {}", place.device.text(), place.child->reqid.value,
                         place.child->if_id.value));
      }
      tell_device(place);
      tell_addresses(place.device);
      tell_interface(place.interface);
      for (const model::Gateway* gateway : gateways_of(place)) tell_gateway(*gateway);
    }
    for (const model::GatewayGroup& group : index_.config.groups) {
      if (focus_.group == nullptr && has_told_member(group)) tell_group(group);
    }
    for (const NamedRoute& named : routes()) tell_route(named);
    const std::vector<PolicyState> states = policy_states(index_);
    for (std::size_t i = 0; i < states.size(); ++i) tell_policy_route(i, states[i]);
    const auto& rules = index_.config.filter.rules;
    for (std::size_t i = 0; rules && i < rules->size(); ++i) tell_rule(fmt::format("rules/{}", i), (*rules)[i]);
    tell_plan();
    tell_problems();
    return std::move(steps_);
  }

 private:
  void step(std::string_view what, std::string_view state, std::string text) {
    steps_.push_back({{"what", what}, {"state", state}, {"text", std::move(text)}});
  }

  // Whether a part of the file ("tunnels/hq/children/v4") belongs to what is explained.
  [[nodiscard]] bool concerns(std::string_view object) const {
    return std::ranges::any_of(objects_, [&](const std::string& known) {
      return object.starts_with(known) && (object.size() == known.size() || object[known.size()] == '/');
    });
  }

  [[nodiscard]] std::vector<const model::Gateway*> gateways_of(const Place& place) const {
    if (focus_.gateway != nullptr) return {focus_.gateway};
    return place.interface == nullptr ? std::vector<const model::Gateway*>{} : index_.names.gateways_on(place.interface->name);
  }

  // Those through one of the gateways or groups that were told, in the file's order.
  [[nodiscard]] std::vector<NamedRoute> routes() const {
    std::set<std::size_t> places;
    if (const auto place = place_of(focus_.route)) places.insert(*place);
    for (const std::string& object : focus_.route.empty() ? objects_ : std::vector<std::string>{}) {
      const auto via = index_.names.routes_via.find(std::string_view(object).substr(object.find('/') + 1));
      if (via != index_.names.routes_via.end()) places.insert(via->second.begin(), via->second.end());
    }
    std::vector<NamedRoute> named;
    for (const std::size_t place : places) named.push_back(named_route(place, index_));
    std::ranges::move(named_default_routes(index_.config), std::back_inserter(named));
    return named;
  }

  // "routes/7": 7.
  [[nodiscard]] static std::optional<std::size_t> place_of(std::string_view object) {
    constexpr std::string_view kRoutes = "routes/";
    std::size_t place = 0;
    if (!object.starts_with(kRoutes)) return std::nullopt;
    std::from_chars(object.data() + kRoutes.size(), object.data() + object.size(), place);
    return place;
  }

  void find_places() {
    if (focus_.interface != nullptr) {
      const net::IfName device = index_.device_of(*focus_.interface);
      if (!device.empty()) places_.push_back({device, index_.child_of(*focus_.interface), focus_.interface});
    } else if (status_ != nullptr) {
      for (const model::ChildStatus& child : status_->children) {
        if (child.device.empty() || (focus_.child != nullptr && focus_.child != &child)) continue;
        const auto assignment = index_.names.assignments.find(child.holder);
        places_.push_back({child.device, &child, assignment == index_.names.assignments.end() ? nullptr : assignment->second});
      }
    }
  }

  void tell_tunnel(const model::Tunnel& tunnel) {
    step("file", tunnel.enabled ? "enabled" : "disabled", describe(tunnel));
    tell_local_end(tunnel);
    tell_peer(tunnel);
    if (status_ == nullptr) return;
    const std::string since = status_->since == WallTime{} ? "" : "since " + vtid::print(status_->since);
    step("tunnel", model::print(status_->state), status_->reason.empty() ? since : status_->reason);
    tell_sas(tunnel);
  }

  void tell_local_end(const model::Tunnel& tunnel) {
    const model::LocalEnd* end = end_of(snapshot_.local_ends, tunnel.name);
    if (end == nullptr) return;
    step("our end", end->address ? "known" : "unknown",
         end->address ? fmt::format("{} on {}: {}", net::print(*end->address), end->device.text(), end->reason) : end->reason);
  }

  void tell_peer(const model::Tunnel& tunnel) {
    const model::Endpoint* peer = peer_of(tunnel);
    if (peer == nullptr) return;
    for (const std::string& name : host_names_of(*peer)) tell_host_name(name);
    const auto called = snapshot_.called_peers->find(tunnel.name);
    if (called == snapshot_.called_peers->end() || !std::holds_alternative<model::SeveralAddresses>(*peer)) return;
    std::vector<std::string> addresses;
    for (const net::Address& address : called->second) addresses.push_back(net::print(address));
    step("peer", addresses.empty() ? "unknown" : "known",
         addresses.empty() ? "none of its addresses is known"
                           : fmt::format("called in this order: {}", fmt::join(addresses, ", ")));
  }

  void tell_host_name(const std::string& name) {
    const auto found = snapshot_.host_names->find(name);
    if (found == snapshot_.host_names->end()) return;
    const model::ResolvedName& known = found->second;
    std::vector<std::string> addresses;
    for (const net::Address& address : known.addresses) addresses.push_back(net::print(address));
    const std::string is = known.addresses.empty()
                               ? "no address yet"
                               : fmt::format("{}, as of {}", fmt::join(addresses, ", "), vtid::print(known.answered));
    const std::string_view state = !known.failure.empty() ? "failed" : known.addresses.empty() ? "asked" : "resolved";
    step("host name", state,
         fmt::format("{}: {}{}", name, is, known.failure.empty() ? "" : "; the latest look-up: " + known.failure));
  }

  [[nodiscard]] static std::string describe(const model::Tunnel& tunnel) {
    std::vector<std::string> children;
    for (const model::Child& child : tunnel.children) {
      const bool vti = child.mode == model::ChildMode::vti;
      children.push_back(fmt::format("{} ({}) {} to {}{}", child.name, model::print(child.mode),
                                     vti ? net::print(child.local) : list(child.local_networks),
                                     vti ? net::print(child.remote) : list(child.remote_networks),
                                     behind(print(child.options)) + (child.enabled ? "" : ", disabled")));
    }
    return fmt::format("{}, start \"{}\"; children: {}", describe_ike(tunnel), model::print(tunnel.start),
                       fmt::join(children, "; "));
  }

  [[nodiscard]] static std::string list(const std::vector<net::Prefix>& networks) {
    std::string text;
    for (const net::Prefix& network : networks) text += (text.empty() ? "" : ", ") + net::print(network);
    return text.empty() ? "the end itself" : text;
  }

  [[nodiscard]] static std::string describe_ike(const model::Tunnel& tunnel) {
    if (const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike)) {
      return fmt::format("charon's own connection {}", external->connection);
    }
    if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) {
      return fmt::format("static SAs {} to {}", net::print(keys->local), net::print(keys->remote));
    }
    const auto& ike = std::get<model::Ike>(tunnel.ike);
    return fmt::format("IKEv{} {} to {}{}", static_cast<int>(ike.version), model::print(ike.local),
                       model::print(ike.remote.address), behind(print(ike.options)));
  }

  [[nodiscard]] static std::string behind(const std::string& options) { return options.empty() ? "" : ", " + options; }

  void tell_static_sas(const model::StaticKeys& keys) {
    for (const model::StaticSa& sa : keys.in) tell_static_sa(sa, keys.remote, keys.local, "in");
    tell_static_sa(keys.out, keys.local, keys.remote, "out");
  }

  void tell_static_sa(const model::StaticSa& sa, const net::Address& from, const net::Address& to, std::string_view way) {
    const bool there = std::ranges::any_of(snapshot_.observed.sas, [&](const model::Sa& held) {
      return held.destination == to && held.spi == sa.spi && held.algorithm == sa.algorithm;
    });
    step("SA", there ? "installed" : "missing",
         fmt::format("{} {}: {} to {}, {}", way, print_spi(sa.spi), net::print(from), net::print(to),
                     model::print(sa.algorithm)));
  }

  void tell_sas(const model::Tunnel& tunnel) {
    if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) return tell_static_sas(*keys);
    const model::SaTable& sas = snapshot_.sas;
    if (!sas.known) return step("charon", "away", "its SAs have not been seen yet");
    if (!sas.connected) step("charon", "away", "what follows is the last that was seen of its SAs");
    const auto ikes = index_.ikes_of(tunnel);
    if (ikes.empty()) return step("IKE_SA", "none", "charon has no IKE_SA for this tunnel");
    for (const model::IkeSa* ike : ikes) tell_ike(*ike);
  }

  void tell_ike(const model::IkeSa& ike) {
    step("IKE_SA", model::print(ike.state),
         fmt::format("#{} {}: {} '{}' port {} to {} '{}' port {}{}", ike.id, ike.name, net::print(ike.local), ike.local_id,
                     ike.local_port, net::print(ike.remote), ike.remote_id, ike.remote_port,
                     ike.peer_answered ? "" : "; the peer has not answered"));
    const auto children = index_.children_of(ike);
    if (children.empty()) return step("CHILD_SA", "none", "no CHILD_SA: nothing can pass");
    for (const model::ChildSa* child : children) tell_child(*child);
  }

  void tell_child(const model::ChildSa& child) {
    const model::Algorithms& used = child.algorithms;
    step("CHILD_SA", model::print(child.state),
         fmt::format("#{} {}: {} in {} out {}, {}{}{}{}, reqid {}, if_id {} in {} out", child.id, child.name, child.protocol,
                     print_spi(child.spi_in), print_spi(child.spi_out), used.encryption,
                     used.encryption_bits != 0 ? fmt::format("-{}", used.encryption_bits) : "",
                     used.integrity.empty() ? "" : "/" + used.integrity, child.udp_encapsulation ? " in UDP" : "",
                     child.reqid.value, child.if_id_in.value, child.if_id_out.value));
  }

  void tell_device(const Place& place) {
    const model::ObservedLink* link = snapshot_.observed.link(place.device);
    if (link == nullptr) return step("device", "missing", fmt::format("{} is not there", place.device.text()));
    const std::string reason = place.child != nullptr ? place.child->mtu_reason : "";
    const std::string arithmetic = reason.empty() ? "" : fmt::format(" ({})", reason);
    const bool differs = place.child != nullptr && link->mtu != place.child->mtu;
    step("device", link->up ? "up" : "down",
         fmt::format("{}{}: {}mtu {}{}{}", place.device.text(), link->kind.empty() ? "" : " (" + link->kind + ")",
                     domain_of(*link), link->mtu, differs ? fmt::format(", wanted {}", place.child->mtu) : "", arithmetic));
  }

  static std::string domain_of(const model::ObservedLink& link) {
    if (link.fib != 0) return fmt::format("in FIB {}, ", link.fib);
    return link.master.empty() ? "" : fmt::format("in {}, ", link.master.text());
  }

  void tell_addresses(const net::IfName& device) {
    const auto held = index_.addresses_on(device);
    const auto is_held = [&](const net::Prefix& local) {
      return std::ranges::find(held, local, &model::ObservedAddress::local) != held.end();
    };
    const auto wanted = std::ranges::equal_range(snapshot_.desired.addresses, device, {},
                                                 [](const auto& item) -> const net::IfName& { return item.value.device; });
    for (const auto& item : wanted) {
      step("address", is_held(item.value.local) ? "present" : "missing",
           fmt::format("{} ({})", net::print(item.value.local), item.because));
    }
    for (const model::ObservedAddress& address : held) {
      const auto same = [&](const auto& item) { return item.value.local == address.local; };
      if (std::ranges::none_of(wanted, same)) {
        step("address", "present", net::print(address.local) + (address.kernel_made ? " (the kernel's own)" : " (not ours)"));
      }
    }
  }

  void tell_interface(const model::Interface* interface) {
    if (interface == nullptr) return step("interface", "none", "not assigned: no gateway and no rules can name it");
    objects_.push_back("interfaces/" + interface->name);
    step("interface", interface->enabled ? "enabled" : "disabled", interface->name);
  }

  void tell_gateway(const model::Gateway& gateway) {
    objects_.push_back("gateways/" + gateway.name);
    const model::GatewayHealth health = snapshot_.gateway(gateway.name).value_or(model::GatewayHealth{});
    step("gateway", model::print(health.state), describe(gateway, health));
  }

  [[nodiscard]] static std::string describe(const model::Gateway& gateway, const model::GatewayHealth& health) {
    const bool measured = health.state <= model::GatewayState::down && !health.cut;
    return fmt::format("{} {}{}{}", gateway.name, gateway.has_address() ? net::print(gateway.address) : "without an address",
                       measured ? fmt::format(": {:.1f} ms, {} % lost", health.rtt_ms, health.loss_percent) : "",
                       health.reason.empty() ? "" : "; " + health.reason);
  }

  [[nodiscard]] bool has_told_member(const model::GatewayGroup& group) const {
    return std::ranges::any_of(group.members,
                               [&](const model::GroupMember& member) { return concerns("gateways/" + member.gateway); });
  }

  void tell_group(const model::GatewayGroup& group) {
    objects_.push_back("gateway_groups/" + group.name);
    const auto selection = snapshot_.selection.groups.find(group.name);
    const std::string reason = selection == snapshot_.selection.groups.end() ? "" : selection->second.reason;
    std::vector<std::string> active = render_active(group, index_).get<std::vector<std::string>>();
    if (active.empty()) active.emplace_back("nobody");
    step("group", group_state(group, index_),
         fmt::format("{}, trigger \"{}\", carried by {}{}", group.name, model::print(group.trigger), fmt::join(active, ", "),
                     reason.empty() ? "" : "; " + reason));
    if (focus_.group == nullptr) return;
    for (const model::GroupMember& member : group.members) {
      const auto gateway = index_.gateways.find(member.gateway);
      if (gateway == index_.gateways.end()) continue;
      const model::GatewayHealth known = snapshot_.gateway(member.gateway).value_or(model::GatewayHealth{});
      step("member", model::print(known.state), fmt::format("tier {}: {}", member.tier, describe(*gateway->second, known)));
    }
  }

  // Whether it goes through one of the gateways or groups that were told.
  [[nodiscard]] bool concerns(const NamedRoute& named) const {
    if (!focus_.route.empty()) return named.object == focus_.route;
    return concerns("gateways/" + named.route.via) || concerns("gateway_groups/" + named.route.via);
  }

  void tell_route(const NamedRoute& named) {
    if (!concerns(named)) return;
    objects_.push_back(named.object);
    const model::Route* wanted = index_.wanted(named);
    const std::string text = fmt::format("{} via {}", net::print(named.route.to), named.route.via);
    const bool usable = index_.is_usable(named.route.via);
    if (wanted == nullptr) {
      const bool withdrawn = !usable && named.route.when_down == model::WhenDown::withdraw;
      return withdrawn ? step("route", "withdrawn", text + ": nobody can carry it, and \"when_down\" is \"withdraw\"")
                       : step("route", "not wanted", text + ": nobody carries it, or the interface of its gateway is disabled");
    }
    const bool hole = std::holds_alternative<model::Blackhole>(wanted->target);
    step("route",
         !index_.holds(*wanted) ? "missing"
         : hole                 ? "blackhole"
                                : "installed",
         fmt::format(
             "{} metric {}{}", text, wanted->metric.value,
             usable ? "" : fmt::format(": nobody can carry it, and \"when_down\" is \"{}\"", print(named.route.when_down))));
  }

  void tell_policy_route(std::size_t place, const PolicyState& state) {
    const model::PolicyRoute& route = index_.config.policy_routes[place];
    const std::string object = fmt::format("policy_routes/{}", place);
    if (focus_.route.empty() ? !concerns("gateways/" + route.via) && !concerns("gateway_groups/" + route.via)
                             : object != focus_.route) {
      return;
    }
    objects_.push_back(object);
    if (route.is_exception()) {
      return step(
          "policy route", state.state,
          fmt::format("{}: what comes in by {} goes by the routes, past the policy routes behind it", route.name, route.in));
    }
    const std::string by = state.devices.empty() ? "" : fmt::format(", by {}", fmt::join(state.devices, ", "));
    const std::string where = state.table.value == 0 ? "" : fmt::format(", table {}", state.table.value);
    const std::string unless = index_.is_usable(route.via)
                                   ? ""
                                   : fmt::format(": nobody can carry it, and \"when_down\" is \"{}\"", print(route.when_down));
    step("policy route", state.state,
         fmt::format("{}: what comes in by {} goes via {}{}{}{}", route.name, route.in, route.via, by, where, unless));
  }

  // Of rules only those that send what they pass by one of our gateways.
  void tell_rule(const std::string& object, const model::FilterRule& rule) {
    if (rule.gateway.empty() || !focus_.route.empty()) return;
    if (!concerns("gateways/" + rule.gateway) && !concerns("gateway_groups/" + rule.gateway)) return;
    objects_.push_back(object);
    const bool carried = index_.is_usable(rule.gateway) || rule.when_down == model::WhenDown::keep;
    const std::string unless =
        carried ? "" : fmt::format(": nobody can carry it, and \"when_down\" is \"{}\"", print(rule.when_down));
    step("rule", snapshot_.rule_counters.contains(object) ? "installed" : "missing",
         fmt::format("{}: what it passes in by {} goes via {}{}", object, rule.on, rule.gateway, unless));
  }

  void tell_plan() {
    for (const model::Op& op : snapshot_.plan.ops) {
      if (!concerns(op.because)) continue;
      const auto failed = std::ranges::find(*snapshot_.failed, op, &model::FailedOp::op);
      std::string text = model::print(op.change) + ": " + op.reason;
      if (failed == snapshot_.failed->end()) {
        step("to do", "pending", std::move(text));
      } else {
        step("to do", "failed", fmt::format("{}; {} attempts: {}", text, failed->attempts, failed->error.text));
      }
    }
  }

  void tell_problems() {
    for (const model::Problem& problem : snapshot_.problems) {
      const bool of_charon = problem.object == "charon" && focus_.tunnel != nullptr;
      if (!of_charon && !concerns(problem.object)) continue;
      step("problem", model::print(problem.severity),
           problem.text + (problem.remedy.empty() ? "" : "; remedy: " + problem.remedy));
    }
  }

  const Focus focus_;
  const Index& index_;
  const model::SnapshotView& snapshot_;
  const model::TunnelStatus* status_ = nullptr;
  std::vector<Place> places_;
  std::vector<std::string> objects_;  // parts of the file that the chain touched
  Json steps_ = Json::array();
};

template <class T>
const T* find(const std::map<std::string_view, const T*>& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : found->second;
}

Focus focus_on(const model::Interface* interface, const Index& index) {
  Focus focus;
  focus.interface = interface;
  if (interface == nullptr) return focus;
  const auto* port = std::get_if<model::TunnelPort>(&interface->port);
  if (port != nullptr) focus.tunnel = find(index.tunnels, port->tunnel);
  return focus;
}

Focus focus_on(const model::Gateway* gateway, const Index& index) {
  Focus focus = focus_on(gateway != nullptr ? find(index.interfaces, gateway->interface) : nullptr, index);
  focus.gateway = gateway;
  return focus;
}

Focus focus_on(const model::GatewayGroup* group) {
  Focus focus;
  focus.group = group;
  return focus;
}

Focus focus_on_route(std::string object, std::string_view via, const Index& index) {
  const auto* group = find(index.groups, via);
  Focus focus = group != nullptr ? focus_on(group) : focus_on(find(index.gateways, via), index);
  focus.route = std::move(object);
  return focus;
}

// Those that may have this name: "10.1.0.0/16", "10.1.0.0/16 metric 5", "default ipv4".
std::vector<NamedRoute> routes_called(std::string_view name, const Index& index) {
  const auto to = net::parse_prefix(name.substr(0, name.find(' ')));
  const auto found = to ? index.names.routes_to.find(*to) : index.names.routes_to.end();
  std::vector<NamedRoute> named;
  for (const std::size_t place : found == index.names.routes_to.end() ? std::vector<std::size_t>{} : found->second) {
    named.push_back(named_route(place, index));
  }
  std::ranges::move(named_default_routes(index.config), std::back_inserter(named));
  return named;
}

std::optional<Focus> find_focus(std::string_view name, const Index& index) {
  if (const auto* tunnel = find(index.tunnels, name)) {
    Focus focus;
    focus.tunnel = tunnel;
    return focus;
  }
  if (const auto* child = index.child_of(name)) {
    Focus focus;
    focus.tunnel = find(index.tunnels, name.substr(0, name.find('/')));
    focus.child = child;
    return focus;
  }
  if (const auto* interface = find(index.interfaces, name)) return focus_on(interface, index);
  if (const auto* gateway = find(index.gateways, name)) return focus_on(gateway, index);
  if (const auto* group = find(index.groups, name)) return focus_on(group);
  for (const NamedRoute& named : routes_called(name, index)) {
    if (named.name == name || net::print(named.route.to) == name) return focus_on_route(named.object, named.route.via, index);
  }
  for (std::size_t i = 0; i < index.config.policy_routes.size(); ++i) {
    const model::PolicyRoute& route = index.config.policy_routes[i];
    if (route.name == name && route.is_exception()) return Focus{.route = fmt::format("policy_routes/{}", i), .past_all = true};
    if (route.name == name) return focus_on_route(fmt::format("policy_routes/{}", i), route.via, index);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Json> explain(std::string_view name, const Index& index) {
  const auto focus = find_focus(name, index);
  if (!focus) return std::nullopt;
  return Chain(*focus, index).tell();
}

std::vector<std::string> explainable_names(const Index& index) {
  std::vector<std::string> names;
  for (const NamedRoute& named : named_routes(index)) names.push_back(named.name);
  for (const model::PolicyRoute& route : index.config.policy_routes) names.push_back(route.name);
  for (const model::Tunnel& tunnel : index.config.tunnels) names.push_back(tunnel.name);
  for (const model::Interface& interface : index.config.interfaces) names.push_back(interface.name);
  for (const model::Gateway& gateway : index.config.gateways) names.push_back(gateway.name);
  for (const model::GatewayGroup& group : index.config.groups) names.push_back(group.name);
  return names;
}

}  // namespace vtid::control
