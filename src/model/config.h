// The configuration file as values, already parsed and validated: every default is filled in, every name that the file
// mentions exists. Holds no file, no position and no JSON. Secrets live only in Secret, which never prints itself.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/endpoint.h"
#include "model/filter.h"
#include "model/http.h"
#include "model/list.h"
#include "model/sa_algorithm.h"
#include "model/sa_options.h"
#include "model/secret.h"
#include "model/when_down.h"
#include "net/address.h"
#include "net/names.h"

namespace vtid::model {

// Where the file says the secret comes from, for canonical printing, and the secret itself when it could be read.
struct SecretSource {
  std::string file;  // as written, empty for a literal
  Secret secret;
  bool operator==(const SecretSource&) const = default;
};

struct IkePeer {
  Endpoint address = AnyAddress{};
  std::string id;  // empty: the address with a PSK, else charon's default, the certificate's subject or the key
  std::optional<std::uint16_t> port{};  // none: 500
  // Of our end, in the place of an address, and one of them at most: it has the address of an interface or a device, or of the
  // device of a gateway, of a group the one that carries.
  std::string interface {};
  std::string gateway{};
  std::optional<std::uint32_t> fib{};  // of our end: FreeBSD's routing table of outer packets; none: 0
  bool operator==(const IkePeer&) const = default;

  [[nodiscard]] bool is_located() const { return !interface.empty() || !gateway.empty(); }
};
[[nodiscard]] std::string print(const IkePeer& peer);  // "192.0.2.1", "the address of WAN", "the address towards UPLINKS"

struct PskAuth {
  SecretSource psk;
  bool operator==(const PskAuth&) const = default;
};

// A file that holds nothing secret, and what was in it: certificates or a public key, in DER.
struct PublicSource {
  std::string file;  // as written
  std::vector<std::string> parts;
  bool operator==(const PublicSource&) const = default;
};

// Several such files, and what was in them, in their order.
struct PublicSources {
  std::vector<std::string> files;  // as written
  std::vector<std::string> parts;
  bool operator==(const PublicSources&) const = default;
};

enum class SendCertificate : std::uint8_t { asked, always, never };
enum class Revocation : std::uint8_t { relaxed, if_uri, strict };
[[nodiscard]] std::string_view print(SendCertificate send);
[[nodiscard]] std::string_view print(Revocation revocation);

// X.509. Our own certificate comes first, those of intermediate CAs follow.
struct CertificateAuth {
  PublicSource certificate;
  SecretSource key;                 // DER
  PublicSources ca;                 // whose word we take for the peer; none beside a peer's certificate
  std::string key_id;               // of our public key: RFC 5280, 4.2.1.2, method (1), in hex
  PublicSource peer_certificate{};  // the peer has to have one of these
  // None: charon's default.
  std::optional<SendCertificate> send{};
  std::optional<bool> request{};  // whether the peer is asked for its own
  std::optional<Revocation> revocation{};
  PublicSources crl{};                   // lists of revoked certificates
  std::vector<std::string> crl_uris{};   // where else than the certificates say they are to be had, of each CA
  std::vector<std::string> ocsp_uris{};  // and who is asked
  std::string ca_id{};                   // one of the CAs between the peer's certificate and `ca` has to have it
  std::vector<std::string> policies{};   // OIDs, all of which the peer's certificate has to have
  bool operator==(const CertificateAuth&) const = default;
};

// Raw public keys, RFC 7670: one part each, a SubjectPublicKeyInfo.
struct PublicKeyAuth {
  PublicSource public_key;
  SecretSource key;  // DER
  PublicSource peer_public_key;
  std::string key_id;  // as above
  bool operator==(const PublicKeyAuth&) const = default;
};
using Auth = std::variant<PskAuth, CertificateAuth, PublicKeyAuth>;

// How an end signs in IKEv2. Of a closed list, whose words these are: "rsa/pss" and "sha256", "ed25519" and "identity".
struct SignatureScheme {
  std::string_view name;  // in the file: "rsa-pss-sha256"
  std::string_view key;   // in charon's words
  std::string_view hash;
  bool operator==(const SignatureScheme&) const = default;
};
[[nodiscard]] std::span<const SignatureScheme> signature_schemes();

// A post-quantum pre-shared key, RFC 8784, that goes into the keys of an IKE_SA beside its key exchange.
struct Ppk {
  std::string id;
  SecretSource secret;
  bool required = false;  // else an SA is made without it by a peer that does not have it
  bool operator==(const Ppk&) const = default;
};

enum class IkeVersion : std::uint8_t { v1 = 1, v2 = 2 };

struct Ike {
  IkeVersion version = IkeVersion::v2;
  bool split = false;
  IkePeer local;
  IkePeer remote;
  Auth auth;
  std::vector<std::string> proposals{"aes128-sha256-modp2048"};  // pfSense's phase 1 default
  Duration dpd = std::chrono::seconds{10};                       // 0 turns it off
  Duration rekey = std::chrono::seconds{25'920};                 // 90 % of pfSense's 28,800 s; 0: never
  bool mobike = false;
  bool encapsulate = false;
  Duration resolve = std::chrono::seconds{60};  // how often the peer's host name is looked up
  IkeOptions options{};
  std::optional<Ppk> ppk{};
  // What each end may sign with; empty: as charon chooses.
  std::vector<SignatureScheme> signature{};
  std::vector<SignatureScheme> peer_signature{};
  bool operator==(const Ike&) const = default;
};

// A connection that the administrator keeps in swanctl.conf. vtid loads nothing for it; it must carry our if_id.
struct ExternalIke {
  std::string connection;
  bool operator==(const ExternalIke&) const = default;
};

// One direction of a tunnel without IKE. The key is in hexadecimal digits, as written; key_layout() says what it holds.
struct StaticSa {
  std::uint32_t spi = 0;
  SaAlgorithm algorithm;
  SecretSource key;
  bool operator==(const StaticSa&) const = default;
};

// SAs that stand in the file instead of being negotiated. Several inbound ones side by side make a rekey lossless.
struct StaticKeys {
  net::Address local;  // outer
  net::Address remote;
  std::vector<StaticSa> in;  // never empty; SPIs differ
  StaticSa out;
  std::uint32_t replay_window = 32;  // packets, of the inbound ones
  bool operator==(const StaticKeys&) const = default;
};

enum class Start : std::uint8_t { start, trap, none };
enum class ChildMode : std::uint8_t { vti, tunnel, transport };
// `interface`: no word of the file, but what holds wherever interfaces make their own (Capabilities::manages_policies).
enum class PolicyOwner : std::uint8_t { charon, vtid, interface };

[[nodiscard]] std::string_view print(Start start);
[[nodiscard]] std::string_view print(ChildMode mode);
[[nodiscard]] std::string_view print(PolicyOwner owner);

struct Child {
  std::string name;
  ChildMode mode = ChildMode::vti;
  std::string description;
  bool enabled = true;
  std::optional<net::Unit> unit;  // pinned by the user, where each child has an interface of its own
  // VTI: our inner address with the transit's length (10.6.106.1/30), and the peer's inner address.
  net::Prefix local;
  net::Address remote;
  // Tunnel and transport mode: the networks at each end. None in transport mode: the two ends themselves.
  std::vector<net::Prefix> local_networks;
  std::vector<net::Prefix> remote_networks;
  // As written; empty or none means the default, for a VTI child that shares its CHILD_SA what a sibling says.
  std::vector<std::string> proposals;
  std::optional<Duration> rekey;  // 0: never
  std::optional<PolicyOwner> policies;
  ChildOptions options{};
  bool operator==(const Child&) const = default;
};

struct Tunnel {
  std::string name;
  std::string description;
  bool enabled = true;
  std::optional<net::Unit> unit;                   // pinned by the user
  std::variant<Ike, ExternalIke, StaticKeys> ike;  // how it gets its SAs
  Start start = Start::start;
  std::optional<Duration> renew_when_silent{};  // its CHILD_SAs, once its probes were unanswered for that long; none: never
  std::vector<Child> children;                  // in the file's order, never empty
  bool operator==(const Tunnel&) const = default;

  [[nodiscard]] const Child* child(std::string_view name) const;
};

[[nodiscard]] inline bool has_static_keys(const Tunnel& tunnel) { return std::holds_alternative<StaticKeys>(tunnel.ike); }

// IKEv1 negotiates one pair of selectors at a time, and "split" asks for the same: every child is a CHILD_SA of its own, and
// every VTI child an interface. Else the VTI children of a tunnel are one CHILD_SA and one interface.
[[nodiscard]] bool has_interface_per_child(const Tunnel& tunnel);

// A CHILD_SA as it is negotiated, with inheritance and defaults applied: one child of the file, or all VTI children of a
// tunnel. Lives no longer than its tunnel.
struct ChildConfig {
  std::string name;    // charon's: the tunnel's name, or the child's own
  std::string holder;  // of its unit, and what sentences call it: "hq", "hq/v4"
  ChildMode mode = ChildMode::vti;
  std::vector<const Child*> children;  // enabled, in the file's order, never empty
  std::vector<std::string> proposals;
  Duration rekey{};
  PolicyOwner policies = PolicyOwner::charon;
  ChildOptions options{};
  bool operator==(const ChildConfig&) const = default;
};
[[nodiscard]] std::vector<ChildConfig> child_configs(const Tunnel& tunnel);

// Where the file says that the peer is; none: it is not the file that says it.
[[nodiscard]] const Endpoint* peer_of(const Tunnel& tunnel);
// Whether vtid finds out at which address the peer is called.
[[nodiscard]] bool has_varying_peer(const Tunnel& tunnel);

inline const std::vector<std::string> kDefaultChildProposals{"aes128gcm16-modp2048", "aes128-sha256-modp2048"};
inline constexpr Duration kDefaultChildRekey = std::chrono::seconds{3'240};  // 90 % of pfSense's 3,600 s

struct TunnelPort {
  std::string tunnel;
  std::string child;  // empty: the tunnel's one interface
  auto operator<=>(const TunnelPort&) const = default;

  [[nodiscard]] std::string holder() const { return child.empty() ? tunnel : tunnel + '/' + child; }
};
struct DevicePort {
  net::IfName device;
  auto operator<=>(const DevicePort&) const = default;
};

struct AutomaticMss {  // what fits into the MTU, of a tunnel's interface; nothing on other devices
  auto operator<=>(const AutomaticMss&) const = default;
};
struct NoMss {
  auto operator<=>(const NoMss&) const = default;
};

// An assignment: gives a tunnel's device (or any device) a name that gateways, routes and rules use.
struct Interface {
  std::string name;  // "VTI_HQ"
  std::variant<TunnelPort, DevicePort> port;
  bool enabled = true;
  std::string description;
  std::optional<std::uint32_t> mtu;  // none: "auto"
  std::variant<AutomaticMss, NoMss, std::uint16_t> mss{};
  std::optional<bool> reply_to{};  // none: where the filter mode has it
  // Whose routing tables it is in, of a tunnel's: Linux, a device of kind vrf. None: the main ones.
  std::optional<net::IfName> vrf{};
  std::optional<std::uint32_t> fib{};  // FreeBSD's, 0 the main one
  bool operator==(const Interface&) const = default;
};

// Whose routing tables those are: the host's own, a VRF's or a FIB's.
struct RoutingDomain {
  std::optional<net::IfName> vrf;
  std::uint32_t fib = 0;
  auto operator<=>(const RoutingDomain&) const = default;

  [[nodiscard]] bool is_main() const { return !vrf && fib == 0; }
};
[[nodiscard]] std::string print(const RoutingDomain& domain);  // "the VRF red", "FIB 2", "the main table"
[[nodiscard]] inline RoutingDomain domain_of(const Interface& interface) { return {interface.vrf, interface.fib.value_or(0)}; }

struct AutomaticSilence {  // as many as chance does not explain, by what the path lost lately
  auto operator<=>(const AutomaticSilence&) const = default;
};
struct NoSilence {
  auto operator<=>(const NoSilence&) const = default;
};

// How a target is asked: by an echo request, a connection, or for its link-layer address.
enum class ProbeKind : std::uint8_t { icmp, tcp, arp, nd };
[[nodiscard]] std::string_view print(ProbeKind kind);

struct MonitorTarget {
  std::optional<net::Address> address;  // none: the gateway's own
  ProbeKind kind = ProbeKind::icmp;
  std::uint16_t port = 0;  // of tcp
  auto operator<=>(const MonitorTarget&) const = default;
};
[[nodiscard]] std::string print(const MonitorTarget& target);  // "tcp 203.0.113.9:443"; its address is there
inline constexpr std::size_t kMostTargets = 8;

struct MonitorOptions {
  bool enabled = true;
  std::optional<net::Address> address;    // none: the gateway's own
  std::vector<MonitorTarget> targets{};   // in the place of `address`
  std::optional<std::size_t> require{1};  // so many targets have to be usable; none: all
  Duration interval{500};
  Duration loss_interval{2'000};
  Duration period{60'000};
  Duration alert{1'000};
  Duration hold{10'000};
  Duration latency_low{200};
  Duration latency_high{500};
  int loss_low = 10;                                         // percent
  int loss_high = 20;                                        // percent
  std::variant<AutomaticSilence, NoSilence, int> silence{};  // so many probes in a row without an answer are down
  // Damping: from the `falls`-th fall within `fall_window` on, each doubles the hold, up to `longest_hold`.
  int falls = 3;
  Duration fall_window{600'000};
  Duration longest_hold{300'000};
  bool forced_down = false;  // by the user, whatever probes say
  bool operator==(const MonitorOptions&) const = default;
};

inline constexpr std::string_view kDynamic = "dynamic";  // in the place of a gateway's address

// Automatic (VTI_HQ_VTIV4, VTI_HQ_VTIV6) and written gateways alike, complete: what the file leaves out is filled in.
struct Gateway {
  std::string name;
  std::string interface;
  net::Address address;
  bool automatic = false;
  int weight = 1;
  MonitorOptions monitor;
  bool on_link = false;  // a neighbour although no network of its device's addresses holds it
  std::string description{};
  // The address is the next hop that DHCP, router advertisements or PPP gave the device: unspecified while there is none.
  bool dynamic = false;
  bool operator==(const Gateway&) const = default;

  [[nodiscard]] bool has_address() const { return !address.is_unspecified(); }
};

// What is asked to judge it, one at least, with their addresses.
[[nodiscard]] std::vector<MonitorTarget> targets_of(const Gateway& gateway);
// Those of their addresses that lie behind it, each once; none while it is not probed.
[[nodiscard]] std::vector<net::Address> probed_beyond(const Gateway& gateway);

// What makes a member of a group unusable. A gateway that is down is unusable under each of them.
enum class Trigger : std::uint8_t { down, loss, latency, loss_or_latency };
// Which members are active while no member is usable: all of the first tier as if they were, those that carried last, or
// nobody.
enum class WhenAllDown : std::uint8_t { first_tier, keep_last, none };
[[nodiscard]] std::string_view print(Trigger trigger);
[[nodiscard]] std::string_view print(WhenAllDown when_all_down);

struct GroupMember {
  std::string gateway;
  int tier = 1;               // the lowest with a usable member carries
  std::optional<int> weight;  // none: the gateway's own
  // What tunnels begin with that begin where the group is, while this one carries; none: an address of its device.
  std::optional<net::Address> local{};
  bool operator==(const GroupMember&) const = default;
};

struct GatewayGroup {
  std::string name;
  Trigger trigger = Trigger::down;
  WhenAllDown when_all_down = WhenAllDown::first_tier;
  std::vector<GroupMember> members;  // in the file's order, never empty, of one address family
  std::string description{};
  bool operator==(const GatewayGroup&) const = default;
};

// The default route of each family: by a gateway or a group of that name, or one of these two words.
inline constexpr std::string_view kNoDefault = "none";              // leave it alone
inline constexpr std::string_view kAutomaticDefault = "automatic";  // the first usable gateway that is on no tunnel
struct DefaultGateway {
  std::string ipv4{kNoDefault};
  std::string ipv6{kNoDefault};
  bool operator==(const DefaultGateway&) const = default;

  [[nodiscard]] const std::string& of(net::Family family) const { return family == net::Family::ipv4 ? ipv4 : ipv6; }
};
// Of these default routes: the best that there is, so that they win. For IPv6 the kernel takes 0 for 1024.
[[nodiscard]] constexpr net::Metric default_route_metric(net::Family family) {
  return net::Metric{family == net::Family::ipv4 ? 0U : 1U};
}

// Whose changes a program is run for.
enum class ChangeEvent : std::uint8_t { gateway, tunnel, group, role };
[[nodiscard]] std::string_view print(ChangeEvent event);  // "gateway"

// A program that is run when one of these changes its state.
struct OnChange {
  std::vector<std::string> command;  // its path and its arguments, never empty; no shell reads them
  Duration timeout{10'000};
  std::vector<ChangeEvent> events{ChangeEvent::gateway};  // never empty, each once
  bool operator==(const OnChange&) const = default;
};

struct StaticRoute {
  net::Prefix to;                     // network(), host bits clear
  std::string via;                    // a gateway or a group
  std::optional<net::Metric> metric;  // none: the system's default
  WhenDown when_down = WhenDown::keep;
  bool operator==(const StaticRoute&) const = default;
};

// As the kernel has it: without one, what the kernel puts (IPv6: IP6_RT_PRIO_USER, linux/ipv6_route.h).
[[nodiscard]] inline net::Metric metric_of(const StaticRoute& route) {
  return route.metric.value_or(net::Metric{route.to.address.is_v6() ? 1024U : 0U});
}

// "via" of traffic that goes by the routes as if there were no policy routes.
inline constexpr std::string_view kByRoutes = "routes";

// Forwarded traffic that takes a way of its own. Rules of the kernel, in the file's order; the first that matches decides.
struct PolicyRoute {
  std::string name;
  std::string in;   // by which it comes: an assigned interface, else a device
  Traffic traffic;  // without ICMP types
  std::string via;  // a gateway or a group, whose address family it has, or kByRoutes
  WhenDown when_down = WhenDown::blackhole;
  bool operator==(const PolicyRoute&) const = default;

  [[nodiscard]] bool is_exception() const { return via == kByRoutes; }
};

enum class OnStop : std::uint8_t { keep, remove };

struct Config {
  std::string vici = "unix:///var/run/charon.vici";
  OnStop on_stop = OnStop::keep;
  std::vector<Tunnel> tunnels;        // in the file's order
  std::vector<Interface> interfaces;  // in the file's order
  std::vector<Gateway> gateways;      // automatic ones first, in the order of their interfaces
  std::vector<GatewayGroup> groups;   // in the file's order
  DefaultGateway default_gateway;
  std::vector<StaticRoute> routes;
  std::vector<PolicyRoute> policy_routes;
  FilterConfig filter;
  std::vector<ListRef> lists{};  // in the file's order, those that nothing names too
  std::optional<OnChange> on_change;
  std::optional<net::Address> role_address;  // this node is active while it holds that one; none: as `vtictl role` says
  HttpConfig http;
  bool operator==(const Config&) const = default;

  [[nodiscard]] const Tunnel* tunnel(std::string_view name) const;
  [[nodiscard]] const Interface* interface(std::string_view name) const;
  [[nodiscard]] const Gateway* gateway(std::string_view name) const;
  [[nodiscard]] const GatewayGroup* group(std::string_view name) const;
};

// For loops over many: what find-by-name would do in linear time, looked up in a map.
template <class T>
[[nodiscard]] std::map<std::string_view, const T*> index_by_name(const std::vector<T>& items) {
  std::map<std::string_view, const T*> index;
  for (const T& item : items) index.emplace(item.name, &item);
  return index;
}

// The interfaces that are assigned to tunnels, by the holder of the device: "hq", "hq/v4".
[[nodiscard]] std::map<std::string, const Interface*, std::less<>> assignments_by_holder(const Config& config);

}  // namespace vtid::model
