#include "foreign/swanctl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>

#include "config/values.h"
#include "foreign/draft.h"
#include "foreign/pfsense_names.h"
#include "foreign/recognise.h"
#include "foreign/settings.h"
#include "foreign/swanctl_auth.h"
#include "foreign/swanctl_include.h"
#include "foreign/swanctl_options.h"
#include "foreign/swanctl_selectors.h"
#include "foreign/swanctl_words.h"
#include "net/names.h"

namespace vtid::foreign {
namespace {

constexpr std::size_t kMostChildren = 64;  // of a tunnel

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

  // Its children; none when it is refused.
  std::vector<CarriedChild> carry() {
    carry_tunnel();
    return std::move(carried_);
  }

 private:
  void carry_tunnel() {
    name_ = draft_.fresh_name("tunnels", section_.name, kLongestTunnel);
    const auto& sections = section_.at("children").sections;
    if (sections.size() > kMostChildren)
      return refuse({fmt::format("it has more than {} children", kMostChildren), "divide it", 0});
    for (const Section& child : sections) plan(child);
    if (children_.empty()) return refuse({"it has no child that can be carried over", "", 0});
    auto ike = ike_of();
    if (!ike) return refuse(ike.error());
    pass_connection_defaults(section_);
    const bool wanted =
        !section_.off && std::ranges::any_of(children_, [](const ChildPlan& child) { return !child.section->off; });
    Json json{{"description", section_.description}, {"enabled", shut_.empty() && wanted}};
    if (!shut_.empty())
      draft_.note(place_of(section_),
                  fmt::format("tunnels/{} is disabled, because of what is not carried over: {}", name_, shut_),
                  "enable it when that is no loss");
    const bool per_child = (*ike)["version"] == 1 || (*ike)["split"] == true;
    const auto vti = std::ranges::find(children_, true, &ChildPlan::vti);
    if (vti != children_.end() && !per_child) pin(json, *vti);
    json["ike"] = std::move(*ike);
    json["start"] = start();
    Json children = Json::object();
    for (const ChildPlan& child : children_) add_child(children, child, per_child);
    if (children.empty()) return refuse({"it has no child that can be carried over", "", 0});
    json["children"] = std::move(children);
    for (CarriedChild& child : carried_) child.enabled &= json["enabled"] == true;
    draft_.add("tunnels", name_, std::move(json), place_of(section_));
  }

  void refuse(const Error& error) {
    carried_.clear();
    draft_.note(place_of(section_), fmt::format("the connection \"{}\" is not carried over: {}", section_.name, error.text),
                error.remedy);
    told(section_);
  }

  // The number that binds a child to an interface, on its way in or out; nothing: none does.
  struct Bound {
    bool bound = false;
    std::optional<long> number;  // none: charon chooses it ("%unique")
  };
  [[nodiscard]] Bound bound_by(const Section& child, std::string_view key) const {
    std::string written = child.value(key);
    if (written.empty() && key.starts_with("if_id")) written = section_.value(key);
    const auto number = any_base(std::string_view(written).substr(0, written.find('/')));  // a mark may have a mask
    return {!written.empty() && number != 0, number};
  }

  // Bound to an interface by its if_id, by marks as VTI devices of Linux have them, or, on FreeBSD, by its reqid and the lack
  // of policies.
  void plan(const Section& child) {
    child.mark();
    pass_child_defaults(child);
    ChildPlan result{&child, false, std::nullopt};
    const Bound in = bound_by(child, "if_id_in"), out = bound_by(child, "if_id_out");
    const Bound mark_in = bound_by(child, "mark_in"), mark_out = bound_by(child, "mark_out");
    const bool by_id = in.bound || out.bound;
    const bool by_mark = !by_id && (mark_in.bound || mark_out.bound);
    const auto reqid = any_base(child.value("reqid"));
    const bool unpoliced = !is_yes(child.value("policies"), true) && reqid;
    result.vti = by_id || by_mark || unpoliced;
    const Bound& one = by_id ? (out.bound ? out : in) : (mark_out.bound ? mark_out : mark_in);
    if (by_id || by_mark) result.number = one.number;
    if (!by_id && !by_mark && unpoliced && *reqid > static_cast<long>(net::kReqIdBase))
      result.number = *reqid - static_cast<long>(net::kReqIdBase);
    note_binding(child, by_id, in, out, mark_in, mark_out);
    const std::string& mode = child.value("mode");
    if (mode == "pass" || mode == "drop" || mode == "beet" || mode == "transport_proxy") {
      draft_.note(place_of(child), fmt::format("is not carried over: vtid has no mode \"{}\"", mode),
                  "keep it in swanctl.conf");
      return told(child);
    }
    if (child.setting("ah_proposals") != nullptr) {
      draft_.note(place_of(child), "is not carried over: vtid has no AH");
      return told(child);
    }
    children_.push_back(result);
  }

  void note_binding(const Section& child, bool by_id, const Bound& in, const Bound& out, const Bound& mark_in,
                    const Bound& mark_out) {
    const bool marked = mark_in.bound || mark_out.bound;
    if (by_id && (in.bound != out.bound || in.number != out.number))
      draft_.note(place_of(child), "if_id_in and if_id_out differ, and an interface of vtid has one: it is if_id_out",
                  "change the other end of it too");
    if (by_id && marked) draft_.note(place_of(child), "its marks are not carried over: its if_id binds it to an interface");
    if (by_id || !marked) return;
    draft_.note(place_of(child), "its marks bind it to a device of type vti, which becomes an interface of vtid with an if_id",
                "take the device away, with the routes and the script that make it");
    if (mark_in.bound != mark_out.bound || mark_in.number != mark_out.number)
      draft_.note(place_of(child),
                  "mark_in and mark_out differ, and an interface of vtid has one number: it is that of mark_out");
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
    return is_many(list.front()) ? "any" : list.front();
  }

  static bool is_many(const std::string& word) {
    const auto dash = word.find('-');
    return word.starts_with('%') || word.contains('/') || word == "0.0.0.0" || word == "::" ||
           (dash != std::string::npos && net::parse_address(word.substr(0, dash)));
  }

  // A network or a range as vtid has it; else "any".
  static std::string callers(const std::string& word) {
    if (word.starts_with('%') || word == "0.0.0.0" || word == "::") return "any";
    const auto network = net::parse_prefix(word);
    if (!network) return word.contains('/') ? "any" : word;
    return network->length == 0 ? "any" : net::print(network->network());
  }

  // Where the peer is called, in charon's order.
  Json peers() {
    const Setting* setting = section_.setting("remote_addrs");
    const auto list = words_of(setting == nullptr ? "" : setting->value, ", ");
    Json called = Json::array();
    std::optional<net::Family> family;
    for (const std::string& word : list) {
      const auto address = net::parse_address(word);
      const auto own = address ? std::optional(address->family()) : family;
      const bool mixed = family && own != family;
      if (!is_many(word) && !mixed && called.size() < config::kMostPeerAddresses) {
        if (std::ranges::find(called, Json(word)) == called.end()) called.push_back(word);
        family = own;
      } else if (list.size() > 1) {
        draft_.note(place_of(section_, *setting),
                    fmt::format("\"{}\" of it is not carried over: {}", word,
                                mixed           ? "the addresses of a peer are of one family"
                                : is_many(word) ? "it is nowhere to call"
                                                : fmt::format("{} are as many as vtid takes", config::kMostPeerAddresses)));
      }
    }
    if (called.empty()) return list.size() == 1 ? callers(list.front()) : "any";
    return called.size() == 1 ? called.front() : called;
  }

  Json proposals(const Section& section, std::string_view key) const {
    Json result = Json::array();
    for (const std::string& proposal : words_of(section.value(key), ", ")) result.push_back(proposal);
    if (result.empty()) result.push_back("default");  // charon's own word
    return result;
  }

  void add_peer(Json& ike, const char* side, Json address) {
    Json peer{{"address", std::move(address)}};
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
    add_peer(ike, "local", endpoint("local_addrs"));
    add_peer(ike, "remote", peers());
    auto proof = auth_.of(section_, name_, draft_);
    if (!proof) return std::unexpected(proof.error());
    ike["auth"] = std::move(proof->auth);
    shut_ = std::move(proof->shut);
    ike["proposals"] = proposals(section_, "proposals");
    ike["dpd"] = fmt::format("{}s", seconds_of(section_.value("dpd_delay")).value_or(0));
    add_rekey(ike, version1);
    ike["mobike"] = !version1 && is_yes(section_.value("mobike"), true);
    ike["encapsulate"] = is_yes(section_.value("encap"), false);
    carry_ike_options(section_, ike, draft_);
    const Json& peer = ike["remote"]["address"];
    any_peer_ = peer.is_string() && (peer == "any" || is_many(peer.get<std::string>()));
    if ((any_peer_ || peer.is_array()) && !ike["remote"].contains("id")) ike["remote"]["id"] = "%any";
    return ike;
  }

  // Without a rekey_time, a reauth_time means that charon does not rekey: it begins again, as IKEv1 always does.
  void add_rekey(Json& ike, bool version1) {
    const auto written = seconds_of(section_.value("rekey_time")), again = seconds_of(section_.value("reauth_time"));
    const long rekey = written.value_or(again ? 0 : 14'400), reauth = again.value_or(0);
    long seconds = rekey > 0 || !version1 ? rekey : reauth;
    if (version1 && reauth > 0 && rekey > 0) seconds = std::min(rekey, reauth);
    ike["rekey"] = fmt::format("{}s", seconds);
    if (!version1 && reauth > 0) ike["reauth"] = fmt::format("{}s", reauth);
  }

  std::string start() {
    std::string result;
    for (const ChildPlan& child : children_) {
      const std::string ours = any_peer_ ? "none" : action_of(child.section->value("start_action"));
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
              {"description", child.description},
              {"enabled", !child.off}};
    for (const std::string_view key : {"close_action", "dpd_action"}) {
      const Setting* action = child.setting(key);
      if (action != nullptr && action_of(action->value) != "none")
        draft_.note(place_of(child, *action), "needs no carrying over: vtid calls again whatever has \"start\": \"start\"");
    }
    json["proposals"] = proposals(child, "esp_proposals");
    add_child_rekey(child, json);
    carry_child_options(child, json, draft_);
    if (plan.vti) return add_vti(children, plan, std::move(json), per_child);
    if (auto ends = network_ends(child, json); !ends)
      return draft_.note(place_of(child), "is not carried over: " + ends.error().text, ends.error().remedy);
    carried_.push_back({&child, name_, put(children, draft_.fresh_name("", child.name, kLongestTunnel), std::move(json), child),
                        false, !child.off});
  }

  void add_child_rekey(const Section& child, Json& json) {
    const auto written = seconds_of(child.value("rekey_time"));
    const long life = seconds_of(child.value("life_time")).value_or(0);
    const long rekey = written.value_or(life > 0 ? life * 10 / 11 : 3'600);
    if (rekey > 0 || life > 0)
      json["rekey"] = fmt::format("{}s", rekey);
    else
      draft_.note(place_of(child, *child.setting("rekey_time")), "0 (never) is not carried over: vtid's default holds",
                  "write \"0s\", and \"grace\", how long the keys may live");
    if (written && life > rekey && life != rekey * 11 / 10)
      json["grace"] = fmt::format("{}s", life - rekey);
    else if (written && life > 0 && life <= rekey)
      draft_.note(place_of(child, *child.setting("life_time")), "is not carried over: it is no longer than rekey_time");
  }

  // The name that it has.
  std::string put(Json& children, std::string name, Json json, const Section& child) {
    while (children.contains(name)) name += '_';
    draft_.place(fmt::format("tunnels/{}/children/{}", name_, name), place_of(child));
    children[name] = std::move(json);
    return name;
  }

  // swanctl.conf does not know inner addresses, unless narrow selectors stand before the catch-all ones, as pfSense writes
  // them.
  void add_vti(Json& children, const ChildPlan& plan, Json json, bool per_child) {
    const Section& child = *plan.section;
    const auto local = words_of(child.value("local_ts"), ", "), remote = words_of(child.value("remote_ts"), ", ");
    std::vector<net::Family> told, asked;  // with addresses; with selectors
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (inner(local, remote, family)) told.push_back(family);
      if (mentions(local, family) && mentions(remote, family)) asked.push_back(family);
    }
    note_selectors(child, local, remote, json);
    if (told.empty()) told = asked.empty() ? std::vector{net::Family::ipv4} : asked;
    for (const net::Family family : told) add_vti_family(children, plan, json, family, per_child);
    if (per_child && told.size() > 1) {
      draft_.note(place_of(child), "its two families are interfaces of their own here, because the tunnel is split",
                  "give it a tunnel of its own");
    }
  }

  // Networks that are named are asked for. Without them a VTI child asks for everything: a peer that expects less refuses it,
  // or narrows it.
  void note_selectors(const Section& child, const std::vector<std::string>& local, const std::vector<std::string>& remote,
                      Json& json) {
    std::string lost, networks;
    for (const auto& [key, list, peers] : {std::tuple{"local_ts", &local, false}, std::tuple{"remote_ts", &remote, true}}) {
      std::vector<std::string> all = *list;
      if (all.empty()) all = {"dynamic"};  // charon's default: the outer address
      for (const std::string& selector : all) {
        const auto prefix = net::parse_prefix(selector);
        if (is_catch_all(selector) || (prefix && inner(local, remote, prefix->family()) && is_narrow(*prefix))) continue;
        lost += fmt::format("{}{} {}", lost.empty() ? "" : ", ", key, selector);
        if (peers && prefix) networks += fmt::format("{}{}", networks.empty() ? "" : ", ", net::print(prefix->network()));
      }
    }
    if (lost.empty()) return;
    if (auto selectors = named_selectors(local, remote)) {
      json["selectors"] = std::move(*selectors);
      return;
    }
    draft_.note(place_of(child),
                fmt::format("its selectors are not carried over ({}): a VTI child negotiates everything", lost),
                networks.empty() ? "have the peer take 0.0.0.0/0, and write routes"
                                 : fmt::format("have the peer take 0.0.0.0/0, and write routes to {} through it", networks));
  }

  // Nothing where one of them is no network, or where the families are interfaces of their own.
  [[nodiscard]] static std::optional<Json> named_selectors(const std::vector<std::string>& local,
                                                           const std::vector<std::string>& remote) {
    Json selectors{{"local", Json::array()}, {"remote", Json::array()}};
    for (const auto& [key, list] : {std::pair{"local", &local}, std::pair{"remote", &remote}}) {
      for (const std::string& selector : *list) {
        const auto prefix = net::parse_prefix(selector);
        if (!prefix) return std::nullopt;
        selectors[key].push_back(net::print(prefix->network()));
      }
      if (selectors[key].empty()) return std::nullopt;
    }
    return selectors;
  }

  void add_vti_family(Json& children, const ChildPlan& plan, Json json, net::Family family, bool per_child) {
    const Section& child = *plan.section;
    if (const auto ends = inner(words_of(child.value("local_ts"), ", "), words_of(child.value("remote_ts"), ", "), family)) {
      json["local"] = net::print(ends->first);
      json["remote"] = net::print(ends->second.address);
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
    const std::string name = alone ? suffix : draft_.fresh_name("", child.name + '-' + suffix, kLongestTunnel);
    CarriedChild carried{&child,    name_,      name,
                         per_child, !child.off, net::parse_prefix(json["local"].get<std::string>()).value()};
    carried.child = put(children, name, std::move(json), child);
    carried_.push_back(std::move(carried));
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
  std::vector<CarriedChild> carried_;
  std::set<long> used_;
  std::string shut_;  // the conditions that are lost
  bool any_peer_ = false;
};

}  // namespace

void note_unread(Draft& draft, const Section& root) {
  const auto names = [](const Section& section, const auto& self) -> std::string {
    std::string all;
    for (const Setting& setting : section.settings) {
      const bool usual =
          setting.key.starts_with("id") || setting.key == "secret" || setting.key == "pin" || setting.key == "addrs";
      if (!usual && !is_swanctl_key(setting.key)) append_name(all, setting.key);
    }
    for (const Section& below : section.sections) {
      append_name(all, below.name);
      append_name(all, self(below, self));
    }
    return all;
  };
  for (const Unread& item : unread(root)) {
    if (item.setting != nullptr && item.setting->value.empty()) continue;  // says nothing
    if (item.setting != nullptr) {
      draft.note(place_of(*item.within, *item.setting), "is not carried over: vtid has nothing for it");
      continue;
    }
    const Section& section = *item.section;
    const std::string all = names(section, names);
    const std::string within = all.empty() ? "" : " (" + all + ")";
    if (section.path.starts_with("secrets."))
      draft.note(place_of(section), fmt::format("is not carried over: no tunnel here needs it{}", within));
    else if (section.path.starts_with("pools."))
      draft.note(place_of(section), fmt::format("is not carried over: vtid gives no addresses to clients{}", within),
                 "keep it in swanctl.conf");
    else
      draft.note(place_of(section), fmt::format("is not carried over: vtid has nothing for it{}", within));
  }
}

std::vector<CarriedChild> carry_connections(Draft& draft, const Section& connections, const SwanctlAuth& auth) {
  std::vector<CarriedChild> all;
  int invented = 0;
  for (const Section& connection : connections.sections) {
    connection.mark();
    auto carried = Connection(draft, connection, auth, invented).carry();
    all.insert(all.end(), std::make_move_iterator(carried.begin()), std::make_move_iterator(carried.end()));
  }
  return all;
}

Result<Imported> import_swanctl(std::string_view text, std::string_view file_name, const Wish& wish, const Beside& beside) {
  if (auto ours = expect(Source::swanctl, text, file_name); !ours) return std::unexpected(ours.error());
  const auto settings = parse_settings(
      without_mark(text), [&](std::string_view pattern, std::string_view from) { return included(pattern, from, beside); });
  if (!settings) return fail(fmt::format("{}: {}", file_name, settings.error().text), settings.error().remedy);
  Draft draft(wish);
  for (const Setting& include : settings->includes) {
    draft.note({include.line, "include", include.file}, fmt::format("{} gives no file that can be read", include.value),
               "run it where the files of swanctl are, or put them in its place");
  }
  const Section* connections = settings->root.find("connections");
  if (connections == nullptr && settings->includes.empty()) {
    return fail(fmt::format("{}: line 1: there is no section \"connections\", so it is no swanctl.conf", file_name),
                "give swanctl.conf, or a file of conf.d");
  }
  const SwanctlAuth auth(settings->root, wish, beside);
  if (connections != nullptr) carry_connections(draft, *connections, auth);
  if (connections == nullptr || connections->sections.empty())
    draft.note({}, "there is no connection in it, so there are no tunnels");
  for (const std::string_view section : {"secrets", "pools", "authorities"}) static_cast<void>(settings->root.find(section));
  note_unread(draft, settings->root);
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
