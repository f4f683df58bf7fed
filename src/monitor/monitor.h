// One gateway's health from its probes and its tunnel. The caller sends, receives and keeps the time (io/prober.h):
//   every options.interval              seq = on_sent(t), and the probe leaves with it
//   for each answer                     on_reply(seq, t, now)
//   every options.alert, and at due()   on_check(now)
// Calls that return bool say whether the state changed. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/config.h"
#include "model/gateway.h"
#include "monitor/estimator.h"
#include "monitor/falls.h"
#include "monitor/memory.h"
#include "monitor/silence.h"
#include "monitor/state.h"

namespace vtid::monitor {

// What IKE says of the tunnel under a gateway, or DHCP of its address; any other stands on what is always up.
struct Underlay {
  enum class State : std::uint8_t {
    up,
    down,
    asleep,    // on demand: a probe would bring it up
    no_lease,  // there is no address to probe yet
  };
  std::string tunnel;  // its name, for reasons; without a lease that of the device
  State state = State::up;
  bool operator==(const Underlay&) const = default;
};

class GatewayMonitor {
 public:
  GatewayMonitor(const model::MonitorOptions& options, Underlay underlay, Now now);

  // For a restart, right after construction: what was bad stays so until it has been good for its hold.
  void recall(const Memory& memory, Now now);
  [[nodiscard]] Memory remember(Now now) const;  // all but the address, which only the caller knows

  // Keeps state and history unless monitoring itself is turned on or off, or the gateway is forced down or let go.
  bool set_options(const model::MonitorOptions& options, Now now);
  // Down: the gateway is down at once. Asleep: nothing is known of it. Up: the window starts again, and the state gets
  // better by the usual rules.
  bool set_underlay(Underlay underlay, Now now);
  // False while probes would say nothing: not monitored, forced down, or nothing carries them.
  [[nodiscard]] bool wants_probes() const {
    return options_.enabled && !options_.forced_down && underlay_.state == Underlay::State::up;
  }

  [[nodiscard]] std::uint16_t on_sent(Instant now);
  bool on_reply(std::uint16_t sequence, Instant received, Now now);
  bool on_check(Now now);
  // When on_check() would find the path silent, unless an answer comes before; in the past when on_sent() has found it so;
  // TimePoint::max() as long as no answer is missing.
  [[nodiscard]] TimePoint due() const;
  // We cannot measure at all (no socket), which says nothing about the path: pending, until there are probes again.
  bool on_blind(Now now);

  [[nodiscard]] const model::GatewayHealth& health() const { return health_; }
  [[nodiscard]] bool newest_answered() const { return estimator_.newest_answered(); }
  [[nodiscard]] std::optional<Instant> last_answer() const { return last_answer_; }  // when it came

 private:
  struct Start {
    model::GatewayState state;
    std::string reason;
  };
  [[nodiscard]] std::string hold_after(Now now) const;  // "believed 10s after its first answer"
  [[nodiscard]] Start start_of() const;                 // what the inputs ask for before any probe
  bool start(Now now);
  void forget_probes();
  bool follow(bool changed, model::GatewayState before, Now now);  // brings health_ and falls_ up to date
  [[nodiscard]] model::Answers answers(const Estimate& estimate) const;
  [[nodiscard]] std::string reason_for(const Estimate& estimate, Now now) const;

  model::MonitorOptions options_;
  Underlay underlay_;
  Estimator estimator_;
  Silence silence_;
  bool silence_judged_ = false;  // what it says now is in the state
  bool answered_ = false;        // since the window last started
  std::optional<Instant> last_answer_;
  HeldState state_;
  HeldState pace_;  // online or latency, from the round trip alone: a state of loss would hide it
  Falls falls_;
  model::GatewayHealth health_;
};

}  // namespace vtid::monitor
