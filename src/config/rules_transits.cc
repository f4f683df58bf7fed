#include <fmt/format.h>

#include "config/domains.h"
#include "config/prefix_index.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

// An enabled child and what it puts on its tunnel's interface. A local address of full length has a peer elsewhere: two
// host routes rather than a network.
struct Transit {
  const model::Tunnel* tunnel;
  const model::Child* child;
  net::Prefix prefix;
  model::RoutingDomain domain;

  [[nodiscard]] std::string pointer() const { return join(join("/tunnels", tunnel->name) + "/children", child->name); }
  [[nodiscard]] std::string title() const { return pointer().substr(1); }
};

std::vector<Transit> transits_of(const model::Config& config, const Findings& findings) {
  std::vector<Transit> result;
  const Domains domains(config);
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.enabled) continue;
    for (const model::Child& child : tunnel.children) {
      const Transit local{&tunnel, &child, child.local, domains.of_child(tunnel, child)};
      if (!child.enabled || !inner_addresses_known(findings, local.pointer(), child)) continue;
      result.push_back(local);
      if (!child.local.contains(child.remote)) {
        result.push_back({&tunnel, &child, {child.remote, static_cast<std::uint8_t>(child.remote.bits())}, local.domain});
      }
    }
  }
  return result;
}

// Each VRF has addresses of its own, and a link-local network is each interface's.
bool apart(const Transit& one, const Transit& other) {
  const bool same_interface = one.tunnel == other.tunnel && !model::has_interface_per_child(*one.tunnel);
  return one.child == other.child || one.domain != other.domain ||
         (!same_interface && one.prefix.address.is_v6() && one.prefix.address.is_link_local());
}

}  // namespace

void check_transits(const model::Config& config, Findings& findings) {
  const auto transits = transits_of(config, findings);
  PrefixIndex<std::size_t> index;
  for (std::size_t i = 0; i < transits.size(); ++i) index.add(transits[i].prefix, i);
  for (std::size_t i = 0; i < transits.size(); ++i) {
    for (const std::size_t other : index.covering(transits[i].prefix)) {
      const bool same = transits[i].prefix.network() == transits[other].prefix.network();
      if (apart(transits[i], transits[other]) || (same && other > i)) continue;  // of equals the later one is told
      findings.error(transits[i].pointer() + (transits[i].prefix == transits[i].child->local ? "/local" : "/remote"),
                     fmt::format("{} overlaps {} of {}", net::print(transits[i].prefix.network()),
                                 net::print(transits[other].prefix.network()), transits[other].title()),
                     "give every child a network of its own");
      break;
    }
  }
}

}  // namespace vtid::config
