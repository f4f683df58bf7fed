#include "daemon/desired_child_sas.h"

#include <algorithm>
#include <iterator>

namespace vtid::daemon {
namespace {

// The end with the higher address waits this long for the other to begin, so that both do not make an IKE_SA each.
constexpr Duration kInitialDelay{1'500};

// What all desired CHILD_SAs of a tunnel have in common.
DesiredChildSa desired_of(const model::Tunnel& tunnel) {
  DesiredChildSa desired;
  desired.tunnel = desired.ike = tunnel.name;
  desired.enabled = tunnel.enabled;
  desired.start = tunnel.start;
  desired.renew_when_silent = tunnel.renew_when_silent;
  if (const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike)) {
    desired.ike = desired.identity = external->connection;
    desired.peer = "the peer of " + external->connection;
    desired.external = true;
    return desired;
  }
  const auto& ike = std::get<model::Ike>(tunnel.ike);
  desired.peer = print(ike.remote.address);
  // Which of several is another matter: see Supervisor::locate.
  const bool several = std::holds_alternative<model::SeveralAddresses>(ike.remote.address);
  desired.identity =
      print(ike.local) + ' ' + ike.local.id + ' ' + (several ? "several addresses" : desired.peer) + ' ' + ike.remote.id;
  const auto* local = std::get_if<net::Address>(&ike.local.address);
  const auto* remote = std::get_if<net::Address>(&ike.remote.address);
  if (local != nullptr && remote != nullptr && *remote < *local) desired.initial_delay = kInitialDelay;
  desired.callable = is_callable(ike.remote.address);
  return desired;
}

std::string print_networks(const model::Child& child) {
  std::string text;
  for (const auto* networks : {&child.local_networks, &child.remote_networks}) {
    text += " |";
    for (const net::Prefix& network : *networks) text += ' ' + net::print(network);
  }
  return text;
}

DesiredChildSa desired_of(const model::Tunnel& tunnel, const model::ChildConfig& config, const reconcile::Numbers& numbers) {
  DesiredChildSa desired = desired_of(tunnel);
  desired.name = config.holder;
  desired.child = config.name;
  desired.charons_policies = config.mode != model::ChildMode::vti || config.policies == model::PolicyOwner::charon;
  if (!desired.charons_policies)
    desired.identity += " | policies of vtid";  // charon asks only when it makes a CHILD_SA, never when it rekeys it
  if (config.mode == model::ChildMode::vti) {
    desired.unit = numbers.at(config.holder);
  } else {
    desired.identity += print_networks(*config.children.front());  // SAs for other networks are other SAs
  }
  return desired;
}

}  // namespace

std::vector<DesiredChildSa> desired_child_sas(const model::Tunnel& tunnel, const reconcile::Numbers& numbers) {
  std::vector<DesiredChildSa> all_desired;
  if (has_static_keys(tunnel)) return all_desired;
  for (const model::ChildConfig& config : model::child_configs(tunnel))
    all_desired.push_back(desired_of(tunnel, config, numbers));
  return all_desired;
}

std::vector<DesiredChildSa> desired_child_sas(const model::Config& config, const reconcile::Numbers& numbers) {
  std::vector<DesiredChildSa> all_desired;
  for (const model::Tunnel& tunnel : config.tunnels)
    std::ranges::move(desired_child_sas(tunnel, numbers), std::back_inserter(all_desired));
  return all_desired;
}

// The tunnels for which charon must have a connection of ours before packets ask for one.
std::vector<std::string> tunnels_on_demand(const model::Config& config) {
  std::vector<std::string> names;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (tunnel.enabled && tunnel.start == model::Start::trap && std::holds_alternative<model::Ike>(tunnel.ike))
      names.push_back(tunnel.name);
  }
  return names;
}

}  // namespace vtid::daemon
