// Differences between systems that the planner has to know. A backend states them; nothing above it asks which system it is.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vtid::model {

// An algorithm of ESP that this kernel does not have: the part of a proposal ("aes128ccm16", "3des") that begins and ends so
// and holds this between.
struct Lacking {
  std::string_view begins{};
  std::string_view holds{};
  std::string_view ends{};
  std::string_view name{};  // as people call it
  bool operator==(const Lacking&) const = default;
};

struct Capabilities {
  std::string_view system{};   // "linux", "freebsd", "memory"
  bool link_has_if_id = true;  // Linux: if_id; FreeBSD: reqid and outer addresses on the link
  bool link_has_outer = false;
  bool link_multicast_is_free = true;  // false: a link has it always, and the flag only tells whether it may speak by itself
  bool manages_policies = true;        // SPs of VTI children are ours or charon's to make; false: interfaces make their own
  bool address_needs_peer = false;     // FreeBSD: IPv4 needs its peer (EDESTADDRREQ)
  bool route_has_metric = true;
  bool multipath = true;           // false: a route has one next hop, the first that the file names
  bool routes_join = false;        // FreeBSD 13: a second route to a network, whoever's, joins the first as a next hop
  bool has_rules = true;           // routing rules and tables; FreeBSD: pf's route-to
  bool has_vrfs = true;            // an interface may be put into a device of kind vrf
  std::uint32_t fibs = 0;          // FreeBSD: so many routing tables, of which an interface has one
  bool address_has_state = true;   // one in use is told from one that waits; FreeBSD: CARP's state is told to devd alone
  bool asks_arp = true;            // there is a way to send an ARP request; FreeBSD: none that vtid takes
  bool sees_dscp = true;           // rules match a DSCP; FreeBSD: pf compares the whole byte, the congestion bits with it
  bool filters = true;             // Linux: nf_tables is there; FreeBSD: pf is
  bool orphaned_sas_mute = false;  // FreeBSD: while an SA of its reqid is there, a tunnel asks for no other
  bool shared_with_charon = true;  // false: charon puts its SAs and policies somewhere else, and nothing follows from here
  bool sa_options = true;          // SAs say what becomes of DSCP, ECN and DF, and have marks and offload; FreeBSD: none of it
  std::uint32_t largest_replay_window = 4'096;  // packets, of SAs of IKE
  std::uint32_t replay_window_step = 1;         // FreeBSD counts replay windows in bytes of a bitmap: 8 packets
  std::vector<Lacking> lacks{};
  bool operator==(const Capabilities&) const = default;
};

}  // namespace vtid::model
