// Filtering of tunnelled traffic as values: the rules and translations of the file, and what they come to on devices. Holds no
// nft and no pf text: platform renders it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/list.h"
#include "model/when_down.h"
#include "net/address.h"
#include "net/names.h"
#include "net/protocols.h"

namespace vtid::model {

// Where tunnelled traffic meets its rules: one list for all of it, or one for each assigned interface.
enum class FilterMode : std::uint8_t { enc, if_ipsec };
enum class RuleDirection : std::uint8_t { in, out };  // as seen from this host
enum class RuleAction : std::uint8_t { pass, block, reject };
enum class NatKind : std::uint8_t { source, destination, one_to_one };

[[nodiscard]] std::string_view print(FilterMode mode);
[[nodiscard]] std::string_view print(RuleDirection direction);
[[nodiscard]] std::string_view print(RuleAction action);
[[nodiscard]] std::string_view print(NatKind kind);

// What is matched. What is empty matches anything.
struct Traffic {
  std::vector<std::uint8_t> protocols;
  AnyOf<net::Prefix> from;
  AnyOf<net::Prefix> to;
  AnyOf<PortRange> from_ports;  // of protocols that have ports
  AnyOf<PortRange> ports;
  std::vector<std::uint8_t> icmp_types;  // of icmp or icmp6, whichever the one protocol is
  // Of what `from` and `to` match, what they do not. Without `from`: of the families that stand here, and of no others.
  AnyOf<net::Prefix> from_not{};
  AnyOf<net::Prefix> to_not{};
  std::vector<std::uint8_t> dscp{};  // 0 to 63
  auto operator<=>(const Traffic&) const = default;

  // Whether a packet of this family can match at all.
  [[nodiscard]] bool covers(net::Family family) const;
};

inline constexpr std::string_view kAllTunnels = "ipsec";  // "on" in mode enc

// The first rule of a direction that matches decides. What is passed is passed with its replies.
struct FilterRule {
  std::string on;  // kAllTunnels, or an assigned interface
  RuleDirection direction = RuleDirection::in;
  RuleAction action = RuleAction::pass;
  Traffic traffic;
  std::optional<std::string> log;  // the prefix of its lines
  std::string description;
  std::string gateway{};  // or group, by which what is passed goes; it matches that family alone then. Empty: by the routes
  WhenDown when_down = WhenDown::blackhole;  // with a gateway
  auto operator<=>(const FilterRule&) const = default;
};

struct OwnAddress {  // "interface": what the interface itself has
  auto operator<=>(const OwnAddress&) const = default;
};
struct NoTranslation {  // "none": what matches is left as it is
  auto operator<=>(const NoTranslation&) const = default;
};

// The first one of its kind that matches decides. source: `traffic` leaving by `on` gets `address`. destination: `traffic` that
// comes in by `on` goes to `target`. one_to_one: the far end sees `address` in the place of the one network in `traffic.from`,
// of the same length, both ways.
struct NatRule {
  std::string on;
  NatKind kind = NatKind::source;
  Traffic traffic;
  std::variant<OwnAddress, NoTranslation, net::Prefix> address;
  net::Address target;
  std::optional<std::uint16_t> target_port;
  std::string description;
  auto operator<=>(const NatRule&) const = default;
};

// "filter", "rules" and "nat" of the file. Lists stand in the rules that name them.
struct FilterConfig {
  FilterMode mode = FilterMode::enc;
  bool allow_blocked_tunnels = false;
  std::optional<std::vector<FilterRule>> rules;  // none: nothing is filtered; empty: what comes in is denied
  std::vector<NatRule> nat;
  bool operator==(const FilterConfig&) const = default;
};

// ---- on devices --------------------------------------------------------------------------------------------------------

// The device of an assigned tunnel, in mode if_ipsec.
struct FilterDevice {
  net::IfName device;
  net::Unit unit;
  bool replies = false;  // replies to what came in by it leave by it
  std::optional<net::Address> gateway4, gateway6;
  auto operator<=>(const FilterDevice&) const = default;
};

// The two inner ends of a child: the peer's echo requests pass whatever the rules say, because its monitor depends on them.
struct Transit {
  net::IfName device;
  net::Address local, remote;
  auto operator<=>(const Transit&) const = default;
};

// TCP connections over `device` are told to send segments of at most `size`.
struct MssClamp {
  net::IfName device;
  net::Family family = net::Family::ipv4;
  std::uint16_t size = 0;
  auto operator<=>(const MssClamp&) const = default;
};

// A next hop, where the filter is what routes by policy.
struct FilterHop {
  net::IfName device;
  std::optional<net::Address> gateway;
  std::uint32_t weight = 1;
  auto operator<=>(const FilterHop&) const = default;
};

// The gateway of a rule. Where the system has routing rules, one of them knows what goes there by its mark; else the next hops
// that carry now stand here.
struct RouteTo {
  net::Family family = net::Family::ipv4;
  std::uint32_t mark = 0;
  std::vector<FilterHop> hops;
  auto operator<=>(const RouteTo&) const = default;
};

// `device` is empty for a rule on all tunnels.
struct DeviceRule {
  std::string name;  // "rules/0"
  net::IfName device;
  FilterRule rule;
  std::optional<RouteTo> route_to{};
  auto operator<=>(const DeviceRule&) const = default;
};
struct DeviceNat {
  std::string name;  // "nat/0"
  net::IfName device;
  NatRule nat;
  auto operator<=>(const DeviceNat&) const = default;
};

// Without hops what matches goes nowhere, or, of an exception, by the routes.
struct DevicePolicyRoute {
  std::string name;  // "policy_routes/0"
  net::IfName in;
  net::Family family = net::Family::ipv4;
  Traffic traffic;
  std::vector<FilterHop> hops;
  bool is_exception = false;
  auto operator<=>(const DevicePolicyRoute&) const = default;
};

// All that one table of ours does.
struct FilterSet {
  FilterMode mode = FilterMode::enc;
  bool filters = false;                            // the file has "rules"
  std::vector<FilterDevice> devices;               // sorted; none in mode enc
  std::vector<Transit> transits;                   // sorted; of all tunnels
  std::vector<DeviceRule> rules;                   // in the file's order
  std::vector<DeviceNat> nat;                      // in the file's order
  std::vector<MssClamp> clamps;                    // sorted
  std::vector<DevicePolicyRoute> policy_routes{};  // in the file's order; none where the kernel has routing rules
  auto operator<=>(const FilterSet&) const = default;

  // Whether traffic would pass without it that must not.
  [[nodiscard]] bool is_restrictive() const { return filters || mode == FilterMode::if_ipsec; }
};

[[nodiscard]] std::vector<ListRef> lists_of(const Traffic& traffic);
// The lists that its rules and translations name, each once, by name.
[[nodiscard]] std::vector<ListRef> lists_of(const FilterSet& set);

// The same for equal sets and for no others, as far as 64 bits go. Changes with kFilterRendering too.
[[nodiscard]] std::string digest(const FilterSet& set);
[[nodiscard]] std::string digest(std::string_view text);
inline constexpr int kFilterRendering = 4;  // to be raised when equal sets shall be written again

// What the kernel holds in our place.
struct ObservedFilter {
  std::string mode;               // as it says itself: "enc", "if_ipsec"; empty when it does not
  std::string digest;             // of the set that it was made from
  bool altered = false;           // somebody changed it afterwards
  std::string inactive_reason{};  // why packets do not meet it, though it is there as it was written; and what helps
  std::string remedy{};
  bool operator==(const ObservedFilter&) const = default;
};

struct RuleCounters {
  std::uint64_t packets = 0, bytes = 0;
  bool operator==(const RuleCounters&) const = default;
};

// ---- marks -------------------------------------------------------------------------------------------------------------

// The bits of packet and connection marks that are vtid's. All others keep what others put there. They hold the unit of the
// tunnel that a connection came by, or from kFirstChoice on the number of that unit together with a rule's gateway, or from
// kFirstProbe on the number of a gateway that the packet probes.
inline constexpr std::uint32_t kMarkMask = 0xffff'0000;
inline constexpr int kMarkShift = 16;
inline constexpr std::uint32_t kFirstChoice = 0x8000;
inline constexpr std::uint32_t kChoices = 0x7000;
inline constexpr std::uint32_t kFirstProbe = 0xf000;
inline constexpr std::uint32_t kProbes = 0x1000;
[[nodiscard]] constexpr std::uint32_t mark_of(net::Unit unit) { return unit.value << kMarkShift; }
[[nodiscard]] constexpr std::uint32_t mark_of_choice(std::uint32_t number) { return (kFirstChoice + number) << kMarkShift; }
[[nodiscard]] constexpr std::uint32_t mark_of_probe(std::uint32_t number) { return (kFirstProbe + number) << kMarkShift; }

// ---- FreeBSD -----------------------------------------------------------------------------------------------------------

// What if_ipsec(4), enc(4) and ip_input() are told so that pf sees tunnelled packets where the mode says.
using FilterSysctl = std::pair<std::string_view, std::int64_t>;
[[nodiscard]] std::array<FilterSysctl, 6> filter_sysctls(FilterMode mode);

}  // namespace vtid::model
