// A site where nothing is wrong, and the host around it, for the doctor's tests to break.
#pragma once

#include "model/host_facts.h"
#include "support/site.h"

namespace vtid::control::test {

struct Host {
  model::Snapshot snapshot;
  model::Config config;
  model::HostFacts facts;
};

inline model::Snapshot well_snapshot() {
  model::Snapshot snapshot = test::snapshot();
  snapshot.problems.clear();
  snapshot.plan.ops.clear();
  snapshot.failed.clear();
  snapshot.sas.version = "5.9.14";
  snapshot.tunnels[1].state = model::TunnelState::disabled;
  snapshot.observed.routes.push_back({route("10.30.0.0/16", 20)});
  snapshot.desired.addresses.push_back({{device("ipsec1"), prefix("fd00:106::1/64"), std::nullopt}, "tunnels/hq/children/v6"});
  model::ObservedLink link;
  link.mtu = 1500;
  link.up = true;
  for (const char* name : {"eth0", "eth1"}) {
    link.name = device(name);
    snapshot.observed.links.insert(snapshot.observed.links.end() - 1, link);
  }
  snapshot.observed.addresses.insert(snapshot.observed.addresses.begin(),
                                     {{{2}, device("eth0"), prefix("192.0.2.1/24"), std::nullopt, false},
                                      {{3}, device("eth1"), prefix("10.1.0.1/24"), std::nullopt, false}});
  return snapshot;
}

inline model::HostFacts linux_facts() {
  model::HostFacts facts;
  facts.system = "linux";
  facts.sysctls = {{"net.ipv4.ip_forward", 1},
                   {"net.ipv6.conf.all.forwarding", 1},
                   {"net.ipv4.conf.all.rp_filter", 0},
                   {"net.ipv4.conf.all.accept_redirects", 0},
                   {"net.ipv4.ip_no_pmtu_disc", 0},
                   {"net.ipv4.conf.ipsec1.rp_filter", 2},
                   {"net.ipv4.conf.ipsec1.forwarding", 1},
                   {"net.ipv4.conf.ipsec1.accept_redirects", 1},
                   {"net.ipv4.conf.ipsec1.disable_xfrm", 0},
                   {"net.ipv6.conf.ipsec1.disable_ipv6", 0}};
  facts.drops = std::vector<model::DropCounter>{{"XfrmInNoStates", 12, 0, 0}, {"XfrmInError", 0, 0, 0}};
  facts.catch_alls = std::vector<model::CatchAll>{};
  facts.forward_chains = std::vector<model::ForwardChain>{};
  facts.paths = {{address("198.51.100.1"), model::PeerPath{device("eth0"), std::nullopt}}};
  facts.charon_program = "charon-systemd";
  facts.charon_file = "/etc/strongswan.conf";
  facts.charon = model::CharonSettings{{"charon.install_routes", "no"}, {"charon.interfaces_use", "eth0"}};
  return facts;
}

inline model::HostFacts freebsd_facts() {
  model::HostFacts facts = linux_facts();
  facts.system = "freebsd";
  facts.sysctls = {{"net.inet.ip.forwarding", 1},      {"net.inet6.ip6.forwarding", 1},
                   {"net.key.preferred_oldsa", 0},     {"net.key.blockacq_lifetime", 20},
                   {"net.inet.ipsec.filtertunnel", 0}, {"net.inet6.ipsec6.filtertunnel", 0},
                   {"net.enc.in.ipsec_bpf_mask", 2},   {"net.enc.in.ipsec_filter_mask", 2},
                   {"net.enc.out.ipsec_bpf_mask", 1},  {"net.enc.out.ipsec_filter_mask", 1}};
  return facts;
}

inline Host well_host() { return {well_snapshot(), config(), linux_facts()}; }

}  // namespace vtid::control::test
