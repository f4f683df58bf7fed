#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

// charon's would be policies of the whole host for 0/0, which nothing gets past.
void check_owner(const model::Child& child, const std::string& at, Findings& findings) {
  if (child.policies != model::PolicyOwner::charon || findings.any_under(at)) return;
  findings.warning(at + "/policies", "is not followed: on this system the tunnel's interface makes its own policies",
                   "take it out");
}

}  // namespace

void check_system(const model::Config& config, const model::Capabilities& system, Findings& findings) {
  for (const model::Tunnel& tunnel : config.tunnels) {
    for (const model::Child& child : tunnel.children) {
      const std::string at = join(join("/tunnels", tunnel.name) + "/children", child.name);
      if (!system.manages_policies) check_owner(child, at, findings);
    }
  }
}

}  // namespace vtid::config
