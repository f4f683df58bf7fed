#include <fmt/format.h>

#include <algorithm>

#include "foreign/pfsense.h"

namespace vtid::foreign {
namespace {

class Gateways {
 public:
  explicit Gateways(Work& work) : work_(work), section_(work.root.at("gateways")) {}

  void carry() {
    for (const auto& [key, name] : work_.interfaces) know_automatic(key, name);
    for (const Element* item : section_.all("gateway_item")) carry_gateway(*item);
    for (const Element* group : section_.all("gateway_group")) carry_group(*group);
    carry_default(net::Family::ipv4, "defaultgw4");
    carry_default(net::Family::ipv6, "defaultgw6");
    for (const Element* route : work_.root.at("staticroutes").all("route")) carry_route(*route);
    note_others(work_, section_, {"gateway_item", "gateway_group", "defaultgw4", "defaultgw6"});
  }

 private:
  void know_automatic(const std::string& key, const std::string& name) {
    const VtiPort* port = work_.port_of(key);
    if (port == nullptr) return;
    for (const auto& [family, prefix] : port->local) {
      const std::string_view suffix = family == net::Family::ipv4 ? "_VTIV4" : "_VTIV6";
      work_.gateways.emplace(name + std::string(suffix), family);
      if (name != work_.names.title(key))
        renamed_.emplace(work_.names.title(key) + std::string(suffix), name + std::string(suffix));
    }
  }

  // The name that a gateway of pfSense has with us.
  [[nodiscard]] std::string ours(const std::string& name) const {
    const auto found = renamed_.find(name);
    return found == renamed_.end() ? name : found->second;
  }

  void carry_gateway(const Element& item) {
    const std::string name = ours(item.value("name"));
    const auto skip = [&](std::string why, std::string remedy = {}) {
      work_.draft.note(place_of(item), fmt::format("the gateway \"{}\" is not carried over: {}", name, why), std::move(remedy));
    };
    if (item.has("disabled")) return skip("it is disabled");
    const bool automatic = work_.gateways.contains(name);
    const auto address = net::parse_address(item.value("gateway"));
    Json json = Json::object();
    if (!automatic) {
      if (!address)
        return skip("its address comes from elsewhere (\"" + item.value("gateway") + "\"), and vtid needs to know it",
                    "write it into \"gateways\"");
      const bool tunnel = work_.port_of(item.value("interface")) != nullptr;
      const std::string interface =
          tunnel ? tunnel_interface(item.value("interface")) : work_.device_interface(item.value("interface"));
      if (interface.empty()) return skip(fmt::format("its interface \"{}\" is not", item.value("interface")));
      json["interface"] = interface;
      json["address"] = net::print(*address);
    }
    if (const auto weight = number_of(item.value("weight"))) json["weight"] = *weight;
    if (item.has("force_down")) json["forced_down"] = true;
    if (Json monitor = monitor_of(item); !monitor.empty()) json["monitor"] = std::move(monitor);
    if (!automatic) work_.gateways.emplace(name, address->family());
    if (!json.empty()) work_.draft.add("gateways", name, std::move(json), place_of(item));
    for (const std::string_view key :
         {"action_disable", "data_payload", "gw_down_kill_states", "nonlocalgateway", "dpinger_dont_add_static_route"}) {
      if (item.has(key)) work_.draft.note(place_of(item.at(key)), "is not carried over: vtid has nothing for it");
    }
  }

  [[nodiscard]] std::string tunnel_interface(const std::string& key) const {
    const auto found = work_.interfaces.find(key);
    return found == work_.interfaces.end() ? "" : found->second;
  }

  static Json monitor_of(const Element& item) {
    Json monitor = Json::object();
    if (item.has("monitor_disable")) monitor["enabled"] = false;
    if (!item.value("monitor").empty()) monitor["address"] = item.value("monitor");
    const auto milliseconds = [&](Json& where, const char* ours, std::string_view theirs) {
      if (const auto value = number_of(item.value(theirs))) where[ours] = fmt::format("{}ms", *value);
    };
    milliseconds(monitor, "interval", "interval");
    milliseconds(monitor, "loss_interval", "loss_interval");
    milliseconds(monitor, "period", "time_period");
    milliseconds(monitor, "alert", "alert_interval");
    Json latency = Json::object(), loss = Json::object();
    milliseconds(latency, "low", "latencylow");
    milliseconds(latency, "high", "latencyhigh");
    if (const auto low = number_of(item.value("losslow"))) loss["low"] = *low;
    if (const auto high = number_of(item.value("losshigh"))) loss["high"] = *high;
    if (!latency.empty()) monitor["latency"] = std::move(latency);
    if (!loss.empty()) monitor["loss"] = std::move(loss);
    return monitor;
  }

  static std::string trigger_of(std::string_view trigger) {
    if (trigger == "downloss") return "loss";
    if (trigger == "downlatency") return "latency";
    return trigger == "downlosslatency" ? "loss_or_latency" : "down";
  }

  void carry_group(const Element& group) {
    const std::string& name = group.value("name");
    Json members = Json::array();
    std::optional<net::Family> family;
    for (const Element* item : group.all("item")) {
      const auto parts = words_of(item->text, "|");
      const std::string gateway = parts.empty() ? "" : ours(parts[0]);
      const long tier = parts.size() > 1 ? number_of(parts[1]).value_or(0) : 0;
      if (tier == 0) continue;  // "never"
      const auto known = work_.gateways.find(gateway);
      if (known == work_.gateways.end()) {
        work_.draft.note(place_of(*item), fmt::format("is not carried over: the gateway \"{}\" is not", gateway));
        continue;
      }
      family = known->second;
      members.push_back({{"gateway", gateway}, {"tier", tier}});
      if (parts.size() > 2 && parts[2] != "address") {
        work_.draft.note(place_of(*item), "its virtual address is not carried over: vtid sends from the interface's own");
      }
    }
    if (members.empty())
      return work_.draft.note(place_of(group),
                              fmt::format("the group \"{}\" is not carried over: it has no member left", name));
    work_.groups.emplace(name, *family);
    work_.draft.add("gateway_groups", name, {{"trigger", trigger_of(group.value("trigger"))}, {"members", std::move(members)}},
                    place_of(group));
    if (!group.value("keep_failover_states").empty()) {
      work_.draft.note(place_of(group.at("keep_failover_states")), "is not carried over: vtid kills no states");
    }
  }

  [[nodiscard]] bool has_device_gateway(net::Family family) const {
    return std::ranges::any_of(section_.all("gateway_item"), [&](const Element* item) {
      const auto known = work_.gateways.find(ours(item->value("name")));
      return known != work_.gateways.end() && known->second == family && work_.port_of(item->value("interface")) == nullptr;
    });
  }

  // Before 2.4.4 the gateway itself said that it is the default.
  [[nodiscard]] std::string marked_default(net::Family family) const {
    for (const Element* item : section_.all("gateway_item")) {
      const auto known = work_.gateways.find(ours(item->value("name")));
      if (item->has("defaultgw") && known != work_.gateways.end() && known->second == family) return known->first;
    }
    return "";
  }

  void carry_default(net::Family family, std::string_view key) {
    std::string name = ours(section_.value(key));
    if (name.empty()) name = marked_default(family);
    const std::string ours_key = family == net::Family::ipv4 ? "ipv4" : "ipv6";
    const Place place = place_of(section_.at(key));
    if (name == "-") return;
    if (name.empty()) {
      if (has_device_gateway(family)) work_.draft.set("default_gateway", ours_key, "automatic", place);
      return;
    }
    if (work_.gateways.contains(name) || work_.groups.contains(name))
      return work_.draft.set("default_gateway", ours_key, name, place);
    work_.draft.note(place, fmt::format("the default route of {} is left alone: the gateway \"{}\" is not carried over",
                                        net::print(family), name));
  }

  void carry_route(const Element& route) {
    const auto skip = [&](std::string why) { work_.draft.note(place_of(route), "is not carried over: " + std::move(why)); };
    if (route.has("disabled")) return skip("it is disabled");
    const std::string via = ours(route.value("gateway"));
    const auto known = work_.gateways.find(via);
    if (known == work_.gateways.end()) return skip(fmt::format("the gateway \"{}\" is not", via));
    const auto networks = work_.names.networks(route.value("network"));
    if (!networks) return skip(networks.error().text);
    for (const net::Prefix& to : *networks) {
      if (to.family() != known->second)
        work_.draft.note(place_of(route),
                         fmt::format("{} is not carried over: the gateway has another family", net::print(to)));
      else
        work_.draft.append("routes", {{"to", net::print(to)}, {"via", via}}, place_of(route));
    }
  }

  Work& work_;
  const Element& section_;
  std::map<std::string, std::string, std::less<>> renamed_;
};

}  // namespace

void carry_gateways(Work& work) { Gateways(work).carry(); }

}  // namespace vtid::foreign
