// The VRFs of the host, and in which routing table the routes by an interface stand: main's, a VRF's or a FIB's. Pure.
#pragma once

#include <map>
#include <optional>

#include "model/config.h"
#include "model/observed.h"
#include "net/names.h"

namespace vtid::reconcile {

struct Vrf {
  net::TableId table;
  bool up = true;
  bool operator==(const Vrf&) const = default;
};
using Vrfs = std::map<net::IfName, Vrf>;
[[nodiscard]] Vrfs vrfs_of(const model::Observed& observed);

// Nothing: the file puts the interface into a VRF that is not there.
[[nodiscard]] std::optional<net::TableId> table_of(const model::Interface& interface, const Vrfs& vrfs);

}  // namespace vtid::reconcile
