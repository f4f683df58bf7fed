// A small site as the daemon would show it: one tunnel up, one held down whose peer has a host name, a route, an SA, a problem,
// a failed operation.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "model/snapshot.h"
#include "support/worlds.h"

namespace vtid::control::test {

inline WallTime at(int seconds) { return WallTime{std::chrono::seconds{1'795'456'800 + seconds}}; }  // 2026-11-23T18:00:00Z

using vtid::test::address;
using vtid::test::device;
using vtid::test::prefix;

inline model::Config config() {
  model::Config config;
  config.tunnels = {vtid::test::tunnel("hq", 106), vtid::test::tunnel("lab", 107)};
  std::get<model::Ike>(config.tunnels[1].ike).remote.address = model::HostName{"lab.example.org"};
  vtid::test::assign(config, "VTI_HQ", "hq");
  config.interfaces.push_back({"WAN", model::DevicePort{device("eth0")}, true, "", std::nullopt, {}, {}});
  config.gateways.push_back({"WAN_GW", "WAN", address("192.0.2.254"), false, 1, {}, false, "the provider"});
  config.routes = {{prefix("10.20.0.0/16"), "VTI_HQ_VTIV4", net::Metric{10}, model::WhenDown::keep},
                   {prefix("10.30.0.0/16"), "WAN_GW", net::Metric{10}, model::WhenDown::keep},
                   {prefix("10.30.0.0/16"), "VTI_HQ_VTIV4", net::Metric{20}, model::WhenDown::keep}};
  model::FilterRule web;
  web.on = "ipsec";
  web.traffic = {{net::kTcp, net::kUdp},     {}, {prefix("10.1.0.0/24"), prefix("fd00:1::/64")}, {},
                 {{443, 443}, {5060, 5061}}, {}};
  web.log = "web: ";
  web.description = "servers";
  model::FilterRule all;
  all.on = "ipsec";
  all.action = model::RuleAction::block;
  config.filter.rules = {web, all};
  return config;
}

inline model::TunnelStatus status(const std::string& name, std::uint32_t unit, model::TunnelState state) {
  model::TunnelStatus status;
  status.name = name;
  status.state = state;
  status.since = at(5);
  status.device = net::IfName::of({unit});
  status.reqid = net::reqid_of({unit});
  status.if_id = net::if_id_of({unit});
  status.local = "192.0.2.1";
  status.remote = "198.51.100.1";
  status.mtu = 1422;
  status.mtu_reason = "1500 less what ESP adds";
  status.children_wanted = 1;
  model::ChildStatus child;
  child.name = child.holder = name;
  child.state = state;
  child.since = status.since;
  child.up = state == model::TunnelState::up;
  child.device = status.device;
  child.reqid = status.reqid;
  child.if_id = status.if_id;
  child.mtu = status.mtu;
  child.mtu_reason = status.mtu_reason;
  status.children = {child};
  return status;
}

inline model::SaTable sas() {
  model::SaTable sas;
  sas.connected = sas.known = true;
  sas.version = "5.9.8";
  sas.since = at(0);
  model::IkeSa ike;
  ike.id = 3;
  ike.name = "hq";
  ike.state = model::IkeState::established;
  ike.initiator = ike.peer_answered = true;
  ike.local = address("192.0.2.1");
  ike.remote = address("198.51.100.1");
  ike.local_port = ike.remote_port = 500;
  ike.local_id = "branch";
  ike.remote_id = "hq";
  sas.ikes = {{3, ike}};
  model::ChildSa child;
  child.id = 7;
  child.ike_id = 3;
  child.name = "vti";
  child.reqid = {5001};
  child.if_id_in = child.if_id_out = {1};
  child.state = model::ChildState::installed;
  child.protocol = "ESP";
  child.spi_in = 0xc1f3a0b2;
  child.spi_out = 0x00c0ffee;
  child.algorithms = {"AES_GCM_16", 256, "", "ECP_384"};
  child.local_ts = {"0.0.0.0/0"};
  child.remote_ts = {"0.0.0.0/0"};
  child.installed = at(5);
  sas.children = {{7, child}};
  return sas;
}

inline model::Route route(const char* to, std::uint32_t metric) {
  return {prefix(to), {metric}, net::kMainTable, model::ViaGateway{device("ipsec1"), address("10.6.106.2")}};
}

inline void add_kernel(model::Snapshot& snapshot) {
  model::ObservedLink link;
  link.index = {7};
  link.name = net::IfName::of({1});
  link.owner = model::Owner::vtid;
  link.kind = "xfrm";
  link.if_id = net::IfId{1};
  link.mtu = 1422;
  link.up = true;
  snapshot.observed.links = {link};
  snapshot.observed.addresses = {{{7}, link.name, prefix("10.6.106.1/30"), std::nullopt, false}};
  snapshot.observed.routes = {{route("10.20.0.0/16", 10)}};
  snapshot.desired.addresses = {{{link.name, prefix("10.6.106.1/30"), std::nullopt}, "tunnels/hq/children/v4"}};
  snapshot.desired.routes = {{route("10.20.0.0/16", 10), "routes/0"}, {route("10.30.0.0/16", 20), "routes/2"}};
  const model::Policy held{model::PolicyDirection::in, net::Family::ipv4,     {1}, {5001}, address("198.51.100.1"),
                           address("192.0.2.1"),       model::kPolicyPriority};
  model::Policy missing = held;
  missing.direction = model::PolicyDirection::out;
  std::swap(missing.outer_source, missing.outer_destination);
  snapshot.observed.policies = {held};
  snapshot.desired.policies = {{held, "tunnels/hq"}, {missing, "tunnels/hq"}};
}

inline model::Snapshot snapshot() {
  model::Snapshot snapshot;
  snapshot.version = "0.1.0";
  snapshot.now.wall = at(60);
  snapshot.generation = 12;
  snapshot.config = std::make_shared<const model::Config>(config());
  snapshot.sas = sas();
  add_kernel(snapshot);
  snapshot.tunnels = {status("hq", 1, model::TunnelState::up), status("lab", 2, model::TunnelState::down)};
  snapshot.tunnels[0].interface = "VTI_HQ";
  snapshot.tunnels[0].children_up = 1;
  snapshot.tunnels[0].counters = {1000, 2000, 10, 20};
  snapshot.tunnels[0].gateways = {"VTI_HQ_VTIV4"};
  snapshot.tunnels[1].reason = "held down by vtictl";
  snapshot.gateways = {{"VTI_HQ_VTIV4", {model::GatewayState::online, at(6), 1.23456, 0.1, 0}}};
  snapshot.host_names = {
      {"lab.example.org", {{address("198.51.100.1"), address("2001:db8::1")}, at(3), "Host not found (authoritative)"}}};
  snapshot.numbers = {{"hq", {1}}, {"hq/v4", {3}}, {"lab", {2}}};
  const model::Op op{model::SetRoute{route("10.30.0.0/16", 20), false}, "route 10.30.0.0/16 metric 20", "not there",
                     "routes/2"};
  snapshot.plan.ops = {op};
  snapshot.observed.filter = {"if_ipsec", "0123456789abcdef", false};
  snapshot.rule_counters = {{"rules/0", {12, 3456}}};
  snapshot.failed = {{op, {"cannot add route 10.30.0.0/16: Network is unreachable", "bring eth0 up", 101}, 3}};
  snapshot.problems = {{model::Severity::warning, "tunnels/lab", "lab is held down", "vtictl up lab"}};
  return snapshot;
}

// The same with a group whose first tier is down, a route through it, one that was withdrawn, and a role that follows an
// address.
inline model::Snapshot snapshot_with_group() {
  model::Snapshot snapshot = test::snapshot();
  model::Config file = *snapshot.config;
  file.groups = {{"OUT",
                  model::Trigger::loss,
                  model::WhenAllDown::first_tier,
                  {{"WAN_GW", 1, std::nullopt}, {"VTI_HQ_VTIV4", 2, 3}},
                  "the provider first"}};
  file.routes.push_back({prefix("10.40.0.0/16"), "OUT", net::Metric{10}, model::WhenDown::keep});
  file.routes.push_back({prefix("10.50.0.0/16"), "WAN_GW", net::Metric{10}, model::WhenDown::withdraw});
  file.default_gateway.ipv4 = "WAN_GW";
  file.role_address = net::parse_address("192.0.2.10").value();
  snapshot.config = std::make_shared<const model::Config>(std::move(file));
  snapshot.observed.routes.push_back({route("10.40.0.0/16", 10)});
  snapshot.desired.routes.push_back({route("10.40.0.0/16", 10), "routes/3"});
  snapshot.gateways["WAN_GW"] = {model::GatewayState::down,  at(30), 2.5, 0.2, 25, false, {}, false,
                                 "25 % loss, more than 20 %"};
  snapshot.selection.down = {"WAN_GW"};
  snapshot.selection.groups["OUT"] = {{{"VTI_HQ_VTIV4", 3}}, true, "WAN_GW is down: 25 % loss, more than 20 %", at(30)};
  return snapshot;
}

}  // namespace vtid::control::test
