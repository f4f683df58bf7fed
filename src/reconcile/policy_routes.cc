#include "reconcile/policy_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace vtid::reconcile {
namespace {

// A number that follows from the text alone: FNV-1a, 32 bits.
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char letter : text) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 16'777'619U;
  return hash;
}

std::string name_of(std::string_view via, model::WhenDown when_down) {
  return fmt::format("{}/{}", via, model::print(when_down));
}

const std::vector<model::FilterRule>& rules_of(const model::Config& config) {
  static const std::vector<model::FilterRule> kNone;
  return config.filter.rules ? *config.filter.rules : kNone;
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

std::vector<net::Prefix> ends(const model::AnyOf<net::Prefix>& any, const model::AnyOf<net::Prefix>& except,
                              net::Family family) {
  return except.empty() ? any.all() : model::difference(any, except, family);
}

// One rule for each combination, because a rule of the kernel's has one of each; of the pattern's family.
std::vector<model::Rule> expand(const model::Traffic& traffic, const model::Rule& pattern) {
  if (!traffic.covers(pattern.family)) return {};
  std::vector<model::Rule> rules{pattern};
  vary(rules, ends(traffic.from, traffic.from_not, pattern.family),
       [](model::Rule& rule, const net::Prefix& from) { rule.from = from; });
  vary(rules, ends(traffic.to, traffic.to_not, pattern.family), [](model::Rule& rule, const net::Prefix& to) { rule.to = to; });
  std::erase_if(rules, [](const model::Rule& rule) {
    return (rule.from && rule.from->family() != rule.family) || (rule.to && rule.to->family() != rule.family);
  });
  vary(rules, traffic.protocols, [](model::Rule& rule, std::uint8_t protocol) { rule.protocol = protocol; });
  vary(rules, traffic.from_ports.all(), [](model::Rule& rule, const model::PortRange& ports) { rule.from_ports = ports; });
  vary(rules, traffic.ports.all(), [](model::Rule& rule, const model::PortRange& ports) { rule.to_ports = ports; });
  return rules;
}

// The filter marks replies of connections that came in by a tunnel; what is marked leaves by it.
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

class PolicyRouting {
 public:
  PolicyRouting(const model::Config& config, const NextHopResolver& next_hops, const model::Capabilities& system,
                model::Desired& desired)
      : config_(config), next_hops_(next_hops), system_(system), desired_(desired), tables_(number_tables(config)) {}

  void add_policy_routes() {
    for (std::size_t i = 0; i < config_.policy_routes.size(); ++i) {
      const model::PolicyRoute& route = config_.policy_routes[i];
      const auto family = next_hops_.family_of(route.via);
      const auto in = next_hops_.device_named(route.in);
      if ((!family && !route.is_exception()) || !in) continue;
      const std::string because = fmt::format("policy_routes/{}", i);
      model::Rule pattern;
      pattern.priority = kFirstPolicyPriority + static_cast<std::uint32_t>(i);
      pattern.in = *in;
      if (route.is_exception()) {
        except(route.traffic, pattern, because);
        continue;
      }
      pattern.family = *family;
      pattern.table = table(route.via, route.when_down, *family, because);
      add(route.traffic, pattern, because);
    }
  }

  // One for each mark, which several rules of the filter may set.
  void add_marks(const model::FilterSet& filter) {
    std::set<std::uint32_t> seen;
    for (const model::DeviceRule& item : filter.rules) {
      if (!item.route_to || !seen.insert(item.route_to->mark).second) continue;
      model::Rule rule;
      rule.family = item.route_to->family;
      rule.priority = kChoicePriority;
      rule.table = table(item.rule.gateway, item.rule.when_down, rule.family, item.name);
      rule.mark = item.route_to->mark;
      rule.mask = model::kMarkMask;
      desired_.rules.push_back({rule, item.name});
    }
  }

 private:
  void add(const model::Traffic& traffic, const model::Rule& pattern, const std::string& because) {
    for (model::Rule& rule : expand(traffic, pattern)) desired_.rules.push_back({std::move(rule), because});
  }

  // Past all of ours, to whatever rules come then: a look into the main table would go on to the next policy route where that
  // has no route. The rule to go to stands there for each family.
  void except(const model::Traffic& traffic, model::Rule pattern, const std::string& because) {
    pattern.go_to = kPastPolicyPriority;
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (!traffic.covers(family)) continue;
      pattern.family = family;
      add(traffic, pattern, because);
      if (!landed_.insert(family).second) continue;
      model::Rule landing;
      landing.family = family;
      landing.priority = kPastPolicyPriority;
      desired_.rules.push_back({landing, because});
    }
  }

  static std::map<std::string, std::uint32_t> number_tables(const model::Config& config) {
    std::set<std::string> ways;
    for (const model::PolicyRoute& route : config.policy_routes) {
      if (!route.is_exception()) ways.insert(name_of(route.via, route.when_down));
    }
    for (const model::FilterRule& rule : rules_of(config)) {
      if (!rule.gateway.empty()) ways.insert(name_of(rule.gateway, rule.when_down));
    }
    return spread(ways, kPolicyTables);
  }

  // The table that leads there, which is made once.
  net::TableId table(std::string_view via, model::WhenDown when_down, net::Family family, const std::string& because) {
    const net::TableId table{kFirstPolicyTable + tables_.at(name_of(via, when_down))};
    if (!made_.insert(table).second) return table;
    const NextHops exit = next_hops_.of(via);
    model::Route route;
    route.to = {net::Address::any(family), 0};
    route.table = table;
    route.metric = model::default_route_metric(family);
    if (exit.carry(when_down)) {
      route.target = target_of(exit.hops, system_);
      desired_.routes.push_back({route, because});
    }
    if (when_down == model::WhenDown::withdraw) return table;
    route.metric = kLastMetric;
    route.target = model::Blackhole{};
    desired_.routes.push_back({route, because});
    return table;
  }

  const model::Config& config_;
  const NextHopResolver& next_hops_;
  const model::Capabilities& system_;
  model::Desired& desired_;
  const std::map<std::string, std::uint32_t> tables_;
  std::set<net::TableId> made_;
  std::set<net::Family> landed_;  // with a rule at kPastPolicyPriority
};

}  // namespace

std::map<std::string, std::uint32_t> spread(const std::set<std::string>& names, std::uint32_t slots) {
  std::map<std::string, std::uint32_t> numbers;
  std::set<std::uint32_t> taken;
  for (const std::string& name : names) {
    std::uint32_t number = hash_of(name) % slots;
    while (!taken.insert(number).second) number = (number + 1) % slots;
    numbers.emplace(name, number);
  }
  return numbers;
}

void add_policy_routes(const model::Config& config, const NextHopResolver& next_hops,
                       const std::optional<model::FilterSet>& filter, const model::Capabilities& system,
                       model::Desired& desired) {
  PolicyRouting routing(config, next_hops, system, desired);
  routing.add_policy_routes();
  if (!filter) return;
  routing.add_marks(*filter);
  add_reply_routes(*filter, desired);
}

bool comes_by_tunnel(const model::Config& config, const model::PolicyRoute& route) {
  return std::ranges::any_of(config.interfaces, [&](const model::Interface& item) {
    return item.name == route.in && std::holds_alternative<model::TunnelPort>(item.port);
  });
}

std::vector<model::DevicePolicyRoute> filter_policy_routes(const model::Config& config, const NextHopResolver& next_hops) {
  std::vector<model::DevicePolicyRoute> made;
  for (std::size_t i = 0; i < config.policy_routes.size(); ++i) {
    const model::PolicyRoute& route = config.policy_routes[i];
    const auto family = next_hops.family_of(route.via);
    const auto in = next_hops.device_named(route.in);
    const std::string name = fmt::format("policy_routes/{}", i);
    if (!in || comes_by_tunnel(config, route)) continue;
    for (const net::Family any : {net::Family::ipv4, net::Family::ipv6}) {
      if (route.is_exception() && route.traffic.covers(any)) made.push_back({name, *in, any, route.traffic, {}, true});
    }
    if (!family || route.is_exception()) continue;
    model::DevicePolicyRoute item{name, *in, *family, route.traffic, filter_hops(next_hops.of(route.via), route.when_down)};
    if (!item.hops.empty() || route.when_down != model::WhenDown::withdraw) made.push_back(std::move(item));
  }
  return made;
}

}  // namespace vtid::reconcile
