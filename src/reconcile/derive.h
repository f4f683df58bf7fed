// From the file, the numbers, what charon's SAs say, the gateways and the host's outer side to what the kernel should hold.
// Pure. Never decides about removal: what is not in Desired is simply not wanted.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/capabilities.h"
#include "model/config.h"
#include "model/desired.h"
#include "model/gateway.h"
#include "model/local_end.h"
#include "model/observed.h"
#include "model/op.h"
#include "reconcile/mtu.h"
#include "reconcile/numbers.h"
#include "reconcile/sa_facts.h"
#include "reconcile/vrfs.h"

namespace vtid::reconcile {

// The host's facts that wanted values follow: where outer packets leave, and what our links have now.
struct Host {
  std::map<net::Address, std::uint32_t> mtu_by_address{};  // of the link that holds a local address
  std::map<net::IfName, std::uint32_t> own_mtus{};         // our links, as they are
  std::set<net::Address> addresses{};                      // of all links; empty: nobody has looked
  Vrfs vrfs{};
  bool operator==(const Host&) const = default;
};
[[nodiscard]] Host read_host(const model::Observed& observed);

struct Derived {
  model::Desired desired;
  std::map<std::string, Mtu> mtus;       // by holder
  std::vector<model::Problem> problems;  // of what the host lacks
  bool operator==(const Derived&) const = default;
};

// What tunnels are not to do now.
struct Restraints {
  std::set<std::string> ended{};  // holders: nothing shall be left, because they are held down or this node is on standby
  std::set<std::string> early{};  // tunnels on demand: charon could not answer what their packets ask for yet
};

// What one tunnel contributes to Desired, whatever the others are.
struct TunnelPart {
  std::vector<model::Wanted<model::Link>> links;
  std::vector<model::Wanted<model::InterfaceAddress>> addresses;
  std::vector<model::Wanted<model::Policy>> policies;
  std::vector<model::Wanted<model::Sa>> sas;
  std::vector<model::Wanted<model::SendOrder>> send_orders;
  std::vector<net::IfId> unplaced, withheld;
  std::vector<std::pair<std::string, Mtu>> mtus;  // by holder
  std::vector<model::Problem> problems;
  bool operator==(const TunnelPart&) const = default;
};
using TunnelParts = std::vector<std::shared_ptr<const TunnelPart>>;  // of the enabled tunnels, in the file's order

using Assignments = std::map<std::string, const model::Interface*, std::less<>>;  // by holder

// What a part is made of, beside its tunnel. Lives no longer than what it refers to.
struct TunnelInputs {
  const Numbers& numbers;
  const SaFacts& sas;
  const Host& host;
  const model::Capabilities& system;
  const Restraints& restraints;
  const Assignments& assignments;
  const model::LocalEnds& local_ends;
};
[[nodiscard]] TunnelPart derive_tunnel(const model::Tunnel& tunnel, const TunnelInputs& inputs);
[[nodiscard]] Derived derive(const model::Config& config, const TunnelInputs& inputs, const model::GatewaySelection& selection,
                             const TunnelParts& parts);
[[nodiscard]] Derived derive(const model::Config& config, const Numbers& numbers, const SaFacts& sas,
                             const model::GatewaySelection& selection, const Host& host, const model::Capabilities& system,
                             const Restraints& restraints = {}, const model::LocalEnds& local_ends = {});

}  // namespace vtid::reconcile
