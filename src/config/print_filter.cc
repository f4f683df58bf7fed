#include "config/print_filter.h"

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

Json print_ports(const std::vector<model::PortRange>& ranges) {
  return any_or(ranges, [](const model::PortRange& range) { return model::print(range); });
}

void add_traffic(Json& json, const model::Traffic& traffic) {
  json["protocol"] = any_or(traffic.protocols, net::protocol_word);
  json["from"] = print_networks(traffic.from);
  json["to"] = print_networks(traffic.to);
  if (!traffic.from_ports.empty()) json["from_ports"] = print_ports(traffic.from_ports);
  if (!traffic.ports.empty()) json["ports"] = print_ports(traffic.ports);
  if (!traffic.icmp_types.empty()) {
    json["icmp_types"] =
        any_or(traffic.icmp_types, [&](std::uint8_t type) { return net::icmp_type_word(traffic.protocols.front(), type); });
  }
}

struct AddressPrinter {
  Json operator()(const model::OwnAddress&) const { return "interface"; }
  Json operator()(const model::NoTranslation&) const { return "none"; }
  Json operator()(const net::Prefix& prefix) const { return net::print(prefix); }
};

}  // namespace

Json print_networks(const std::vector<net::Prefix>& networks) {
  return any_or(networks, [](const net::Prefix& network) { return net::print(network); });
}

Json print_filter(const model::FilterConfig& filter) {
  return {{"mode", model::print(filter.mode)}, {"allow_blocked_tunnels", filter.allow_blocked_tunnels}};
}

Json print_rules(const std::vector<model::FilterRule>& rules) {
  Json array = Json::array();
  for (const model::FilterRule& rule : rules) {
    Json json{{"on", rule.on}, {"direction", model::print(rule.direction)}, {"action", model::print(rule.action)}};
    add_traffic(json, rule.traffic);
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
    json["when_down"] = model::print(route.when_down);
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
