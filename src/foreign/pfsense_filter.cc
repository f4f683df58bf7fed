#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "foreign/pfsense.h"
#include "foreign/pfsense_places.h"
#include "foreign/pfsense_traffic.h"

namespace vtid::foreign {
namespace {

using net::Family;

constexpr std::size_t kLongestPolicyRoute = 31;  // name, in bytes: conf/vtid.schema.json

// They narrow a rule: without them it would match more than it did.
constexpr std::array<std::string_view, 9> kConditions{"os",        "sched",    "dscp", "tagged",   "tcpflags1",
                                                      "tcpflags2", "vlanprio", "user", "nottagged"};

// What the switches of an interface block before its rules: RFC 1918 and RFC 4193, and what RFC 6890 keeps from everybody.
struct Switch {
  std::string_view key, description;
  std::vector<std::string_view> networks;
};
const std::array kSwitches{
    Switch{"blockpriv", "private networks", {"10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}},
    Switch{"blockbogons",
           "bogon networks",
           {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3"}}};

// Where a rule stands, and for which way.
struct Spot {
  std::string on, direction;
};

class Filter {
 public:
  explicit Filter(Work& work) : work_(work), rules_(work.root.at("filter")) {}

  void carry() {
    if (!work_.root.has("ipsec")) return;
    work_.draft.begin("rules");  // pfSense denies what no rule passes
    for (const Element& entry : work_.root.at("interfaces").children) block_by_switch(entry);
    for (const Element* rule : in_order()) carry_rule(*rule);
    pass_separators(rules_);
    carry_nat(work_, places_, left_);
    left_.note(work_);
  }

 private:
  // pf takes quick floating rules first, then those of groups, then those of interfaces; of others the last that matches.
  [[nodiscard]] std::vector<const Element*> in_order() const {
    std::array<std::vector<const Element*>, 4> turns;
    for (const Element* rule : rules_.all("rule")) {
      const bool group = work_.names.members(rule->value("interface")) != nullptr;
      const bool floating = is_floating(*rule);
      turns[!floating ? (group ? 1 : 2) : rule->has("quick") ? 0 : 3].push_back(rule);
    }
    std::ranges::reverse(turns[3]);
    std::vector<const Element*> result;
    for (const auto& turn : turns) result.insert(result.end(), turn.begin(), turn.end());
    return result;
  }

  static bool is_floating(const Element& rule) { return rule.has("floating") && rule.value("floating") != "no"; }
  static bool shuts(const Element& rule) {
    const std::string& type = rule.value("type");
    return !type.empty() && type != "pass" && type != "match";  // a word that nobody knows passes nothing
  }

  [[nodiscard]] std::vector<std::string> places_of(const Element& rule) const {
    if (!is_floating(rule)) return places_.on(rule.value("interface"));
    const auto keys = words_of(rule.value("interface"), ",");
    std::vector<std::string> result;
    for (const std::string& key : keys) {
      if (key == "any") return places_.every();
      for (std::string& place : places_.on(key)) {
        if (std::ranges::find(result, place) == result.end()) result.push_back(std::move(place));
      }
    }
    return keys.empty() ? places_.every() : result;
  }

  // Those of `places` whose list pfSense looks at in its filter mode.
  [[nodiscard]] std::vector<Spot> spots_of(const Element& rule, const std::vector<std::string>& places) const {
    const std::string& written = rule.value("direction");
    std::vector<std::string> directions{"in"};
    if (written == "out" && (is_floating(rule) || work_.opnsense)) directions = {"out"};
    const bool both = written != "in" && written != "out" && (is_floating(rule) || (work_.opnsense && written == "any"));
    if (both) directions = {"in", "out"};
    std::vector<Spot> result;
    for (const std::string& place : places) {
      if ((place != "ipsec") != work_.assigned_mode()) continue;
      for (const std::string& direction : directions) result.push_back({place, direction});
    }
    return result;
  }

  void skip(const Element& rule, const std::string& why, std::string remedy = {}) {
    work_.draft.note(place_of(rule), fmt::format("the rule \"{}\" is not carried over: {}", rule.value("descr"), why),
                     std::move(remedy));
    told(rule);
  }

  void block_by_switch(const Element& entry) {
    for (const Switch& known : kSwitches) {
      if (places_.one(entry.name).empty() || !entry.has(known.key)) continue;
      const Place place = place_of(entry.at(known.key));
      if (!work_.assigned_mode()) {
        work_.draft.note(place, fmt::format("is not carried over: in filter mode enc {} does not look at it", work_.product()));
        continue;
      }
      if (known.key == "blockbogons")
        work_.draft.note(place,
                         "blocks what is reserved for good: the list of networks that nobody has yet is not carried over");
      work_.draft.append("rules",
                         {{"on", places_.one(entry.name)},
                          {"direction", "in"},
                          {"action", "block"},
                          {"from", known.networks},
                          {"to", "any"},
                          {"description", known.description}},
                         place);
    }
  }

  void carry_rule(const Element& rule) {
    const auto places = places_of(rule);
    const bool routes = !rule.value("gateway").empty();
    if (places.empty() && (!routes || shuts(rule))) return left_.add(rule, rule.value("interface"));
    if (places.empty() && is_floating(rule))
      return skip(rule, "it is floating, and chooses a gateway for what comes by no tunnel", "write it as policy routes");
    if (rule.has("disabled")) return skip(rule, "it is disabled", "write it if it is wanted");
    pass_over(rule, {"id", "tracker", "created", "updated", "associated-rule-id", "descr", "interface", "floating", "quick"});
    if (rule.value("type") == "match") return skip(rule, "it decides nothing: \"match\" only adds to what other rules do");
    std::vector<std::string> wider = lost_conditions(rule);
    if (!wider.empty() && !shuts(rule)) return skip(rule, wider.front());
    if (rule.value("statetype") == "none" && !shuts(rule))
      return skip(rule, "it passes without keeping state, and rules of vtid keep it");
    if (places.empty()) return policy_routes(rule);
    filter_rule(rule, spots_of(rule, places), std::move(wider));
  }

  // Without them it would match more than it did. What nobody knows may be one.
  static std::vector<std::string> lost_conditions(const Element& rule) {
    std::vector<std::string> lost;
    for (const std::string_view condition : kConditions) {
      if (!rule.value(condition).empty() || (condition == "nottagged" && rule.has(condition)))
        lost.push_back(fmt::format("\"{}\" is nothing that vtid matches", condition));
    }
    const std::string& type = rule.value("type");
    if (shuts(rule) && type != "block" && type != "reject")
      lost.push_back(fmt::format("\"{}\" is no action that is known", type));
    if (const std::string unknown = unknown_part(rule); !unknown.empty())
      lost.push_back(fmt::format("nobody knows what \"{}\" is", unknown));
    return lost;
  }

  void filter_rule(const Element& rule, const std::vector<Spot>& spots, std::vector<std::string> wider) {
    const std::string_view other = work_.assigned_mode() ? "if_ipsec" : "enc";
    if (spots.empty()) return skip(rule, fmt::format("in filter mode {} {} does not look at it", other, work_.product()));
    Json json{{"action", !shuts(rule) ? "pass" : rule.value("type") == "reject" ? "reject" : "block"}};
    const auto families = families_of(rule, {Family::ipv4});
    if (auto added = add_traffic(work_, rule, families, json, shuts(rule) ? &wider : nullptr); !added)
      return skip(rule, added.error().text);
    if (rule.has("log")) json["log"] = true;
    json["description"] = rule.value("descr");
    if (!shuts(rule) && !add_gateway(rule, spots, families, json)) return;
    if (!wider.empty()) {
      std::string all;
      for (const std::string& why : wider) all += (all.empty() ? "" : "; ") + why;
      work_.draft.note(place_of(rule),
                       fmt::format("the rule \"{}\" blocks more than it did, lest later rules pass what it blocked: {}",
                                   rule.value("descr"), all),
                       "narrow it by hand");
    }
    note_extras(rule);
    for (const Spot& spot : spots) {
      Json full{{"on", spot.on}, {"direction", spot.direction}};
      full.update(json);
      work_.draft.append("rules", std::move(full), place_of(rule));
    }
  }

  // What a rule does besides.
  void note_extras(const Element& rule) {
    note_texts(work_, rule,
               {"dnpipe", "pdnpipe", "defaultqueue", "ackqueue", "tag", "max", "max-src-nodes", "max-src-conn",
                "max-src-states", "max-src-conn-rate", "max-src-conn-rates", "statetimeout", "vlanprioset", "statepolicy",
                "source-track", "ridentifier"},
               "vtid has nothing for it");
    pass_over(rule, {"labels", "gateway"});
    const std::string& state = rule.value("statetype");
    if (!state.empty() && state != "keep state")
      work_.draft.note(place_of(rule.at("statetype")),
                       fmt::format("\"{}\" is not carried over: vtid keeps states whole", state),
                       state.starts_with("sloppy") ? "have both ways of a connection pass this host" : "");
  }

  // False: the rule is told to be skipped.
  bool add_gateway(const Element& rule, const std::vector<Spot>& spots, const std::set<Family>& families, Json& json) {
    const std::string via = work_.ours(rule.value("gateway"));
    if (via.empty()) return true;
    const auto outwards = std::ranges::any_of(spots, [](const Spot& spot) { return spot.direction != "in"; });
    if (!work_.assigned_mode() || outwards) {
      work_.draft.note(place_of(rule.at("gateway")), "the rule's gateway is not carried over: it stands on no one interface");
      return true;
    }
    const auto family = family_of(via);
    if (!family) {
      skip(rule, why_not(via));
      return false;
    }
    if (!families.contains(*family)) {
      skip(rule, fmt::format("its gateway \"{}\" is of another family", via));
      return false;
    }
    if (families.size() > 1)
      work_.draft.note(place_of(rule.at("gateway")), fmt::format("only {} goes by it", net::print(*family)));
    json["gateway"] = via;
    json["when_down"] = when_down(via);
    return true;
  }

  [[nodiscard]] std::optional<Family> family_of(const std::string& via) const {
    const auto gateway = work_.gateways.find(via);
    if (gateway != work_.gateways.end()) return gateway->second;
    const auto group = work_.groups.find(via);
    return group == work_.groups.end() ? std::nullopt : std::optional(group->second);
  }

  [[nodiscard]] std::string why_not(const std::string& via) const {
    const auto off = work_.asleep.find(via);
    return off == work_.asleep.end() ? fmt::format("its gateway \"{}\" is not", via)
                                     : fmt::format("its gateway \"{}\" is off, because {} is disabled", via, off->second);
  }

  // While the gateway is down pfSense leaves the traffic to the routes, or leaves the rule out.
  [[nodiscard]] std::string when_down(const std::string& via) const {
    for (const Element* item : work_.root.at("gateways").all("gateway_item")) {
      if (work_.ours(item->value("name")) == via && item->has("action_disable")) return "keep";
    }
    return work_.root.at("system").has("skip_rules_gw_down") ? "blackhole" : "withdraw";
  }

  // ---- rules of the host's interfaces

  // The devices that a rule stands on.
  std::vector<std::string> devices_of(const std::string& key) {
    std::vector<std::string> keys{key}, result;
    if (const auto* members = work_.names.members(key)) keys = *members;
    for (const std::string& one : keys) {
      if (std::string device = work_.device_interface(one); !device.empty()) result.push_back(std::move(device));
    }
    return result;
  }

  void policy_routes(const Element& rule) {
    const std::string via = work_.ours(rule.value("gateway"));
    const auto family = family_of(via);
    if (!family) return skip(rule, why_not(via));
    if (!families_of(rule, {Family::ipv4}).contains(*family))
      return skip(rule, fmt::format("its gateway \"{}\" is of another family", via));
    Json traffic = Json::object();
    if (auto added = add_traffic(work_, rule, {*family}, traffic); !added) return skip(rule, added.error().text);
    const auto devices = devices_of(rule.value("interface"));
    if (devices.empty()) return skip(rule, fmt::format("its interface \"{}\" is not", rule.value("interface")));
    const std::string blind = except_before(rule);
    for (const std::string& in : devices) {
      Json json{{"name", policy_name(rule)}, {"in", in}};
      json.update(traffic);
      json["via"] = via;
      json["when_down"] = when_down(via);
      work_.draft.append("policy_routes", json, described(rule));
      note_exempt(rule, json["name"].get<std::string>(), blind);
    }
    note_extras(rule);
    pass_over(rule, {"log", "type"});
  }

  // Rules before it that pass or block without a gateway keep their traffic from it in pfSense. Those that pass are exceptions;
  // the titles of the others.
  std::string except_before(const Element& rule) {
    std::string before;
    for (const Element* other : rules_.all("rule")) {
      if (other == &rule) break;
      const bool same = other->value("interface") == rule.value("interface");
      if (!same || other->has("disabled") || is_floating(*other) || (!other->value("gateway").empty() && !shuts(*other)))
        continue;
      if (!except(*other)) append_name(before, fmt::format("\"{}\"", title_of(*other)));
    }
    return before;
  }

  void note_exempt(const Element& rule, const std::string& name, const std::string& before) {
    work_.draft.note(place_of(rule),
                     before.empty()
                         ? fmt::format("policy_routes/{} is the way of it alone: what it passes is the host firewall's", name)
                         : fmt::format("policy_routes/{} takes all that it matches: rules without a gateway before it exempt "
                                       "nothing from it: {}",
                                       name, before),
                     before.empty() ? "" : "narrow it by what they match; what it passes or blocks is the host firewall's");
  }

  // False: what it matches cannot be said, or it passes nothing. Once for all that it is before.
  bool except(const Element& rule) {
    if (shuts(rule)) return false;
    if (exceptions_.contains(&rule)) return true;
    Json traffic = Json::object();
    if (!add_traffic(work_, rule, families_of(rule, {Family::ipv4}), traffic) || traffic.contains("icmp_types")) return false;
    for (const std::string& in : devices_of(rule.value("interface"))) {
      Json json{{"name", policy_name(rule)}, {"in", in}};
      json.update(traffic);
      json["via"] = model::kByRoutes;
      work_.draft.append("policy_routes", std::move(json), described(rule));
    }
    exceptions_.insert(&rule);
    return true;
  }

  std::string policy_name(const Element& rule) {
    ++routes_;
    const std::string& descr = rule.value("descr");
    const std::string wanted = descr.empty() ? fmt::format("rule_{}", routes_) : descr;
    std::string name = work_.draft.fresh_name("", wanted, kLongestPolicyRoute);
    for (int n = 2; !route_names_.insert(name).second; ++n) {
      const std::string suffix = fmt::format("_{}", n);
      name = work_.draft.fresh_name("", wanted, kLongestPolicyRoute - suffix.size()) + suffix;
    }
    return name;
  }

  Work& work_;
  const Element& rules_;
  int routes_ = 0;
  std::set<std::string> route_names_;
  std::set<const Element*> exceptions_;  // that are policy routes already
  PfsensePlaces places_{work_};
  PfsenseLeft left_;
};

}  // namespace

void carry_filter(Work& work) { Filter(work).carry(); }

}  // namespace vtid::foreign
