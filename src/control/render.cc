#include "control/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "control/groups.h"
#include "control/json_text.h"

namespace vtid::control {
namespace {

constexpr std::size_t kBytesOfTunnel = 1'536;  // with two gateways and long names: what is reserved need not grow

double to_microseconds(double milliseconds) { return std::round(milliseconds * 1000) / 1000; }

template <class Items, class Render>
Json render_all(const Items& items, Render render) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(render(item));
  return array;
}

bool is_error(const model::Problem& problem) { return problem.severity == model::Severity::error; }

// What the kernel's table says, if it is as vtid left it. No table is mode enc without anything to do.
std::string live_mode(const model::SnapshotView& snapshot) {
  const auto& filter = snapshot.observed.filter;
  if (!filter) return snapshot.desired.filter ? "none" : std::string(print(model::FilterMode::enc));
  if (!filter->inactive_reason.empty()) return "none";
  return filter->altered || filter->mode.empty() ? "altered" : filter->mode;
}

Json render_filter(const model::SnapshotView& snapshot) {
  return {{"mode", print(snapshot.config.filter.mode)}, {"live", live_mode(snapshot)}};
}

Json render_charon(const model::SaTable& sas) {
  return {{"connected", sas.connected},
          {"version", sas.version.is_known() ? Json(sas.version.text()) : Json()},
          {"since", render_time(sas.since)}};
}

}  // namespace

Json render_time(WallTime time) { return time == WallTime{} ? Json() : Json(print(time)); }

std::string print_spi(std::uint32_t spi) { return fmt::format("0x{:08x}", spi); }

Json render_problem(const model::Problem& problem) {
  return {{"severity", model::print(problem.severity)},
          {"object", problem.object},
          {"text", problem.text},
          {"remedy", problem.remedy}};
}

Json render_address(const net::Address& address) { return address.is_unspecified() ? Json() : Json(net::print(address)); }

namespace {

template <class To>
void put_time(To& to, std::string_view name, WallTime time) {
  if (time == WallTime{}) return to.add(name, Json());
  to.add(name, print(time));
}

template <class To>
void put_gateway(To& to, const model::Gateway& gateway, const Index& index) {
  const model::GatewayHealth health = index.snapshot.gateway(gateway.name).value_or(model::GatewayHealth{});
  to.add("name", gateway.name);
  to.add("address", render_address(gateway.address));
  to.add("state", model::print(health.state));
  to.add("rtt_ms", to_microseconds(health.rtt_ms));
  to.add("stddev_ms", to_microseconds(health.stddev_ms));
  to.add("loss_percent", health.loss_percent);
}

template <class To>
void put_gateways(To& to, const std::vector<std::string>& names, const Index& index) {
  std::vector<const model::Gateway*> gateways;
  for (const std::string& name : names) {
    if (const auto found = index.gateways.find(name); found != index.gateways.end()) gateways.push_back(found->second);
  }
  to.add_all("gateways", gateways, [&](auto& each, const auto* gateway) { put_gateway(each, *gateway, index); });
}

template <class To>
void put_counters(To& to, const model::LinkCounters& counters) {
  to.add("bytes_in", counters.bytes_in);
  to.add("bytes_out", counters.bytes_out);
  to.add("packets_in", counters.packets_in);
  to.add("packets_out", counters.packets_out);
}

template <class To>
void put_child(To& to, const model::ChildStatus& child, const Index& index) {
  to.add("name", child.name);
  to.add("mode", model::print(child.mode));
  to.add("state", model::print(child.state));
  to.add("reason", child.reason);
  put_time(to, "since", child.since);
  to.add("device", child.device.text());
  to.add("interface", child.interface);
  to.add("reqid", child.reqid.value);
  to.add("if_id", child.if_id.value);
  to.add("mtu", child.mtu);
  to.add("up", child.up);
  put_counters(to, child.counters);
  put_gateways(to, child.gateways, index);
}

template <class To>
void put_tunnel(To& to, const model::TunnelStatus& status, const Index& index) {
  to.add("name", status.name);
  to.add("state", model::print(status.state));
  to.add("reason", status.reason);
  put_time(to, "since", status.since);
  to.add("device", status.device.text());
  to.add("interface", status.interface);
  to.add("reqid", status.reqid.value);
  to.add("if_id", status.if_id.value);
  to.add("local", status.local);
  to.add("remote", status.remote);
  to.add("mtu", status.mtu);
  to.add("children_up", status.children_up);
  to.add("children_wanted", status.children_wanted);
  put_counters(to, status.counters);
  put_gateways(to, status.gateways, index);
  to.add_all("child_sas", status.children, [&](auto& each, const auto& child) { put_child(each, child, index); });
}

}  // namespace

Json render_gateway(const model::Gateway& gateway, const Index& index) {
  Json json;
  JsonTree to(json);
  put_gateway(to, gateway, index);
  return json;
}

Json render_tunnel(const model::TunnelStatus& status, const Index& index) {
  Json json;
  JsonTree to(json);
  put_tunnel(to, status, index);
  return json;
}

Rendered render_status(const Index& index) {
  const model::SnapshotView& snapshot = index.snapshot;
  const auto render_group = [&](const model::GatewayGroup& group) {
    return Json{{"name", group.name}, {"state", group_state(group, index)}, {"carriers", render_active(group, index)}};
  };
  Rendered status;
  status.text.reserve(kBytesOfTunnel * (index.config.tunnels.size() + 1));
  {
    JsonText to(status.text);
    to.add("version", snapshot.version);
    to.add("charon", render_charon(snapshot.sas));
    to.add("filter", render_filter(index.snapshot));
    to.add("role", model::print(snapshot.role));
    if (const auto& followed = index.config.role_address) to.add("role_address", net::print(*followed));
    to.add("generation", snapshot.generation);
    to.add("converged", *snapshot.converged);
    to.add("problems", render_all(snapshot.problems, render_problem));
    to.add("groups", render_all(index.config.groups, render_group));
    to.add_each("tunnels", snapshot.each_tunnel, [&](auto& each, const auto& tunnel) { put_tunnel(each, tunnel, index); });
  }
  return status;
}

Json render_plan(const model::Answer& answer, const std::vector<model::FailedOp>& failed) {
  std::map<std::string_view, const model::FailedOp*> failures;
  for (const model::FailedOp& failure : failed) failures.emplace(failure.op.object, &failure);
  const model::Plan plan = answer.plan.value_or(model::Plan{});
  const bool empty = plan.ops.empty() && std::ranges::none_of(plan.problems, is_error);
  const auto render_op = [&](const model::Op& op) {
    Json json{{"op", model::print(op.change)}, {"object", op.object}, {"reason", op.reason}, {"because", op.because}};
    if (const auto found = failures.find(op.object); found != failures.end()) {
      json["attempts"] = found->second->attempts;
      json["error"] = found->second->error.text;
      json["remedy"] = found->second->error.remedy;
    }
    return json;
  };
  return {{"empty", empty},
          {"text", answer.text},
          {"ops", render_all(plan.ops, render_op)},
          {"problems", render_all(plan.problems, render_problem)}};
}

Json render_event(const model::Event& event) {
  return {{"time", print(event.time)}, {"kind", event.kind}, {"object", event.object}, {"text", event.text}};
}

}  // namespace vtid::control
