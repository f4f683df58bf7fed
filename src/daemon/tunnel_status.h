// What supervisor, charon and kernel know of a tunnel, put together for people. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/static_tunnels.h"
#include "daemon/supervisor.h"
#include "model/config_index.h"
#include "model/snapshot.h"
#include "reconcile/derive.h"
#include "reconcile/numbers.h"

namespace vtid::daemon {

struct StatusSources {
  const model::Config& config;
  const model::ConfigIndex& names;
  const reconcile::Numbers& numbers;
  const model::SaTable& sas;
  const model::SaIndex& index;  // of them
  const reconcile::Derived& derived;
  const model::LocalEnds& local_ends;
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

// Of whichever of the two has it: a desired CHILD_SA's view, and a whole tunnel's.
[[nodiscard]] const TunnelView* view_of(const std::string& desired, const Supervisor& supervisor,
                                        const StaticTunnels& static_tunnels);
[[nodiscard]] std::optional<TunnelView> tunnel_view(const std::string& tunnel, const Supervisor& supervisor,
                                                    const StaticTunnels& static_tunnels);

}  // namespace vtid::daemon
