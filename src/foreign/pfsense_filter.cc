#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "foreign/pfsense.h"
#include "foreign/pfsense_traffic.h"

namespace vtid::foreign {
namespace {

using net::Family;

// They narrow a rule: without them it would match more than it did.
constexpr std::array<std::string_view, 9> kConditions{"os",        "sched",    "dscp", "tagged",   "tcpflags1",
                                                      "tcpflags2", "vlanprio", "user", "nottagged"};
// They add something to what a rule does.
constexpr std::array<std::string_view, 12> kExtras{
    "dnpipe",        "pdnpipe",      "defaultqueue",   "ackqueue",          "tag",          "max",
    "max-src-nodes", "max-src-conn", "max-src-states", "max-src-conn-rate", "statetimeout", "vlanprioset"};

class Filter {
 public:
  explicit Filter(Work& work) : work_(work), rules_(work.root.at("filter")) {}

  void carry() {
    if (!work_.root.has("ipsec")) return;
    work_.draft.begin("rules");  // pfSense denies what no rule passes
    for (const Element* rule : rules_.all("rule")) carry_rule(*rule);
    carry_nat();
  }

 private:
  // Where rules on pfSense's interface stand: "ipsec", one of ours, or nowhere.
  [[nodiscard]] std::string place_on(const std::string& key) const {
    if (key == "enc0") return "ipsec";
    const auto found = work_.interfaces.find(key);
    return work_.port_of(key) != nullptr && found != work_.interfaces.end() ? found->second : "";
  }

  [[nodiscard]] bool floats_over_tunnels(const Element& rule) const {
    const auto keys = words_of(rule.value("interface"), ",");
    return keys.empty() ||
           std::ranges::any_of(keys, [&](const std::string& key) { return key == "any" || !place_on(key).empty(); });
  }

  void carry_rule(const Element& rule) {
    const auto skip = [&](std::string why, std::string remedy = {}) {
      const bool shuts = rule.value("type") == "block" || rule.value("type") == "reject";
      if (shuts && remedy.empty()) remedy = "write it by hand, because later rules may pass what it blocked";
      work_.draft.note(place_of(rule), fmt::format("the rule \"{}\" is not carried over: {}", rule.value("descr"), why),
                       std::move(remedy));
    };
    if (rule.has("floating")) {
      if (rule.has("disabled") || !floats_over_tunnels(rule)) return;
      return skip("it is floating, and rules of vtid stand on tunnels", "write it on the interfaces that it is for");
    }
    const std::string on = place_on(rule.value("interface"));
    const bool routes = !rule.value("gateway").empty();
    if (on.empty() && !routes) return;  // the host's own firewall has it
    if (rule.has("disabled")) return skip("it is disabled", "write it if it is wanted");
    for (const std::string_view condition : kConditions) {
      if (!rule.value(condition).empty() || (condition == "nottagged" && rule.has(condition)))
        return skip(fmt::format("\"{}\" is nothing that vtid matches", condition));
    }
    if (rule.value("statetype") == "none") return skip("it passes without keeping state, and rules of vtid keep it");
    if (!on.empty()) filter_rule(rule, on, skip);
    if (routes && on != "ipsec")
      policy_route(rule, skip);
    else if (routes)
      work_.draft.note(place_of(rule.at("gateway")), "the rule's gateway is not carried over: it stands on no one interface");
  }

  template <class Skip>
  void filter_rule(const Element& rule, const std::string& on, Skip skip) {
    const bool assigned = on != "ipsec";
    if (assigned != work_.assigned_mode())
      return skip(assigned ? "in filter mode enc pfSense does not look at it"
                           : "in filter mode if_ipsec pfSense does not look at it");
    const std::string& type = rule.value("type");
    Json json{{"on", on}, {"direction", "in"}, {"action", type.empty() ? "pass" : type}};
    if (auto added = add_traffic(work_, rule, families_of(rule, {Family::ipv4}), json); !added) return skip(added.error().text);
    if (rule.has("log")) json["log"] = true;
    json["description"] = rule.value("descr");
    for (const std::string_view extra : kExtras) {
      if (!rule.value(extra).empty())
        work_.draft.note(place_of(rule.at(extra)),
                         fmt::format("\"{}\" of the rule is not carried over: vtid has nothing for it", extra));
    }
    work_.draft.append("rules", std::move(json), place_of(rule));
  }

  template <class Skip>
  void policy_route(const Element& rule, Skip skip) {
    const std::string& via = rule.value("gateway");
    if (!rule.value("type").empty() && rule.value("type") != "pass") return;
    const auto gateway = work_.gateways.find(via);
    const auto group = work_.groups.find(via);
    if (gateway == work_.gateways.end() && group == work_.groups.end())
      return skip(fmt::format("its gateway \"{}\" is not", via));
    const Family family = gateway != work_.gateways.end() ? gateway->second : group->second;
    const std::string tunnel = place_on(rule.value("interface"));
    const std::string in = tunnel.empty() ? work_.device_interface(rule.value("interface")) : tunnel;
    if (in.empty()) return skip(fmt::format("its interface \"{}\" is not", rule.value("interface")));
    const std::string name = policy_name(rule);
    Json json{{"name", name}, {"in", in}};
    if (auto added = add_traffic(work_, rule, {family}, json); !added) return skip(added.error().text);
    json["via"] = via;
    work_.draft.append("policy_routes", std::move(json), place_of(rule));
    work_.draft.note(
        place_of(rule),
        fmt::format("policy_routes/{} takes all that it matches: rules without a gateway before it exempt nothing from it",
                    name),
        "narrow it where pfSense had such rules; what it passes or blocks is the host firewall's");
  }

  std::string policy_name(const Element& rule) {
    ++routes_;
    const std::string& title = rule.value("descr");
    std::string name = work_.draft.fresh_name("", title.empty() ? fmt::format("rule_{}", routes_) : title, 56);
    if (!route_names_.insert(name).second) route_names_.insert(name += fmt::format("_{}", routes_));
    return name;
  }

  // ---- NAT

  void carry_nat() {
    const Element& nat = work_.root.at("nat");
    const std::string& mode = nat.at("outbound").value("mode");
    for (const Element* entry : nat.at("outbound").all("rule")) translate(*entry, [&] { return outbound(*entry, mode); });
    for (const Element* entry : nat.all("onetoone")) translate(*entry, [&] { return one_to_one(*entry); });
    for (const Element* entry : nat.all("rule")) translate(*entry, [&] { return forward(*entry); });
    for (const Element* entry : nat.all("npt")) {
      if (!place_on(entry->value("interface")).empty())
        work_.draft.note(place_of(*entry), "is not carried over: write it as \"kind\": \"one_to_one\"");
    }
  }

  template <class Make>
  void translate(const Element& entry, Make make) {
    const std::string on = place_on(entry.value("interface"));
    if (on.empty()) return;
    Result<Json> json = entry.has("disabled")    ? fail("it is disabled")
                        : !work_.assigned_mode() ? fail("in filter mode enc replies are not translated back",
                                                        "set \"filter\": { \"mode\": \"if_ipsec\" } and write it there")
                        : on == "ipsec"          ? fail("it is on no one tunnel", "write it on each interface that it is for")
                                                 : make();
    if (!json) {
      return work_.draft.note(
          place_of(entry),
          fmt::format("the translation \"{}\" is not carried over: {}", entry.value("descr"), json.error().text),
          json.error().remedy);
    }
    Json full{{"on", on}};
    full.update(*json);
    full["description"] = entry.value("descr");
    work_.draft.append("nat", std::move(full), place_of(entry));
  }

  Result<Json> outbound(const Element& entry, const std::string& mode) {
    if (mode != "hybrid" && mode != "advanced")
      return fail(fmt::format("outbound NAT is in mode \"{}\", which does not use it", mode.empty() ? "automatic" : mode));
    if (!entry.value("natport").empty() || entry.has("staticnatport")) return fail("vtid does not choose ports");
    Json json{{"kind", "source"}};
    if (auto added = add_traffic(work_, entry, families_of(entry, {Family::ipv4, Family::ipv6}), json); !added)
      return std::unexpected(added.error());
    const std::string& target = entry.value("target");
    if (entry.has("nonat"))
      json["address"] = "none";
    else if (target.empty())
      json["address"] = "interface";
    else if (net::parse_address(target))
      json["address"] = target;
    else
      return fail(fmt::format("its target \"{}\" is not one address", target));
    return json;
  }

  Result<Json> one_to_one(const Element& entry) {
    const auto families = families_of(entry, {Family::ipv4});
    const auto inside = end_of(work_, entry.at("source"), families);
    const auto outside = net::parse_address(entry.value("external"));
    if (!inside) return std::unexpected(inside.error());
    if (inside->size() != 1 || !outside) return fail("it is not one network and one address");
    if (entry.has("nobinat")) return fail("it is an exception from others");
    Json json{{"kind", "one_to_one"}, {"from", net::print(inside->front())}};
    const auto to = end_of(work_, entry.at("destination"), families);
    if (!to) return std::unexpected(to.error());
    if (!to->empty()) json["to"] = json_of(*to);
    json["address"] = net::print(net::Prefix{*outside, inside->front().length}.network());
    return json;
  }

  Result<Json> forward(const Element& entry) {
    if (entry.has("nordr")) return fail("it is an exception from others");
    Json json{{"kind", "destination"}};
    if (auto added = add_traffic(work_, entry, families_of(entry, {Family::ipv4}), json); !added)
      return std::unexpected(added.error());
    const std::string& target = entry.value("target");
    if (!net::parse_address(target)) return fail(fmt::format("its target \"{}\" is not one address", target));
    json["target"] = target;
    const auto port = number_of(entry.value("local-port"));
    if (port && json.contains("ports") && json["ports"] != Json::array({std::to_string(*port)})) {
      if (json["ports"].size() != 1 || json["ports"][0].get<std::string>().contains('-'))
        return fail("it moves a range of ports");
      json["target_port"] = *port;
    }
    return json;
  }

  Work& work_;
  const Element& rules_;
  int routes_ = 0;
  std::set<std::string> route_names_;
};

}  // namespace

void carry_filter(Work& work) { Filter(work).carry(); }

}  // namespace vtid::foreign
