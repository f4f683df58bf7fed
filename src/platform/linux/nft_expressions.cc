#include "platform/linux/nft_expressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace vtid::platform::netlink::nft {
namespace {

// A match on a family says which it is only when nothing else does.
void add_family(Expressions& list, net::Family family) {
  list.push_back(match(meta("nfproto"), family == net::Family::ipv4 ? "ipv4" : "ipv6"));
}

// A packet is looked for in one set at a time: what is written in place is one, each list another.
using Sets = std::vector<Json>;

Json named_set(std::string_view prefix, const model::ListRef& list) { return fmt::format("@{}{}", prefix, list->name); }

Sets sets_of(const model::AnyOf<net::Prefix>& ends, net::Family family) {
  std::vector<Json> items;
  for (const net::Prefix& end : ends.values) {
    if (end.family() == family) items.push_back(prefix(end));
  }
  Sets sets;
  if (!items.empty()) sets.push_back(set_of(std::move(items)));
  for (const model::ListRef& list : ends.lists) {
    if (list->has(family)) sets.push_back(named_set(set_prefix(family), list));
  }
  return sets;
}

Sets sets_of(const model::AnyOf<model::PortRange>& ports) {
  std::vector<Json> items;
  std::ranges::transform(ports.values, std::back_inserter(items), port_range);
  Sets sets;
  if (!items.empty()) sets.push_back(set_of(std::move(items)));
  for (const model::ListRef& list : ports.lists) sets.push_back(named_set(kPortSetPrefix, list));
  return sets;
}

// Each of `rules` once with each of these sets; without any as it is.
void match_any(std::vector<Expressions>& rules, const Json& field, const Sets& sets) {
  if (sets.empty()) return;
  std::vector<Expressions> result;
  for (const Expressions& rule : rules) {
    for (const Json& set : sets) result.emplace_back(rule).push_back(match(field, set));
  }
  rules = std::move(result);
}

void add_icmp_types(Expressions& list, const model::Traffic& traffic) {
  std::vector<Json> items(traffic.icmp_types.begin(), traffic.icmp_types.end());
  if (items.empty()) return;
  const bool v4 = traffic.protocols.front() == net::kIcmp;
  list.push_back(match(payload(v4 ? "icmp" : "icmpv6", "type"), set_of(std::move(items))));
}

void add_dscp(Expressions& list, const model::Traffic& traffic, net::Family family) {
  std::vector<Json> items(traffic.dscp.begin(), traffic.dscp.end());
  if (!items.empty()) list.push_back(match(payload(ip_of(family), "dscp"), set_of(std::move(items))));
}

// ICMP of the other family is not meant, although the kernel would find it.
void add_protocols(Expressions& list, const model::Traffic& traffic) {
  std::vector<Json> items(traffic.protocols.begin(), traffic.protocols.end());
  if (!items.empty()) list.push_back(match(meta("l4proto"), set_of(std::move(items))));
}

// In none of them, where a packet may be in one of several.
void match_none(std::vector<Expressions>& rules, const Json& field, const Sets& sets) {
  for (Expressions& rule : rules) {
    for (const Json& set : sets) rule.push_back(match(field, set, "!="));
  }
}

std::vector<Expressions> matches_of(const model::Traffic& traffic, std::optional<net::Family> family) {
  std::vector<Expressions> rules(1);
  if (family) {
    match_any(rules, payload(ip_of(*family), "saddr"), sets_of(traffic.from, *family));
    match_none(rules, payload(ip_of(*family), "saddr"), sets_of(traffic.from_not, *family));
    match_any(rules, payload(ip_of(*family), "daddr"), sets_of(traffic.to, *family));
    match_none(rules, payload(ip_of(*family), "daddr"), sets_of(traffic.to_not, *family));
    for (Expressions& rule : rules) add_dscp(rule, traffic, *family);
    if (rules.front().empty()) add_family(rules.front(), *family);
  }
  for (Expressions& rule : rules) add_protocols(rule, traffic);
  match_any(rules, payload("th", "sport"), sets_of(traffic.from_ports));
  match_any(rules, payload("th", "dport"), sets_of(traffic.ports));
  for (Expressions& rule : rules) add_icmp_types(rule, traffic);
  return rules;
}

bool is_bound(const model::Traffic& traffic) {
  const auto tied = [](std::uint8_t protocol) { return protocol == net::kIcmp || protocol == net::kIcmp6; };
  const std::array ends{&traffic.from, &traffic.to, &traffic.from_not, &traffic.to_not};
  return std::ranges::any_of(ends, [](const auto* end) { return !end->empty(); }) || !traffic.dscp.empty() ||
         std::ranges::any_of(traffic.protocols, tied);
}

}  // namespace

Json match(Json left, Json right, std::string_view op) {
  return {{"match", {{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}
Json meta(std::string_view key) { return {{"meta", {{"key", key}}}}; }
Json ct(std::string_view key) { return {{"ct", {{"key", key}}}}; }
Json payload(std::string_view protocol, std::string_view field) {
  return {{"payload", {{"protocol", protocol}, {"field", field}}}};
}

Json prefix(const net::Prefix& prefix) {
  std::string address = net::print(prefix.address);
  if (prefix.length == prefix.address.bits()) return address;
  return {{"prefix", {{"addr", address}, {"len", prefix.length}}}};
}

Json set_of(std::vector<Json> items) {
  if (items.size() == 1) return std::move(items.front());
  return {{"set", Json(std::move(items))}};
}

Json one_word(std::string_view statement) {
  Json json = Json::object();
  json[std::string(statement)] = nullptr;
  return json;
}
Json jump(std::string_view chain) { return {{"jump", {{"target", chain}}}}; }
Json go_to(std::string_view chain) { return {{"goto", {{"target", chain}}}}; }

Json verdict_map(Json key, std::vector<Json> pairs) {
  return {{"vmap", {{"key", std::move(key)}, {"data", {{"set", Json(std::move(pairs))}}}}}};
}

Json set_mark(const Json& key, std::uint32_t mark) {
  const Json others{{"&", Json::array({key, ~model::kMarkMask})}};
  return {{"mangle", {{"key", key}, {"value", {{"|", Json::array({others, mark})}}}}}};
}

std::vector<Expressions> matches(const model::Traffic& traffic, std::optional<net::Family> only) {
  if (!only && !is_bound(traffic)) return matches_of(traffic, std::nullopt);
  std::vector<Expressions> lists;
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    if ((only && family != *only) || !traffic.covers(family)) continue;
    std::ranges::move(matches_of(traffic, family), std::back_inserter(lists));
  }
  return lists;
}

std::optional<net::Family> family_of(const model::DeviceRule& item) {
  return item.route_to ? std::optional(item.route_to->family) : std::nullopt;
}

Json port_range(const model::PortRange& range) {
  return range.first == range.last ? Json(range.first) : Json{{"range", Json::array({range.first, range.last})}};
}

std::string_view set_prefix(net::Family family) { return family == net::Family::ipv4 ? "ipv4_" : "ipv6_"; }

std::string_view ip_of(net::Family family) { return family == net::Family::ipv4 ? "ip" : "ip6"; }

}  // namespace vtid::platform::netlink::nft
