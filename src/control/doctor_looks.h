// What each check of the doctor's table looks at: one function each.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "control/doctor.h"

namespace vtid::control {

// The tunnels' devices that the file's routes of a family go through, with all their destinations (doctor_host.cc).
[[nodiscard]] std::map<net::IfName, std::vector<net::Prefix>> routed_devices(const DoctorInput& input, net::Family family);
// The devices of gateways that are probed by an address behind them, with these addresses (doctor_host.cc).
[[nodiscard]] std::map<net::IfName, std::set<net::Address>> probed_beyond(const model::Config& config);
// Whether the host has a network beside those of its tunnels' outer and inner addresses (doctor_host.cc).
[[nodiscard]] bool has_lan(const DoctorInput& input, net::Family family);

// The tunnels themselves, from the snapshot alone (doctor_tunnels.cc).
void look_at_problems(const DoctorInput& input, DoctorFindings& findings);
void look_at_charon_version(const DoctorInput& input, DoctorFindings& findings);
void look_at_devices(const DoctorInput& input, DoctorFindings& findings);
void look_at_taken_places(const DoctorInput& input, DoctorFindings& findings);
void look_at_device_mtus(const DoctorInput& input, DoctorFindings& findings);
void look_at_duplicates(const DoctorInput& input, DoctorFindings& findings);
void look_at_sa_numbers(const DoctorInput& input, DoctorFindings& findings);
void look_at_orphaned_sas(const DoctorInput& input, DoctorFindings& findings);
void look_at_routes(const DoctorInput& input, DoctorFindings& findings);

// The host around them (doctor_host.cc).
void look_at_peer_paths(const DoctorInput& input, DoctorFindings& findings);
void look_at_path_mtus(const DoctorInput& input, DoctorFindings& findings);
void look_at_catch_alls(const DoctorInput& input, DoctorFindings& findings);
void look_at_rp_filter(const DoctorInput& input, DoctorFindings& findings);
void look_at_forwarding(const DoctorInput& input, DoctorFindings& findings);
void look_at_disable_ipv6(const DoctorInput& input, DoctorFindings& findings);
void look_at_disable_xfrm(const DoctorInput& input, DoctorFindings& findings);
void look_at_redirects(const DoctorInput& input, DoctorFindings& findings);
void look_at_pmtu_discovery(const DoctorInput& input, DoctorFindings& findings);
void look_at_preferred_sa(const DoctorInput& input, DoctorFindings& findings);
void look_at_acquire_pause(const DoctorInput& input, DoctorFindings& findings);
void look_at_filter_points(const DoctorInput& input, DoctorFindings& findings);

// The host's firewall, which is another's (doctor_firewall.cc).
void look_at_forward_chains(const DoctorInput& input, DoctorFindings& findings);

// The kernel's counters of dropped packets, each with its meaning (doctor_drops.cc).
void look_at_drops(const DoctorInput& input, DoctorFindings& findings);

// charon's own settings (doctor_charon.cc).
void look_at_install_routes(const DoctorInput& input, DoctorFindings& findings);
void look_at_install_routes_xfrmi(const DoctorInput& input, DoctorFindings& findings);
void look_at_interfaces_ignore(const DoctorInput& input, DoctorFindings& findings);
void look_at_threads(const DoctorInput& input, DoctorFindings& findings);
void look_at_sa_table_size(const DoctorInput& input, DoctorFindings& findings);
void look_at_reqid_base(const DoctorInput& input, DoctorFindings& findings);
void look_at_rekeyed_delay(const DoctorInput& input, DoctorFindings& findings);
void look_at_make_before_break(const DoctorInput& input, DoctorFindings& findings);
void look_at_start_scripts(const DoctorInput& input, DoctorFindings& findings);

}  // namespace vtid::control
