#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "config/automatic.h"
#include "config/by_name.h"
#include "config/prefix_index.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Config;
using model::Gateway;
using model::StaticRoute;

constexpr std::size_t kMostNamed = 8;  // dependants listed in one error

std::string title(const StaticRoute& route, std::size_t index) {
  return fmt::format("routes/{} ({})", index, net::print(route.to));
}

// What uses something that is disabled, by where it is disabled.
class Dependants {
 public:
  void add(const Absence& absence, std::string title) { titles_[absence.at].push_back(std::move(title)); }

  void report(Findings& findings) const {
    for (const auto& [at, titles] : titles_) {
      const std::vector named(titles.begin(),
                              titles.begin() + static_cast<std::ptrdiff_t>(std::min(titles.size(), kMostNamed)));
      const std::string more = titles.size() > kMostNamed ? fmt::format(" and {} more", titles.size() - kMostNamed) : "";
      findings.error(at, fmt::format("is false, but needed by {}{}", fmt::join(named, ", "), more),
                     "enable it, or take out what needs it first");
    }
  }

 private:
  std::map<std::string, std::vector<std::string>> titles_;
};

class RouteRules {
 public:
  RouteRules(const Config& config, Findings& findings)
      : config_(config), findings_(findings), automatic_(config), gateways_(config.gateways), interfaces_(config.interfaces) {
    for (const model::Tunnel& tunnel : config.tunnels) {
      for (const model::Child& child : tunnel.children) {
        const std::string at = join(join("/tunnels", tunnel.name) + "/children", child.name);
        if (tunnel.enabled && child.enabled && inner_addresses_known(findings, at, child)) transits_.add(child.local, at);
      }
    }
  }

  void check() {
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const std::string at = join("/routes", i);
      if (!findings_.any_under(at + "/via")) check_via(config_.routes[i], i, at);
      if (!findings_.any_under(at)) check_to(config_.routes[i], at);
    }
    for (const Gateway& gateway : config_.gateways) {
      const model::Interface* interface = interfaces_.find(gateway.interface);
      if (interface == nullptr) continue;
      if (const auto disabled = automatic_.why_disabled(*interface)) dependants_.add(*disabled, "gateways/" + gateway.name);
    }
    dependants_.report(findings_);
  }

 private:
  void check_via(const StaticRoute& route, std::size_t index, const std::string& at);
  void check_to(const StaticRoute& route, const std::string& at);

  const Config& config_;
  Findings& findings_;
  Automatic automatic_;
  ByName<Gateway> gateways_;
  ByName<model::Interface> interfaces_;
  PrefixIndex<std::string> transits_;
  std::map<std::pair<net::Prefix, std::optional<net::Metric>>, std::string> seen_;
  Dependants dependants_;
};

void RouteRules::check_via(const StaticRoute& route, std::size_t index, const std::string& at) {
  if (const Gateway* gateway = gateways_.find(route.via)) {
    const bool known = !findings_.any_under(join("/gateways", route.via)) && !findings_.any_under(at) &&
                       children_known(findings_, automatic_.tunnel_of(*gateway));
    if (!known || route.to.family() == gateway->address.family()) return;
    return findings_.error(
        at + "/via",
        fmt::format("is {} and the route {}", net::print(gateway->address.family()), net::print(route.to.family())),
        "name a gateway of the route's family");
  }
  if (const auto absence = automatic_.why_absent(route.via)) {
    if (absence->at.ends_with("/enabled")) return dependants_.add(*absence, title(route, index));
    if (findings_.any_under(absence->at)) return;
    return findings_.error(at + "/via", "there is no such gateway: " + absence->text, absence->remedy);
  }
  if (findings_.any_at("/tunnels") || findings_.any_at("/interfaces") || findings_.any_at("/gateways")) return;
  if (interfaces_.find(route.via) != nullptr) {
    const std::string automatic = Automatic::name(route.via, route.to.family());
    return findings_.error(
        at + "/via", fmt::format("\"{}\" is an interface, not a gateway", route.via),
        gateways_.find(automatic) != nullptr ? fmt::format("write \"{}\"", automatic) : "name a gateway on it");
  }
  findings_.error(at + "/via", fmt::format("there is no gateway \"{}\"", route.via),
                  gateways_.suggest(route.via, "add it to \"gateways\""));
}

void RouteRules::check_to(const StaticRoute& route, const std::string& at) {
  const auto [first, fresh] = seen_.emplace(std::pair(route.to, route.metric), at);
  if (!fresh) {
    findings_.error(at, fmt::format("has the network and metric of {}", first->second.substr(1)),
                    "give one of them another metric");
  }
  for (const std::string& transit : transits_.covering(route.to)) {
    findings_.error(at + "/to", fmt::format("{} is inside the network of {}", net::print(route.to), transit.substr(1)),
                    "take it out: the tunnel's interface reaches it by itself");
  }
}

}  // namespace

void check_routes(const Config& config, Findings& findings) { RouteRules(config, findings).check(); }

}  // namespace vtid::config
