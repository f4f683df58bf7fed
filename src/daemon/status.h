// What the engine's parts know, put together for people: tunnels, problems, probes. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/host_names.h"
#include "daemon/static_tunnels.h"
#include "daemon/supervisor.h"
#include "io/prober.h"
#include "model/capabilities.h"
#include "model/config_index.h"
#include "model/snapshot.h"
#include "reconcile/derive.h"
#include "reconcile/numbers.h"
#include "reconcile/probe_routes.h"

namespace vtid::daemon {

// The tunnels as the supervisor and charon are to treat them: those with IKE.
[[nodiscard]] std::vector<DesiredChildSa> desired_child_sas(const model::Config& config, const reconcile::Numbers& numbers);
[[nodiscard]] std::vector<DesiredChildSa> desired_child_sas(const model::Tunnel& tunnel, const reconcile::Numbers& numbers);

struct StatusSources {
  const model::Config& config;
  const model::ConfigIndex& names;
  const reconcile::Numbers& numbers;
  const model::SaTable& sas;
  const model::SaIndex& index;  // of them
  const reconcile::Derived& derived;
  const std::map<net::IfName, model::LinkCounters>& counters;
  const Supervisor& supervisor;
  const StaticTunnels& static_tunnels;
};
[[nodiscard]] std::vector<model::TunnelStatus> tunnel_statuses(const StatusSources& sources);  // in the file's order
[[nodiscard]] model::TunnelStatus tunnel_status(const model::Tunnel& tunnel, const StatusSources& sources);
// The devices of a tunnel's interfaces.
[[nodiscard]] std::vector<net::IfName> devices_of(const model::Tunnel& tunnel, const reconcile::Numbers& numbers);
// The tunnels by the numbers of their interfaces' SAs.
[[nodiscard]] std::map<net::ReqId, std::string_view> tunnels_by_reqid(const model::Config& config,
                                                                      const reconcile::Numbers& numbers);

// Tunnels whose last attempt failed, or from under whose SAs somebody took what they need in the kernel; in the file's order.
[[nodiscard]] std::vector<model::Problem> tunnel_problems(const model::ConfigIndex& config, const Supervisor& supervisor);

// Host names whose latest look-up failed, where that is not already the reason why the tunnel is down.
[[nodiscard]] std::vector<model::Problem> name_problems(const model::ConfigIndex& config, const HostNames& names,
                                                        const Supervisor& supervisor);
// What the file asks for and this system has no means for, so that nobody takes it for done.
[[nodiscard]] std::vector<model::Problem> missing_means(const model::Config& config, const model::Capabilities& system);
// A filter that lies in the kernel and that packets do not meet, where nothing has to be kept out; else writing it fails.
[[nodiscard]] std::vector<model::Problem> filter_problems(const model::Observed& observed, const model::Desired& desired);
// Groups of which no member is usable.
[[nodiscard]] std::vector<model::Problem> group_problems(const model::GatewaySelection& selection);
// Those of `after` that others carry than before; a new one with all of its first tier is no news.
[[nodiscard]] std::vector<std::string> changed_groups(const model::GatewaySelection& before,
                                                      const model::GatewaySelection& after);
// The gateways that were active for a group and are not any more.
[[nodiscard]] std::vector<std::string> members_that_left(const model::GatewaySelection& before, const std::string& group,
                                                         const model::GroupSelection& now);
[[nodiscard]] std::string print_active(const model::GroupSelection& selection);  // "HQ_A_VTIV4, HQ_B_VTIV4", "nobody"

// What the monitors are to probe of a file, and what is known of it at a moment.
class Probes {
 public:
  Probes() = default;
  Probes(const model::Config& config, const reconcile::Numbers& numbers);

  [[nodiscard]] std::vector<io::Prober::Target> all(const Supervisor& supervisor, const StaticTunnels& static_tunnels) const;
  // Those behind these tunnels.
  [[nodiscard]] std::vector<io::Prober::Target> of(const std::set<std::string>& tunnels, const Supervisor& supervisor,
                                                   const StaticTunnels& static_tunnels) const;

  // Behind which desired CHILD_SA a gateway is; nullptr: behind none.
  [[nodiscard]] const std::string* holder_of(const std::string& gateway) const;
  [[nodiscard]] const std::vector<std::string>& gateways_behind(const std::string& desired) const;

 private:
  struct Probe {
    io::Prober::Target target;  // but for the state of its underlay
    std::string holder;         // empty: behind no tunnel
    model::Start start{};
  };
  void add(const model::Gateway& gateway, const Probe& pattern, const reconcile::ProbeMarks& marks,
           std::vector<std::size_t>* places);
  static void aim(Probe& probe, const model::TunnelPort& port, const model::Tunnel& tunnel, const reconcile::Numbers& numbers);
  [[nodiscard]] static io::Prober::Target now(const Probe& probe, const Supervisor& supervisor,
                                              const StaticTunnels& static_tunnels);

  std::vector<Probe> probes_;  // in the file's order
  std::unordered_map<std::string, std::vector<std::size_t>> by_tunnel_;
  std::unordered_map<std::string, std::string> holders_;  // by gateway
  std::unordered_map<std::string, std::vector<std::string>> gateways_;
};

// Of whichever of the two has it: a desired CHILD_SA's view, and a whole tunnel's.
[[nodiscard]] const TunnelView* view_of(const std::string& desired, const Supervisor& supervisor,
                                        const StaticTunnels& static_tunnels);
[[nodiscard]] std::optional<TunnelView> tunnel_view(const std::string& tunnel, const Supervisor& supervisor,
                                                    const StaticTunnels& static_tunnels);

}  // namespace vtid::daemon
