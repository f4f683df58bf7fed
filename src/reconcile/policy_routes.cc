#include "reconcile/policy_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace vtid::reconcile {
namespace {

constexpr net::Metric kLastMetric{UINT32_MAX};  // of what catches packets while the table has no way for them

using Way = std::pair<std::string_view, model::WhenDown>;  // where to, and what else

// In the order of their names, so that two that would have one number get theirs in a fixed order.
std::map<Way, net::TableId> number_tables(const model::Config& config) {
  std::map<Way, net::TableId> tables;
  for (const model::PolicyRoute& route : config.policy_routes) tables.emplace(Way{route.via, route.when_down}, net::TableId{});
  std::set<net::TableId> taken;
  for (auto& [way, table] : tables) {
    const std::uint32_t hash = hash_of(fmt::format("{}/{}", way.first, model::print(way.second)));
    for (std::uint32_t step = 0; !taken.insert(table = {kFirstPolicyTable + (hash + step) % kPolicyTables}).second;) ++step;
  }
  return tables;
}

// Each rule once for each value; without values as it is.
template <class T, class Set>
void vary(std::vector<model::Rule>& rules, const std::vector<T>& values, Set set) {
  if (values.empty()) return;
  std::vector<model::Rule> varied;
  for (const model::Rule& rule : rules) {
    for (const T& value : values) set(varied.emplace_back(rule), value);
  }
  rules = std::move(varied);
}

// One rule for each combination, because a rule of the kernel's has one of each; of the pattern's family.
std::vector<model::Rule> expand(const model::Traffic& traffic, const model::Rule& pattern) {
  std::vector<model::Rule> rules{pattern};
  vary(rules, traffic.from, [](model::Rule& rule, const net::Prefix& from) { rule.from = from; });
  vary(rules, traffic.to, [](model::Rule& rule, const net::Prefix& to) { rule.to = to; });
  std::erase_if(rules, [](const model::Rule& rule) {
    return (rule.from && rule.from->family() != rule.family) || (rule.to && rule.to->family() != rule.family);
  });
  vary(rules, traffic.protocols, [](model::Rule& rule, std::uint8_t protocol) { rule.protocol = protocol; });
  vary(rules, traffic.from_ports, [](model::Rule& rule, const model::PortRange& ports) { rule.from_ports = ports; });
  vary(rules, traffic.ports, [](model::Rule& rule, const model::PortRange& ports) { rule.to_ports = ports; });
  return rules;
}

void add_table(const NextHops& exit, const Way& way, net::Family family, net::TableId table, const std::string& because,
               const model::Capabilities& system, model::Desired& desired) {
  model::Route route;
  route.to = {net::Address::any(family), 0};
  route.table = table;
  route.metric = model::default_route_metric(family);
  if (!exit.hops.empty() && (exit.usable || way.second == model::WhenDown::keep)) {
    route.target = target_of(exit.hops, system);
    desired.routes.push_back({route, because});
  }
  if (way.second == model::WhenDown::withdraw) return;
  route.metric = kLastMetric;
  route.target = model::Blackhole{};
  desired.routes.push_back({route, because});
}

}  // namespace

std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char letter : text) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 16'777'619U;
  return hash;
}

void add_policy_routes(const model::Config& config, const Exits& exits, const model::Capabilities& system,
                       model::Desired& desired) {
  const std::map<Way, net::TableId> tables = number_tables(config);
  std::set<Way> made;
  for (std::size_t i = 0; i < config.policy_routes.size(); ++i) {
    const model::PolicyRoute& route = config.policy_routes[i];
    const Way way{route.via, route.when_down};
    const auto family = exits.family_of(route.via);
    const auto in = exits.device_named(route.in);
    if (!family || !in) continue;
    const std::string because = fmt::format("policy_routes/{}", i);
    if (made.insert(way).second) add_table(exits.of(route.via), way, *family, tables.at(way), because, system, desired);
    model::Rule pattern;
    pattern.family = *family;
    pattern.priority = kFirstPolicyPriority + static_cast<std::uint32_t>(i);
    pattern.table = tables.at(way);
    pattern.in = *in;
    for (model::Rule& rule : expand(route.traffic, pattern)) desired.rules.push_back({std::move(rule), because});
  }
}

bool comes_by_tunnel(const model::Config& config, const model::PolicyRoute& route) {
  return std::ranges::any_of(config.interfaces, [&](const model::Interface& item) {
    return item.name == route.in && std::holds_alternative<model::TunnelPort>(item.port);
  });
}

std::vector<model::DevicePolicyRoute> filter_policy_routes(const model::Config& config, const Exits& exits) {
  std::vector<model::DevicePolicyRoute> made;
  for (std::size_t i = 0; i < config.policy_routes.size(); ++i) {
    const model::PolicyRoute& route = config.policy_routes[i];
    const auto family = exits.family_of(route.via);
    const auto in = exits.device_named(route.in);
    if (!family || !in || comes_by_tunnel(config, route)) continue;
    const NextHops exit = exits.of(route.via);
    model::DevicePolicyRoute item{fmt::format("policy_routes/{}", i), *in, *family, route.traffic, {}};
    if (exit.usable || route.when_down == model::WhenDown::keep) {
      for (const model::NextHop& hop : exit.hops) item.hops.push_back({hop.via.device, hop.via.gateway, hop.weight});
    }
    if (!item.hops.empty() || route.when_down != model::WhenDown::withdraw) made.push_back(std::move(item));
  }
  return made;
}

void add_reply_routes(const model::FilterSet& filter, model::Desired& desired) {
  for (const model::FilterDevice& device : filter.devices) {
    if (!device.replies) continue;
    for (const auto& gateway : {device.gateway4, device.gateway6}) {
      if (!gateway) continue;
      model::Rule rule;
      rule.family = gateway->family();
      rule.priority = kReplyPriority;
      rule.table = {kFirstReplyTable + device.unit.value};
      rule.mark = model::mark_of(device.unit);
      rule.mask = model::kMarkMask;
      desired.rules.push_back({rule, "filter"});
      const net::Metric metric = model::default_route_metric(gateway->family());
      desired.routes.push_back(
          {{{net::Address::any(gateway->family()), 0}, metric, rule.table, model::ViaGateway{device.device, *gateway}},
           "filter"});
    }
  }
}

}  // namespace vtid::reconcile
