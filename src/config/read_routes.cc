#include <fmt/format.h>

#include <algorithm>

#include "config/read.h"
#include "config/values.h"

namespace vtid::config {
namespace {

using namespace std::chrono_literals;
using model::ChangeEvent;
using model::GatewayGroup;
using model::Trigger;
using model::WhenAllDown;
using model::WhenDown;

constexpr Word<Trigger> kTriggers[] = {{"down", Trigger::down},
                                       {"loss", Trigger::loss},
                                       {"latency", Trigger::latency},
                                       {"loss_or_latency", Trigger::loss_or_latency}};
constexpr Word<WhenAllDown> kWhenAllDown[] = {
    {"first_tier", WhenAllDown::first_tier}, {"keep_last", WhenAllDown::keep_last}, {"none", WhenAllDown::none}};
constexpr Word<WhenDown> kWhenDown[] = {
    {"keep", WhenDown::keep}, {"withdraw", WhenDown::withdraw}, {"blackhole", WhenDown::blackhole}};
constexpr Word<bool> kManual[] = {{"manual", true}};
constexpr Word<ChangeEvent> kChangeEvents[] = {{"gateway", ChangeEvent::gateway},
                                               {"tunnel", ChangeEvent::tunnel},
                                               {"group", ChangeEvent::group},
                                               {"role", ChangeEvent::role}};

GatewayGroup read_group(std::string name, Object object) {
  GatewayGroup group;
  group.name = std::move(name);
  object.read("description", group.description, text);
  object.read("trigger", group.trigger, one_of(kTriggers));
  object.read("when_all_down", group.when_all_down, one_of(kWhenAllDown));
  object.need("members");
  for (Object& item : bounded_items(object, "members", kMostMembers)) {
    model::GroupMember& member = group.members.emplace_back();
    item.require("gateway", member.gateway, text);
    item.read("tier", member.tier, number_in(1, kHighestTier));
    item.read("weight", member.weight, or_auto(number_in(1, kHighestWeight)));
    if (item.has("local")) item.read("local", member.local.emplace(), address);
    item.close();
  }
  object.close();
  return group;
}

// A program's path and its arguments.
Result<std::vector<std::string>> command(const Node& node) {
  const auto* items = std::get_if<Node::Array>(&node.value);
  if (items == nullptr) return std::unexpected(wrong_kind(node, "an array: the program's path, then its arguments"));
  if (items->size() > kMostArguments) return fail(fmt::format("has more than {} entries", kMostArguments));
  std::vector<std::string> result;
  for (const Node& item : *items) {
    auto word = text(item);
    if (!word) return fail("has an entry that " + word.error().text);
    result.push_back(std::move(*word));
  }
  if (!result.empty() && result.front().starts_with('/')) return result;
  return fail("does not begin with the path of a program", "write it in full: [\"/usr/local/bin/notify\"]");
}

Result<std::vector<ChangeEvent>> change_events(const Node& node) {
  const auto* items = std::get_if<Node::Array>(&node.value);
  if (items == nullptr) return std::unexpected(wrong_kind(node, "an array of strings"));
  if (items->empty()) return fail("is empty", "name what the program is run for, or take the key out for gateways");
  std::vector<ChangeEvent> events;
  for (const Node& item : *items) {
    const auto event = one_of(kChangeEvents)(item);
    if (!event) return std::unexpected(event.error());
    if (std::ranges::find(events, *event) != events.end())
      return fail(fmt::format("has \"{}\" twice", print(*event)), "name it once");
    events.push_back(*event);
  }
  return events;
}

}  // namespace

void read_when_down(Object& object, WhenDown& when_down) { object.read("when_down", when_down, one_of(kWhenDown)); }

std::vector<GatewayGroup> read_gateway_groups(Object& root) {
  std::vector<GatewayGroup> groups;
  for (auto& [name, node] : root.named("gateway_groups", kMostGroups)) groups.push_back(read_group(name, node));
  return groups;
}

model::DefaultGateway read_default_gateway(Object& root) {
  model::DefaultGateway chosen;
  if (auto object = root.object("default_gateway")) {
    object->read("ipv4", chosen.ipv4, filled_text);
    object->read("ipv6", chosen.ipv6, filled_text);
    object->close();
  }
  return chosen;
}

std::vector<model::StaticRoute> read_routes(Object& root) {
  std::vector<model::StaticRoute> routes;
  for (Object& object : root.items("routes")) {
    model::StaticRoute& route = routes.emplace_back();
    object.require("to", route.to, network);
    object.require("via", route.via, text);
    object.read("metric", route.metric, or_auto([](const Node& node) {
                  return map(number_in<std::uint32_t>(1, UINT32_MAX)(node),
                             [](std::uint32_t metric) { return net::Metric{metric}; });
                }));
    read_when_down(object, route.when_down);
    object.close();
  }
  return routes;
}

std::optional<model::OnChange> read_on_change(Object& root) {
  auto object = root.object("on_change");
  if (!object) return std::nullopt;
  model::OnChange result;
  object->require("command", result.command, command);
  object->read("timeout", result.timeout, duration_in(100ms, 5min));
  object->read("events", result.events, change_events);
  object->close();
  return result;
}

std::optional<net::Address> read_role(Object& root) {
  if (root.has_text("role")) {
    bool manual = true;
    root.read("role", manual, one_of(kManual));
    return std::nullopt;
  }
  auto object = root.object("role");
  if (!object) return std::nullopt;
  net::Address held;
  object->require("address", held, address);
  object->close();
  return object->has("address") ? std::optional(held) : std::nullopt;
}

}  // namespace vtid::config
