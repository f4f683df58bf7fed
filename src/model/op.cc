#include "model/op.h"

#include <fmt/format.h>

namespace vtid::model {
namespace {

std::string describe(const Link& link) {
  std::string text = fmt::format("link {} (if_id {}, reqid {}, mtu {}{}", link.name.text(), link.if_id.value, link.reqid.value,
                                 link.mtu, link.up ? ", up" : ", down");
  if (link.fib != 0) text += fmt::format(", fib {}", link.fib);
  if (!link.vrf.empty()) text += ", in " + link.vrf.text();
  if (link.outer_fib != 0) text += fmt::format(", outer fib {}", link.outer_fib);
  if (link.outer) text += fmt::format(", outer {} to {}", net::print(link.outer->first), net::print(link.outer->second));
  return text + ")";
}

std::string describe(const InterfaceAddress& address) {
  std::string text = fmt::format("address {}", net::print(address.local));
  if (address.peer) text += fmt::format(" peer {}", net::print(*address.peer));
  return text + fmt::format(" on {}", address.device.text());
}

std::string describe(net::TableId table) {
  if (table == net::kMainTable) return "";
  const auto fib = net::fib_of(table);
  return fib ? fmt::format(" fib {}", *fib) : fmt::format(" table {}", table.value);
}

// As ip(8) writes them.
std::string describe(const Route& route) {
  std::string text = fmt::format("route {}", net::print(route.to));
  const std::vector<NextHop> hops = hops_of(route);
  for (const NextHop& hop : hops) {
    if (hops.size() > 1) text += " nexthop";
    if (hop.via.gateway) text += fmt::format(" via {}", net::print(*hop.via.gateway));
    text += fmt::format(" dev {}", hop.via.device.text());
    if (hops.size() > 1) text += fmt::format(" weight {}", hop.weight);
  }
  if (hops.empty()) text += " blackhole";
  text += fmt::format(" metric {}", route.metric.value);
  return text + describe(route.table);
}

}  // namespace

std::string print(const Rule& rule) {
  std::string text =
      fmt::format("rule {} {}: from {}", net::print(rule.family), rule.priority, rule.from ? net::print(*rule.from) : "all");
  if (rule.to) text += " to " + net::print(*rule.to);
  if (rule.mask != 0) text += fmt::format(" fwmark 0x{:x}/0x{:x}", rule.mark, rule.mask);
  if (!rule.in.empty()) text += " iif " + rule.in.text();
  if (rule.protocol != 0) text += fmt::format(" ipproto {}", rule.protocol);
  if (rule.from_ports) text += " sport " + print(*rule.from_ports);
  if (rule.to_ports) text += " dport " + print(*rule.to_ports);
  if (rule.go_to != 0) return text + fmt::format(" goto {}", rule.go_to);
  if (rule.table == net::TableId{}) return text + " nop";
  return text + fmt::format(" lookup {}", rule.table.value);
}

namespace {

std::string describe(const Policy& policy) {
  return fmt::format("policy {} {} if_id {} ({} to {}, reqid {})", print(policy.direction), net::print(policy.family),
                     policy.if_id.value, net::print(policy.outer_source), net::print(policy.outer_destination),
                     policy.reqid.value);
}

std::string describe(const Sa& sa) {
  return fmt::format("SA 0x{:08x} ({} to {}, {}, reqid {})", sa.spi, net::print(sa.source), net::print(sa.destination),
                     print(sa.algorithm), sa.reqid.value);
}

std::string describe(const FilterSet& filter) {
  const std::string rules = filter.filters ? fmt::format("{} rules", filter.rules.size()) : "no rules";
  return fmt::format("filter (mode {}, {}, {} translations)", print(filter.mode), rules, filter.nat.size());
}

struct Printer {
  std::string operator()(const CreateLink& op) const { return "create " + describe(op.link); }
  std::string operator()(const ChangeLink& op) const { return "change " + describe(op.link); }
  std::string operator()(const DeleteLink& op) const { return "delete link " + op.name.text(); }
  std::string operator()(const AddAddress& op) const { return "add " + describe(op.address); }
  std::string operator()(const DeleteAddress& op) const { return "delete " + describe(op.address); }
  std::string operator()(const SetRoute& op) const { return (op.replaces ? "replace " : "add ") + describe(op.route); }
  std::string operator()(const DeleteRoute& op) const { return "delete " + describe(op.route); }
  std::string operator()(const AddRule& op) const { return "add " + print(op.rule); }
  std::string operator()(const DeleteRule& op) const { return "delete " + print(op.rule); }
  std::string operator()(const SetPolicy& op) const { return "set " + describe(op.policy); }
  std::string operator()(const DeletePolicy& op) const { return "delete " + describe(op.policy); }
  std::string operator()(const SetSa& op) const { return (op.replaces ? "replace " : "add ") + describe(op.sa); }
  std::string operator()(const DeleteSa& op) const { return "delete " + describe(op.sa); }
  std::string operator()(const DropSa& op) const {
    return fmt::format("drop SA 0x{:08x} ({} to {}, reqid {})", op.sa.spi, net::print(op.sa.source),
                       net::print(op.sa.destination), op.sa.reqid.value);
  }
  std::string operator()(const HoldSa& op) const {
    return fmt::format("{} SA 0x{:08x} (to {}, reqid {})", op.sa.held ? "hold" : "let go of", op.sa.spi,
                       net::print(op.sa.destination), op.sa.reqid.value);
  }
  std::string operator()(const SetFilter& op) const { return "set " + describe(op.filter); }
  std::string operator()(const DeleteFilter&) const { return "delete filter"; }
};

}  // namespace

std::vector<NextHop> hops_of(const Route& route) {
  if (const auto* via = std::get_if<ViaGateway>(&route.target)) return {{*via}};
  if (const auto* multipath = std::get_if<Multipath>(&route.target)) return multipath->hops;
  return {};
}

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
