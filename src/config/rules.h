// Rules across fields: what each value alone cannot say. A rule is silent about things that were already found wrong, so
// that one mistake gives one error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/findings.h"
#include "model/capabilities.h"
#include "model/config.h"

namespace vtid::config {

void check(const model::Config& config, Findings& findings);  // all of the below

void check_tunnels(const model::Config& config, Findings& findings);      // each tunnel, its peers and its children
void check_static_keys(const model::Config& config, Findings& findings);  // tunnels without IKE, each and against each other
void check_options(const model::Config& config, Findings& findings);      // times, windows, ports, marks, selectors
void check_transits(const model::Config& config, Findings& findings);     // inner networks against each other
void check_trust(const model::Config& config, Findings& findings);        // "auth" of all tunnels
void check_interfaces(const model::Config& config, Findings& findings);
void check_gateways(const model::Config& config, Findings& findings);
void check_filter(const model::Config& config, Findings& findings);  // "filter", "rules", "nat" and what interfaces say of them
void check_routes(const model::Config& config, Findings& findings);  // all that goes through a gateway: the two below too
void check_domains(const model::Config& config, Findings& findings);  // interfaces in VRFs, and what has to be in one of them
void check_loops(const model::Config& config, Findings& findings);    // a tunnel's outer packets sent into the tunnel

// What `system` cannot do, or does otherwise than the file says.
void check_system(const model::Config& config, const model::Capabilities& system, Findings& findings);

class GatewayRefChecker;
void check_groups(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings);
void check_local_ends(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings);
void check_policy_routes(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings);
void check_rule_gateways(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings);
// Whether what the traffic names is as the file says: nothing is wrong so far.
[[nodiscard]] bool lists_known(const Findings& findings, const model::Traffic& traffic);
// An exception leaves something of what it is from; false: it does not.
bool check_exceptions(const model::Traffic& traffic, const std::string& at, Findings& findings);
// Ports belong to protocols that have them.
void check_ports(const model::Traffic& traffic, const std::string& at, Findings& findings);
void check_default_gateway(const model::Config& config, GatewayRefChecker& gateway_refs, Findings& findings);

// Whether the child at pointer `at` is a VTI child whose inner addresses are what the file says: nothing is wrong so far.
[[nodiscard]] bool inner_addresses_known(const Findings& findings, const std::string& at, const model::Child& child);
// The same of all children of `tunnel`, if there is one.
[[nodiscard]] bool children_known(const Findings& findings, const model::Tunnel* tunnel);

inline constexpr std::size_t kLongestTunnelName = 64;
inline constexpr std::size_t kLongestInterfaceName = 25;  // pfSense's: the gateway's name has 31
inline constexpr std::size_t kLongestGatewayName = 31;
inline constexpr std::size_t kLongestListName = 24;  // pf: 31 of a table, whose name begins with "list_"
inline constexpr std::int64_t kMostProbes = 65'535;  // that one gateway's window holds, as in dpinger

// "is empty", "starts with '-'": why a tunnel, child, interface or gateway cannot have this name; empty when it can. Names
// stand in vici paths ('.' cuts them), in "tunnel/child" and on command lines ('-' starts an option).
[[nodiscard]] std::string what_is_wrong_with_name(std::string_view name, std::size_t longest);

inline constexpr std::string_view kNameRemedy = "use letters, digits, '_' and '-'";
inline constexpr std::string_view kTakeOut = "take it out";

}  // namespace vtid::config
