#include "model/op.h"

#include <fmt/format.h>

namespace vtid::model {
namespace {

std::string describe(const Link& link) {
  std::string text = fmt::format("link {} (if_id {}, reqid {}, mtu {}{}", link.name.text(), link.if_id.value, link.reqid.value,
                                 link.mtu, link.up ? ", up" : ", down");
  if (link.outer) text += fmt::format(", outer {} to {}", net::print(link.outer->first), net::print(link.outer->second));
  return text + ")";
}

std::string describe(const InterfaceAddress& address) {
  std::string text = fmt::format("address {}", net::print(address.local));
  if (address.peer) text += fmt::format(" peer {}", net::print(*address.peer));
  return text + fmt::format(" on {}", address.device.text());
}

std::string describe(const Route& route) {
  std::string text = fmt::format("route {}", net::print(route.to));
  if (const auto* via = std::get_if<ViaGateway>(&route.target)) {
    if (via->gateway) text += fmt::format(" via {}", net::print(*via->gateway));
    text += fmt::format(" dev {}", via->device.text());
  } else {
    text += " blackhole";
  }
  return text + fmt::format(" metric {}", route.metric.value);
}

std::string describe(const Policy& policy) {
  return fmt::format("policy {} {} if_id {} ({} to {}, reqid {})", print(policy.direction), net::print(policy.family),
                     policy.if_id.value, net::print(policy.outer_source), net::print(policy.outer_destination),
                     policy.reqid.value);
}

std::string describe(const Sa& sa) {
  return fmt::format("SA 0x{:08x} ({} to {}, {}, reqid {}, if_id {})", sa.spi, net::print(sa.source),
                     net::print(sa.destination), print(sa.algorithm), sa.reqid.value, sa.if_id.value);
}

struct Printer {
  std::string operator()(const CreateLink& op) const { return "create " + describe(op.link); }
  std::string operator()(const ChangeLink& op) const { return "change " + describe(op.link); }
  std::string operator()(const DeleteLink& op) const { return "delete link " + op.name.text(); }
  std::string operator()(const AddAddress& op) const { return "add " + describe(op.address); }
  std::string operator()(const DeleteAddress& op) const { return "delete " + describe(op.address); }
  std::string operator()(const SetRoute& op) const { return (op.replaces ? "replace " : "add ") + describe(op.route); }
  std::string operator()(const DeleteRoute& op) const { return "delete " + describe(op.route); }
  std::string operator()(const SetPolicy& op) const { return "set " + describe(op.policy); }
  std::string operator()(const DeletePolicy& op) const { return "delete " + describe(op.policy); }
  std::string operator()(const SetSa& op) const { return (op.replaces ? "replace " : "add ") + describe(op.sa); }
  std::string operator()(const DeleteSa& op) const { return "delete " + describe(op.sa); }
  std::string operator()(const DropSa& op) const {
    return fmt::format("drop SA 0x{:08x} ({} to {}, reqid {})", op.sa.spi, net::print(op.sa.source),
                       net::print(op.sa.destination), op.sa.reqid.value);
  }
};

}  // namespace

std::string print(const Change& change) { return std::visit(Printer{}, change); }

std::string_view print(PolicyDirection direction) {
  switch (direction) {
    case PolicyDirection::in: return "in";
    case PolicyDirection::out: return "out";
    case PolicyDirection::forward: return "fwd";
  }
  std::abort();
}

std::string_view print(Severity severity) {
  switch (severity) {
    case Severity::caveat: return "caveat";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  std::abort();
}

}  // namespace vtid::model
