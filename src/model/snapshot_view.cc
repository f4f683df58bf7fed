#include "model/snapshot_view.h"

#include <algorithm>

namespace vtid::model {
namespace {

const Config kNoConfig;

const Config& config_of(const Snapshot& snapshot) { return snapshot.config ? *snapshot.config : kNoConfig; }

}  // namespace

struct SnapshotView::Made {
  explicit Made(const Snapshot& snapshot)
      : names(config_of(snapshot)), sa_index(snapshot.sas), tunnel_by_reqid(tunnels_by_reqid(snapshot.tunnels)) {}

  ConfigIndex names;
  SaIndex sa_index;
  std::map<net::ReqId, std::string_view> tunnel_by_reqid;
};

SnapshotView::SnapshotView(const Snapshot& snapshot) : SnapshotView(snapshot, std::make_shared<const Made>(snapshot)) {}

SnapshotView::SnapshotView(const std::shared_ptr<const Snapshot>& snapshot) : SnapshotView(*snapshot) { keeps_ = snapshot; }

SnapshotView::SnapshotView(const Snapshot& snapshot, std::shared_ptr<const Made> made)
    : SnapshotParts{.version = snapshot.version,
                    .generation = snapshot.generation,
                    .role = snapshot.role,
                    .config = config_of(snapshot),
                    .names = made->names,
                    .numbers = snapshot.numbers,
                    .tunnel_by_reqid = made->tunnel_by_reqid,
                    .sas = snapshot.sas,
                    .sa_index = made->sa_index,
                    .observed = snapshot.observed,
                    .desired = snapshot.desired,
                    .plan = snapshot.plan,
                    .rule_counters = snapshot.rule_counters,
                    .selection = snapshot.selection,
                    .local_ends = snapshot.local_ends,
                    .moves = snapshot.moves,
                    .work = snapshot.work,
                    .tunnel =
                        [&snapshot](std::string_view name) {
                          const auto found = std::ranges::find(snapshot.tunnels, name, &TunnelStatus::name);
                          return found == snapshot.tunnels.end() ? std::nullopt : std::optional(*found);
                        },
                    .gateway =
                        [&snapshot](const std::string& name) {
                          const auto found = snapshot.gateways.find(name);
                          return found == snapshot.gateways.end() ? std::nullopt : std::optional(found->second);
                        },
                    .each_tunnel = [&snapshot](const auto& visit) { std::ranges::for_each(snapshot.tunnels, visit); },
                    .tunnels = Lazy<std::vector<TunnelStatus>>(snapshot.tunnels),
                    .failed = Lazy<std::vector<FailedOp>>(snapshot.failed),
                    .problems = Lazy<std::vector<Problem>>(snapshot.problems),
                    .converged = Lazy<bool>(snapshot.converged),
                    .host_names = Lazy<ResolvedNames>(snapshot.host_names),
                    .called_peers = Lazy<CalledPeers>(snapshot.called_peers)},
      made_(std::move(made)) {}

std::map<net::ReqId, std::string_view> tunnels_by_reqid(const std::vector<TunnelStatus>& tunnels) {
  std::map<net::ReqId, std::string_view> found;
  for (const TunnelStatus& tunnel : tunnels) {
    for (const ChildStatus& child : tunnel.children) {
      if (!child.device.empty()) found.emplace(child.reqid, tunnel.name);
    }
  }
  return found;
}

}  // namespace vtid::model
