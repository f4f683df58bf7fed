// From the file, the numbers, charon's view and the host's outer side to what the kernel should hold. Pure.
// Never decides about removal: what is not in Desired is simply not wanted.
#pragma once

#include <map>
#include <string>

#include "model/config.h"
#include "model/desired.h"
#include "model/observed.h"
#include "model/op.h"
#include "model/sa_table.h"
#include "reconcile/mtu.h"
#include "reconcile/numbers.h"

namespace vtid::reconcile {

// The system's differences that the model depends on (the planner's copy of platform::Capabilities, which it may not see).
struct System {
  bool link_has_outer = false;
  bool manages_policies = true;
  bool address_needs_peer = false;
  bool route_has_metric = true;
  bool operator==(const System&) const = default;
};

// The host's facts that wanted values follow: where outer packets leave, and what our links have now.
struct Host {
  std::map<net::Address, std::uint32_t> mtu_by_address;  // of the link that holds a local address
  std::map<net::IfName, std::uint32_t> own_mtus;         // our links, as they are
  bool operator==(const Host&) const = default;
};
[[nodiscard]] Host read_host(const model::Observed& observed);

struct Derived {
  model::Desired desired;
  std::map<std::string, Mtu> mtus;  // by tunnel
  bool operator==(const Derived&) const = default;
};

[[nodiscard]] Derived derive(const model::Config& config, const Numbers& numbers, const model::SaTable& sas, const Host& host,
                             const System& system);

// The CHILD_SAs of a tunnel, whatever they are called: those with its if_id, or its reqid where if_ids are absent.
[[nodiscard]] std::vector<const model::ChildSa*> children_of(const model::SaTable& sas, net::Unit unit);

// The same for all tunnels at once, for loops over many.
[[nodiscard]] std::map<net::Unit, std::vector<const model::ChildSa*>> children_by_unit(const model::SaTable& sas);

}  // namespace vtid::reconcile
