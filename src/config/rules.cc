#include "config/rules.h"

#include "config/tree.h"

namespace vtid::config {

// Loops come last: they follow only what was not found wrong before.
void check(const model::Config& config, Findings& findings) {
  check_tunnels(config, findings);
  check_static_keys(config, findings);
  check_transits(config, findings);
  check_interfaces(config, findings);
  check_gateways(config, findings);
  check_routes(config, findings);
  check_loops(config, findings);
}

bool inner_addresses_known(const Findings& findings, const std::string& child) {
  return !findings.any_at(child) && !findings.any_under(child + "/mode") && !findings.any_under(child + "/local") &&
         !findings.any_under(child + "/remote");
}

bool children_known(const Findings& findings, const model::Tunnel* tunnel) {
  return tunnel == nullptr || !findings.any_under(join("/tunnels", tunnel->name) + "/children");
}

}  // namespace vtid::config
