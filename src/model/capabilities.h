// Differences between systems that the planner has to know. A backend states them; nothing above it asks which system it is.
#pragma once

#include <string_view>

namespace vtid::model {

struct Capabilities {
  std::string_view system{};   // "linux", "freebsd", "memory"
  bool link_has_if_id = true;  // Linux: if_id; FreeBSD: reqid and outer addresses on the link
  bool link_has_outer = false;
  bool manages_policies = true;     // SPs by reqid are ours to make
  bool address_needs_peer = false;  // FreeBSD: IPv4 needs its peer (EDESTADDRREQ)
  bool route_has_metric = true;
  bool has_rules = true;  // routing rules and tables; FreeBSD: pf's route-to
  bool filters = true;    // Linux: nf_tables is there
  bool operator==(const Capabilities&) const = default;
};

}  // namespace vtid::model
