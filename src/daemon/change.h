// What changes beside gateways, for the programs of "on_change". Made while the engine works: nothing in it is to be kept.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "daemon/supervisor.h"
#include "model/gateway.h"
#include "model/role.h"
#include "model/snapshot.h"

namespace vtid::daemon {

struct TunnelChange {
  const std::string& name;
  const TunnelView& view;
  bool first;  // that is known of it since vtid started or the file took it in
  std::function<model::TunnelStatus()> status;
};
struct GroupChange {
  const std::string& name;
  const model::GroupSelection* before;  // nullptr: it is new
  const model::GroupSelection& after;
};
struct RoleChange {
  model::Role role;
};
using Change = std::variant<TunnelChange, GroupChange, RoleChange>;

}  // namespace vtid::daemon
