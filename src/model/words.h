// What people type on each system, by its name (Capabilities::system, HostFacts::system). Remedies take it from here, so that
// none names a tool that the system does not have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vtid::model {

[[nodiscard]] constexpr bool is_freebsd(std::string_view system) { return system == "freebsd"; }

[[nodiscard]] inline std::string charon_status(std::string_view system) {
  return is_freebsd(system) ? "service strongswan status" : "systemctl status strongswan";
}

[[nodiscard]] inline std::string delete_link(std::string_view system, const std::string& name) {
  return is_freebsd(system) ? "ifconfig " + name + " destroy" : "ip link delete " + name;
}

[[nodiscard]] inline std::string make_vrf(const std::string& name) {
  return "ip link add " + name + " type vrf table NUMBER, and ip link set " + name + " up";
}

// What goes before a command about routes of FreeBSD.
[[nodiscard]] inline std::string in_fib(std::uint32_t fib) { return fib == 0 ? "" : "setfib " + std::to_string(fib) + ' '; }

// Which tunnel interfaces there are, and their numbers.
[[nodiscard]] inline std::string show_tunnel_links(std::string_view system) {
  return is_freebsd(system) ? "ifconfig -g ipsec, ifconfig" : "ip -details link show type xfrm";
}

// Who leads where `to` ("10.1.0.0/24") leads.
[[nodiscard]] inline std::string show_route(std::string_view system, const std::string& to) {
  if (!is_freebsd(system)) return "ip route show " + to;
  return std::string("netstat -rn -f ") + (to.find(':') == std::string::npos ? "inet" : "inet6");
}

// What takes one next hop away, and leaves others to the same network.
[[nodiscard]] inline std::string delete_route(std::string_view system, const std::string& to, const std::string& gateway,
                                              const std::string& device) {
  if (is_freebsd(system)) {
    const std::string family = to.find(':') == std::string::npos ? "-net " : "-inet6 ";
    return "route delete " + family + to + (gateway.empty() ? " -interface " + device : " " + gateway);
  }
  return "ip route delete " + to + (gateway.empty() ? "" : " via " + gateway) + " dev " + device;
}

// The number that SAs find a tunnel's interface by.
[[nodiscard]] constexpr std::string_view link_number(std::string_view system) { return is_freebsd(system) ? "reqid" : "if_id"; }

// How vtid gets a variable of its environment.
[[nodiscard]] inline std::string set_variable(std::string_view system) {
  return is_freebsd(system) ? "vtid_env in /etc/rc.conf" : "systemctl edit vtid";
}

}  // namespace vtid::model
