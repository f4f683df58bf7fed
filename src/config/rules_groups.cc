#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "config/gateway_refs.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::GatewayGroup;

void check_name(const GatewayGroup& group, const std::string& at, const GatewayRefChecker& gateway_refs, Findings& findings) {
  const std::string wrong = what_is_wrong_with_name(group.name, kLongestGatewayName);
  if (!wrong.empty()) findings.error(at, "the name " + wrong, std::string(kNameRemedy));
  if (group.name == model::kNoDefault || group.name == model::kAutomaticDefault) {
    findings.error(at, fmt::format("\"{}\" has a meaning of its own in \"default_gateway\"", group.name),
                   "choose another name");
  }
  if (gateway_refs.gateway(group.name) != nullptr || gateway_refs.automatic().why_absent(group.name)) {
    findings.error(at, fmt::format("\"{}\" is the name of a gateway", group.name), "choose another name");
  }
}

// Members have the family of the first one whose family is known.
void check_members(const GatewayGroup& group, const std::string& at, GatewayRefChecker& gateway_refs, Findings& findings) {
  if (group.members.empty() && !findings.any_under(join(at, "members"))) {
    findings.error(join(at, "members"), "is empty", "name at least one gateway");
  }
  std::set<std::string_view> seen;
  std::optional<net::Family> family;
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    const model::GroupMember& member = group.members[i];
    const std::string member_at = join(join(at, "members"), i) + "/gateway";
    if (findings.any_at(member_at)) continue;
    if (!seen.insert(member.gateway).second) {
      findings.error(member_at, fmt::format("\"{}\" is a member already", member.gateway), "keep one of them");
      continue;
    }
    gateway_refs.check_gateway(member.gateway, {member_at, "gateway_groups/" + group.name, "group", family});
    const model::Gateway* gateway = gateway_refs.gateway(member.gateway);
    if (!family && gateway != nullptr) family = gateway_refs.family_of(*gateway);
  }
}

// By its source address a packet finds its gateway.
void check_local_addresses(const model::Config& config, const GatewayRefChecker& gateway_refs, Findings& findings) {
  std::map<net::Address, std::string_view> taken;  // by which gateway
  for (const GatewayGroup& group : config.groups) {
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      const model::GroupMember& member = group.members[i];
      const std::string at = join(join(join("/gateway_groups", group.name), "members"), i) + "/local";
      const model::Gateway* gateway = gateway_refs.gateway(member.gateway);
      if (!member.local || gateway == nullptr || findings.any_under(at)) continue;
      const auto [holder, fresh] = taken.emplace(*member.local, member.gateway);
      if (gateway_refs.automatic().tunnel_of(*gateway) != nullptr) {
        findings.error(at, fmt::format("{} is on a tunnel, and none begins there", member.gateway), "take it out");
      } else if (member.local->family() != gateway->address.family()) {
        findings.error(at,
                       fmt::format("is {} and {} {}", net::print(member.local->family()), member.gateway,
                                   net::print(gateway->address.family())),
                       "write an address of the gateway's family");
      } else if (!fresh && holder->second != member.gateway) {
        findings.error(at, fmt::format("{} leaves by {} already", net::print(*member.local), holder->second),
                       "give each gateway an address of its own");
      }
    }
  }
}

void check_automatic_default(const model::Config& config, net::Family family, const std::string& at,
                             const GatewayRefChecker& gateway_refs, Findings& findings) {
  std::vector<std::string_view> candidates;
  for (const model::Gateway& gateway : config.gateways) {
    if (gateway_refs.family_of(gateway) == family && gateway_refs.automatic().tunnel_of(gateway) == nullptr)
      candidates.push_back(gateway.name);
  }
  if (candidates.empty()) {
    return findings.warning(at, fmt::format("has no effect: no {} gateway is outside the tunnels", net::print(family)),
                            "add one to \"gateways\", or name a gateway here if a tunnel is meant");
  }
  findings.warning(at, fmt::format("picks the first usable of {}, never a tunnel's gateway", fmt::join(candidates, ", ")),
                   "name a gateway or a group to choose yourself");
}

}  // namespace

void check_groups(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings) {
  for (const GatewayGroup& group : config.groups) {
    const std::string at = join("/gateway_groups", group.name);
    check_name(group, at, gateway_refs, findings);
    check_members(group, at, gateway_refs, findings);
  }
  check_local_addresses(config, gateway_refs, findings);
}

void check_default_gateway(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings) {
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const std::string& name = config.default_gateway.of(family);
    const std::string title = family == net::Family::ipv4 ? "default_gateway/ipv4" : "default_gateway/ipv6";
    const std::string at = '/' + title;
    if (name == model::kNoDefault || findings.any_under(at)) continue;
    if (name == model::kAutomaticDefault) {
      check_automatic_default(config, family, at, gateway_refs, findings);
    } else {
      gateway_refs.check(name, {at, title, "default route", family});
    }
  }
}

}  // namespace vtid::config
