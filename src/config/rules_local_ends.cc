#include <fmt/format.h>

#include <algorithm>

#include "config/gateway_refs.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Config;
using model::Ike;

class LocalEndRules {
 public:
  LocalEndRules(const Config& config, GatewayRefChecker& gateway_refs, Findings& findings)
      : config_(config), gateway_refs_(gateway_refs), findings_(findings) {}

  void check() {
    for (const model::Tunnel& tunnel : config_.tunnels) {
      const auto* ike = std::get_if<Ike>(&tunnel.ike);
      const std::string at = join("/tunnels", tunnel.name) + "/ike";
      if (ike == nullptr || !ike->local.is_located() || findings_.any_under(at + "/local")) continue;
      if (ike->local.id.empty() && std::holds_alternative<model::PskAuth>(ike->auth)) {
        findings_.error(at + "/local", "needs an id: with a PSK the address would be it, and that may change",
                        "write \"id\", as the peer has it");
      }
      if (ike->local.gateway.empty()) {
        check_interface(ike->local.interface, at + "/local/interface");
      } else {
        check_gateway(tunnel.name, *ike, at);
      }
    }
  }

 private:
  void check_interface(const std::string& name, const std::string& at) {
    const auto interface = interfaces_.find(name);
    const auto device = net::IfName::parse(name);
    if (interface == interfaces_.end()) {
      if (!device) {
        findings_.error(at, fmt::format("there is no interface \"{}\", and it is no device's name", name),
                        device.error().remedy);
      }
      return;
    }
    if (gateway_refs_.automatic().tunnel_of(*interface->second) != nullptr) {
      findings_.error(at, fmt::format("interfaces/{} is a tunnel's", name),
                      "name an interface of the host's own; a tunnel in a tunnel has the inner address as its \"address\"");
    } else if (!interface->second->enabled) {
      findings_.error(at, fmt::format("interfaces/{} is disabled", name), "enable it, or name the device");
    }
  }

  // Around a tunnel's own gateway it would depend on itself.
  void check_gateway(const std::string& tunnel, const Ike& ike, const std::string& at) {
    const std::string& name = ike.local.gateway;
    const std::string here = at + "/local/gateway";
    const bool known = !findings_.any_under(at + "/remote/address");
    if (known && !is_callable(ike.remote.address)) {
      findings_.error(here, fmt::format("is the way to the peer, and one at {} is nowhere yet", whence(ike.remote.address)),
                      "write \"interface\", or where the peer is");
    }
    gateway_refs_.check(name, {here, "tunnels/" + tunnel, "peer", known ? family_of(ike.remote.address) : std::nullopt});
    for (const std::string& member : members_of(name)) {
      const model::Gateway* gateway = gateway_refs_.gateway(member);
      const model::Tunnel* on = gateway == nullptr ? nullptr : gateway_refs_.automatic().tunnel_of(*gateway);
      if (on == nullptr || findings_.any_under(here)) continue;
      findings_.error(
          here,
          fmt::format("{} is a gateway on tunnels/{}: only those on the host's own devices carry a tunnel", member, on->name),
          "name a gateway or a group of such; a tunnel in a tunnel has the inner address as its \"address\"");
    }
  }

  [[nodiscard]] std::vector<std::string> members_of(const std::string& name) const {
    const auto group = groups_.find(name);
    if (group == groups_.end()) return {name};
    std::vector<std::string> members;
    for (const model::GroupMember& member : group->second->members) members.push_back(member.gateway);
    return members;
  }

  const Config& config_;
  GatewayRefChecker& gateway_refs_;
  Findings& findings_;
  const std::map<std::string_view, const model::Interface*> interfaces_ = model::index_by_name(config_.interfaces);
  const std::map<std::string_view, const model::GatewayGroup*> groups_ = model::index_by_name(config_.groups);
};

}  // namespace

void check_local_ends(const Config& config, GatewayRefChecker& gateway_refs, Findings& findings) {
  LocalEndRules(config, gateway_refs, findings).check();
}

}  // namespace vtid::config
