#include "monitor/monitor.h"

namespace vtid::monitor {

using model::GatewayState;

GatewayMonitor::GatewayMonitor(const model::MonitorOptions& options, bool tunnel_up, Now now)
    : options_(options), tunnel_up_(tunnel_up), estimator_(options) {
  health_.since = now.wall;
  start(now);
}

bool GatewayMonitor::set_options(const model::MonitorOptions& options, Now now) {
  const bool toggled = options.enabled != options_.enabled;
  options_ = options;
  estimator_.resize(options);
  return toggled && start(now);
}

bool GatewayMonitor::set_tunnel_up(bool up, Now now) {
  if (up == tunnel_up_) return false;
  tunnel_up_ = up;
  if (!up) return start(now);
  estimator_.clear();
  answered_ = false;
  return false;
}

bool GatewayMonitor::on_reply(std::uint16_t sequence, Instant received, Now now) {
  if (!wants_probes() || !estimator_.on_reply(sequence, received)) return false;
  if (answered_) return false;
  answered_ = true;
  // What went unanswered until now says that the path was not there yet, not that it is lossy.
  estimator_.forget_before(sequence);
  return on_check(now);
}

bool GatewayMonitor::on_check(Now now) {
  if (!wants_probes()) return false;
  const Estimate estimate = estimator_.estimate(now.steady);
  if (estimate.empty()) return false;
  health_.rtt_ms = static_cast<double>(estimate.rtt.count()) / 1000;
  health_.stddev_ms = static_cast<double>(estimate.stddev.count()) / 1000;
  health_.loss_percent = estimate.loss_percent;
  return report(state_.judge(classify(estimate, options_), options_.hold, now.steady), now);
}

bool GatewayMonitor::on_blind(Now now) { return wants_probes() && start(now); }

bool GatewayMonitor::start(Now now) {
  estimator_.clear();
  answered_ = false;
  const bool down = options_.enabled && !tunnel_up_;
  health_.rtt_ms = 0;
  health_.stddev_ms = 0;
  health_.loss_percent = down ? 100 : 0;  // nothing passes a tunnel that is down
  const auto state = !options_.enabled ? GatewayState::unmonitored : down ? GatewayState::down : GatewayState::pending;
  return report(state_.force(state), now);
}

bool GatewayMonitor::report(bool changed, Now now) {
  health_.state = state_.value();
  if (changed) health_.since = now.wall;
  return changed;
}

}  // namespace vtid::monitor
