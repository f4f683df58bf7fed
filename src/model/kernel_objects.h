// What a kernel holds for us, as values: links, addresses, routes, security policies, static SAs. The same shapes serve what we
// want, what we see and what an operation carries. Numbers of one boot (ifindex) appear only in observed.h.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/filter.h"
#include "model/sa_algorithm.h"
#include "model/secret.h"
#include "net/address.h"
#include "net/names.h"

namespace vtid::model {

// A tunnel interface of ours, complete.
struct Link {
  net::IfName name;
  net::IfId if_id;   // Linux
  net::ReqId reqid;  // FreeBSD: the interface's own; Linux: carried for policies
  std::uint32_t mtu = 1400;
  bool up = true;
  bool multicast = true;  // OSPF and RIPng need it; XFRM interfaces start without
  std::string alias;      // ifalias / description: "vtid tunnels/hq", the ownership mark that people read
  std::optional<std::pair<net::Address, net::Address>> outer;  // FreeBSD: SIOCSIFPHYADDR's source and destination
  net::IfName vrf{};                                           // Linux: the device whose slave it is; empty: none's
  std::uint32_t fib = 0;        // FreeBSD: of what comes out of the tunnel, and of its addresses' routes
  std::uint32_t outer_fib = 0;  // FreeBSD: of what leaves encrypted

  auto operator<=>(const Link&) const = default;
};

// An inner address on a link of ours. `peer` makes it point to point: always on FreeBSD for IPv4, on Linux only when the
// far end is outside the prefix.
struct InterfaceAddress {
  net::IfName device;
  net::Prefix local;  // host bits set
  std::optional<net::Address> peer;

  auto operator<=>(const InterfaceAddress&) const = default;
};

struct ViaGateway {
  net::IfName device;
  std::optional<net::Address> gateway;  // none: on link
  auto operator<=>(const ViaGateway&) const = default;
};
struct NextHop {
  ViaGateway via;
  std::uint32_t weight = 1;  // 1..256, its share of the flows
  auto operator<=>(const NextHop&) const = default;
};
struct Multipath {
  std::vector<NextHop> hops;  // two or more, sorted
  auto operator<=>(const Multipath&) const = default;
};
struct Blackhole {
  auto operator<=>(const Blackhole&) const = default;
};

// A route of ours (rtproto kRouteProtocol on Linux, RTF_PROTO1 on FreeBSD). Its identity is (to, metric, table).
struct Route {
  net::Prefix to;
  net::Metric metric;                    // Linux; 0 is the family's default (IPv6: 1024, spelled out by the planner)
  net::TableId table = net::kMainTable;  // FreeBSD: net::table_of_fib()
  std::variant<ViaGateway, Multipath, Blackhole> target;

  auto operator<=>(const Route&) const = default;
};
[[nodiscard]] std::vector<NextHop> hops_of(const Route& route);  // one or more; none of a blackhole

// A routing rule of ours (FRA_PROTOCOL kRouteProtocol), Linux: what it matches goes by a table. All of it is its identity.
struct Rule {
  net::Family family = net::Family::ipv4;
  std::uint32_t priority = 0;  // lower ones are asked first
  net::TableId table;
  net::IfName in;                   // empty: whatever it came in by
  std::optional<net::Prefix> from;  // network()
  std::optional<net::Prefix> to;    // network()
  std::uint8_t protocol = 0;        // IPPROTO_*; 0: any
  std::optional<PortRange> from_ports;
  std::optional<PortRange> to_ports;
  std::uint32_t mark = 0;
  std::uint32_t mask = 0;   // 0: whatever its mark
  std::uint32_t go_to = 0;  // priority of the rule at which looking goes on, in the place of a table

  auto operator<=>(const Rule&) const = default;
};

[[nodiscard]] std::string print(const Rule& rule);  // as ip(8) writes it: "rule ipv4 11800: from 10.1.0.0/24 lookup 118000001"

enum class PolicyDirection : std::uint8_t { in = 0, out = 1, forward = 2 };  // XFRM_POLICY_*, linux/xfrm.h
[[nodiscard]] std::string_view print(PolicyDirection direction);

// A security policy keyed by reqid: 0/0 of one family, ESP in tunnel mode, level required. Identity: (direction, family,
// if_id).
struct Policy {
  PolicyDirection direction{};
  net::Family family = net::Family::ipv4;  // of the inner traffic
  net::IfId if_id;
  net::ReqId reqid;
  net::Address outer_source;
  net::Address outer_destination;
  std::uint32_t priority = 0;

  auto operator<=>(const Policy&) const = default;
};

// A static SA: ESP in tunnel mode for traffic of both families. Identity: (destination, spi).
struct Sa {
  net::Address source;
  net::Address destination;
  std::uint32_t spi = 0;
  net::ReqId reqid;
  net::IfId if_id;
  SaAlgorithm algorithm;
  std::uint32_t replay_window = 0;  // packets; 0: none is checked
  Secret key;                       // as key_layout() says; empty in what is observed when the kernel keeps keys to itself

  auto operator<=>(const Sa&) const = default;
};

// An ESP SA in use that vtid did not make: charon's, or one that a charon of before left behind. Identity: (destination, spi).
// Of several with one reqid the kernel sends by the youngest (xfrm_state_look_at, net/xfrm/xfrm_state.c), which the peer may
// not be able to read yet. Behind policies of ours one can be held: it passes for younger than all that come, until it is
// deleted.
struct CharonsSa {
  net::Address destination;
  std::uint32_t spi = 0;
  net::Address source;
  net::ReqId reqid;
  WallTime made{};
  bool behind_ours = false;  // a policy of ours leads to its reqid
  bool held = false;         // only behind ours

  auto operator<=>(const CharonsSa&) const = default;
};

// Policies that vtid did not make and that lead to SAs of this reqid: for which directions and families there are any.
struct CharonsPolicies {
  net::ReqId reqid;
  std::uint8_t bits = 0;  // of policy_bit()

  auto operator<=>(const CharonsPolicies&) const = default;
};
[[nodiscard]] constexpr std::uint8_t policy_bit(PolicyDirection direction, net::Family family) {
  return static_cast<std::uint8_t>(1U << (static_cast<unsigned>(direction) + (family == net::Family::ipv4 ? 0U : 3U)));
}

inline constexpr std::uint32_t kLinkGroup = 0x76746964;    // IFLA_GROUP of our links: "vtid" in ASCII
inline constexpr std::uint8_t kRouteProtocol = 118;        // rtproto of our routes: 'v'; free in rt_protos
inline constexpr std::uint32_t kPolicyPriority = 118'118;  // marks our policies; charon computes others (< 400,000 in steps)
inline constexpr std::uint32_t kSaMark = 0x76746964;       // user of our SAs' selectors, which the kernel keeps and never reads

}  // namespace vtid::model
