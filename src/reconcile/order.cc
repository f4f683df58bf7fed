#include "reconcile/order.h"

#include <algorithm>

namespace vtid::reconcile {
namespace {

struct Phase {
  int operator()(const model::DeleteRoute&) const { return 0; }
  int operator()(const model::DeleteAddress&) const { return 1; }
  int operator()(const model::DeletePolicy&) const { return 2; }
  int operator()(const model::DeleteLink&) const { return 3; }
  int operator()(const model::CreateLink&) const { return 4; }
  int operator()(const model::ChangeLink&) const { return 5; }
  int operator()(const model::AddAddress&) const { return 6; }
  int operator()(const model::SetSa&) const { return 7; }
  int operator()(const model::SetPolicy&) const { return 8; }
  int operator()(const model::SetRoute&) const { return 9; }
  int operator()(const model::DeleteSa&) const { return 10; }
  int operator()(const model::DropSa&) const { return 10; }
};

const net::IfName* target_of(const model::Route& route) {
  const auto* via = std::get_if<model::ViaGateway>(&route.target);
  return via == nullptr ? nullptr : &via->device;
}

struct Device {
  const net::IfName* operator()(const model::CreateLink& op) const { return &op.link.name; }
  const net::IfName* operator()(const model::ChangeLink& op) const { return &op.link.name; }
  const net::IfName* operator()(const model::DeleteLink& op) const { return &op.name; }
  const net::IfName* operator()(const model::AddAddress& op) const { return &op.address.device; }
  const net::IfName* operator()(const model::DeleteAddress& op) const { return &op.address.device; }
  const net::IfName* operator()(const model::SetRoute& op) const { return target_of(op.route); }
  const net::IfName* operator()(const model::DeleteRoute& op) const { return target_of(op.route); }
  const net::IfName* operator()(const model::SetPolicy&) const { return nullptr; }
  const net::IfName* operator()(const model::DeletePolicy&) const { return nullptr; }
  const net::IfName* operator()(const model::SetSa&) const { return nullptr; }
  const net::IfName* operator()(const model::DeleteSa&) const { return nullptr; }
  const net::IfName* operator()(const model::DropSa&) const { return nullptr; }
};

}  // namespace

int phase_of(const model::Change& change) { return std::visit(Phase{}, change); }

const net::IfName* device_of(const model::Change& change) { return std::visit(Device{}, change); }

void sort_ops(std::vector<model::Op>& ops) {
  std::ranges::stable_sort(ops, {}, [](const model::Op& op) { return phase_of(op.change); });
}

}  // namespace vtid::reconcile
