#include "reconcile/derive_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "reconcile/policy_routes.h"

namespace vtid::reconcile {
namespace {

using model::FilterSet;

constexpr std::uint16_t kIpv4Headers = 40;  // IPv4 and TCP without options
constexpr std::uint16_t kIpv6Headers = 60;
constexpr std::uint32_t kLargestClampedMtu = 65'535;

class FilterDerivation {
 public:
  FilterDerivation(const model::Config& config, const Numbers& numbers, const std::vector<model::Wanted<model::Link>>& links,
                   const NextHopResolver& next_hops, const model::Capabilities& system)
      : config_(config), numbers_(numbers), next_hops_(next_hops), system_(system) {
    for (const auto& link : links) mtus_.emplace(link.value.name, link.value.mtu);
  }

  FilterSet run() {
    set_.mode = config_.filter.mode;
    set_.filters = config_.filter.rules.has_value();
    for (const model::Tunnel& tunnel : config_.tunnels) {
      if (!tunnel.enabled) continue;
      for (const model::ChildConfig& child : model::child_configs(tunnel)) {
        if (child.mode == model::ChildMode::vti) add_tunnel(child);
      }
    }
    for (const model::Interface& interface : config_.interfaces) add_device(interface);
    add_rules();
    for (model::DeviceRule& item : set_.rules) {
      if (!item.rule.gateway.empty()) choose_gateway(item);
    }
    if (system_.has_rules) number_choices();
    std::ranges::sort(set_.devices);
    std::ranges::sort(set_.transits);
    std::ranges::sort(set_.clamps);
    return std::move(set_);
  }

 private:
  void add_tunnel(const model::ChildConfig& child) {
    const net::Unit unit = numbers_.at(child.holder);
    const net::IfName device = net::IfName::of(unit);
    if (set_.filters) {
      for (const model::Child* item : child.children) set_.transits.push_back({device, item->local.address, item->remote});
    }
    const auto found = assignments_.find(child.holder);
    if (found == assignments_.end() || !found->second->enabled) return;
    const model::Interface& interface = *found->second;
    devices_.emplace(interface.name, device);
    if (set_.mode == model::FilterMode::if_ipsec) add_assigned(child, interface, device, unit);
    if (const auto mtu = mtus_.find(device); mtu != mtus_.end()) add_clamps(interface, device, mtu->second);
  }

  void add_assigned(const model::ChildConfig& child, const model::Interface& interface, const net::IfName& device,
                    net::Unit unit) {
    model::FilterDevice item{device, unit, interface.reply_to.value_or(!interface.vrf), {}, {}};
    for (const model::Child* member : child.children) {
      auto& gateway = member->remote.is_v4() ? item.gateway4 : item.gateway6;
      if (!gateway) gateway = member->remote;
    }
    set_.devices.push_back(std::move(item));
  }

  // Of other devices only what the file says in numbers.
  void add_device(const model::Interface& interface) {
    const auto* port = std::get_if<model::DevicePort>(&interface.port);
    if (port != nullptr && interface.enabled) add_clamps(interface, port->device, std::nullopt);
  }

  void add_clamps(const model::Interface& interface, const net::IfName& device, std::optional<std::uint32_t> mtu) {
    if (const auto* size = std::get_if<std::uint16_t>(&interface.mss)) {
      for (const auto family : {net::Family::ipv4, net::Family::ipv6}) set_.clamps.push_back({device, family, *size});
    } else if (mtu && std::holds_alternative<model::AutomaticMss>(interface.mss)) {
      const auto room = static_cast<std::uint16_t>(std::min(*mtu, kLargestClampedMtu));
      set_.clamps.push_back({device, net::Family::ipv4, static_cast<std::uint16_t>(room - kIpv4Headers)});
      set_.clamps.push_back({device, net::Family::ipv6, static_cast<std::uint16_t>(room - kIpv6Headers)});
    }
  }

  // What stands on an interface without a device waits for it.
  void add_rules() {
    const bool enc = set_.mode == model::FilterMode::enc;
    const auto& rules = config_.filter.rules;
    for (std::size_t i = 0; rules && i < rules->size(); ++i) {
      const auto device = devices_.find((*rules)[i].on);
      if (enc) set_.rules.push_back({fmt::format("rules/{}", i), {}, (*rules)[i]});
      if (!enc && device != devices_.end()) set_.rules.push_back({fmt::format("rules/{}", i), device->second, (*rules)[i]});
    }
    for (std::size_t i = 0; i < config_.filter.nat.size(); ++i) {
      const auto device = devices_.find(config_.filter.nat[i].on);
      if (device != devices_.end()) set_.nat.push_back({fmt::format("nat/{}", i), device->second, config_.filter.nat[i]});
    }
  }

  // Without routing rules the filter itself follows the gateways: what nobody can carry it drops, unless that was not meant.
  void choose_gateway(model::DeviceRule& item) const {
    const auto family = next_hops_.family_of(item.rule.gateway);
    item.route_to.emplace().family = family.value_or(net::Family::ipv4);
    if (system_.has_rules) return;
    item.route_to->hops = filter_hops(next_hops_.of(item.rule.gateway), item.rule.when_down);
    if (item.route_to->hops.empty() && item.rule.when_down != model::WhenDown::withdraw)
      item.rule.action = model::RuleAction::block;
  }

  // A connection has one mark, and it says both: by which tunnel its replies leave, and where it goes itself.
  void number_choices() {
    const auto name_of = [](const model::DeviceRule& item) {
      return fmt::format("{}/{}/{}", item.device.text(), item.rule.gateway, model::print(item.rule.when_down));
    };
    std::set<std::string> names;
    for (const model::DeviceRule& item : set_.rules) {
      if (item.route_to) names.insert(name_of(item));
    }
    const auto numbers = spread(names, model::kChoices);
    for (model::DeviceRule& item : set_.rules) {
      if (item.route_to) item.route_to->mark = model::mark_of_choice(numbers.at(name_of(item)));
    }
  }

  const model::Config& config_;
  const Numbers& numbers_;
  const NextHopResolver& next_hops_;
  const model::Capabilities& system_;
  std::map<net::IfName, std::uint32_t> mtus_;
  const std::map<std::string, const model::Interface*, std::less<>> assignments_ = model::assignments_by_holder(config_);
  std::map<std::string_view, net::IfName> devices_;  // by assigned, enabled interface
  FilterSet set_;
};

}  // namespace

std::optional<FilterSet> derive_filter(const model::Config& config, const Numbers& numbers,
                                       const std::vector<model::Wanted<model::Link>>& links, const NextHopResolver& next_hops,
                                       std::vector<model::DevicePolicyRoute> policy_routes, const model::Capabilities& system) {
  FilterSet set = FilterDerivation(config, numbers, links, next_hops, system).run();
  set.policy_routes = std::move(policy_routes);
  if (set.is_restrictive() || !set.nat.empty() || !set.policy_routes.empty()) return set;
  if (!system.filters || set.clamps.empty()) return std::nullopt;
  return set;
}

}  // namespace vtid::reconcile
