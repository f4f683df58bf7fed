// What the kernel holds, as read from it: ours and, where it matters to us, others'. Never what we wrote.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/filter.h"
#include "model/kernel_objects.h"

namespace vtid::model {

enum class Owner : std::uint8_t { vtid, other };

struct LinkCounters {
  std::uint64_t bytes_in = 0, bytes_out = 0, packets_in = 0, packets_out = 0;
  bool operator==(const LinkCounters&) const = default;
};

// Any link of the system: we need every name, if_id and MTU to see conflicts and outer MTUs.
struct ObservedLink {
  net::IfIndex index;
  net::IfName name;
  Owner owner = Owner::other;
  std::string kind;                 // "xfrm", "ipsec" (FreeBSD), "veth"; empty for hardware
  std::optional<net::IfId> if_id;   // XFRM interfaces
  std::optional<net::ReqId> reqid;  // if_ipsec
  std::uint32_t mtu = 0;
  bool up = false;
  bool multicast = false;
  std::string alias;
  std::optional<std::pair<net::Address, net::Address>> outer;
  net::IfIndex master_index{};  // Linux: of the device whose slave it is; 0: none's
  net::IfName master{};
  std::uint32_t fib = 0;  // of an if_ipsec's inside
  std::uint32_t outer_fib = 0;
  std::optional<net::TableId> vrf_table{};  // of a VRF: where the routes of its slaves stand
  bool operator==(const ObservedLink&) const = default;
};

struct ObservedAddress {
  net::IfIndex index;
  net::IfName device;
  net::Prefix local;
  std::optional<net::Address> peer;
  bool kernel_made = false;  // link-local addresses that the kernel generated
  bool spare = false;        // secondary, temporary, deprecated or not in use yet: to be taken when there is no other
  bool in_use = true;        // false: IPv6 still looks for a duplicate of it, or has found one
  bool operator==(const ObservedAddress&) const = default;
};

// Routes with our protocol number, wherever they point. Others' routes are not listed.
struct ObservedRoute {
  Route route;
  bool operator==(const ObservedRoute&) const = default;
};

// Rules (by protocol number), policies (by priority) and SAs (by the user of their selector) of ours. Others' are
// not listed, but for what charon's SAs need.
struct Observed {
  std::vector<ObservedLink> links;         // sorted by name
  std::vector<ObservedAddress> addresses;  // sorted by (device, local); of all links
  std::vector<ObservedRoute> routes;       // sorted
  std::vector<Route> rivals{};    // sorted; others' to a network of one of ours, with which the kernel shares its flows
  std::vector<Route> defaults{};  // sorted; others' default routes, on devices for which that was asked
  std::vector<Policy> policies;   // sorted
  std::vector<Sa> sas;            // sorted
  std::vector<Rule> rules;        // sorted
  std::optional<ObservedFilter> filter;
  std::vector<CharonsSa> charons_sas{};             // sorted
  std::vector<CharonsPolicies> charons_policies{};  // sorted; where policies are ours or charon's to make
  bool operator==(const Observed&) const = default;

  [[nodiscard]] const ObservedLink* link(const net::IfName& name) const;
};

}  // namespace vtid::model
