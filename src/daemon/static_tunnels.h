// Tunnels with static SAs. Nobody calls anybody: such a tunnel is up while the kernel holds its interface, its policies, an SA
// that goes out and one that comes in. Reads what was observed; asks charon for nothing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "daemon/supervisor.h"
#include "model/observed.h"
#include "model/op.h"
#include "reconcile/derive.h"
#include "reconcile/numbers.h"

namespace vtid::daemon {

class StaticTunnels {
 public:
  struct Sources {
    const model::Config& config;
    const reconcile::Numbers& numbers;
    const model::Desired& desired;
    const model::Observed& observed;
    const model::Plan& plan;  // its problems say what stands in the way
  };
  void follow(const Sources& sources, Now now);
  // What the probes behind a tunnel say: why nothing comes back by it, or nothing.
  void on_silence(const std::string& tunnel, const std::string& reason, Now now);

  // nullptr for tunnels that have IKE, and for names that are unknown.
  [[nodiscard]] const TunnelView* view(const std::string& tunnel) const;
  // Those that came, went or have another state, since the last call.
  [[nodiscard]] std::set<std::string> take_changed() { return std::exchange(changed_, {}); }

 private:
  std::map<std::string, TunnelView> views_;
  std::map<std::string, std::string> silent_;  // why
  std::set<std::string> changed_;
};

}  // namespace vtid::daemon
