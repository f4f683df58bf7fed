// The control protocol's published names: where the sockets are, what the methods are called, which error codes exist.
// docs/control-protocol.md describes them. Holds constants only, so that any program can include it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace vtid::protocol {

#ifdef __FreeBSD__
inline constexpr std::string_view kSocket = "/var/run/vtid/vtid.sock";
inline constexpr std::string_view kViewSocket = "/var/run/vtid/view.sock";
inline constexpr std::string_view kEncDevice = "enc0";  // where the inside of all tunnels is seen in filter mode enc
#else
inline constexpr std::string_view kSocket = "/run/vtid/vtid.sock";
inline constexpr std::string_view kViewSocket = "/run/vtid/view.sock";
inline constexpr std::string_view kEncDevice = "";
#endif
inline constexpr std::string_view kViewSocketName = "view.sock";  // beside the first socket, whatever that is called
inline constexpr std::string_view kGroup = "vtid";                // may use everything
inline constexpr std::string_view kViewGroup = "vtid-view";       // may read

// Bytes of one request, without its newline: of any method on either socket, and of `plan` and `apply` with `text` on the
// first.
inline constexpr std::size_t kMaxShortRequest = 4U << 10;
inline constexpr std::size_t kMaxRequest = 1U << 20;

namespace method {
inline constexpr std::string_view kStatus = "status";
inline constexpr std::string_view kList = "list";
inline constexpr std::string_view kShow = "show";
inline constexpr std::string_view kExplain = "explain";
inline constexpr std::string_view kFindMtu = "find_mtu";
inline constexpr std::string_view kPlan = "plan";
inline constexpr std::string_view kDoctor = "doctor";
inline constexpr std::string_view kSubscribe = "subscribe";
inline constexpr std::string_view kUp = "up";
inline constexpr std::string_view kDown = "down";
inline constexpr std::string_view kRekey = "rekey";
inline constexpr std::string_view kReload = "reload";
inline constexpr std::string_view kApply = "apply";
inline constexpr std::string_view kConfirm = "confirm";
inline constexpr std::string_view kRole = "role";
inline constexpr std::string_view kExport = "export";
inline constexpr std::string_view kMetrics = "metrics";
inline constexpr std::string_view kLogLevel = "log-level";
// Notifications of the daemon.
inline constexpr std::string_view kEvent = "event";
inline constexpr std::string_view kClosing = "closing";
}  // namespace method

// The words that parameters take, in the order in which they are shown. Of `list` and `show`:
inline constexpr std::array<std::string_view, 10> kKinds{"tunnels",  "interfaces", "gateways", "groups", "routes",
                                                         "policies", "sas",        "numbers",  "rules",  "policy_routes"};
// Of `subscribe`: docs/events.md.
inline constexpr std::array<std::string_view, 6> kEventKinds{"config", "charon", "tunnel", "kernel", "gateway", "group"};
// Of `role`, `export`, `metrics` and `log-level`.
inline constexpr std::array<std::string_view, 2> kRoles{"active", "standby"};
inline constexpr std::array<std::string_view, 5> kExportFormats{"vtid", "swanctl", "libreswan", "pfsense", "vyos"};
inline constexpr std::array<std::string_view, 2> kMetricsFormats{"openmetrics", "prometheus"};
inline constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warning", "error"};

enum ErrorCode : int {
  // JSON-RPC 2.0, section 5.1
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  // our own, in the range that it leaves to servers; each error's data holds a `remedy`
  kNotAllowed = -32001,  // the view socket reads only
  kNotFound = -32002,    // no tunnel, interface, ... of that name; data.nearest lists names like it
  kRefused = -32003,     // the daemon tried or checked, and says no; data.errno when the system's reason is known
  kBusy = -32004,        // too many sessions, or long requests, at once
};

}  // namespace vtid::protocol
