// Tunnels with static SAs. Nobody calls anybody: such a tunnel is up while the kernel holds its interface, its policies, an SA
// that goes out and one that comes in. Reads what was observed; asks charon for nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

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

  // nullptr for tunnels that have IKE, and for names that are unknown.
  [[nodiscard]] const TunnelView* view(const std::string& tunnel) const;
  // Changes whenever a tunnel comes, goes or has another state.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  std::map<std::string, TunnelView> views_;
  std::uint64_t revision_ = 0;
};

}  // namespace vtid::daemon
