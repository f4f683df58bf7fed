// What each check of the doctor's table looks at: one function each.
#pragma once

#include "control/doctor.h"

namespace vtid::control {

// The tunnels themselves, from the snapshot alone (doctor_tunnels.cc).
void look_at_problems(const Patient& patient, Chart& chart);
void look_at_charon_version(const Patient& patient, Chart& chart);
void look_at_devices(const Patient& patient, Chart& chart);
void look_at_taken_places(const Patient& patient, Chart& chart);
void look_at_device_mtus(const Patient& patient, Chart& chart);
void look_at_duplicates(const Patient& patient, Chart& chart);
void look_at_sa_numbers(const Patient& patient, Chart& chart);
void look_at_strays(const Patient& patient, Chart& chart);
void look_at_routes(const Patient& patient, Chart& chart);

// The host around them (doctor_host.cc).
void look_at_peer_paths(const Patient& patient, Chart& chart);
void look_at_path_mtus(const Patient& patient, Chart& chart);
void look_at_catch_alls(const Patient& patient, Chart& chart);
void look_at_rp_filter(const Patient& patient, Chart& chart);
void look_at_forwarding(const Patient& patient, Chart& chart);
void look_at_disable_ipv6(const Patient& patient, Chart& chart);
void look_at_disable_xfrm(const Patient& patient, Chart& chart);
void look_at_redirects(const Patient& patient, Chart& chart);
void look_at_pmtu_discovery(const Patient& patient, Chart& chart);
void look_at_preferred_sa(const Patient& patient, Chart& chart);
void look_at_acquire_pause(const Patient& patient, Chart& chart);
void look_at_filter_points(const Patient& patient, Chart& chart);

// The kernel's counters of dropped packets, each with its meaning (doctor_drops.cc).
void look_at_drops(const Patient& patient, Chart& chart);

// charon's own settings (doctor_charon.cc).
void look_at_install_routes(const Patient& patient, Chart& chart);
void look_at_install_routes_xfrmi(const Patient& patient, Chart& chart);
void look_at_interfaces_ignore(const Patient& patient, Chart& chart);
void look_at_threads(const Patient& patient, Chart& chart);
void look_at_sa_table_size(const Patient& patient, Chart& chart);
void look_at_reqid_base(const Patient& patient, Chart& chart);
void look_at_rekeyed_delay(const Patient& patient, Chart& chart);
void look_at_start_scripts(const Patient& patient, Chart& chart);

}  // namespace vtid::control
