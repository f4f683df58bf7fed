#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "foreign/pfsense.h"

namespace vtid::foreign {
namespace {

class Gateways {
 public:
  explicit Gateways(Work& work) : work_(work), section_(work.root.at("gateways")), lines_(work.names.lines()) {}

  void carry() {
    for (const auto& [key, name] : work_.interfaces) know_automatic(key, name);
    for (const Element* item : section_.all("gateway_item")) carry_gateway(*item);
    for (const auto& [name, line] : lines_) carry_line(name, line);
    for (const Element* group : section_.all("gateway_group")) carry_group(*group);
    carry_default(net::Family::ipv4, "defaultgw4");
    carry_default(net::Family::ipv6, "defaultgw6");
    for (const Element* route : work_.root.at("staticroutes").all("route")) carry_route(*route);
    for (const GroupEnd& end : work_.group_ends) carry_group_end(end);
    for (const PeerPin& pin : work_.pins) carry_pin(pin);
  }

 private:
  void know_automatic(const std::string& key, const std::string& name) {
    const VtiPort* port = work_.port_of(key);
    if (port == nullptr) return;
    const std::string title = work_.names.title(key);
    const bool enabled = work_.names.interface(key)->has("enable");
    for (const auto& [family, prefix] : port->local) {
      if (enabled)
        work_.gateways.emplace(automatic(name, family), family);
      else
        work_.asleep.emplace(automatic(name, family), "interfaces/" + name);
    }
    for (const auto& [family, what] : port->asleep) {
      if (!port->local.contains(family)) work_.asleep.emplace(automatic(name, family), what);
    }
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (name != title) work_.renamed.emplace(automatic(title, family), automatic(name, family));
    }
  }

  static std::string automatic(const std::string& interface, net::Family family) {
    return interface + (family == net::Family::ipv4 ? "_VTIV4" : "_VTIV6");
  }

  // Why a gateway cannot be used.
  [[nodiscard]] std::string why_not(const std::string& gateway) const {
    const auto found = work_.asleep.find(gateway);
    return found == work_.asleep.end()
               ? fmt::format("the gateway \"{}\" is not", gateway)
               : fmt::format("the gateway \"{}\" is off, because {} is disabled", gateway, found->second);
  }

  void carry_gateway(const Element& item) {
    const std::string name = work_.ours(item.value("name"));
    const auto skip = [&](std::string why, std::string remedy = {}) {
      work_.draft.note(place_of(item), fmt::format("the gateway \"{}\" is not carried over: {}", name, why), std::move(remedy));
      told(item);
    };
    pass_over(item, {"interface", "gateway", "ipprotocol", "defaultgw"});
    if (item.has("disabled")) return skip("it is disabled");
    if (const auto off = work_.asleep.find(name); off != work_.asleep.end())
      return skip(fmt::format("{} is disabled", off->second));
    const bool automatic = work_.gateways.contains(name);
    const bool far = item.has("nonlocalgateway") || item.has("fargw");  // pfSense's word, OPNsense's
    const auto address = net::parse_address(item.value("gateway"));
    const bool dynamic = item.value("gateway") == "dynamic" || item.value("gateway").empty();
    Json json = Json::object();
    if (!automatic) {
      if (!address && !dynamic) return skip(fmt::format("its address \"{}\" is not one", item.value("gateway")));
      const bool tunnel = work_.port_of(item.value("interface")) != nullptr;
      if (tunnel && !address) return skip("a tunnel is given no address by anybody", "write one into \"gateways\"");
      if (const std::string off = tunnel ? off_on(item.value("interface"), address->family()) : ""; !off.empty()) {
        work_.asleep.emplace(name, off);
        return skip(fmt::format("{} is disabled", off));
      }
      const std::string interface =
          tunnel ? tunnel_interface(item.value("interface")) : work_.device_interface(item.value("interface"));
      if (interface.empty()) return skip(fmt::format("its interface \"{}\" is not", item.value("interface")));
      json["interface"] = interface;
      json["address"] = address ? net::print(*address) : "dynamic";
      if (!address) json["family"] = net::print(family_of(item));
      if (far && !tunnel) json["on_link"] = true;
    }
    if (const std::string& description = item.value("descr"); !description.empty()) json["description"] = description;
    if (const auto weight = number_of(item.value("weight"))) json["weight"] = *weight;
    if (item.has("force_down")) json["forced_down"] = true;
    if (Json monitor = monitor_of(item); !monitor.empty()) json["monitor"] = std::move(monitor);
    if (!automatic) work_.gateways.emplace(name, address ? address->family() : family_of(item));
    if (!json.empty()) work_.draft.add("gateways", name, std::move(json), place_of(item));
    note_texts(work_, item, {"data_payload", "gw_down_kill_states"}, "vtid has nothing for it");
  }

  [[nodiscard]] static net::Family family_of(const Element& item) {
    return item.value("ipprotocol") == "inet6" ? net::Family::ipv6 : net::Family::ipv4;
  }

  [[nodiscard]] bool is_referred_to(const std::string& name) const {
    const auto named = [&](const Element* item) { return item->value("gateway") == name; };
    return section_.value("defaultgw4") == name || section_.value("defaultgw6") == name ||
           std::ranges::any_of(work_.root.at("staticroutes").all("route"), named) ||
           std::ranges::any_of(work_.root.at("filter").all("rule"), named) ||
           std::ranges::any_of(section_.all("gateway_group"),
                               [&](const Element* group) { return is_member(name, group->value("name")); });
  }

  [[nodiscard]] bool leads_to_a_peer(const PfsenseNames::Line& line) const {
    return !is_default(line.key, line.family) && std::ranges::any_of(work_.pins, [&](const PeerPin& pin) {
      return pin.peer && pin.peer->family() == line.family && interface_of(pin.phase1) == line.key;
    });
  }

  void carry_line(const std::string& name, const PfsenseNames::Line& line) {
    if (work_.gateways.contains(name) || work_.asleep.contains(name)) return;
    if (!is_referred_to(name) && !leads_to_a_peer(line)) return;
    const bool written =
        std::ranges::any_of(section_.all("gateway_item"), [&](const Element* item) { return item->value("name") == name; });
    const std::string interface = written ? "" : work_.device_interface(line.key);
    if (interface.empty()) return;
    work_.gateways.emplace(name, line.family);
    work_.draft.add("gateways", name, {{"interface", interface}, {"address", "dynamic"}, {"family", net::print(line.family)}},
                    place_of(*work_.names.interface(line.key)));
  }

  // What is switched off of all that a gateway on a tunnel's interface needs.
  [[nodiscard]] std::string off_on(const std::string& key, net::Family family) const {
    if (!work_.names.interface(key)->has("enable")) return "interfaces/" + tunnel_interface(key);
    const VtiPort& port = *work_.port_of(key);
    const auto off = port.asleep.find(family);
    return off == port.asleep.end() || port.local.contains(family) ? "" : off->second;
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

  [[nodiscard]] bool is_on_device(const std::string& gateway) const {
    return std::ranges::any_of(section_.all("gateway_item"), [&](const Element* item) {
      return work_.ours(item->value("name")) == gateway && work_.port_of(item->value("interface")) == nullptr;
    });
  }

  void carry_group(const Element& group) {
    const std::string& name = group.value("name");
    Json members = Json::array();
    std::optional<net::Family> family;
    for (const Element* item : group.all("item")) {
      const auto parts = words_of(item->text, "|");
      const std::string gateway = parts.empty() ? "" : work_.ours(parts[0]);
      const long tier = parts.size() > 1 ? number_of(parts[1]).value_or(0) : 0;
      if (tier == 0) continue;  // "never"
      const auto known = work_.gateways.find(gateway);
      if (known == work_.gateways.end()) {
        work_.draft.note(place_of(*item), "is not carried over: " + why_not(gateway));
        continue;
      }
      if (family && *family != known->second) {
        work_.draft.note(place_of(*item), fmt::format("is not carried over: \"{}\" is {} and the group {}", gateway,
                                                      net::print(known->second), net::print(*family)));
        continue;
      }
      family = known->second;
      members.push_back({{"gateway", gateway}, {"tier", tier}});
      if (parts.size() < 3 || parts[2] == "address") continue;
      const auto local = is_on_device(gateway) ? work_.names.address(parts[2], known->second) : std::nullopt;
      if (local) {
        members.back()["local"] = net::print(local->address);
      } else {
        work_.draft.note(place_of(*item), "its virtual address is not carried over: vtid sends from the interface's own");
      }
    }
    if (members.empty()) {
      work_.draft.note(place_of(group), fmt::format("the group \"{}\" is not carried over: it has no member left", name));
      return told(group);
    }
    work_.groups.emplace(name, *family);
    Json json{{"trigger", trigger_of(group.value("trigger"))}, {"members", std::move(members)}};
    if (const std::string& description = group.value("descr"); !description.empty()) json["description"] = description;
    work_.draft.add("gateway_groups", name, std::move(json), place_of(group));
    note_texts(work_, group, {"keep_failover_states"}, "vtid kills no states");
  }

  [[nodiscard]] bool has_device_gateway(net::Family family) const {
    return std::ranges::any_of(section_.all("gateway_item"), [&](const Element* item) {
      const auto known = work_.gateways.find(work_.ours(item->value("name")));
      return known != work_.gateways.end() && known->second == family && work_.port_of(item->value("interface")) == nullptr;
    });
  }

  // Before 2.4.4 the gateway itself said that it is the default.
  [[nodiscard]] std::string marked_default(net::Family family) const {
    for (const Element* item : section_.all("gateway_item")) {
      const auto known = work_.gateways.find(work_.ours(item->value("name")));
      if (item->has("defaultgw") && known != work_.gateways.end() && known->second == family) return known->first;
    }
    return "";
  }

  void carry_default(net::Family family, std::string_view key) {
    std::string name = work_.ours(section_.value(key));
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
    const bool off = work_.asleep.contains(name);
    work_.draft.note(place, fmt::format("the default route of {} is left alone: {}", net::print(family),
                                        off ? why_not(name) : fmt::format("the gateway \"{}\" is not carried over", name)));
  }

  void carry_route(const Element& route) {
    const auto skip = [&](std::string why) {
      work_.draft.note(place_of(route), "is not carried over: " + std::move(why));
      told(route);
    };
    pass_over(route, {"descr"});
    if (route.has("disabled")) return skip("it is disabled");
    const std::string via = work_.ours(route.value("gateway"));
    const auto known = work_.gateways.find(via);
    if (known == work_.gateways.end()) return skip(why_not(via));
    const auto networks = work_.names.networks(route.value("network"));
    if (!networks) return skip(networks.error().text);
    for (const net::Prefix& to : *networks) {
      if (to.family() != known->second) {
        work_.draft.note(place_of(route),
                         fmt::format("{} is not carried over: the gateway has another family", net::print(to)));
      } else {
        routed_.emplace(to, via);
        work_.draft.append("routes", {{"to", net::print(to)}, {"via", via}}, described(route));
      }
    }
  }

  // ---- ways to peers

  // The gateway of an interface, as pfSense finds it.
  [[nodiscard]] std::string gateway_of(const std::string& key, net::Family family) const {
    if (work_.port_of(key) != nullptr) return automatic(tunnel_interface(key), family);
    const Element* entry = work_.names.interface(key);
    const std::string written =
        entry == nullptr ? "" : work_.ours(entry->value(family == net::Family::ipv4 ? "gateway" : "gatewayv6"));
    const auto line =
        std::ranges::find_if(lines_, [&](const auto& item) { return item.second.key == key && item.second.family == family; });
    return written.empty() && line != lines_.end() ? line->first : written;
  }

  // The interface that a phase 1 stands on: of a group of gateways, that of its first member.
  [[nodiscard]] std::string interface_of(const Element& phase1) const {
    std::string key = work_.names.owner(phase1.value("interface").empty() ? "wan" : phase1.value("interface"));
    if (work_.names.interface(key) != nullptr) return key;
    const auto first = work_.names.first_member(key);
    return first ? first->interface : "";
  }

  // Why a tunnel cannot move with the group that it stands on; empty: it can.
  [[nodiscard]] std::string why_fixed(const GroupEnd& end, const Json& ike) const {
    const auto family = work_.groups.find(end.group);
    if (family == work_.groups.end()) return "the group is not carried over";
    if (family->second != end.family) return "its gateways are of another address family";
    for (const Element* item : section_.all("gateway_item")) {
      const bool on_tunnel = work_.port_of(item->value("interface")) != nullptr;
      if (on_tunnel && is_member(item->value("name"), end.group)) return "a tunnel carries one of its gateways";
    }
    return ike["remote"]["address"] == "any" ? "its peer may be anywhere" : "";
  }

  [[nodiscard]] bool is_member(const std::string& gateway, const std::string& name) const {
    const auto groups = section_.all("gateway_group");
    return std::ranges::any_of(groups, [&](const Element* group) {
      const auto items = group->all("item");
      return group->value("name") == name &&
             std::ranges::any_of(items, [&](const Element* item) { return item->text.starts_with(gateway + '|'); });
    });
  }

  void carry_group_end(const GroupEnd& end) {
    if (!work_.draft.has("tunnels", end.tunnel)) return;
    Json& ike = work_.draft.at("tunnels", end.tunnel)["ike"];
    if (const std::string why = why_fixed(end, ike); !why.empty()) {
      return work_.draft.note(
          place_of(end.phase1.at("interface")),
          fmt::format("the tunnel begins where the first gateway of the group \"{}\" is, and does not move when that fails: {}",
                      end.group, why));
    }
    Json local{{"gateway", end.group}};
    if (ike["local"].contains("id")) local["id"] = ike["local"]["id"];
    ike["local"] = std::move(local);
    moving_.insert(end.tunnel);
  }

  void carry_pin(const PeerPin& pin) {
    if (moving_.contains(pin.tunnel)) return;  // vtid keeps the way to the peer itself
    const std::string key = interface_of(pin.phase1);
    if (!pin.peer) return note_named_peer(pin, key);
    const net::Address& peer = *pin.peer;
    const net::Family family = peer.family();
    const std::string via = key.empty() ? "" : gateway_of(key, family);
    if (const auto own = key.empty() ? std::nullopt : work_.names.address(key, family); own && own->contains(peer)) return;
    const net::Prefix to{peer, static_cast<std::uint8_t>(peer.bits())};
    const Place place = place_of(pin.phase1.has("interface") ? pin.phase1.at("interface") : pin.phase1);
    if (!work_.gateways.contains(via)) {
      if (is_default(key, family)) return;  // the system's own default route is the same way
      return work_.draft.note(
          place,
          fmt::format("{} sends to the peer {} of tunnels/{} by the gateway of \"{}\", which is not "
                      "carried over",
                      work_.product(), net::print(peer), pin.tunnel, key.empty() ? pin.phase1.value("interface") : key),
          fmt::format("write a route to {}", net::print(to)));
    }
    const auto [there, fresh] = routed_.emplace(to, via);
    if (fresh) return work_.draft.append("routes", {{"to", net::print(to)}, {"via", via}}, place);
    if (there->second == via) return;
    work_.draft.note(place, fmt::format("that {} sends to the peer of tunnels/{} by {} is not carried over: another "
                                        "route to {} goes by {}",
                                        work_.product(), pin.tunnel, via, net::print(to), there->second));
  }

  // Whatever address the name has, pfSense sends to it by that gateway.
  void note_named_peer(const PeerPin& pin, const std::string& key) {
    const net::Family family = pin.phase1.value("protocol") == "inet6" ? net::Family::ipv6 : net::Family::ipv4;
    if (key.empty() || is_default(key, family)) return;
    work_.draft.note(place_of(pin.phase1.at("remote-gateway")),
                     fmt::format("that {} sends to {} by the gateway of \"{}\" is not carried over: its address is not "
                                 "known here",
                                 work_.product(), pin.phase1.value("remote-gateway"), key),
                     "write a route to the address that it has");
  }

  // Whether the default route leaves there, as far as the file says.
  [[nodiscard]] bool is_default(const std::string& key, net::Family family) const {
    const std::string& name = section_.value(family == net::Family::ipv4 ? "defaultgw4" : "defaultgw6");
    if (name.empty()) return key == "wan";
    if (name.starts_with(work_.names.title(key) + '_')) return true;  // "WAN_DHCP" exists by itself
    return std::ranges::any_of(section_.all("gateway_item"), [&](const Element* item) {
      return item->value("name") == name && item->value("interface") == key;
    });
  }

  Work& work_;
  const Element& section_;
  const std::map<std::string, PfsenseNames::Line> lines_;
  std::map<net::Prefix, std::string> routed_;  // by what
  std::set<std::string> moving_;               // tunnels, with their gateways
};

}  // namespace

void carry_gateways(Work& work) { Gateways(work).carry(); }

}  // namespace vtid::foreign
