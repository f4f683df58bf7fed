#include "platform/linux/nft_expressions.h"

#include <algorithm>

namespace vtid::platform::netlink::nft {
namespace {

// A match on a family says which it is only when nothing else does.
void add_family(Expressions& list, net::Family family) {
  list.push_back(match(meta("nfproto"), family == net::Family::ipv4 ? "ipv4" : "ipv6"));
}

void add_ends(Expressions& list, const std::vector<net::Prefix>& ends, std::string_view field, net::Family family) {
  std::vector<Json> items;
  for (const net::Prefix& end : ends) {
    if (end.family() == family) items.push_back(prefix(end));
  }
  if (!items.empty()) list.push_back(match(payload(ip_of(family), field), set_of(std::move(items))));
}

void add_ports(Expressions& list, const std::vector<model::PortRange>& ports, std::string_view field) {
  std::vector<Json> items;
  for (const auto& [first, last] : ports) {
    items.push_back(first == last ? Json(first) : Json{{"range", Json::array({first, last})}});
  }
  if (!items.empty()) list.push_back(match(payload("th", field), set_of(std::move(items))));
}

void add_icmp_types(Expressions& list, const model::Traffic& traffic) {
  std::vector<Json> items(traffic.icmp_types.begin(), traffic.icmp_types.end());
  if (items.empty()) return;
  const bool v4 = traffic.protocols.front() == net::kIcmp;
  list.push_back(match(payload(v4 ? "icmp" : "icmpv6", "type"), set_of(std::move(items))));
}

// ICMP of the other family is not meant, although the kernel would find it.
void add_protocols(Expressions& list, const model::Traffic& traffic) {
  std::vector<Json> items(traffic.protocols.begin(), traffic.protocols.end());
  if (!items.empty()) list.push_back(match(meta("l4proto"), set_of(std::move(items))));
}

Expressions matches_of(const model::Traffic& traffic, std::optional<net::Family> family) {
  Expressions list;
  if (family) {
    const std::size_t before = list.size();
    add_ends(list, traffic.from, "saddr", *family);
    add_ends(list, traffic.to, "daddr", *family);
    if (list.size() == before) add_family(list, *family);
  }
  add_protocols(list, traffic);
  add_ports(list, traffic.from_ports, "sport");
  add_ports(list, traffic.ports, "dport");
  add_icmp_types(list, traffic);
  return list;
}

bool is_bound(const model::Traffic& traffic) {
  const auto tied = [](std::uint8_t protocol) { return protocol == net::kIcmp || protocol == net::kIcmp6; };
  return !traffic.from.empty() || !traffic.to.empty() || std::ranges::any_of(traffic.protocols, tied);
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
  if (!only && !is_bound(traffic)) return {matches_of(traffic, std::nullopt)};
  std::vector<Expressions> lists;
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    if ((!only || family == *only) && traffic.covers(family)) lists.push_back(matches_of(traffic, family));
  }
  return lists;
}

std::optional<net::Family> family_of(const model::DeviceRule& item) {
  return item.route_to ? std::optional(item.route_to->family) : std::nullopt;
}

std::string_view ip_of(net::Family family) { return family == net::Family::ipv4 ? "ip" : "ip6"; }

}  // namespace vtid::platform::netlink::nft
