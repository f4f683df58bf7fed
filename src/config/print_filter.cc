#include "config/print_filter.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace vtid::config {
namespace {

using Json = nlohmann::ordered_json;

// One as itself, several as an array, none as "any".
template <class T, class Print>
Json any_or(const std::vector<T>& items, Print print) {
  if (items.empty()) return "any";
  if (items.size() == 1) return print(items.front());
  Json array = Json::array();
  for (const T& item : items) array.push_back(print(item));
  return array;
}

std::string print_network(const net::Prefix& network) { return net::print(network); }
std::string print_ports(const model::PortRange& range) { return model::print(range); }

// The names of lists come last.
template <class T, class Print>
Json any_or_lists(const model::AnyOf<T>& any, Print print) {
  std::vector<std::string> words;
  std::ranges::transform(any.values, std::back_inserter(words), print);
  for (const model::ListRef& list : any.lists) words.push_back('@' + list->name);
  return any_or(words, std::identity{});
}

void add_traffic(Json& json, const model::Traffic& traffic) {
  json["protocol"] = any_or(traffic.protocols, net::protocol_word);
  json["from"] = any_or_lists(traffic.from, print_network);
  json["to"] = any_or_lists(traffic.to, print_network);
  if (!traffic.from_not.empty()) json["from_not"] = any_or_lists(traffic.from_not, print_network);
  if (!traffic.to_not.empty()) json["to_not"] = any_or_lists(traffic.to_not, print_network);
  if (!traffic.from_ports.empty()) json["from_ports"] = any_or_lists(traffic.from_ports, print_ports);
  if (!traffic.ports.empty()) json["ports"] = any_or_lists(traffic.ports, print_ports);
  if (!traffic.icmp_types.empty()) {
    json["icmp_types"] =
        any_or(traffic.icmp_types, [&](std::uint8_t type) { return net::icmp_type_word(traffic.protocols.front(), type); });
  }
}

int print_dscp(std::uint8_t dscp) { return dscp; }

struct AddressPrinter {
  Json operator()(const model::OwnAddress&) const { return "interface"; }
  Json operator()(const model::NoTranslation&) const { return "none"; }
  Json operator()(const net::Prefix& prefix) const { return net::print(prefix); }
};

}  // namespace

Json print_networks(const std::vector<net::Prefix>& networks) { return any_or(networks, print_network); }

Json print_lists(const std::vector<model::ListRef>& lists) {
  Json::object_t members;
  members.reserve(lists.size());
  for (const model::ListRef& list : lists) {
    Json json = Json::object();
    if (list->file.empty()) {
      for (const net::Prefix& network : list->networks) json["networks"].push_back(print_network(network));
    } else {
      json["file"] = list->file;
    }
    for (const model::PortRange& range : list->ports) json["ports"].push_back(print_ports(range));
    json["description"] = list->description;
    members.emplace_back(list->name, std::move(json));
  }
  return members;
}

Json print_filter(const model::FilterConfig& filter) {
  return {{"mode", model::print(filter.mode)}, {"allow_blocked_tunnels", filter.allow_blocked_tunnels}};
}

Json print_rules(const std::vector<model::FilterRule>& rules) {
  Json array = Json::array();
  for (const model::FilterRule& rule : rules) {
    Json json{{"on", rule.on}, {"direction", model::print(rule.direction)}, {"action", model::print(rule.action)}};
    add_traffic(json, rule.traffic);
    if (!rule.traffic.dscp.empty()) json["dscp"] = any_or(rule.traffic.dscp, print_dscp);
    json["log"] = rule.log ? Json(*rule.log) : Json(false);
    json["description"] = rule.description;
    if (!rule.gateway.empty()) {
      json["gateway"] = rule.gateway;
      json["when_down"] = model::print(rule.when_down);
    }
    array.push_back(std::move(json));
  }
  return array;
}

Json print_policy_routes(const std::vector<model::PolicyRoute>& routes) {
  Json array = Json::array();
  for (const model::PolicyRoute& route : routes) {
    Json json{{"name", route.name}, {"in", route.in}};
    add_traffic(json, route.traffic);
    json["via"] = route.via;
    if (!route.is_exception()) json["when_down"] = model::print(route.when_down);
    array.push_back(std::move(json));
  }
  return array;
}

Json print_nat(const std::vector<model::NatRule>& nat) {
  Json array = Json::array();
  for (const model::NatRule& rule : nat) {
    Json json{{"on", rule.on}, {"kind", model::print(rule.kind)}};
    add_traffic(json, rule.traffic);
    if (rule.kind == model::NatKind::destination) {
      json["target"] = net::print(rule.target);
      if (rule.target_port) json["target_port"] = *rule.target_port;
    } else {
      json["address"] = std::visit(AddressPrinter{}, rule.address);
    }
    json["description"] = rule.description;
    array.push_back(std::move(json));
  }
  return array;
}

}  // namespace vtid::config
