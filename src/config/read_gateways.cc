#include <fmt/format.h>

#include <map>

#include "config/automatic.h"
#include "config/read.h"
#include "config/values.h"
#include "model/mtu.h"

namespace vtid::config {
namespace {

using namespace std::chrono_literals;
using model::Gateway;
using model::Interface;
using model::MonitorOptions;

constexpr std::uint32_t kHighestMtu = 8192;  // if_ipsec(4)
constexpr std::uint16_t kHighestMss = 8152;  // kHighestMtu less the headers of IPv4 and TCP
constexpr int kMostFalls = 100;
constexpr int kMostSilent = 1'000;

Result<decltype(Interface::mss)> mss(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word != nullptr && *word == "auto") return model::AutomaticMss{};
  if (word != nullptr && *word == "none") return model::NoMss{};
  if (word != nullptr) return fail(fmt::format("\"{}\" is not an MSS", *word), "write \"auto\", \"none\" or a number");
  return map(number_in(model::kLowestMss, kHighestMss)(node),
             [](std::uint16_t size) { return decltype(Interface::mss)(size); });
}

Result<decltype(MonitorOptions::silence)> silence(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word != nullptr && *word == "auto") return model::AutomaticSilence{};
  if (word != nullptr && *word == "off") return model::NoSilence{};
  if (word != nullptr) {
    return fail(fmt::format("\"{}\" is no number of probes", *word), "write \"auto\", \"off\" or a number");
  }
  return map(number_in(1, kMostSilent)(node), [](int probes) { return decltype(MonitorOptions::silence)(probes); });
}

Interface read_interface(std::string name, Object object) {
  Interface result;
  result.name = std::move(name);
  if (object.readable() && object.has("tunnel") == object.has("device")) {
    object.fail(Error{object.has("tunnel") ? "has both a tunnel and a device" : "has neither a tunnel nor a device",
                      "name the one that it is"});
  }
  if (object.has("tunnel")) {
    auto& port = result.port.emplace<model::TunnelPort>();
    object.read("tunnel", port.tunnel, text);
    object.read("child", port.child, filled_text);
  } else {
    object.read("device", result.port.emplace<model::DevicePort>().device, device);
    if (object.has("child")) object.fail("child", Error{"belongs to a tunnel", "name its \"tunnel\", or take it out"});
  }
  object.read("enabled", result.enabled, flag);
  object.read("description", result.description, text);
  object.read("mtu", result.mtu, or_auto(number_in(model::kLowestMtu, kHighestMtu)));
  object.read("mss", result.mss, mss);
  object.read("reply_to", result.reply_to, or_auto(flag));
  object.read("vrf", result.vrf, device);
  object.read("fib", result.fib, number_in(0U, net::kMostFibs - 1));
  object.close();
  return result;
}

void read_range(Object& monitor, std::string_view key, auto& low, auto& high, auto convert) {
  auto range = monitor.object(key);
  if (!range) return;
  range->read("low", low, convert);
  range->read("high", high, convert);
  range->close();
}

constexpr Word<model::ProbeKind> kProbeKinds[] = {{"icmp", model::ProbeKind::icmp},
                                                  {"tcp", model::ProbeKind::tcp},
                                                  {"arp", model::ProbeKind::arp},
                                                  {"nd", model::ProbeKind::nd}};

model::MonitorTarget read_target(Object& object) {
  model::MonitorTarget target;
  object.read("address", target.address, or_auto(address));
  object.read("kind", target.kind, one_of(kProbeKinds));
  object.read("port", target.port, number_in(std::uint16_t{1}, std::uint16_t{65'535}));
  object.close();
  return target;
}

// "any" is one, "all" none.
Result<std::optional<std::size_t>> require(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word != nullptr && *word == "any") return 1;
  if (word != nullptr && *word == "all") return std::nullopt;
  if (word != nullptr) {
    return fail(fmt::format("\"{}\" is no number of targets", word->substr(0, kLongestShown)),
                "write \"any\", \"all\" or a number");
  }
  return map(number_in(1, static_cast<int>(model::kMostTargets))(node),
             [](int targets) { return std::optional(static_cast<std::size_t>(targets)); });
}

void read_monitor(Object object, MonitorOptions& monitor) {
  object.read("enabled", monitor.enabled, flag);
  object.read("address", monitor.address, or_auto(address));
  for (Object& target : object.items("targets")) monitor.targets.push_back(read_target(target));
  if (monitor.targets.size() > model::kMostTargets) {
    object.fail("targets", Error{fmt::format("{} are too many", monitor.targets.size()),
                                 fmt::format("write at most {}", model::kMostTargets)});
  }
  object.read("require", monitor.require, require);
  object.read("interval", monitor.interval, duration_in(10ms, 1h));
  object.read("loss_interval", monitor.loss_interval, duration_in(10ms, 1h));
  object.read("period", monitor.period, duration_in(10ms, 24h));
  object.read("alert", monitor.alert, duration_in(10ms, 1h));
  object.read("hold", monitor.hold, duration_in(0s, 24h));
  read_range(object, "latency", monitor.latency_low, monitor.latency_high, duration_in(1ms, 1h));
  read_range(object, "loss", monitor.loss_low, monitor.loss_high, number_in(1, 100));
  object.read("silence", monitor.silence, silence);
  if (auto damping = object.object("damping")) {
    damping->read("falls", monitor.falls, number_in(1, kMostFalls));
    damping->read("window", monitor.fall_window, duration_in(1s, 24h));
    damping->read("longest", monitor.longest_hold, duration_in(0s, 24h));
    damping->close();
  }
  object.close();
}

void read_options(Object& object, Gateway& gateway) {
  object.read("description", gateway.description, text);
  object.read("weight", gateway.weight, number_in(1, kHighestWeight));
  object.read("forced_down", gateway.monitor.forced_down, flag);
  if (auto monitor = object.object("monitor")) read_monitor(std::move(*monitor), gateway.monitor);
}

// An entry that sets the options of an automatic gateway may not move it.
void read_automatic(Object object, Gateway& gateway) {
  read_options(object, gateway);
  for (const std::string_view key : {"interface", "address", "family", "on_link"}) {
    if (object.has(key)) {
      object.fail(key,
                  Error{fmt::format("{} is an automatic gateway: its interface and address come from its tunnel", gateway.name),
                        "take it out"});
    }
  }
  object.close();
}

constexpr Word<net::Family> kFamilies[] = {{"ipv4", net::Family::ipv4}, {"ipv6", net::Family::ipv6}};

// A dynamic one has a family in its place, and its address from the host (reconcile/leases.h).
void read_address(Object& object, Gateway& gateway) {
  std::optional<net::Address> written = net::Address{};
  object.require("address", written, or_word(model::kDynamic, address));
  gateway.dynamic = !written;
  if (written) {
    gateway.address = *written;
    if (object.has("family")) object.fail("family", Error{"belongs to \"dynamic\": an address says its own", "take it out"});
    return;
  }
  net::Family family{};
  object.require("family", family, one_of(kFamilies));
  gateway.address = net::Address::any(family);
}

Gateway read_written(std::string name, Object object) {
  Gateway gateway;
  gateway.name = std::move(name);
  object.require("interface", gateway.interface, text);
  read_address(object, gateway);
  object.read("on_link", gateway.on_link, flag);
  read_options(object, gateway);
  object.close();
  return gateway;
}

}  // namespace

std::vector<Interface> read_interfaces(Object& root) {
  std::vector<Interface> interfaces;
  for (auto& [name, node] : root.named("interfaces", kMostInterfaces)) interfaces.push_back(read_interface(name, node));
  return interfaces;
}

std::vector<Gateway> read_gateways(Object& root, const model::Config& config, Findings& findings) {
  const Automatic automatic(config);
  std::vector<Gateway> gateways = automatic.gateways();
  std::map<std::string, std::size_t, std::less<>> index;
  for (std::size_t i = 0; i < gateways.size(); ++i) index.emplace(gateways[i].name, i);
  for (auto& [name, node] : root.named("gateways", kMostGateways)) {
    if (const auto known = index.find(name); known != index.end()) {
      read_automatic(node, gateways[known->second]);
    } else if (const auto absence = automatic.why_absent(name)) {
      Gateway dormant;
      dormant.name = name;
      read_automatic(node, dormant);
      findings.warning(join("/gateways", name), "has no effect: " + absence->text, absence->remedy);
    } else {
      gateways.push_back(read_written(name, node));
    }
  }
  return gateways;
}

}  // namespace vtid::config
