// One moment of the daemon, immutable, complete: what the control server shows without asking anybody.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/config.h"
#include "model/desired.h"
#include "model/gateway.h"
#include "model/host_name.h"
#include "model/local_end.h"
#include "model/observed.h"
#include "model/op.h"
#include "model/role.h"
#include "model/sa_table.h"

namespace vtid::model {

// silent: its SAs are there, and they carry nothing: the kernel lacks what they need, or no probe is answered any more.
enum class TunnelState : std::uint8_t { up, connecting, down, disabled, waiting, unknown, silent };
[[nodiscard]] std::string_view print(TunnelState state);
[[nodiscard]] constexpr bool has_sas(TunnelState state) { return state == TunnelState::up || state == TunnelState::silent; }

// One CHILD_SA that a tunnel wants, with the interface that it is for.
struct ChildStatus {
  std::string name;    // of the child, or of the tunnel whose children share it
  std::string holder;  // "hq", "hq/v4"
  ChildMode mode = ChildMode::vti;
  TunnelState state = TunnelState::down;
  WallTime since{};
  std::string reason;     // why it is not up; empty when up
  bool up = false;        // it carries traffic, whatever is wanted
  net::IfName device;     // empty unless it is a VTI's
  std::string interface;  // the assignment, empty when unassigned
  net::ReqId reqid;
  net::IfId if_id;
  std::uint32_t mtu = 0;
  std::string mtu_reason;  // the arithmetic, for explain
  LinkCounters counters;
  std::vector<std::string> gateways;
  bool operator==(const ChildStatus&) const = default;
};

// The tunnel as a whole: of several interfaces the first is named here, counters are sums, gateways are all.
struct TunnelStatus {
  std::string name;
  TunnelState state = TunnelState::down;
  WallTime since{};
  std::string reason;  // why it is not up: "held down by vtictl", "no answer from 192.0.2.9"; empty when up
  net::IfName device;
  std::string interface;  // the assignment, empty when unassigned
  net::ReqId reqid;
  net::IfId if_id;
  std::string local;  // of the live IKE_SA, else of the file
  std::string remote;
  std::uint32_t mtu = 0;
  std::string mtu_reason;  // the arithmetic, for explain
  int children_up = 0;
  int children_wanted = 0;
  LinkCounters counters;
  std::vector<std::string> gateways;
  std::vector<ChildStatus> children;  // in the file's order; none of a tunnel without enabled children
  bool operator==(const TunnelStatus&) const = default;
};

struct FailedOp {
  Op op;
  Error error;
  int attempts = 0;
  bool operator==(const FailedOp&) const = default;
};

// What the daemon has done since it started.
struct Work {
  std::uint64_t steps = 0;
  std::uint64_t kernel_writes = 0, kernel_refusals = 0;
  double busy_seconds = 0;          // of the event loop
  double longest_hold_seconds = 0;  // at a time
  bool operator==(const Work&) const = default;
};

struct Snapshot {
  std::string version;
  Now now;                       // when it was taken
  std::uint64_t generation = 0;  // counts accepted configurations since start
  Role role = Role::active;
  std::string config_path;
  std::shared_ptr<const Config> config;
  SaTable sas;
  Observed observed;
  Desired desired;
  Plan plan;                     // what is still to do; empty when converged
  std::vector<FailedOp> failed;  // ops of the plan that wait for their backoff
  bool converged = false;        // everything has been seen once, the plan is empty and nothing is wrong here
  std::vector<Problem> problems;
  std::vector<TunnelStatus> tunnels;         // in the file's order
  std::map<std::string, net::Unit> numbers;  // by holder, remembered ones included
  ResolvedNames host_names;                  // of the enabled tunnels' peers
  CalledPeers called_peers{};
  Gateways gateways;
  std::map<std::string, RuleCounters> rule_counters;  // by "rules/0"
  GatewaySelection selection;
  LocalEnds local_ends{};
  std::map<std::string, Duration> moves{};  // by gateway: from its last answer to the last write, when traffic last left it
  Work work;
};

}  // namespace vtid::model
