// One gateway's health from its probes and its tunnel. The caller sends, receives and keeps the time (io/prober.h):
//   every options.interval  seq = on_sent(t), and the probe leaves with it
//   for each answer         on_reply(seq, t, now)
//   every options.alert     on_check(now)
// Calls that return bool say whether the state changed. Pure.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "model/config.h"
#include "model/gateway.h"
#include "monitor/estimator.h"
#include "monitor/state.h"

namespace vtid::monitor {

class GatewayMonitor {
 public:
  GatewayMonitor(const model::MonitorOptions& options, bool tunnel_up, Now now);

  // Keeps state and history unless monitoring itself is turned on or off.
  bool set_options(const model::MonitorOptions& options, Now now);
  // The tunnel under the gateway, from IKE. Down: the gateway is down at once. Up: the window starts anew, and the state
  // gets better by the usual rules.
  bool set_tunnel_up(bool up, Now now);
  // False while probes would say nothing: not monitored, or the tunnel is down.
  [[nodiscard]] bool wants_probes() const { return options_.enabled && tunnel_up_; }

  [[nodiscard]] std::uint16_t on_sent(Instant now) { return estimator_.on_sent(now); }
  bool on_reply(std::uint16_t sequence, Instant received, Now now);
  bool on_check(Now now);
  // We cannot measure at all (no socket), which says nothing about the path: pending, until there are probes again.
  bool on_blind(Now now);

  [[nodiscard]] const model::GatewayHealth& health() const { return health_; }
  [[nodiscard]] bool newest_answered() const { return estimator_.newest_answered(); }

 private:
  bool start(Now now);                 // the state that the inputs ask for before any probe
  bool report(bool changed, Now now);  // brings health_ up to date

  model::MonitorOptions options_;
  bool tunnel_up_;
  Estimator estimator_;
  bool answered_ = false;  // since the window last started
  HeldState state_;
  model::GatewayHealth health_;
};

}  // namespace vtid::monitor
