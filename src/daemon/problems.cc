#include "daemon/problems.h"

#include <fmt/format.h>

#include <set>

#include "daemon/tunnel_status.h"
#include "monitor/group_selection.h"

namespace vtid::daemon {

std::vector<model::Problem> tunnel_problems(const model::ConfigIndex& config, const Supervisor& supervisor) {
  std::set<const model::Tunnel*> troubled;  // they stand in one array
  for (const std::string& name : supervisor.troubled()) {
    if (const auto found = config.tunnels.find(name); found != config.tunnels.end()) troubled.insert(found->second);
  }
  std::vector<model::Problem> problems;
  for (const model::Tunnel* item : troubled) {
    const model::Tunnel& tunnel = *item;
    const auto view = supervisor.tunnel(tunnel.name);
    const std::string missing = supervisor.missing(tunnel.name);
    if (view && (view->failed || (view->state == model::TunnelState::silent && missing.empty()))) {
      problems.push_back({model::Severity::warning, "tunnels/" + tunnel.name, view->reason, view->remedy});
    }
    if (!missing.empty()) {
      problems.push_back({model::Severity::error, "tunnels/" + tunnel.name,
                          "charon says that it is up, and the kernel lacks what its packets need: " + missing,
                          "another program took that away; vtid has charon make it again, and vtictl explain " + tunnel.name +
                              " shows what is there"});
    }
  }
  return problems;
}

std::vector<model::Problem> name_problems(const model::ConfigIndex& config, const HostNames& names,
                                          const Supervisor& supervisor) {
  std::vector<model::Problem> problems;
  for (const model::Tunnel* item : config.with_varying_peer) {
    const model::Tunnel& tunnel = *item;
    const auto resolved_peer = names.resolved(tunnel);
    if (!resolved_peer || resolved_peer->failure.empty()) continue;
    const auto view = supervisor.tunnel(tunnel.name);
    if (view && view->failed && resolved_peer->addresses.empty()) continue;
    const std::string stay = resolved_peer->addresses.empty() ? ""
                             : resolved_peer->several         ? "; the peer's other addresses are called"
                                                              : "; what it said last stays in use";
    problems.push_back(
        {model::Severity::warning, "tunnels/" + tunnel.name, resolved_peer->failure + stay, resolved_peer->remedy});
  }
  return problems;
}

std::vector<model::Problem> filter_problems(const model::Observed& observed, const model::Desired& desired) {
  const auto& filter = observed.filter;
  if (!filter || filter->inactive_reason.empty() || !desired.filter || desired.filter->value.filters) return {};
  return {{model::Severity::warning, "filter",
           "what the file has of NAT, policy routes and MSS is not in force: " + filter->inactive_reason, filter->remedy}};
}

std::vector<model::Problem> group_problems(const model::GatewaySelection& selected) {
  std::vector<model::Problem> problems;
  for (const auto& [name, selection] : selected.groups) {
    if (selection.usable) continue;
    problems.push_back({model::Severity::warning, "gateway_groups/" + name,
                        fmt::format("{}; carried by {}", selection.reason, monitor::print_active(selection)),
                        fmt::format("vtictl explain {} shows each member", name)});
  }
  return problems;
}

}  // namespace vtid::daemon
