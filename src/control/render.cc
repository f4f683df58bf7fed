#include "control/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "control/groups.h"

namespace vtid::control {
namespace {

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

Json render_gateway(const model::Gateway& gateway, const Index& index) {
  const model::GatewayHealth health = index.snapshot.gateway(gateway.name).value_or(model::GatewayHealth{});
  return {{"name", gateway.name},
          {"address", net::print(gateway.address)},
          {"state", model::print(health.state)},
          {"rtt_ms", to_microseconds(health.rtt_ms)},
          {"stddev_ms", to_microseconds(health.stddev_ms)},
          {"loss_percent", health.loss_percent}};
}

namespace {

Json render_gateways(const std::vector<std::string>& names, const Index& index) {
  Json gateways = Json::array();
  for (const std::string& name : names) {
    if (const auto found = index.gateways.find(name); found != index.gateways.end()) {
      gateways.push_back(render_gateway(*found->second, index));
    }
  }
  return gateways;
}

void add_counters(Json& json, const model::LinkCounters& counters) {
  json["bytes_in"] = counters.bytes_in;
  json["bytes_out"] = counters.bytes_out;
  json["packets_in"] = counters.packets_in;
  json["packets_out"] = counters.packets_out;
}

Json render_child(const model::ChildStatus& child, const Index& index) {
  Json json{{"name", child.name},
            {"mode", model::print(child.mode)},
            {"state", model::print(child.state)},
            {"reason", child.reason},
            {"since", render_time(child.since)},
            {"device", child.device.text()},
            {"interface", child.interface},
            {"reqid", child.reqid.value},
            {"if_id", child.if_id.value},
            {"mtu", child.mtu},
            {"up", child.up}};
  add_counters(json, child.counters);
  json["gateways"] = render_gateways(child.gateways, index);
  return json;
}

}  // namespace

Json render_tunnel(const model::TunnelStatus& status, const Index& index) {
  Json json{{"name", status.name},
            {"state", model::print(status.state)},
            {"reason", status.reason},
            {"since", render_time(status.since)},
            {"device", status.device.text()},
            {"interface", status.interface},
            {"reqid", status.reqid.value},
            {"if_id", status.if_id.value},
            {"local", status.local},
            {"remote", status.remote},
            {"mtu", status.mtu},
            {"children_up", status.children_up},
            {"children_wanted", status.children_wanted}};
  add_counters(json, status.counters);
  json["gateways"] = render_gateways(status.gateways, index);
  json["child_sas"] = render_all(status.children, [&](const auto& child) { return render_child(child, index); });
  return json;
}

Json render_status(const Index& index) {
  const model::SnapshotView& snapshot = index.snapshot;
  return {
      {"version", snapshot.version},
      {"charon", render_charon(snapshot.sas)},
      {"filter", render_filter(index.snapshot)},
      {"role", model::print(snapshot.role)},
      {"generation", snapshot.generation},
      {"converged", *snapshot.converged},
      {"problems", render_all(snapshot.problems, render_problem)},
      {"groups",
       render_all(
           index.config.groups,
           [&](const model::GatewayGroup& group) {
             return Json{{"name", group.name}, {"state", group_state(group, index)}, {"carriers", render_active(group, index)}};
           })},
      {"tunnels", render_all(snapshot.tunnels, [&](const auto& status) { return render_tunnel(status, index); })}};
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
