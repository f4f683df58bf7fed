#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "foreign/draft.h"
#include "foreign/pfsense_names.h"
#include "foreign/settings.h"
#include "foreign/swanctl_auth.h"
#include "net/names.h"

namespace vtid::foreign {
namespace {

constexpr std::size_t kMostChildren = 64;  // of a tunnel

Place place_of(const Section& section) { return {section.line, section.path}; }
Place place_of(const Section& section, const Setting& setting) { return {setting.line, section.path + '.' + setting.key}; }

bool is_yes(std::string_view word, bool otherwise) {
  if (word == "yes" || word == "true" || word == "1" || word == "enabled") return true;
  if (word == "no" || word == "false" || word == "0" || word == "disabled") return false;
  return otherwise;
}

// swanctl's times: a number, and s (the default), m, h or d.
std::optional<long> seconds_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr std::array kUnits{std::pair{'s', 1L}, std::pair{'m', 60L}, std::pair{'h', 3'600L}, std::pair{'d', 86'400L}};
  long factor = 1;
  if (const auto unit = std::ranges::find(kUnits, text.back(), &std::pair<char, long>::first); unit != kUnits.end()) {
    factor = unit->second;
    text.remove_suffix(1);
  }
  const auto number = number_of(text);
  if (!number || *number > 1'000'000'000) return std::nullopt;
  return *number * factor;
}

bool is_catch_all(std::string_view selector) { return selector == "0.0.0.0/0" || selector == "::/0"; }

// A child as it stands in swanctl.conf.
struct ChildPlan {
  const Section* section = nullptr;
  bool vti = false;
  std::optional<long> number;  // its if_id, or pfSense's reqid
};

class Connection {
 public:
  Connection(Draft& draft, const Section& section, const SwanctlAuth& auth, int& invented)
      : draft_(draft), section_(section), auth_(auth), invented_(invented) {}

  void carry() {
    name_ = draft_.fresh_name("tunnels", section_.name, kLongestTunnel);
    const auto& sections = section_.at("children").sections;
    if (sections.size() > kMostChildren)
      return refuse({fmt::format("it has more than {} children", kMostChildren), "divide it", 0});
    for (const Section& child : sections) plan(child);
    if (children_.empty()) return refuse({"it has no child that can be carried over", "", 0});
    auto ike = ike_of();
    if (!ike) return refuse(ike.error());
    note_settings(section_,
                  {"version", "local_addrs", "remote_addrs", "proposals", "encap", "mobike", "dpd_delay", "rekey_time",
                   "if_id_in", "if_id_out", "unique", "fragmentation", "send_cert", "send_certreq", "over_time", "rand_time"});
    Json json{{"description", ""}, {"enabled", true}};
    const bool per_child = (*ike)["version"] == 1 || (*ike)["split"] == true;
    const auto vti = std::ranges::find(children_, true, &ChildPlan::vti);
    if (vti != children_.end() && !per_child) pin(json, *vti);
    json["ike"] = std::move(*ike);
    json["start"] = start();
    Json children = Json::object();
    for (const ChildPlan& child : children_) add_child(children, child, per_child);
    if (children.empty()) return refuse({"it has no child that can be carried over", "", 0});
    json["children"] = std::move(children);
    draft_.add("tunnels", name_, std::move(json), place_of(section_));
  }

 private:
  void refuse(const Error& error) {
    draft_.note(place_of(section_), fmt::format("the connection \"{}\" is not carried over: {}", section_.name, error.text),
                error.remedy);
  }

  void note_settings(const Section& section, std::initializer_list<std::string_view> known) {
    for (const Setting& setting : section.settings) {
      if (std::ranges::find(known, setting.key) != known.end() || setting.value.empty()) continue;
      draft_.note(place_of(section, setting), "is not carried over: vtid has nothing for it");
    }
  }

  // Bound to an interface by its if_id, or, on FreeBSD, by its reqid and the lack of policies.
  void plan(const Section& child) {
    ChildPlan result{&child, false, std::nullopt};
    const std::string& in = child.value("if_id_in").empty() ? section_.value("if_id_in") : child.value("if_id_in");
    const std::string& out = child.value("if_id_out").empty() ? section_.value("if_id_out") : child.value("if_id_out");
    const bool bound = (!in.empty() && in != "0") || (!out.empty() && out != "0");
    const auto reqid = number_of(child.value("reqid"));
    const bool unpoliced = !is_yes(child.value("policies"), true) && reqid;
    result.vti = bound || unpoliced;
    if (bound) result.number = number_of(out.empty() ? in : out);
    if (!bound && unpoliced && *reqid > static_cast<long>(net::kReqIdBase))
      result.number = *reqid - static_cast<long>(net::kReqIdBase);
    if (bound && in != out)
      draft_.note(place_of(child), "if_id_in and if_id_out differ, and an interface of vtid has one: it is if_id_out",
                  "change the other end of it too");
    const std::string& mode = child.value("mode");
    if (mode == "pass" || mode == "drop" || mode == "beet" || mode == "transport_proxy") {
      return draft_.note(place_of(child), fmt::format("is not carried over: vtid has no mode \"{}\"", mode),
                         "keep it in swanctl.conf");
    }
    if (child.setting("ah_proposals") != nullptr) return draft_.note(place_of(child), "is not carried over: vtid has no AH");
    children_.push_back(result);
  }

  void pin(Json& json, const ChildPlan& child) {
    if (!child.number) return;
    if (*child.number >= 1 && *child.number <= static_cast<long>(net::kHighestUnit.value))
      json["unit"] = *child.number;
    else
      draft_.note(place_of(*child.section),
                  fmt::format("the number {} of its interface is none of vtid's, which chooses another", *child.number));
  }

  // The first of several; "any" for all that are many.
  std::string endpoint(std::string_view key) {
    const Setting* setting = section_.setting(key);
    const auto list = words_of(setting == nullptr ? "" : setting->value, ", ");
    if (list.empty()) return "any";
    if (list.size() > 1)
      draft_.note(place_of(section_, *setting), fmt::format("only \"{}\" of it is carried over: vtid knows one", list.front()));
    const std::string& first = list.front();
    if (first.starts_with('%') || first.contains('/') || first == "0.0.0.0" || first == "::") return "any";
    if (const auto dash = first.find('-'); dash != std::string::npos && net::parse_address(first.substr(0, dash))) return "any";
    return first;
  }

  Json proposals(const Section& section, std::string_view key) const {
    Json result = Json::array();
    for (const std::string& proposal : words_of(section.value(key), ", ")) result.push_back(proposal);
    if (result.empty()) result.push_back("default");  // charon's own word
    return result;
  }

  void add_peer(Json& ike, const char* side, std::string_view addresses) {
    Json peer{{"address", endpoint(addresses)}};
    if (const std::string id = auth_.id(section_, side); !id.empty() && !(id == "%any" && side == std::string_view("local")))
      peer["id"] = id;
    ike[side] = std::move(peer);
  }

  Result<Json> ike_of() {
    const std::string& version = section_.value("version");
    const bool version1 = version == "1";
    if (version == "0")
      draft_.note(place_of(section_, *section_.setting("version")), "0 (both) is carried over as version 2",
                  "write \"version\": 1 if the peer is old");
    if (is_yes(section_.value("aggressive"), false) && version1)
      return fail("aggressive mode gives the pre-shared key away to who listens", "use main mode, or IKEv2");
    std::set<std::optional<long>> numbers;
    for (const ChildPlan& child : children_) {
      if (child.vti) numbers.insert(child.number);
    }
    const bool mixed = !numbers.empty() && std::ranges::any_of(children_, [](const ChildPlan& child) { return !child.vti; });
    Json ike{{"version", version1 ? 1 : 2}, {"split", !version1 && (numbers.size() > 1 || mixed)}};
    add_peer(ike, "local", "local_addrs");
    add_peer(ike, "remote", "remote_addrs");
    auto auth = auth_.of(section_, name_, draft_);
    if (!auth) return auth;
    ike["auth"] = std::move(*auth);
    ike["proposals"] = proposals(section_, "proposals");
    ike["dpd"] = fmt::format("{}s", seconds_of(section_.value("dpd_delay")).value_or(0));
    const long rekey = seconds_of(section_.value("rekey_time")).value_or(14'400);
    if (rekey > 0) ike["rekey"] = fmt::format("{}s", rekey);
    ike["mobike"] = !version1 && is_yes(section_.value("mobike"), true);
    ike["encapsulate"] = is_yes(section_.value("encap"), false);
    any_peer_ = ike["remote"]["address"] == "any";
    if (any_peer_ && !ike["remote"].contains("id")) ike["remote"]["id"] = "%any";
    return ike;
  }

  std::string start() {
    std::string result;
    for (const ChildPlan& child : children_) {
      const std::string& action = child.section->value("start_action");
      const std::string ours = any_peer_ || action.empty() || action == "none" ? "none" : action == "trap" ? "trap" : "start";
      if (result.empty())
        result = ours;
      else if (result != ours)
        draft_.note(place_of(*child.section), fmt::format("start_action is that of the tunnel's first child, \"{}\"", result),
                    "give it a tunnel of its own");
    }
    return result;
  }

  // ---- children

  void add_child(Json& children, const ChildPlan& plan, bool per_child) {
    const Section& child = *plan.section;
    Json json{{"mode", plan.vti                             ? "vti"
                       : child.value("mode") == "transport" ? "transport"
                                                            : "tunnel"},
              {"description", ""},
              {"enabled", true}};
    note_settings(child, {"esp_proposals", "local_ts", "remote_ts", "rekey_time", "life_time", "rand_time", "mode", "policies",
                          "reqid", "if_id_in", "if_id_out", "start_action", "close_action", "dpd_action"});
    if (const Setting* close = child.setting("close_action"); close != nullptr && close->value != "none") {
      draft_.note(place_of(child, *close), "needs no carrying over: vtid calls again whatever has \"start\": \"start\"");
    }
    json["proposals"] = proposals(child, "esp_proposals");
    const long life = seconds_of(child.value("life_time")).value_or(0);
    const long rekey = seconds_of(child.value("rekey_time")).value_or(life > 0 ? life * 10 / 11 : 3'600);
    if (rekey > 0) json["rekey"] = fmt::format("{}s", rekey);
    if (plan.vti) return add_vti(children, plan, std::move(json), per_child);
    if (auto ends = network_ends(child, json); !ends)
      return draft_.note(place_of(child), "is not carried over: " + ends.error().text, ends.error().remedy);
    put(children, draft_.fresh_name("", child.name, kLongestTunnel), std::move(json), child);
  }

  void put(Json& children, std::string name, Json json, const Section& child) {
    while (children.contains(name)) name += '_';
    draft_.place(fmt::format("tunnels/{}/children/{}", name_, name), place_of(child));
    children[name] = std::move(json);
  }

  // swanctl.conf does not know inner addresses, unless narrow selectors stand before the catch-all ones, as pfSense writes
  // them.
  void add_vti(Json& children, const ChildPlan& plan, Json json, bool per_child) {
    const Section& child = *plan.section;
    const auto local = words_of(child.value("local_ts"), ", "), remote = words_of(child.value("remote_ts"), ", ");
    std::vector<net::Family> told, asked;  // with addresses; with selectors
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (narrow(local, family) && narrow(remote, family)) told.push_back(family);
      if (mentions(local, family) && mentions(remote, family)) asked.push_back(family);
    }
    if (told.empty()) told = asked.empty() ? std::vector{net::Family::ipv4} : asked;
    for (const net::Family family : told) add_vti_family(children, plan, json, family, per_child);
    if (per_child && told.size() > 1) {
      draft_.note(place_of(child), "its two families are interfaces of their own here, because the tunnel is split",
                  "give it a tunnel of its own");
    }
  }

  static bool mentions(const std::vector<std::string>& selectors, net::Family family) {
    return std::ranges::any_of(selectors, [&](const std::string& selector) {
      const auto prefix = net::parse_prefix(selector);
      return prefix && prefix->family() == family;
    });
  }

  static std::optional<net::Prefix> narrow(const std::vector<std::string>& selectors, net::Family family) {
    for (const std::string& selector : selectors) {
      const auto prefix = net::parse_prefix(selector);
      if (prefix && prefix->family() == family && !is_catch_all(selector) && *prefix != prefix->network()) return *prefix;
      if (prefix && prefix->family() == family && prefix->length == prefix->address.bits()) return *prefix;
    }
    return std::nullopt;
  }

  void add_vti_family(Json& children, const ChildPlan& plan, Json json, net::Family family, bool per_child) {
    const Section& child = *plan.section;
    auto local = narrow(words_of(child.value("local_ts"), ", "), family);
    const auto remote = narrow(words_of(child.value("remote_ts"), ", "), family);
    if (local && remote) {
      if (local->length == local->address.bits()) {
        net::Prefix wide{local->address, static_cast<std::uint8_t>(local->address.is_v4() ? 30 : 64)};
        if (wide.contains(remote->address)) local = wide;
      }
      json["local"] = net::print(*local);
      json["remote"] = net::print(remote->address);
    } else {
      const auto [own, peer] = invented(family);
      json["local"] = own;
      json["remote"] = peer;
      draft_.note(place_of(child),
                  fmt::format("the inner addresses of tunnels/{} stand elsewhere, where its interface is made: {} and {} are "
                              "put in their place",
                              name_, own, peer),
                  "write those that the interface has");
    }
    const std::string suffix = family == net::Family::ipv4 ? "v4" : "v6";
    if (per_child) pin(json, plan);
    if (per_child && json.contains("unit") && used_.contains(*plan.number)) json.erase("unit");
    if (plan.number) used_.insert(*plan.number);
    const bool alone = std::ranges::count(children_, true, &ChildPlan::vti) == 1;
    put(children, alone ? suffix : draft_.fresh_name("", child.name + '-' + suffix, kLongestTunnel), std::move(json), child);
  }

  // RFC 3927 and RFC 4291: of this link only, so they are in nobody's way. A /30 for each tunnel.
  std::pair<std::string, std::string> invented(net::Family family) {
    if (family == net::Family::ipv6) return {"fe80::1/64", "fe80::2"};
    static constexpr int kFours = 64;
    const int n = invented_++ + kFours;  // 169.254.0.0/24 is reserved
    const auto host = [&](int last) { return fmt::format("169.254.{}.{}", n / kFours % 255, n % kFours * 4 + last); };
    return {host(1) + "/30", host(2)};
  }

  Result<void> network_ends(const Section& child, Json& json) const {
    const bool transport = json["mode"] == "transport";
    for (const auto& [key, selectors, address] :
         {std::tuple{"local", "local_ts", "local_addrs"}, std::tuple{"remote", "remote_ts", "remote_addrs"}}) {
      auto list = words_of(child.value(selectors), ", ");
      if (transport && (list.empty() || list == std::vector<std::string>{"dynamic"})) continue;
      if (list.empty()) list = {"dynamic"};
      Json networks = Json::array();
      for (std::string& selector : list) {
        if (selector == "dynamic") selector = section_.value(address);
        const auto prefix = net::parse_prefix(selector);
        if (!prefix) return fail(fmt::format("\"{}\" is not a network", selector), "keep it in swanctl.conf");
        networks.push_back(net::print(prefix->network()));
      }
      json[key] = std::move(networks);
    }
    return {};
  }

  Draft& draft_;
  const Section& section_;
  const SwanctlAuth& auth_;
  int& invented_;  // pairs of addresses so far
  std::string name_;
  std::vector<ChildPlan> children_;
  std::set<long> used_;
  bool any_peer_ = false;
};

}  // namespace

Result<Imported> import_swanctl(std::string_view text, std::string_view file_name, const Wish& wish, const Beside& beside) {
  if (text.size() > kLongestForeignFile) return fail(fmt::format("{} is longer than {} bytes", file_name, kLongestForeignFile));
  const auto settings = parse_settings(text);
  if (!settings) return fail(fmt::format("{}: {}", file_name, settings.error().text), settings.error().remedy);
  Draft draft(wish);
  for (const Setting& include : settings->includes) {
    draft.note({include.line, "include"}, fmt::format("{} is not followed", include.value),
               "import those files too, or put them in its place");
  }
  const Section* connections = settings->root.find("connections");
  if (connections == nullptr && settings->includes.empty()) {
    return fail(fmt::format("{}: line 1: there is no section \"connections\", so it is no swanctl.conf", file_name),
                "give swanctl.conf, or a file of conf.d");
  }
  const SwanctlAuth auth(settings->root, wish, beside);
  if (connections != nullptr) {
    int invented = 0;
    for (const Section& connection : connections->sections) Connection(draft, connection, auth, invented).carry();
  }
  if (connections == nullptr || connections->sections.empty())
    draft.note({}, "there is no connection in it, so there are no tunnels");
  auth.note_unused(draft);
  for (const Section& pool : settings->root.at("pools").sections)
    draft.note(place_of(pool), "is not carried over: vtid gives no addresses to clients", "keep it in swanctl.conf");
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
