#include "config/rules.h"

namespace vtid::config {

// Loops come last: they follow only what was not found wrong before.
void check(const model::Config& config, Findings& findings) {
  check_tunnels(config, findings);
  check_transits(config, findings);
  check_interfaces(config, findings);
  check_gateways(config, findings);
  check_routes(config, findings);
  check_loops(config, findings);
}

}  // namespace vtid::config
