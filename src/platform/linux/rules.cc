#include "platform/linux/rules.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

namespace vtid::platform::netlink {
namespace {

std::uint8_t action_of(const model::Rule& rule) {
  if (rule.go_to != 0) return FR_ACT_GOTO;
  return rule.table == net::TableId{} ? FR_ACT_NOP : FR_ACT_TO_TBL;
}

bool is_action_of_ours(std::uint8_t action) { return action == FR_ACT_TO_TBL || action == FR_ACT_GOTO || action == FR_ACT_NOP; }

Bytes encode(std::uint16_t type, std::uint16_t flags, const model::Rule& rule, std::uint8_t protocol) {
  fib_rule_hdr header{};
  header.family = rule.family == net::Family::ipv4 ? AF_INET : AF_INET6;
  header.src_len = rule.from ? rule.from->length : std::uint8_t{0};
  header.dst_len = rule.to ? rule.to->length : std::uint8_t{0};
  header.table = RT_TABLE_UNSPEC;  // FRA_TABLE has all 32 bits
  header.action = action_of(rule);
  Request request(type, flags, header);
  request.put(FRA_PRIORITY, rule.priority).put(FRA_PROTOCOL, protocol);
  if (header.action == FR_ACT_TO_TBL) request.put(FRA_TABLE, rule.table.value);
  if (header.action == FR_ACT_GOTO) request.put(FRA_GOTO, rule.go_to);
  if (rule.from) request.put_address(FRA_SRC, rule.from->network().address);
  if (rule.to) request.put_address(FRA_DST, rule.to->network().address);
  if (!rule.in.empty()) request.put_text(FRA_IIFNAME, rule.in.text());
  if (rule.mask != 0) request.put(FRA_FWMARK, rule.mark).put(FRA_FWMASK, rule.mask);
  if (rule.protocol != 0) request.put(FRA_IP_PROTO, rule.protocol);
  if (rule.from_ports) request.put(FRA_SPORT_RANGE, fib_rule_port_range{rule.from_ports->first, rule.from_ports->last});
  if (rule.to_ports) request.put(FRA_DPORT_RANGE, fib_rule_port_range{rule.to_ports->first, rule.to_ports->last});
  return request.bytes();
}

std::optional<net::Prefix> prefix_of(const Attributes& attributes, std::uint16_t attribute, std::uint8_t length) {
  const auto address = attributes.address(attribute);
  if (!address || length > address->bits()) return std::nullopt;
  return net::Prefix{*address, length};
}

std::optional<model::PortRange> ports_of(const Attributes& attributes, std::uint16_t attribute) {
  const auto range = attributes.get<fib_rule_port_range>(attribute);
  return range ? std::optional(model::PortRange{range->start, range->end}) : std::nullopt;
}

}  // namespace

Bytes encode_add_rule(const model::Rule& rule, std::uint8_t protocol) {
  return encode(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, protocol);
}

Bytes encode_delete_rule(const model::Rule& rule) { return encode(RTM_DELRULE, 0, rule, model::kRouteProtocol); }

Bytes encode_dump_rules() { return Request(RTM_GETRULE, NLM_F_DUMP, fib_rule_hdr{}).bytes(); }

std::optional<model::Rule> decode_rule(const nlmsghdr& message, std::uint8_t protocol) {
  const auto head = header_of<fib_rule_hdr>(message);
  if ((message.nlmsg_type != RTM_NEWRULE && message.nlmsg_type != RTM_DELRULE) || !head) return std::nullopt;
  if (head->family != AF_INET && head->family != AF_INET6) return std::nullopt;
  const Attributes attributes(message, sizeof *head);
  if (attributes.get<std::uint8_t>(FRA_PROTOCOL) != protocol || !is_action_of_ours(head->action)) return std::nullopt;
  model::Rule rule;
  rule.family = head->family == AF_INET ? net::Family::ipv4 : net::Family::ipv6;
  rule.priority = attributes.get<std::uint32_t>(FRA_PRIORITY).value_or(0);
  rule.table = {attributes.get<std::uint32_t>(FRA_TABLE).value_or(head->table)};
  if (const auto in = attributes.text(FRA_IIFNAME); !in.empty()) rule.in = net::IfName::parse(in).value_or(net::IfName{});
  rule.from = prefix_of(attributes, FRA_SRC, head->src_len);
  rule.to = prefix_of(attributes, FRA_DST, head->dst_len);
  rule.protocol = attributes.get<std::uint8_t>(FRA_IP_PROTO).value_or(0);
  rule.from_ports = ports_of(attributes, FRA_SPORT_RANGE);
  rule.to_ports = ports_of(attributes, FRA_DPORT_RANGE);
  rule.mark = attributes.get<std::uint32_t>(FRA_FWMARK).value_or(0);
  rule.mask = attributes.get<std::uint32_t>(FRA_FWMASK).value_or(0);
  rule.go_to = attributes.get<std::uint32_t>(FRA_GOTO).value_or(0);
  return rule;
}

}  // namespace vtid::platform::netlink
