#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "control/doctor_looks.h"

namespace vtid::control {
namespace {

using model::TunnelStatus;

constexpr std::int64_t kStrictRpFilter = 1;

// Nothing when it could not be read, which is said.
std::optional<std::int64_t> sysctl(const DoctorInput& input, DoctorFindings& findings, const std::string& name,
                                   const std::string& object = {}) {
  const auto found = input.host.sysctls.find(name);
  const Result<std::int64_t> value = found == input.host.sysctls.end() ? std::unexpected(model::kNobodyLooked) : found->second;
  if (value) return *value;
  findings.unread(object, {fmt::format("{}: {}", name, value.error().text), value.error().remedy, value.error().code});
  return std::nullopt;
}

std::optional<std::int64_t> sysctl_of(const DoctorInput& input, DoctorFindings& findings, std::string_view family,
                                      const net::IfName& device, std::string_view key) {
  return sysctl(input, findings, fmt::format("net.{}.conf.{}.{}", family, device.text(), key), device.text());
}

std::string set_sysctl(std::string_view name, int value) {
  return fmt::format("sysctl -w {}={}, and the same line in a file in /etc/sysctl.d", name, value);
}

// Tunnels whose device is there: the others have no settings to look at.
std::vector<const TunnelStatus*> present_tunnels(const DoctorInput& input) {
  std::vector<const TunnelStatus*> present;
  for (const TunnelStatus& status : input.index.snapshot.tunnels) {
    if (status.state == model::TunnelState::disabled) continue;
    if (input.index.snapshot.observed.link(status.device) != nullptr) present.push_back(&status);
  }
  return present;
}

const model::PeerPath* path_to(const DoctorInput& input, const TunnelStatus& status) {
  const auto peer = net::parse_address(status.remote);
  const auto found = peer ? input.host.paths.find(*peer) : input.host.paths.end();
  return found == input.host.paths.end() || !found->second ? nullptr : &*found->second;
}

// Destinations that the file reaches by more than one device.
std::set<net::Prefix> shared_destinations(const DoctorInput& input) {
  std::map<net::Prefix, std::set<net::IfName>> devices;
  for (const auto& wanted : input.index.snapshot.desired.routes) {
    for (const model::NextHop& hop : model::hops_of(wanted.value)) devices[wanted.value.to].insert(hop.via.device);
  }
  std::set<net::Prefix> shared;
  for (const auto& [to, by] : devices) {
    if (by.size() > 1) shared.insert(to);
  }
  return shared;
}

}  // namespace

bool has_lan(const DoctorInput& input, net::Family family) {
  std::set<std::string_view> outer;
  for (const TunnelStatus& status : input.index.snapshot.tunnels) outer.insert(status.local);
  const model::Observed& observed = input.index.snapshot.observed;
  return std::ranges::any_of(observed.addresses, [&](const model::ObservedAddress& address) {
    const net::Address& local = address.local.address;
    if (local.family() != family || local.is_loopback() || local.is_link_local()) return false;
    const model::ObservedLink* link = observed.link(address.device);
    return link != nullptr && link->owner == model::Owner::other && !outer.contains(net::print(local));
  });
}

std::map<net::IfName, std::vector<net::Prefix>> routed_devices(const DoctorInput& input, net::Family family) {
  std::set<net::IfName> tunnels;
  for (const TunnelStatus& status : input.index.snapshot.tunnels) tunnels.insert(status.device);
  std::map<net::IfName, std::vector<net::Prefix>> devices;
  for (const auto& wanted : input.index.snapshot.desired.routes) {
    if (wanted.value.to.family() != family) continue;
    for (const model::NextHop& hop : model::hops_of(wanted.value)) {
      if (tunnels.contains(hop.via.device)) devices[hop.via.device].push_back(wanted.value.to);
    }
  }
  return devices;
}

std::map<net::IfName, std::set<net::Address>> probed_beyond(const model::Config& config) {
  std::map<std::string_view, const model::Interface*> interfaces = model::index_by_name(config.interfaces);
  std::map<net::IfName, std::set<net::Address>> devices;
  for (const model::Gateway& gateway : config.gateways) {
    const auto interface = interfaces.find(gateway.interface);
    if (interface == interfaces.end() || !interface->second->enabled) continue;
    const auto* port = std::get_if<model::DevicePort>(&interface->second->port);
    if (port == nullptr) continue;
    for (const net::Address& address : model::probed_beyond(gateway)) devices[port->device].insert(address);
  }
  return devices;
}

void look_at_peer_paths(const DoctorInput& input, DoctorFindings& findings) {
  std::map<net::IfName, std::string_view> devices;
  for (const TunnelStatus& status : input.index.snapshot.tunnels) devices.emplace(status.device, status.name);
  for (const TunnelStatus& status : input.index.snapshot.tunnels) {
    const auto peer = net::parse_address(status.remote);
    if (!peer || status.state == model::TunnelState::disabled) continue;
    const auto found = input.host.paths.find(*peer);
    if (found == input.host.paths.end()) {
      findings.unread("tunnels/" + status.name, model::kNobodyLooked);
    } else if (!found->second) {
      findings.say(Verdict::warning, "tunnels/" + status.name, found->second.error().text, "ip route get " + status.remote);
    } else if (const auto through = devices.find(found->second->device); through != devices.end()) {
      findings.say(Verdict::error, "tunnels/" + status.name,
                   fmt::format("its peer {} is reached through {}, the device of {}", status.remote, through->first.text(),
                               through->second),
                   fmt::format("ip route get {0} shows the route; add one to {0}/{1} by the outer gateway", status.remote,
                               peer->bits()));
    }
  }
}

void look_at_path_mtus(const DoctorInput& input, DoctorFindings& findings) {
  // Beside the outer header: ESP 8, IV 8, ICV 8, trailer 2. No cipher takes less.
  constexpr std::uint32_t kLeastEsp = 26;
  for (const TunnelStatus* status : present_tunnels(input)) {
    const model::PeerPath* path = path_to(input, *status);
    const model::ObservedLink* outer = path == nullptr ? nullptr : input.index.snapshot.observed.link(path->device);
    if (outer == nullptr || outer->owner == model::Owner::vtid) continue;  // a loop, which is its own check
    const std::uint32_t outer_mtu = path->mtu.value_or(outer->mtu);
    const std::uint32_t overhead = kLeastEsp + (status->remote.contains(':') ? 40 : 20);
    const std::uint32_t mtu = input.index.snapshot.observed.link(status->device)->mtu;
    if (outer_mtu <= overhead || mtu <= outer_mtu - overhead) continue;
    const std::string why = path->mtu ? fmt::format("the path to {} takes {}", status->remote, outer_mtu)
                                      : fmt::format("{} has {}", path->device.text(), outer_mtu);
    findings.say(Verdict::warning, status->device.text(),
                 fmt::format("has mtu {}; {}, which leaves at most {}", mtu, why, outer_mtu - overhead),
                 fmt::format("set the \"mtu\" of its interface in the file to {} or less{}", outer_mtu - overhead,
                             path->mtu ? "; ip route flush cache, if the path is better now" : ", or leave it at \"auto\""));
  }
}

void look_at_catch_alls(const DoctorInput& input, DoctorFindings& findings) {
  if (!input.host.catch_alls) return findings.unread("", input.host.catch_alls.error());
  for (const model::CatchAll& policy : *input.host.catch_alls) {
    const std::string everything = policy.family == net::Family::ipv4 ? "0.0.0.0/0" : "::/0";
    const std::string_view direction =
        policy.direction == model::PolicyDirection::forward ? "fwd" : model::print(policy.direction);
    findings.say(
        Verdict::error, fmt::format("policy {} {}", model::print(policy.direction), net::print(policy.family)),
        fmt::format("a policy of priority {} {} all {} traffic, without an if_id", policy.priority,
                    policy.blocks ? "blocks" : "demands IPsec for", net::print(policy.family)),
        fmt::format(
            "narrow the selectors of the connection that brings it, or give it if_ids; now: ip xfrm policy delete src {0} "
            "dst {0} dir {1}",
            everything, direction));
  }
}

namespace {

// An answer to a probe comes by its gateway's device, and the kernel asks the tables, not the probe's mark, for the way back.
void judge_probe_answers(const DoctorInput& input, std::int64_t all, DoctorFindings& findings) {
  for (const auto& [device, addresses] : probed_beyond(input.index.config)) {
    const model::ObservedLink* link = input.index.snapshot.observed.link(device);
    if (link == nullptr || !link->master.empty()) continue;  // a VRF has ways of its own
    for (const net::Address& address : addresses) {
      const auto path = input.host.paths.find(address);
      if (address.is_v6() || path == input.host.paths.end() || !path->second || path->second->device == device) continue;
      const auto own = sysctl_of(input, findings, "ipv4", device, "rp_filter");
      if (!own || std::max(all, *own) != kStrictRpFilter) continue;
      findings.say(
          Verdict::warning, device.text(),
          fmt::format("rp_filter is strict (1), and the host's own way to the monitor address {} is {}: the answers to "
                      "probes are dropped",
                      net::print(address), path->second->device.text()),
          set_sysctl(fmt::format("net.ipv4.conf.{}.rp_filter", device.text()), 2));
    }
  }
}

}  // namespace

// Whose rp_filter judges what comes by the device: its VRF's, where it is in one (vrf_ip_rcv, drivers/net/vrf.c).
static net::IfName judge_of(const DoctorInput& input, const net::IfName& device) {
  const model::ObservedLink* link = input.index.snapshot.observed.link(device);
  return link == nullptr || link->master.empty() ? device : link->master;
}

void look_at_rp_filter(const DoctorInput& input, DoctorFindings& findings) {
  const auto all = sysctl(input, findings, "net.ipv4.conf.all.rp_filter");
  if (!all) return;
  judge_probe_answers(input, *all, findings);
  const std::set<net::Prefix> shared = shared_destinations(input);
  const auto routed = routed_devices(input, net::Family::ipv4);
  for (const TunnelStatus* status : present_tunnels(input)) {
    const net::IfName judge = judge_of(input, status->device);
    const auto own = sysctl_of(input, findings, "ipv4", judge, "rp_filter");
    if (!own || std::max(*all, *own) != kStrictRpFilter) continue;
    const auto routes = routed.find(status->device);
    const bool two_ways = routes != routed.end() &&
                          std::ranges::any_of(routes->second, [&](const net::Prefix& to) { return shared.contains(to); });
    findings.say(two_ways ? Verdict::warning : Verdict::caveat, judge.text(),
                 two_ways ? "rp_filter is strict (1), and the file has another way to the networks behind it"
                          : "rp_filter is strict (1): right as long as nothing behind it is reached another way",
                 set_sysctl(fmt::format("net.ipv4.conf.{}.rp_filter", judge.text()), 2));
  }
}

void look_at_forwarding(const DoctorInput& input, DoctorFindings& findings) {
  const bool freebsd = input.host.system == "freebsd";
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    const bool v4 = family == net::Family::ipv4;
    const auto routed = routed_devices(input, family);
    if (routed.empty() || !has_lan(input, family)) continue;
    const std::string name = freebsd ? (v4 ? "net.inet.ip.forwarding" : "net.inet6.ip6.forwarding")
                                     : (v4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding");
    const auto on = sysctl(input, findings, name);
    if (!on) continue;
    if (*on == 0) {
      findings.say(Verdict::warning, "", name + " is 0, and routes of the file lead into tunnels",
                   freebsd ? fmt::format("sysctl {}=1, and gateway_enable or ipv6_gateway_enable in /etc/rc.conf", name)
                           : set_sysctl(name, 1));
    }
    if (*on == 0 || freebsd || !v4) continue;  // IPv6 forwards by that one setting alone
    for (const auto& [device, destinations] : routed) {
      if (input.index.snapshot.observed.link(device) == nullptr) continue;
      const auto own = sysctl_of(input, findings, "ipv4", device, "forwarding");
      if (!own || *own != 0) continue;
      const std::string own_name = fmt::format("net.ipv4.conf.{}.forwarding", device.text());
      findings.say(Verdict::warning, device.text(), own_name + " is 0", set_sysctl(own_name, 1));
    }
  }
}

void look_at_disable_ipv6(const DoctorInput& input, DoctorFindings& findings) {
  std::set<net::IfName> wanted;
  for (const auto& address : input.index.snapshot.desired.addresses) {
    if (address.value.local.address.is_v6()) wanted.insert(address.value.device);
  }
  for (const TunnelStatus* status : present_tunnels(input)) {
    if (!wanted.contains(status->device)) continue;
    const auto off = sysctl_of(input, findings, "ipv6", status->device, "disable_ipv6");
    if (!off || *off == 0) continue;
    findings.say(Verdict::error, status->device.text(), "disable_ipv6 is 1, and the tunnel has an IPv6 address",
                 set_sysctl(fmt::format("net.ipv6.conf.{}.disable_ipv6", status->device.text()), 0));
  }
}

void look_at_disable_xfrm(const DoctorInput& input, DoctorFindings& findings) {
  for (const TunnelStatus* status : present_tunnels(input)) {
    const auto off = sysctl_of(input, findings, "ipv4", status->device, "disable_xfrm");
    if (!off || *off == 0) continue;
    findings.say(Verdict::error, status->device.text(), "disable_xfrm is 1",
                 set_sysctl(fmt::format("net.ipv4.conf.{}.disable_xfrm", status->device.text()), 0));
  }
}

// net/ipv4: a router needs both settings to accept one, a host either (IN_DEV_RX_REDIRECTS).
void look_at_redirects(const DoctorInput& input, DoctorFindings& findings) {
  const auto all = sysctl(input, findings, "net.ipv4.conf.all.accept_redirects");
  if (!all) return;
  for (const TunnelStatus* status : present_tunnels(input)) {
    const auto own = sysctl_of(input, findings, "ipv4", status->device, "accept_redirects");
    const auto forwards = sysctl_of(input, findings, "ipv4", status->device, "forwarding");
    if (!own || !forwards) continue;
    const bool accepts = *forwards != 0 ? *all != 0 && *own != 0 : *all != 0 || *own != 0;
    if (!accepts) continue;
    const std::string name = *all != 0 ? "all" : status->device.text();
    findings.say(
        Verdict::caveat, status->device.text(), "accept_redirects is on",
        set_sysctl(fmt::format("net.ipv4.conf.{}.accept_redirects", name), 0) +
            (name == "all" && *own != 0 && *forwards == 0 ? fmt::format("; the same for {}", status->device.text()) : ""));
  }
}

void look_at_pmtu_discovery(const DoctorInput& input, DoctorFindings& findings) {
  const auto off = sysctl(input, findings, "net.ipv4.ip_no_pmtu_disc");
  if (off && *off != 0) findings.say(Verdict::caveat, "", fmt::format("net.ipv4.ip_no_pmtu_disc is {}", *off));
}

void look_at_preferred_sa(const DoctorInput& input, DoctorFindings& findings) {
  const auto old = sysctl(input, findings, "net.key.preferred_oldsa");
  if (old && *old != 0) findings.say(Verdict::warning, "", "net.key.preferred_oldsa is 1: the kernel sends by the oldest SA");
}

void look_at_acquire_pause(const DoctorInput& input, DoctorFindings& findings) {
  constexpr std::int64_t kBearable = 2;  // seconds
  const auto on_demand = [](const model::Tunnel& tunnel) { return tunnel.enabled && tunnel.start == model::Start::trap; };
  const auto first = std::ranges::find_if(input.index.config.tunnels, on_demand);
  if (first == input.index.config.tunnels.end()) return;
  const auto pause = sysctl(input, findings, "net.key.blockacq_lifetime");
  if (!pause || *pause <= kBearable) return;
  findings.say(Verdict::warning, "tunnels/" + first->name, fmt::format("net.key.blockacq_lifetime is {} seconds", *pause));
}

// vtid keeps these switches where something hangs on them; elsewhere they are the administrator's.
void look_at_filter_points(const DoctorInput& input, DoctorFindings& findings) {
  const model::FilterMode mode = input.index.config.filter.mode;
  if (mode == model::FilterMode::enc && !input.index.config.filter.rules) return;
  for (const auto& [name, wanted] : model::filter_sysctls(mode)) {
    const auto value = sysctl(input, findings, std::string(name));
    if (!value || *value == wanted) continue;
    findings.say(Verdict::warning, "", fmt::format("{} is {}, and filter mode {} wants {}", name, *value, print(mode), wanted),
                 fmt::format("sysctl {}={}, and the same line in /etc/sysctl.conf", name, wanted));
  }
}

}  // namespace vtid::control
