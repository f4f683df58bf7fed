#include "control/metrics.h"

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <initializer_list>
#include <iterator>

#include "base/utf8.h"
#include "control/kinds.h"
#include "vtid/protocol.h"

namespace vtid::control {
namespace {

constexpr std::size_t kLongestLabel = 256;  // bytes of a value

enum class Type : std::uint8_t { gauge, counter };

struct Label {
  std::string_view name;
  std::string value;
};

std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : to_utf8(value, kLongestLabel)) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

// Families one after the other, each with its samples.
class Exposition {
 public:
  explicit Exposition(MetricsFormat format) : format_(format) {}

  // Of a counter the name without "_total".
  void family(std::string_view name, Type type, std::string_view help) {
    sample_ = fmt::format("vtid_{}{}", name, type == Type::counter ? "_total" : "");
    const std::string described = format_ == MetricsFormat::openmetrics ? fmt::format("vtid_{}", name) : sample_;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", described, help, described,
                   type == Type::counter ? "counter" : "gauge");
  }
  template <class Value>
  requires std::integral<Value> || std::floating_point<Value>
  void add(std::initializer_list<Label> labels, Value value) {
    text_ += sample_;
    char separator = '{';
    for (const Label& label : labels) {
      fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", separator, label.name, escaped(label.value));
      separator = ',';
    }
    const char* end = labels.size() == 0 ? "" : "}";
    if constexpr (std::floating_point<Value>) {
      fmt::format_to(std::back_inserter(text_), "{} {:.9g}\n", end, value);
    } else {
      fmt::format_to(std::back_inserter(text_), "{} {}\n", end, value);
    }
  }
  // One sample for each state there is: 1 for the one that it has.
  void add_states(const Label& object, std::string_view state, std::span<const std::string_view> states) {
    for (const std::string_view each : states) add({object, {"state", std::string(each)}}, each == state ? 1 : 0);
  }
  [[nodiscard]] std::string end() && {
    if (format_ == MetricsFormat::openmetrics) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  MetricsFormat format_;
  std::string sample_;
  std::string text_;
};

template <class State, std::size_t count>
std::array<std::string_view, count> printed(const std::array<State, count>& states) {
  std::array<std::string_view, count> names;
  std::ranges::transform(states, names.begin(), [](State state) { return model::print(state); });
  return names;
}

const auto kTunnelStates = printed(std::array{model::TunnelState::up, model::TunnelState::connecting, model::TunnelState::down,
                                              model::TunnelState::disabled, model::TunnelState::waiting,
                                              model::TunnelState::unknown, model::TunnelState::silent});
const auto kGatewayStates = printed(
    std::array{model::GatewayState::online, model::GatewayState::latency, model::GatewayState::loss, model::GatewayState::down,
               model::GatewayState::forced_down, model::GatewayState::unmonitored, model::GatewayState::pending});
const auto kSeverities = printed(std::array{model::Severity::error, model::Severity::warning, model::Severity::caveat});
constexpr std::array<std::string_view, 3> kGroupStates{"full", "reduced", "down"};
constexpr std::array<std::string_view, 5> kRouteStates{"installed", "blackhole", "withdrawn", "missing", "not wanted"};

constexpr double kMillisecond = 1e-3;  // in seconds
constexpr double kPercent = 1e-2;

std::string text_of(const Json& object, const char* key) { return object.at(key).get<std::string>(); }

// What of the interface's counters.
struct Counter {
  std::string_view name, help;
  std::uint64_t model::LinkCounters::*member;
};
constexpr std::array kCounters{
    Counter{"receive_bytes", "Bytes that came in", &model::LinkCounters::bytes_in},
    Counter{"transmit_bytes", "Bytes that went out", &model::LinkCounters::bytes_out},
    Counter{"receive_packets", "Packets that came in", &model::LinkCounters::packets_in},
    Counter{"transmit_packets", "Packets that went out", &model::LinkCounters::packets_out},
};

void add_daemon(Exposition& to, const model::SnapshotView& snapshot) {
  to.family("build_info", Type::gauge, "Always 1; the version is a label.");
  to.add({{"version", snapshot.version}}, 1);
  to.family("configuration_generation", Type::gauge, "Accepted configurations since vtid started.");
  to.add({}, snapshot.generation);
  to.family("converged", Type::gauge, "1 when everything is as the file wants it.");
  to.add({}, *snapshot.converged ? 1 : 0);
  to.family("standby", Type::gauge, "1 while this node stands by for another.");
  to.add({}, snapshot.role == model::Role::standby ? 1 : 0);
  to.family("planned_changes", Type::gauge, "Changes of the kernel that are still to be made.");
  to.add({}, snapshot.plan.ops.size());
  to.family("problems", Type::gauge, "Problems as vtictl status lists them.");
  for (const std::string_view severity : kSeverities) {
    to.add({{"severity", std::string(severity)}}, std::ranges::count_if(snapshot.problems, [&](const auto& problem) {
             return model::print(problem.severity) == severity;
           }));
  }
  to.family("charon_connected", Type::gauge, "1 while charon answers on its socket.");
  to.add({}, snapshot.sas.connected ? 1 : 0);
  to.family("charon_ike_sas", Type::gauge, "IKE_SAs that charon has, also of connections that are not vtid's.");
  to.add({}, snapshot.sas.ikes.size());
  to.family("charon_child_sas", Type::gauge, "CHILD_SAs that charon has, also of connections that are not vtid's.");
  to.add({}, snapshot.sas.children.size());
  const model::Work& work = snapshot.work;
  to.family("steps", Type::counter, "Times that vtid looked at what had come in.");
  to.add({}, work.steps);
  to.family("kernel_writes", Type::counter, "Changes that the kernel made for vtid.");
  to.add({}, work.kernel_writes);
  to.family("kernel_refusals", Type::counter, "Changes that the kernel refused.");
  to.add({}, work.kernel_refusals);
  to.family("loop_busy_seconds", Type::counter, "Time in which the event loop could serve nothing else.");
  to.add({}, work.busy_seconds);
  to.family("loop_longest_hold_seconds", Type::gauge, "The longest of these times since vtid started.");
  to.add({}, work.longest_hold_seconds);
}

void add_tunnels(Exposition& to, const std::vector<model::TunnelStatus>& tunnels) {
  to.family("tunnel_info", Type::gauge, "Always 1; which device and interface a tunnel has.");
  for (const auto& tunnel : tunnels)
    to.add({{"tunnel", tunnel.name}, {"device", tunnel.device.text()}, {"interface", tunnel.interface}}, 1);
  to.family("tunnel_state", Type::gauge, "1 for the state that a tunnel is in.");
  for (const auto& tunnel : tunnels) to.add_states({"tunnel", tunnel.name}, model::print(tunnel.state), kTunnelStates);
  to.family("tunnel_state_timestamp_seconds", Type::gauge, "When a tunnel came into its state, in seconds since 1970.");
  for (const auto& tunnel : tunnels)
    if (tunnel.since != WallTime{}) to.add({{"tunnel", tunnel.name}}, tunnel.since.time_since_epoch().count());
  to.family("tunnel_children_up", Type::gauge, "CHILD_SAs of a tunnel that carry traffic.");
  for (const auto& tunnel : tunnels) to.add({{"tunnel", tunnel.name}}, tunnel.children_up);
  to.family("tunnel_children_wanted", Type::gauge, "CHILD_SAs that a tunnel is to have.");
  for (const auto& tunnel : tunnels) to.add({{"tunnel", tunnel.name}}, tunnel.children_wanted);
  to.family("tunnel_mtu_bytes", Type::gauge, "MTU of a tunnel's first interface.");
  for (const auto& tunnel : tunnels) to.add({{"tunnel", tunnel.name}}, tunnel.mtu);
  for (const Counter& counter : kCounters) {
    to.family(fmt::format("tunnel_{}", counter.name), Type::counter,
              fmt::format("{} through a tunnel, over rekeys and restarts of charon.", counter.help));
    for (const auto& tunnel : tunnels) to.add({{"tunnel", tunnel.name}}, tunnel.counters.*counter.member);
  }
}

void add_children(Exposition& to, const std::vector<model::TunnelStatus>& tunnels) {
  const auto each = [&](auto add) {
    for (const auto& tunnel : tunnels)
      for (const model::ChildStatus& child : tunnel.children) add(tunnel, child);
  };
  to.family("child_up", Type::gauge, "1 while a CHILD_SA that is wanted carries traffic.");
  each([&](const auto& tunnel, const auto& child) {
    to.add({{"tunnel", tunnel.name}, {"child", child.name}}, child.up ? 1 : 0);
  });
  for (const Counter& counter : kCounters) {
    to.family(fmt::format("child_{}", counter.name), Type::counter, fmt::format("{} by a child's interface.", counter.help));
    each([&](const auto& tunnel, const auto& child) {
      if (!child.device.empty()) to.add({{"tunnel", tunnel.name}, {"child", child.name}}, child.counters.*counter.member);
    });
  }
}

void add_gateways(Exposition& to, const Index& index) {
  const auto each = [&](auto add) {
    for (const model::Gateway& gateway : index.config.gateways) {
      add(gateway.name, index.snapshot.gateway(gateway.name).value_or(model::GatewayHealth{}));
    }
  };
  const auto add_measured = [&](std::string_view name, std::string_view help, auto figure) {
    to.family(name, Type::gauge, help);
    each([&](const std::string& gateway, const model::GatewayHealth& health) {
      if (health.state != model::GatewayState::unmonitored && health.state != model::GatewayState::pending)
        to.add({{"gateway", gateway}}, figure(health));
    });
  };
  to.family("gateway_state", Type::gauge, "1 for the state that a gateway is in.");
  each([&](const std::string& gateway, const model::GatewayHealth& health) {
    to.add_states({"gateway", gateway}, model::print(health.state), kGatewayStates);
  });
  add_measured("gateway_round_trip_seconds", "Mean round trip of the probes in the window.",
               [](const auto& health) { return health.rtt_ms * kMillisecond; });
  add_measured("gateway_round_trip_deviation_seconds", "Standard deviation of these round trips.",
               [](const auto& health) { return health.stddev_ms * kMillisecond; });
  add_measured("gateway_loss_ratio", "Share of the probes in the window that were lost, from 0 to 1.",
               [](const auto& health) { return health.loss_percent * kPercent; });
  to.family("gateway_move_seconds", Type::gauge,
            "From a gateway's last answer to the kernel's last change, when traffic last left it.");
  for (const auto& [gateway, took] : index.snapshot.moves) {
    to.add({{"gateway", gateway}}, static_cast<double>(took.count()) * kMillisecond);
  }
}

void add_groups(Exposition& to, const Index& index) {
  const Json groups = find_kind("groups")->list(index);
  to.family("group_state", Type::gauge, "1 for the state that a gateway group is in.");
  for (const Json& group : groups) to.add_states({"group", text_of(group, "name")}, text_of(group, "state"), kGroupStates);
  to.family("group_member_carries", Type::gauge, "1 while a member carries for its group.");
  for (const Json& group : groups)
    for (const Json& member : group.at("members"))
      to.add({{"group", text_of(group, "name")}, {"gateway", text_of(member, "name")}},
             member.at("carries").get<bool>() ? 1 : 0);
}

void add_routes(Exposition& to, const Index& index) {
  to.family("route_state", Type::gauge, "1 for what has become of a route.");
  for (const Json& route : find_kind("routes")->list(index))
    to.add_states({"route", text_of(route, "name")}, text_of(route, "state"), kRouteStates);
}

void add_rules(Exposition& to, const Index& index) {
  const Json rules = find_kind("rules")->list(index);
  for (const char* what : {"packets", "bytes"}) {
    to.family(fmt::format("rule_{}", what), Type::counter, "What a rule matched since the filter was last written.");
    for (const Json& rule : rules)
      to.add({{"rule", text_of(rule, "name")}, {"action", text_of(rule, "action")}}, rule.at(what).get<std::uint64_t>());
  }
}

}  // namespace

std::optional<MetricsFormat> parse_metrics_format(std::string_view name) {
  if (name.empty()) return MetricsFormat::openmetrics;
  const auto* found = std::ranges::find(protocol::kMetricsFormats, name);
  return found == protocol::kMetricsFormats.end()
             ? std::nullopt
             : std::optional(static_cast<MetricsFormat>(found - protocol::kMetricsFormats.begin()));
}

std::string render_metrics(const Index& index, MetricsFormat format) {
  Exposition to(format);
  add_daemon(to, index.snapshot);
  add_tunnels(to, *index.snapshot.tunnels);
  add_children(to, *index.snapshot.tunnels);
  add_gateways(to, index);
  add_groups(to, index);
  add_routes(to, index);
  add_rules(to, index);
  return std::move(to).end();
}

}  // namespace vtid::control
