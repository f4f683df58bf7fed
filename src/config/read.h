// JSON tree -> the parts of model::Config, in the file's order. Wrong values are findings and keep their defaults, so what
// is returned is a draft until nothing was found. Rules across fields are in rules.h.
#pragma once

#include "config/object.h"
#include "config/parse.h"
#include "config/read_lists.h"
#include "model/config.h"

namespace vtid::config {

// Reads {"file": …} or {"text": …}; what is wrong with it becomes a finding.
using ReadSecret = std::function<void(Object secret, model::SecretSource& source)>;

[[nodiscard]] std::vector<model::Tunnel> read_tunnels(Object& root, Findings& findings, const Readers& readers);
// "outer" and "keys" of a tunnel.
[[nodiscard]] model::StaticKeys read_static_keys(Object& tunnel, const ReadSecret& read_secret);
[[nodiscard]] std::vector<model::Interface> read_interfaces(Object& root);
// Automatic gateways of `config`'s tunnels and interfaces first, with the options that the file gives them.
[[nodiscard]] std::vector<model::Gateway> read_gateways(Object& root, const model::Config& config, Findings& findings);
[[nodiscard]] std::vector<model::GatewayGroup> read_gateway_groups(Object& root);
[[nodiscard]] model::DefaultGateway read_default_gateway(Object& root);
[[nodiscard]] std::vector<model::StaticRoute> read_routes(Object& root);
[[nodiscard]] std::vector<model::ListRef> read_lists(Object& root, Findings& findings, const Readers& readers);
[[nodiscard]] std::vector<model::PolicyRoute> read_policy_routes(Object& root, const Lists& lists);
[[nodiscard]] model::FilterConfig read_filter(Object& root, const Lists& lists);  // "filter", "rules" and "nat"
[[nodiscard]] std::optional<model::OnChange> read_on_change(Object& root);
[[nodiscard]] std::optional<net::Address> read_role(Object& root);
[[nodiscard]] model::HttpConfig read_http(Object& root);

// Parts of several of these: "protocol", "from", "to", "from_ports", "ports" and "icmp_types"; "when_down"; the objects of an
// array, none when there are too many.
void read_traffic(Object& object, model::Traffic& traffic, const Lists& lists);
// "from_not" and "to_not", which translations do not have.
void read_exceptions(Object& object, model::Traffic& traffic, const Lists& lists);
void read_when_down(Object& object, model::WhenDown& when_down);
[[nodiscard]] std::vector<Object> bounded_items(Object& root, std::string_view key, std::size_t most);

inline constexpr std::size_t kMostChildren = 64;              // of one tunnel
inline constexpr std::size_t kMostInboundSas = 4;             // of one tunnel with static SAs
inline constexpr std::uint32_t kLargestReplayWindow = 4'096;  // XFRMA_REPLAY_ESN_MAX, linux/xfrm.h
inline constexpr std::size_t kMostInterfaces = 65'535;        // tunnels and devices
inline constexpr std::size_t kMostGroups = 4'096;
inline constexpr std::size_t kMostMembers = 64;  // of one group
inline constexpr int kHighestTier = 5;           // as in pfSense, and so are weights
inline constexpr int kHighestWeight = 30;
inline constexpr std::size_t kMostArguments = 64;      // of a program, its path included
inline constexpr std::size_t kMostGateways = 131'071;  // two of each interface
inline constexpr std::size_t kMostPolicyRoutes = 1'024;
inline constexpr std::size_t kMostRules = 4'096;      // of "rules", and of "nat"; each costs every packet a look
inline constexpr std::size_t kLongestLogPrefix = 63;  // bytes; the kernel holds 127 (NF_LOG_PREFIXLEN), pf has labels of 63

}  // namespace vtid::config
