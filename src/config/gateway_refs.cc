#include "config/gateway_refs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Gateway;
using model::GatewayGroup;

constexpr std::size_t kMostNamed = 8;  // dependants listed in one error

}  // namespace

GatewayRefChecker::GatewayRefChecker(const model::Config& config, Findings& findings)
    : config_(config),
      findings_(findings),
      automatic_(config),
      gateways_(config.gateways),
      groups_(config.groups),
      interfaces_(config.interfaces) {}

void GatewayRefChecker::check(const std::string& name, const Use& use) {
  if (const Gateway* gateway = gateways_.find(name)) return check_family(family_of(*gateway), "gateway", use);
  if (const GatewayGroup* group = groups_.find(name)) return check_family(family_of(*group), "group", use);
  report_missing(name, use, true);
}

void GatewayRefChecker::check_gateway(const std::string& name, const Use& use) {
  if (const Gateway* gateway = gateways_.find(name)) return check_family(family_of(*gateway), "gateway", use);
  if (groups_.find(name) != nullptr) {
    return findings_.error(use.at, fmt::format("\"{}\" is a group, not a gateway", name), "name its members one by one");
  }
  report_missing(name, use, false);
}

void GatewayRefChecker::report() {
  for (const Gateway& gateway : config_.gateways) {
    const model::Interface* interface = interfaces_.find(gateway.interface);
    if (interface == nullptr) continue;
    if (const auto disabled = automatic_.why_disabled(*interface)) {
      dependants_[disabled->at].push_back("gateways/" + gateway.name);
    }
  }
  for (const auto& [at, titles] : dependants_) {
    const std::vector named(titles.begin(), titles.begin() + static_cast<std::ptrdiff_t>(std::min(titles.size(), kMostNamed)));
    const std::string more = titles.size() > kMostNamed ? fmt::format(" and {} more", titles.size() - kMostNamed) : "";
    findings_.error(at, fmt::format("is false, but needed by {}{}", fmt::join(named, ", "), more),
                    "enable it, or take out what needs it first");
  }
}

std::optional<net::Family> GatewayRefChecker::family_of(const Gateway& gateway) const {
  const bool known =
      !findings_.any_under(join("/gateways", gateway.name)) && children_known(findings_, automatic_.tunnel_of(gateway));
  return known ? std::optional(gateway.address.family()) : std::nullopt;
}

std::optional<net::Family> GatewayRefChecker::family_of(const GatewayGroup& group) const {
  if (findings_.any_under(join("/gateway_groups", group.name))) return std::nullopt;
  for (const model::GroupMember& member : group.members) {
    if (const Gateway* gateway = gateways_.find(member.gateway)) return family_of(*gateway);
  }
  return std::nullopt;
}

void GatewayRefChecker::check_family(std::optional<net::Family> family, std::string_view kind, const Use& use) {
  if (!family || !use.family || family == use.family) return;
  findings_.error(use.at, fmt::format("is {} and the {} {}", net::print(*family), use.what, net::print(*use.family)),
                  fmt::format("name a {} of the {}'s family", kind, use.what));
}

void GatewayRefChecker::report_missing(const std::string& name, const Use& use, bool groups_too) {
  if (const auto absence = automatic_.why_absent(name)) {
    if (absence->at.ends_with("/enabled")) return dependants_[absence->at].push_back(use.title);
    if (findings_.any_under(absence->at)) return;
    return findings_.error(use.at, "there is no such gateway: " + absence->text, absence->remedy);
  }
  for (const std::string_view section : {"/tunnels", "/interfaces", "/gateways", "/gateway_groups"}) {
    if (findings_.any_at(section)) return;
  }
  if (interfaces_.find(name) != nullptr) {
    const std::string automatic = Automatic::name(name, use.family.value_or(net::Family::ipv4));
    return findings_.error(
        use.at, fmt::format("\"{}\" is an interface, not a gateway", name),
        gateways_.find(automatic) != nullptr ? fmt::format("write \"{}\"", automatic) : "name a gateway on it");
  }
  const std::string otherwise = gateways_.suggest(name, "add it to \"gateways\"");
  findings_.error(use.at,
                  fmt::format("there is no gateway{} \"{}\"", groups_too && !config_.groups.empty() ? " or group" : "", name),
                  groups_too ? groups_.suggest(name, otherwise) : otherwise);
}

std::optional<net::Family> GatewayRefChecker::family_of(std::string_view name) const {
  if (const model::GatewayGroup* group = groups_.find(name)) return family_of(*group);
  const model::Gateway* gateway = gateways_.find(name);
  return gateway == nullptr ? std::nullopt : family_of(*gateway);
}

}  // namespace vtid::config
