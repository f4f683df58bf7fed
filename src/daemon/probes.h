// What the monitors are to probe. Pure.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/static_tunnels.h"
#include "daemon/supervisor.h"
#include "model/config.h"
#include "monitor/probe_target.h"
#include "reconcile/numbers.h"
#include "reconcile/probe_routes.h"

namespace vtid::daemon {

// What the monitors are to probe of a file, and what is known of it at a moment.
class Probes {
 public:
  Probes() = default;
  Probes(const model::Config& config, const reconcile::Numbers& numbers);

  [[nodiscard]] std::vector<monitor::ProbeTarget> all(const Supervisor& supervisor, const StaticTunnels& static_tunnels) const;
  // Those behind these tunnels.
  [[nodiscard]] std::vector<monitor::ProbeTarget> of(const std::set<std::string>& tunnels, const Supervisor& supervisor,
                                                     const StaticTunnels& static_tunnels) const;

  // Behind which desired CHILD_SA a gateway is; nullptr: behind none.
  [[nodiscard]] const std::string* holder_of(const std::string& gateway) const;
  [[nodiscard]] const std::vector<std::string>& gateways_behind(const std::string& desired) const;

 private:
  struct Probe {
    monitor::ProbeTarget target;  // but for the state of its underlay
    std::string holder;           // empty: behind no tunnel
    model::Start start{};
  };
  void add(const model::Gateway& gateway, const Probe& pattern, const reconcile::ProbeMarks& marks,
           std::vector<std::size_t>* places);
  static void aim(Probe& probe, const model::TunnelPort& port, const model::Tunnel& tunnel, const reconcile::Numbers& numbers);
  [[nodiscard]] static monitor::ProbeTarget now(const Probe& probe, const Supervisor& supervisor,
                                                const StaticTunnels& static_tunnels);

  std::vector<Probe> probes_;  // in the file's order
  std::unordered_map<std::string, std::vector<std::size_t>> by_tunnel_;
  std::unordered_map<std::string, std::string> holders_;  // by gateway
  std::unordered_map<std::string, std::vector<std::string>> gateways_;
};

}  // namespace vtid::daemon
