// One moment of the daemon, read where it is: in the engine, or in a snapshot. Nothing is copied, and what costs something for
// each tunnel is made when it is asked for. To be read before the next event, on the engine's thread; who wants to keep a
// moment takes a snapshot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/config_index.h"
#include "model/sa_index.h"
#include "model/snapshot.h"

namespace vtid::model {

// Made when it is first read, or there already.
template <class T>
class Lazy {
 public:
  explicit Lazy(std::function<T()> make) : make_(std::move(make)) {}
  explicit Lazy(const T& there) : there_(&there) {}

  [[nodiscard]] const T& operator*() const {
    if (there_ != nullptr) return *there_;
    if (!value_) value_ = make_();
    return *value_;
  }
  [[nodiscard]] const T* operator->() const { return &**this; }
  [[nodiscard]] auto begin() const { return (**this).begin(); }
  [[nodiscard]] auto end() const { return (**this).end(); }

 private:
  const T* there_ = nullptr;
  std::function<T()> make_;
  mutable std::optional<T> value_;
};

struct SnapshotParts {
  const std::string& version;
  std::uint64_t generation = 0;
  Role role = Role::active;
  const Config& config;  // an empty one while the daemon has none
  const ConfigIndex& names;
  const std::map<std::string, net::Unit>& numbers;
  const std::map<net::ReqId, std::string_view>& tunnel_by_reqid;  // of those that have an interface
  const SaTable& sas;
  const SaIndex& sa_index;
  const Observed& observed;
  const Desired& desired;
  const Plan& plan;
  const std::map<std::string, RuleCounters>& rule_counters;
  const GatewaySelection& selection;
  const LocalEnds& local_ends;
  const std::map<std::string, Duration>& moves;
  Work work;
  std::function<std::optional<TunnelStatus>(std::string_view)> tunnel;
  std::function<std::optional<GatewayHealth>(const std::string&)> gateway;
  std::function<void(const std::function<void(const TunnelStatus&)>&)> each_tunnel;  // one after another, in the file's order
  Lazy<std::vector<TunnelStatus>> tunnels;                                           // in the file's order
  Lazy<std::vector<FailedOp>> failed;
  Lazy<std::vector<Problem>> problems;
  Lazy<bool> converged;
  Lazy<ResolvedNames> host_names;
  Lazy<CalledPeers> called_peers;
};

struct SnapshotView : SnapshotParts {
  explicit SnapshotView(SnapshotParts parts) : SnapshotParts(std::move(parts)) {}
  SnapshotView(const Snapshot& snapshot);                         // lives no longer
  SnapshotView(const std::shared_ptr<const Snapshot>& snapshot);  // keeps it

 private:
  struct Made;  // what a snapshot does not hold
  SnapshotView(const Snapshot& snapshot, std::shared_ptr<const Made> made);

  std::shared_ptr<const void> keeps_{};
  std::shared_ptr<const Made> made_{};
};

// The interfaces' tunnels by the numbers of their SAs.
[[nodiscard]] std::map<net::ReqId, std::string_view> tunnels_by_reqid(const std::vector<TunnelStatus>& tunnels);

}  // namespace vtid::model
