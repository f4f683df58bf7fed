#include "control/kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/duration.h"
#include "control/groups.h"
#include "control/render.h"
#include "vtid/protocol.h"

namespace vtid::control {
namespace {

Json render_networks(const std::vector<net::Prefix>& networks) {
  Json array = Json::array();
  for (const net::Prefix& network : networks) array.push_back(net::print(network));
  return array;
}

Json render_child(const model::Child& child) {
  const bool vti = child.mode == model::ChildMode::vti;
  return {{"name", child.name},
          {"mode", model::print(child.mode)},
          {"enabled", child.enabled},
          {"description", child.description},
          {"local", vti ? Json(net::print(child.local)) : render_networks(child.local_networks)},
          {"remote", vti ? Json(net::print(child.remote)) : render_networks(child.remote_networks)}};
}

// The peer's, when the file knows it by one.
Json render_host_name(const model::Tunnel& tunnel, const Index& index) {
  const model::Endpoint* peer = peer_of(tunnel);
  const auto* host = peer == nullptr ? nullptr : std::get_if<model::HostName>(peer);
  if (host == nullptr) return {};
  const auto found = index.snapshot.host_names->find(host->name);
  const model::ResolvedName known = found == index.snapshot.host_names->end() ? model::ResolvedName{} : found->second;
  Json addresses = Json::array();
  for (const net::Address& address : known.addresses) addresses.push_back(net::print(address));
  return {{"name", host->name},
          {"addresses", std::move(addresses)},
          {"answered", known.addresses.empty() ? Json() : render_time(known.answered)},
          {"failure", known.failure}};
}

// In the order in which they are called; none where the file has the one address.
Json render_called(const std::string& tunnel, const Index& index) {
  Json addresses = Json::array();
  const auto found = index.snapshot.called_peers->find(tunnel);
  if (found == index.snapshot.called_peers->end()) return addresses;
  for (const net::Address& address : found->second) addresses.push_back(net::print(address));
  return addresses;
}

using Devices = std::map<net::Address, std::string_view>;

// The first device with each address.
Devices devices_by_address(const model::Observed& observed) {
  Devices devices;
  for (const model::ObservedAddress& item : observed.addresses) devices.emplace(item.local.address, item.device.text());
  return devices;
}

Json render_listed(const model::TunnelStatus& status, const Index& index, std::string_view device) {
  Json json = render_tunnel(status, index);
  json["mtu_reason"] = status.mtu_reason;
  json["outer_device"] = device;
  if (const auto found = index.tunnels.find(status.name); found != index.tunnels.end()) {
    const model::Tunnel& tunnel = *found->second;
    json["enabled"] = tunnel.enabled;
    json["description"] = tunnel.description;
    json["start"] = model::print(tunnel.start);
    json["host_name"] = render_host_name(tunnel, index);
    json["peer_addresses"] = render_called(tunnel.name, index);
    json["children"] = Json::array();
    for (const model::Child& child : tunnel.children) json["children"].push_back(render_child(child));
  }
  return json;
}

// Each with the device that has its outer address; empty while none does.
Json list_tunnels(const Index& index) {
  Json array = Json::array();
  const Devices devices = devices_by_address(index.snapshot.observed);
  for (const model::TunnelStatus& status : index.snapshot.tunnels) {
    const auto local = net::parse_address(status.local);
    const auto found = local ? devices.find(*local) : devices.end();
    array.push_back(render_listed(status, index, found == devices.end() ? std::string_view{} : found->second));
  }
  return array;
}

Json show_tunnel(const Index& index, std::string_view name) {
  const model::TunnelStatus* status = index.status_of(name);
  if (status == nullptr) return nullptr;
  const auto& addresses = index.snapshot.observed.addresses;
  const auto local = net::parse_address(status->local);
  const auto found = std::ranges::find_if(addresses, [&](const auto& item) { return item.local.address == local; });
  return render_listed(*status, index, found == addresses.end() ? std::string_view{} : found->device.text());
}

// What the kernel holds under a device name, and the assignment that uses it, if any.
Json render_device(const net::IfName& device, const Index& index) {
  const model::ObservedLink* link = device.empty() ? nullptr : index.snapshot.observed.link(device);
  Json addresses = Json::array();
  for (const model::ObservedAddress& address : index.addresses_on(device)) addresses.push_back(net::print(address.local));
  return {{"device", device.text()},
          {"present", link != nullptr},
          {"up", link != nullptr && link->up},
          {"mtu", link != nullptr ? link->mtu : 0},
          {"vrf", link != nullptr ? link->master.text() : ""},
          {"fib", link != nullptr ? link->fib : 0},
          {"addresses", std::move(addresses)}};
}

Json render_interface(const model::Interface& interface, const Index& index) {
  const auto* port = std::get_if<model::TunnelPort>(&interface.port);
  Json json{{"name", interface.name},
            {"assigned", true},
            {"enabled", interface.enabled},
            {"tunnel", port != nullptr ? port->tunnel : ""},
            {"child", port != nullptr ? port->child : ""},
            {"description", interface.description}};
  json.update(render_device(index.device_of(interface), index));
  return json;
}

Json render_unassigned(const model::TunnelStatus& tunnel, const model::ChildStatus& status, const Index& index) {
  Json json{{"name", status.device.text()},
            {"assigned", false},
            {"enabled", tunnel.state != model::TunnelState::disabled},
            {"tunnel", tunnel.name},
            {"child", status.holder == tunnel.name ? "" : status.name},
            {"description", ""}};
  json.update(render_device(status.device, index));
  return json;
}

// The assignments of the file, then the tunnel devices that have none, under the device's own name.
Json list_interfaces(const Index& index) {
  Json array = Json::array();
  for (const model::Interface& interface : index.config.interfaces) array.push_back(render_interface(interface, index));
  for (const model::TunnelStatus& tunnel : index.snapshot.tunnels) {
    for (const model::ChildStatus& child : tunnel.children) {
      if (!child.device.empty() && !index.names.assignments.contains(child.holder))
        array.push_back(render_unassigned(tunnel, child, index));
    }
  }
  return array;
}

Json render_silence(const decltype(model::MonitorOptions::silence)& silence) {
  if (const int* probes = std::get_if<int>(&silence)) return *probes;
  return std::holds_alternative<model::NoSilence>(silence) ? "off" : "auto";
}

Json render_targets(const model::Gateway& gateway) {
  Json array = Json::array();
  for (const model::MonitorTarget& target : model::targets_of(gateway)) {
    Json& item = array.emplace_back(Json{{"address", render_address(*target.address)}, {"kind", model::print(target.kind)}});
    if (target.kind == model::ProbeKind::tcp) item["port"] = target.port;
  }
  return array;
}

// Of several; one is the gateway.
Json render_target_states(const std::optional<model::GatewayHealth>& health) {
  Json array = Json::array();
  if (!health) return array;
  for (const model::TargetHealth& target : health->targets) {
    array.push_back({{"target", target.target},
                     {"state", model::print(target.state)},
                     {"rtt_ms", target.rtt_ms},
                     {"loss_percent", target.loss_percent},
                     {"reason", target.reason}});
  }
  return array;
}

Json render_monitor(const model::Gateway& gateway) {
  const model::MonitorOptions& monitor = gateway.monitor;
  return {{"enabled", monitor.enabled},
          {"address", render_address(monitor.address.value_or(gateway.address))},
          {"targets", render_targets(gateway)},
          {"require", monitor.require ? Json(*monitor.require) : Json("all")},
          {"interval", print_duration(monitor.interval)},
          {"loss_interval", print_duration(monitor.loss_interval)},
          {"period", print_duration(monitor.period)},
          {"alert", print_duration(monitor.alert)},
          {"hold", print_duration(monitor.hold)},
          {"latency", {{"low", print_duration(monitor.latency_low)}, {"high", print_duration(monitor.latency_high)}}},
          {"loss", {{"low", monitor.loss_low}, {"high", monitor.loss_high}}},
          {"silence", render_silence(monitor.silence)},
          {"damping",
           {{"falls", monitor.falls},
            {"window", print_duration(monitor.fall_window)},
            {"longest", print_duration(monitor.longest_hold)}}}};
}

Json list_gateways(const Index& index) {
  Json array = Json::array();
  for (const model::Gateway& gateway : index.config.gateways) {
    Json json = render_gateway(gateway, index);
    const auto health = index.snapshot.gateway(gateway.name);
    const auto interface = index.interfaces.find(gateway.interface);
    json["since"] = health ? render_time(health->since) : Json();
    json["reason"] = health ? health->reason : "";
    json["interface"] = gateway.interface;
    json["device"] = interface != index.interfaces.end() ? index.device_of(*interface->second).text() : "";
    json["automatic"] = gateway.automatic;
    json["on_link"] = gateway.on_link;
    json["description"] = gateway.description;
    json["weight"] = gateway.weight;
    json["targets"] = render_target_states(health);
    json["monitor"] = render_monitor(gateway);
    array.push_back(std::move(json));
  }
  return array;
}

// What became of a route that the file asks for.
std::string_view state_of(const model::StaticRoute& route, const model::Route* wanted, const Index& index) {
  if (wanted == nullptr) {
    return route.when_down == model::WhenDown::withdraw && !index.is_usable(route.via) ? "withdrawn" : "not wanted";
  }
  if (!index.holds(*wanted)) return "missing";
  return std::holds_alternative<model::Blackhole>(wanted->target) ? "blackhole" : "installed";
}

// The address that it leads to now, else the one that it would: a group's is its active member's.
// Of each hop, or of the gateway that the file names while there is no route.
std::string next_hops_of(const model::StaticRoute& route, const std::vector<model::NextHop>& hops, const Index& index) {
  std::vector<std::string> gateways;
  for (const model::NextHop& hop : hops) {
    if (hop.via.gateway) gateways.push_back(net::print(*hop.via.gateway));
  }
  const auto gateway = index.gateways.find(route.via);
  if (gateways.empty() && gateway != index.gateways.end() && gateway->second->has_address())
    gateways.push_back(net::print(gateway->second->address));
  return fmt::format("{}", fmt::join(gateways, ", "));
}

Json render_route(const NamedRoute& named, const Index& index) {
  const model::StaticRoute& route = named.route;
  const model::Route* wanted = index.wanted(named);
  const auto hops = wanted != nullptr ? model::hops_of(*wanted) : std::vector<model::NextHop>{};
  std::vector<std::string_view> devices;
  for (const model::NextHop& hop : hops) devices.push_back(hop.via.device.text());
  return {{"name", named.name},
          {"to", net::print(route.to)},
          {"via", route.via},
          {"gateway", next_hops_of(route, hops, index)},
          {"device", fmt::format("{}", fmt::join(devices, ", "))},
          {"metric", wanted != nullptr ? wanted->metric.value : route.metric.value_or(net::Metric{}).value},
          {"when_down", model::print(route.when_down)},
          {"state", state_of(route, wanted, index)}};
}

Json list_routes(const Index& index) {
  Json array = Json::array();
  for (const NamedRoute& named : named_routes(index)) array.push_back(render_route(named, index));
  return array;
}

Json render_policy(const model::Policy& policy, std::string_view state, const Index& index) {
  const auto& tunnels = index.snapshot.tunnel_by_reqid;
  const auto tunnel = tunnels.find(policy.reqid);
  return {
      {"name", fmt::format("{} {} if_id {}", model::print(policy.direction), net::print(policy.family), policy.if_id.value)},
      {"tunnel", tunnel != tunnels.end() ? tunnel->second : ""},
      {"direction", model::print(policy.direction)},
      {"family", net::print(policy.family)},
      {"if_id", policy.if_id.value},
      {"reqid", policy.reqid.value},
      {"outer_source", net::print(policy.outer_source)},
      {"outer_destination", net::print(policy.outer_destination)},
      {"priority", policy.priority},
      {"state", state}};
}

// vtid's own policies: those of the kernel, then those that it lacks. charon's are not vtid's to list.
Json list_policies(const Index& index) {
  Json array = Json::array();
  const std::vector<model::Policy>& held = index.snapshot.observed.policies;
  std::set<model::Policy> wanted;
  for (const auto& item : index.snapshot.desired.policies) wanted.insert(item.value);
  for (const model::Policy& policy : held) {
    array.push_back(render_policy(policy, wanted.erase(policy) != 0 ? "installed" : "not wanted", index));
  }
  for (const model::Policy& policy : wanted) array.push_back(render_policy(policy, "missing", index));
  return array;
}

Json render_child_sa(const model::ChildSa& child) {
  return {{"name", child.name},
          {"id", child.id},
          {"state", model::print(child.state)},
          {"reqid", child.reqid.value},
          {"if_id_in", child.if_id_in.value},
          {"if_id_out", child.if_id_out.value},
          {"protocol", child.protocol},
          {"udp_encapsulation", child.udp_encapsulation},
          {"spi_in", print_spi(child.spi_in)},
          {"spi_out", print_spi(child.spi_out)},
          {"encryption", child.algorithms.encryption},
          {"encryption_bits", child.algorithms.encryption_bits},
          {"integrity", child.algorithms.integrity},
          {"dh_group", child.algorithms.dh_group},
          {"local_ts", child.local_ts},
          {"remote_ts", child.remote_ts},
          {"installed", render_time(child.installed)}};
}

Json render_static_child(const model::TunnelStatus& status, const model::Sa* in, const model::Sa* out) {
  const model::Sa& known = in != nullptr ? *in : *out;
  const model::Algorithms algorithms = model::in_words(known.algorithm);
  return {{"name", status.name},
          {"id", 0},
          {"state", in != nullptr && out != nullptr ? "INSTALLED" : "INCOMPLETE"},
          {"reqid", known.reqid.value},
          {"if_id_in", known.if_id.value},
          {"if_id_out", known.if_id.value},
          {"protocol", "ESP"},
          {"udp_encapsulation", false},
          {"spi_in", in != nullptr ? Json(print_spi(in->spi)) : Json()},
          {"spi_out", out != nullptr ? Json(print_spi(out->spi)) : Json()},
          {"encryption", algorithms.encryption},
          {"encryption_bits", algorithms.encryption_bits},
          {"integrity", algorithms.integrity},
          {"dh_group", ""},
          {"local_ts", {"0.0.0.0/0", "::/0"}},
          {"remote_ts", {"0.0.0.0/0", "::/0"}},
          {"installed", Json()}};
}

// Each inbound SA with the outbound one: old and new stand side by side while a peer changes over.
Json render_static_children(const model::TunnelStatus& status, const std::vector<const model::Sa*>& sas) {
  const auto leads_in = [&](const model::Sa* sa) { return net::print(sa->destination) == status.local; };
  const auto outbound = std::ranges::find_if_not(sas, leads_in);
  const model::Sa* out = outbound == sas.end() ? nullptr : *outbound;
  Json children = Json::array();
  for (const model::Sa* sa : sas) {
    if (leads_in(sa)) children.push_back(render_static_child(status, sa, out));
  }
  if (children.empty() && out != nullptr) children.push_back(render_static_child(status, nullptr, out));
  return children;
}

// Tunnels with static SAs, as the kernel has them; in the place of an IKE_SA's state stands that there is none.
void list_static_sas(const Index& index, Json& array) {
  std::map<net::IfId, std::vector<const model::Sa*>> by_if_id;
  for (const model::Sa& sa : index.snapshot.observed.sas) by_if_id[sa.if_id].push_back(&sa);
  for (const model::TunnelStatus& status : index.snapshot.tunnels) {
    const auto tunnel = index.tunnels.find(status.name);
    if (tunnel == index.tunnels.end() || !has_static_keys(*tunnel->second)) continue;
    array.push_back({{"name", status.name},
                     {"tunnel", status.name},
                     {"id", 0},
                     {"version", 0},
                     {"state", "STATIC"},
                     {"initiator", false},
                     {"local", status.local},
                     {"local_port", 0},
                     {"local_id", ""},
                     {"remote", status.remote},
                     {"remote_port", 0},
                     {"remote_id", ""},
                     {"children", render_static_children(status, by_if_id[status.if_id])}});
  }
}

// IKE_SAs, each with its CHILD_SAs. Several of one name are normal while charon replaces one by another.
Json list_sas(const Index& index) {
  Json array = Json::array();
  for (const auto& [id, ike] : index.snapshot.sas.ikes) {
    Json children = Json::array();
    for (const model::ChildSa* child : index.children_of(ike)) children.push_back(render_child_sa(*child));
    array.push_back({{"name", ike.name},
                     {"tunnel", index.tunnel_of(ike)},
                     {"id", id},
                     {"version", ike.version},
                     {"state", model::print(ike.state)},
                     {"initiator", ike.initiator},
                     {"local", net::print(ike.local)},
                     {"local_port", ike.local_port},
                     {"local_id", ike.local_id},
                     {"remote", net::print(ike.remote)},
                     {"remote_port", ike.remote_port},
                     {"remote_id", ike.remote_id},
                     {"children", std::move(children)}});
  }
  list_static_sas(index, array);
  return array;
}

// Who holds a unit, and with it a device, a reqid and an if_id. Holders that left the file keep theirs.
Json list_numbers(const Index& index) {
  Json array = Json::array();
  for (const auto& [holder, unit] : index.snapshot.numbers) {
    array.push_back({{"name", holder},
                     {"unit", unit.value},
                     {"device", net::IfName::of(unit).text()},
                     {"reqid", net::reqid_of(unit).value},
                     {"if_id", net::if_id_of(unit).value},
                     {"state", index.child_of(holder) != nullptr ? "in use" : "kept"}});
  }
  return array;
}

void add_lists(Json& array, const std::vector<model::ListRef>& lists) {
  for (const model::ListRef& list : lists) array.push_back('@' + list->name);
}

Json render_ends(const model::AnyOf<net::Prefix>& ends) {
  if (ends.empty()) return "any";
  Json array = render_networks(ends.values);
  add_lists(array, ends.lists);
  return array;
}

Json render_protocols(const std::vector<std::uint8_t>& protocols) {
  Json array = Json::array();
  for (const std::uint8_t protocol : protocols) array.push_back(net::protocol_word(protocol));
  return array;
}

Json render_ports(const model::AnyOf<model::PortRange>& ports) {
  Json array = Json::array();
  for (const model::PortRange& range : ports.values) array.push_back(model::print(range));
  add_lists(array, ports.lists);
  return array;
}

// All that the file may say of the traffic of a rule or a policy route.
void add_traffic(Json& row, const model::Traffic& traffic) {
  Json icmp_types = Json::array();
  for (const std::uint8_t type : traffic.icmp_types) icmp_types.push_back(net::icmp_type_word(traffic.protocols.front(), type));
  row["protocol"] = traffic.protocols.empty() ? Json("any") : render_protocols(traffic.protocols);
  row["from"] = render_ends(traffic.from);
  row["to"] = render_ends(traffic.to);
  row["from_not"] = traffic.from_not.empty() ? Json::array() : render_ends(traffic.from_not);
  row["to_not"] = traffic.to_not.empty() ? Json::array() : render_ends(traffic.to_not);
  row["from_ports"] = render_ports(traffic.from_ports);
  row["ports"] = render_ports(traffic.ports);
  row["icmp_types"] = std::move(icmp_types);
}

Json list_policy_routes(const Index& index) {
  Json array = Json::array();
  const std::vector<PolicyState> states = policy_states(index);
  for (std::size_t i = 0; i < states.size(); ++i) {
    const model::PolicyRoute& route = index.config.policy_routes[i];
    const PolicyState& state = states[i];
    Json row{{"name", route.name}, {"in", route.in}};
    add_traffic(row, route.traffic);
    row.update({{"via", route.via},
                {"when_down", route.is_exception() ? "" : model::print(route.when_down)},
                {"table", state.table.value},
                {"devices", state.devices},
                {"state", state.state}});
    array.push_back(std::move(row));
  }
  return array;
}

// In the order in which they are tried, each with what it has met since the filter was last written.
Json list_rules(const Index& index) {
  Json array = Json::array();
  const auto& rules = index.config.filter.rules;
  for (std::size_t i = 0; rules && i < rules->size(); ++i) {
    const model::FilterRule& rule = (*rules)[i];
    const std::string name = fmt::format("rules/{}", i);
    const auto found = index.snapshot.rule_counters.find(name);
    const model::RuleCounters counters = found == index.snapshot.rule_counters.end() ? model::RuleCounters{} : found->second;
    Json row{
        {"name", name}, {"on", rule.on}, {"direction", model::print(rule.direction)}, {"action", model::print(rule.action)}};
    add_traffic(row, rule.traffic);
    row.update({{"dscp", rule.traffic.dscp},
                {"log", rule.log ? Json(*rule.log) : Json(false)},
                {"gateway", rule.gateway},
                {"when_down", rule.gateway.empty() ? "" : model::print(rule.when_down)},
                {"description", rule.description},
                {"packets", counters.packets},
                {"bytes", counters.bytes},
                {"state", found == index.snapshot.rule_counters.end() ? "missing" : "installed"}});
    array.push_back(std::move(row));
  }
  return array;
}

constexpr std::array kKinds{Kind{"tunnels", "tunnel", list_tunnels, show_tunnel},
                            Kind{"interfaces", "interface", list_interfaces},
                            Kind{"gateways", "gateway", list_gateways},
                            Kind{"groups", "gateway group", list_groups},
                            Kind{"routes", "route", list_routes},
                            Kind{"policies", "policy", list_policies},
                            Kind{"sas", "IKE_SA", list_sas},
                            Kind{"numbers", "holder of a number", list_numbers},
                            Kind{"rules", "rule", list_rules},
                            Kind{"policy_routes", "policy route", list_policy_routes}};

static_assert(std::ranges::equal(kKinds, protocol::kKinds, {}, &Kind::name));

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

const Kind* find_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace vtid::control
