#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/automatic.h"
#include "config/by_name.h"
#include "config/prefix_index.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Config;
using model::Tunnel;

constexpr std::uint32_t kDefaultMetric6 = 1024;  // IP6_RT_PRIO_USER, linux/ipv6_route.h; for IPv4 it is 0

// Where packets to a network go, as far as the file says.
struct Hop {
  net::Prefix to;
  std::uint32_t metric;
  const Tunnel* into;   // none: out of a device that is no tunnel
  std::string pointer;  // "/routes/0/to"
  std::string via;      // "routes/0 (10.0.0.0/8 via VTI_HQ_VTIV4)"
};

// A tunnel whose peer the file routes through a tunnel, perhaps itself.
struct Step {
  const Tunnel* from;
  net::Address peer;
  Hop hop;
};

class Paths {
 public:
  Paths(const Config& config, const Findings& findings);

  [[nodiscard]] std::optional<Step> step_from(const Tunnel& tunnel) const;

 private:
  const Findings& findings_;
  PrefixIndex<Hop> hops_;
};

Paths::Paths(const Config& config, const Findings& findings) : findings_(findings) {
  const Automatic automatic(config);
  const ByName gateways(config.gateways);
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const model::StaticRoute& route = config.routes[i];
    const model::Gateway* gateway = gateways.find(route.via);
    if (gateway == nullptr || findings.any_under(join("/routes", i))) continue;
    const std::uint32_t metric = route.metric ? route.metric->value : route.to.address.is_v6() ? kDefaultMetric6 : 0;
    hops_.add(route.to, {route.to, metric, automatic.tunnel_of(*gateway), join("/routes", i) + "/to",
                         fmt::format("routes/{} ({} via {})", i, net::print(route.to), route.via)});
  }
  for (const Tunnel& tunnel : config.tunnels) {
    for (const model::Child& child : tunnel.children) {
      const std::string at = join(join("/tunnels", tunnel.name) + "/children", child.name);
      if (!tunnel.enabled || !child.enabled || !inner_addresses_known(findings, at, child)) continue;
      const net::Prefix network = child.local.network();
      hops_.add(network, {network, 0, &tunnel, at + "/local", fmt::format("{} ({})", at.substr(1), net::print(network))});
      const net::Prefix peer{child.remote, static_cast<std::uint8_t>(child.remote.bits())};
      hops_.add(peer, {peer, 0, &tunnel, at + "/remote", fmt::format("{} ({})", at.substr(1), net::print(peer))});
    }
  }
}

const net::Address* peer_of(const Tunnel& tunnel) {
  if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) return &keys->remote;
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  return ike == nullptr ? nullptr : std::get_if<net::Address>(&ike->remote.address);
}

// The narrowest route wins, then the lowest metric.
std::optional<Step> Paths::step_from(const Tunnel& tunnel) const {
  const net::Address* peer = peer_of(tunnel);
  const std::string at = join("/tunnels", tunnel.name);
  const bool known = !findings_.any_under(at + "/ike/remote") && !findings_.any_under(at + "/outer");
  if (!tunnel.enabled || peer == nullptr || !known) return std::nullopt;
  const auto hops = hops_.covering(*peer);
  const auto best = std::ranges::min_element(hops, {}, [](const Hop& hop) { return std::pair(-hop.to.length, hop.metric); });
  if (best == hops.end() || best->into == nullptr) return std::nullopt;
  return Step{&tunnel, *peer, *best};
}

void report(const std::vector<Step>& loop, Findings& findings) {
  std::string chain;
  for (const Step& step : loop) {
    chain += fmt::format("{}tunnels/{} sends to its peer {}, which {} leads into tunnels/{}", chain.empty() ? "" : "; ",
                         step.from->name, net::print(step.peer), step.hop.via, step.hop.into->name);
  }
  const Step& first = loop.front();
  const net::Prefix peer{first.peer, static_cast<std::uint8_t>(first.peer.bits())};
  findings.error(first.hop.pointer, "makes a loop: " + chain,
                 first.hop.pointer.starts_with("/routes")
                     ? fmt::format("narrow it, or add a route to {} through the gateway that reaches it", net::print(peer))
                     : "give the child a network without that address");
}

}  // namespace

// Every tunnel has at most one next step, so following steps either ends or comes back.
void check_loops(const Config& config, Findings& findings) {
  const Paths paths(config, findings);
  std::map<const Tunnel*, const Tunnel*> seen;  // and from which start
  for (const Tunnel& start : config.tunnels) {
    std::vector<Step> steps;
    const Tunnel* at = &start;
    while (seen.emplace(at, &start).second) {
      auto step = paths.step_from(*at);
      if (!step) break;
      at = step->hop.into;
      steps.push_back(std::move(*step));
    }
    const auto first = std::ranges::find(steps, at, &Step::from);
    if (first != steps.end() && seen.at(at) == &start) report({first, steps.end()}, findings);
  }
}

}  // namespace vtid::config
