#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "control/doctor_looks.h"

namespace vtid::control {
namespace {

bool judges(const model::ForwardChain& chain, net::Family family) {
  return chain.family == "inet" || (chain.family == "ip") == (family == net::Family::ipv4);
}

bool lets_through(const model::ForwardChain& chain, const net::IfName& device) {
  return chain.by_other || std::ranges::any_of(chain.devices, [&](std::string_view name) {
           return name.ends_with('*') ? device.text().starts_with(name.substr(0, name.size() - 1)) : name == device.text();
         });
}

// Its makers write their chains again: each has a place for what others add.
std::string how_to_let_through(const model::ForwardChain& chain, const std::string& device) {
  const std::string_view tables = chain.family == "ip6" ? "ip6tables" : "iptables";
  if (chain.maker == "docker") {
    return fmt::format("{0} -I DOCKER-USER -i {1} -j ACCEPT; {0} -I DOCKER-USER -o {1} -j ACCEPT, each time docker has started",
                       tables, device);
  }
  if (chain.maker == "ufw") return fmt::format("ufw route allow in on {0}; ufw route allow out on {0}", device);
  if (chain.maker == "firewalld") {
    return fmt::format(
        "firewall-cmd --permanent --zone=ZONE --add-interface={}, ZONE being that of the networks that use the "
        "tunnel; firewall-cmd --permanent --zone=ZONE --add-forward; firewall-cmd --reload",
        device);
  }
  return fmt::format(
      "nft insert rule {0} {1} {2} iifname {3} accept; nft insert rule {0} {1} {2} oifname {3} accept, and the "
      "same where the host's firewall is kept",
      chain.family, chain.table, chain.name, device);
}

}  // namespace

void look_at_forward_chains(const DoctorInput& input, DoctorFindings& findings) {
  if (!input.host.forward_chains) return findings.unread("", input.host.forward_chains.error());
  for (const model::ForwardChain& chain : *input.host.forward_chains) {
    std::set<net::IfName> cut_off;
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (!judges(chain, family) || !has_lan(input, family)) continue;
      for (const auto& [device, destinations] : routed_devices(input, family)) {
        if (!lets_through(chain, device)) cut_off.insert(device);
      }
    }
    if (cut_off.empty()) continue;
    const std::string first = cut_off.begin()->text();
    const std::string more = cut_off.size() > 1 ? fmt::format(" and {} more", cut_off.size() - 1) : "";
    findings.say(Verdict::warning, fmt::format("{} {} {}", chain.family, chain.table, chain.name),
                 fmt::format("drops what it forwards unless a rule accepts it, and no rule speaks of {}{}", first, more),
                 how_to_let_through(chain, first));
  }
}

}  // namespace vtid::control
