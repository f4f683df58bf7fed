#include <fmt/format.h>

#include "base/number.h"
#include "config/read.h"
#include "config/read_options.h"
#include "config/values.h"

namespace vtid::config {
namespace {

using model::FilterMode;
using model::NatKind;
using model::RuleAction;
using model::RuleDirection;

constexpr Word<FilterMode> kModes[] = {{"enc", FilterMode::enc}, {"if_ipsec", FilterMode::if_ipsec}};
constexpr Word<RuleDirection> kDirections[] = {{"in", RuleDirection::in}, {"out", RuleDirection::out}};
constexpr Word<RuleAction> kActions[] = {
    {"pass", RuleAction::pass}, {"block", RuleAction::block}, {"reject", RuleAction::reject}};
constexpr Word<NatKind> kKinds[] = {
    {"source", NatKind::source}, {"destination", NatKind::destination}, {"one_to_one", NatKind::one_to_one}};

Result<std::uint8_t> protocol(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word == nullptr) return number_in<std::uint8_t>(0, UINT8_MAX)(node);
  if (const auto number = net::protocol_number(*word)) return *number;
  if (const auto number = parse_number<std::uint8_t>(*word)) return *number;
  return fail(fmt::format("\"{}\" is not a protocol", word->substr(0, kLongestShown)),
              "write \"any\", \"tcp\", \"udp\", \"icmp\", \"icmp6\" or a number");
}

auto icmp_type(std::uint8_t protocol) {
  return [protocol](const Node& node) -> Result<std::uint8_t> {
    const auto* word = std::get_if<std::string>(&node.value);
    if (word == nullptr) return number_in<std::uint8_t>(0, UINT8_MAX)(node);
    if (const auto number = net::icmp_type_number(protocol, *word)) return *number;
    if (const auto number = parse_number<std::uint8_t>(*word)) return *number;
    return fail(fmt::format("\"{}\" is not a type of {}", word->substr(0, kLongestShown), net::protocol_word(protocol)),
                "write it like \"echo-request\", or as a number");
  };
}

bool is_icmp(const model::Traffic& traffic) {
  return traffic.protocols.size() == 1 && (traffic.protocols.front() == net::kIcmp || traffic.protocols.front() == net::kIcmp6);
}

// What nft and pf can carry between quotes.
Result<std::string> log_prefix(const Node& node) {
  return then(filled_text(node), [](const std::string& prefix) -> Result<std::string> {
    if (prefix.size() > kLongestLogPrefix) return fail(fmt::format("is longer than {} bytes", kLongestLogPrefix));
    if (prefix.find_first_of("\"\\$") != std::string::npos) return fail("holds '\"', '\\' or '$'", "take them out");
    return prefix;
  });
}

// true asks for a prefix that names the rule.
auto log_of(std::size_t index) {
  return [index](const Node& node) -> Result<std::optional<std::string>> {
    const bool* wanted = std::get_if<bool>(&node.value);
    if (wanted != nullptr) return *wanted ? std::optional(fmt::format("vtid rules/{}: ", index)) : std::nullopt;
    return map(log_prefix(node), [](const std::string& prefix) { return std::optional(prefix); });
  };
}

model::FilterRule read_rule(Object& object, std::size_t index, const Lists& lists) {
  model::FilterRule rule;
  object.require("on", rule.on, filled_text);
  object.read("direction", rule.direction, one_of(kDirections));
  object.require("action", rule.action, one_of(kActions));
  read_traffic(object, rule.traffic, lists);
  read_exceptions(object, rule.traffic, lists);
  object.read("dscp", rule.traffic.dscp, any_or_list(kMostDscps, dscp_value));
  object.read("log", rule.log, log_of(index));
  object.read("description", rule.description, text);
  object.read("gateway", rule.gateway, filled_text);
  if (object.has("when_down") && !object.has("gateway")) {
    object.fail("when_down", Error{"belongs to a rule with a gateway", "name one in \"gateway\", or take it out"});
  } else {
    read_when_down(object, rule.when_down);
  }
  object.close();
  return rule;
}

Result<decltype(model::NatRule::address)> nat_address(const Node& node) {
  const auto* word = std::get_if<std::string>(&node.value);
  if (word != nullptr && *word == "interface") return model::OwnAddress{};
  if (word != nullptr && *word == "none") return model::NoTranslation{};
  return map(end_of_traffic(node), [](const net::Prefix& prefix) { return decltype(model::NatRule::address)(prefix); });
}

// Which keys a translation has depends on its kind.
model::NatRule read_translation(Object& object, const Lists& lists) {
  model::NatRule nat;
  object.require("on", nat.on, filled_text);
  object.require("kind", nat.kind, one_of(kKinds));
  read_traffic(object, nat.traffic, lists);
  if (nat.kind == NatKind::destination) {
    object.need("to");
    object.require("target", nat.target, address);
    object.read("target_port", nat.target_port, [](const Node& node) {
      return map(number_in<std::uint16_t>(1, UINT16_MAX)(node), [](std::uint16_t port) { return std::optional(port); });
    });
  } else {
    object.require("address", nat.address, nat_address);
  }
  if (nat.kind == NatKind::one_to_one) object.need("from");
  const std::string_view foreign = nat.kind == NatKind::destination ? "address" : "target";
  for (const std::string_view key : {foreign, nat.kind == NatKind::destination ? foreign : std::string_view("target_port")}) {
    if (object.has(key)) {
      object.fail(key, Error{fmt::format("does not belong to kind \"{}\"", model::print(nat.kind)), "take it out"});
      break;
    }
  }
  object.read("description", nat.description, text);
  object.close();
  return nat;
}

}  // namespace

void read_traffic(Object& object, model::Traffic& traffic, const Lists& lists) {
  const auto ends = [&](const Node& node) { return ends_of_traffic(node, lists); };
  const auto ports = [&](const Node& node) { return ports_of_traffic(node, lists); };
  object.read("protocol", traffic.protocols, any_or_list(UINT8_MAX, protocol));
  object.read("from", traffic.from, ends);
  object.read("to", traffic.to, ends);
  object.read("from_ports", traffic.from_ports, ports);
  object.read("ports", traffic.ports, ports);
  if (is_icmp(traffic)) {
    object.read("icmp_types", traffic.icmp_types, any_or_list(UINT8_MAX, icmp_type(traffic.protocols.front())));
  } else if (object.has("icmp_types")) {
    object.fail("icmp_types", Error{"belongs to one protocol, icmp or icmp6", "write \"protocol\": \"icmp\", or take it out"});
  }
}

void read_exceptions(Object& object, model::Traffic& traffic, const Lists& lists) {
  const auto exceptions = [&](const Node& node) { return exceptions_of_traffic(node, lists); };
  object.read("from_not", traffic.from_not, exceptions);
  object.read("to_not", traffic.to_not, exceptions);
}

std::vector<Object> bounded_items(Object& root, std::string_view key, std::size_t most) {
  auto items = root.items(key);
  if (items.size() <= most) return items;
  root.fail(key, Error{fmt::format("has {} entries", items.size()), fmt::format("at most {} are allowed", most)});
  return {};
}

model::FilterConfig read_filter(Object& root, const Lists& lists) {
  model::FilterConfig filter;
  if (auto object = root.object("filter")) {
    object->read("mode", filter.mode, one_of(kModes));
    object->read("allow_blocked_tunnels", filter.allow_blocked_tunnels, flag);
    object->close();
  }
  if (root.has("rules")) {
    auto& rules = filter.rules.emplace();
    for (Object& object : bounded_items(root, "rules", kMostRules)) rules.push_back(read_rule(object, rules.size(), lists));
  }
  for (Object& object : bounded_items(root, "nat", kMostRules)) filter.nat.push_back(read_translation(object, lists));
  return filter;
}

}  // namespace vtid::config
