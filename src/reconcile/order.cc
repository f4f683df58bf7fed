#include "reconcile/order.h"

#include <algorithm>

namespace vtid::reconcile {
namespace {

// What has no gateway may be the way to those of others.
bool makes_neighbour(const model::Route& route) {
  const auto* via = std::get_if<model::ViaGateway>(&route.target);
  return via != nullptr && !via->gateway;
}

// Other tables than main are read by our rules alone, so theirs stay until no rule leads there.
struct Phase {
  int operator()(const model::SetFilter&) const { return 0; }
  int operator()(const model::DeleteRoute& op) const { return op.route.table == net::kMainTable ? 1 : 16; }
  int operator()(const model::DeleteAddress&) const { return 2; }
  int operator()(const model::DeletePolicy&) const { return 3; }
  int operator()(const model::DeleteLink&) const { return 4; }
  int operator()(const model::CreateLink&) const { return 5; }
  int operator()(const model::ChangeLink&) const { return 6; }
  int operator()(const model::AddAddress&) const { return 7; }
  int operator()(const model::SetSa&) const { return 8; }
  int operator()(const model::SetPolicy&) const { return 9; }
  int operator()(const model::SetRoute& op) const { return makes_neighbour(op.route) ? 10 : 11; }
  int operator()(const model::AddRule&) const { return 12; }
  int operator()(const model::DeleteSa&) const { return 13; }
  int operator()(const model::DropSa&) const { return 13; }
  int operator()(const model::HoldSa&) const { return 14; }
  int operator()(const model::DeleteRule&) const { return 15; }
  int operator()(const model::DeleteFilter&) const { return 17; }
};

using Devices = std::vector<net::IfName>;

Devices targets_of(const model::Route& route) {
  Devices devices;
  for (const model::NextHop& hop : model::hops_of(route)) devices.push_back(hop.via.device);
  return devices;
}

struct DevicesOf {
  Devices operator()(const model::CreateLink& op) const { return {op.link.name}; }
  Devices operator()(const model::ChangeLink& op) const { return {op.link.name}; }
  Devices operator()(const model::DeleteLink& op) const { return {op.name}; }
  Devices operator()(const model::AddAddress& op) const { return {op.address.device}; }
  Devices operator()(const model::DeleteAddress& op) const { return {op.address.device}; }
  Devices operator()(const model::SetRoute& op) const { return targets_of(op.route); }
  Devices operator()(const model::DeleteRoute& op) const { return targets_of(op.route); }
  Devices operator()(const auto&) const { return {}; }  // a rule's device may be away
};

}  // namespace

int phase_of(const model::Change& change) { return std::visit(Phase{}, change); }

std::vector<net::IfName> devices_of(const model::Change& change) { return std::visit(DevicesOf{}, change); }

void sort_ops(std::vector<model::Op>& ops) {
  std::ranges::stable_sort(ops, {}, [](const model::Op& op) { return phase_of(op.change); });
}

}  // namespace vtid::reconcile
