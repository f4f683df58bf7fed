#include "config/rules.h"

#include "config/tree.h"

namespace vtid::config {

// Loops come last: they follow only what was not found wrong before.
void check(const model::Config& config, Findings& findings) {
  check_tunnels(config, findings);
  check_static_keys(config, findings);
  check_options(config, findings);
  check_trust(config, findings);
  check_transits(config, findings);
  check_interfaces(config, findings);
  check_gateways(config, findings);
  check_routes(config, findings);
  check_filter(config, findings);
  check_domains(config, findings);
  check_loops(config, findings);
}

bool inner_addresses_known(const Findings& findings, const std::string& at, const model::Child& child) {
  return child.mode == model::ChildMode::vti && !findings.any_at(at) && !findings.any_under(at + "/mode") &&
         !findings.any_under(at + "/local") && !findings.any_under(at + "/remote");
}

bool children_known(const Findings& findings, const model::Tunnel* tunnel) {
  return tunnel == nullptr || !findings.any_under(join("/tunnels", tunnel->name) + "/children");
}

}  // namespace vtid::config
