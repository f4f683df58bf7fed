#include "foreign/opnsense.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "foreign/recognise.h"

namespace vtid::foreign {
namespace {

using NameList = std::initializer_list<std::string_view>;

Element* child_named(Element& parent, std::string_view name) {
  const auto found = std::ranges::find(parent.children, name, &Element::name);
  return found == parent.children.end() ? nullptr : &*found;
}

Element* below(Element& root, NameList path) {
  Element* element = &root;
  for (const std::string_view name : path) {
    element = element == nullptr ? nullptr : child_named(*element, name);
  }
  return element;
}

Element& add_element(Element& parent, std::string name, std::string text, const Element& origin) {
  parent.children.push_back({std::move(name), origin.path, std::move(text), origin.line, {}, false});
  return parent.children.back();
}

Element& child_or_new(Element& parent, std::string_view name) {
  Element* found = child_named(parent, name);
  return found != nullptr ? *found : add_element(parent, std::string(name), "", parent);
}

std::string text_of(Element& parent, std::string_view name) {
  const Element* found = child_named(parent, name);
  return found == nullptr ? "" : found->text;
}

void rename_elements(Element& parent, std::string_view from, std::string_view to) {
  for (Element& child : parent.children) {
    if (child.name == from) child.name = to;
  }
}

// An element that other versions of OPNsense, and pfSense, would not have written, or that says what is so anyhow.
void drop(Element& parent, std::string_view name) {
  std::erase_if(parent.children, [&](const Element& child) { return child.name == name && child.children.empty(); });
}

// Its models write "0" for what is not; pfSense leaves the element out.
void drop_noes(Element& parent, NameList flags, bool empty_too = false) {
  for (const std::string_view flag : flags) {
    const std::string text = text_of(parent, flag);
    if (text == "0" || text == "no" || (empty_too && text.empty())) drop(parent, flag);
  }
}

// What the model of rules writes though it has not been filled in.
constexpr std::array kFieldsOfRules = std::to_array<std::string_view>(
    {"adaptiveend", "adaptivestart", "categories",   "destination_port", "dnpipe",      "gateway",      "icmp6type",
     "icmptype",    "max",           "overload",     "pdnpipe",          "prio",        "prio_group",   "replyto",
     "sched",       "set-prio",      "shaper1",      "shaper2",          "source_port", "state-policy", "statetimeout",
     "statetype",   "tag",           "tagged",       "tcpflags1",        "tcpflags2",   "target_port",  "natreflection",
     "trackif",     "tos",           "set-prio-low", "divert-to",        "target"});

void drop_empty_fields(Element& rule) {
  std::erase_if(rule.children, [](const Element& child) {
    return child.text.empty() && child.children.empty() &&
           std::ranges::find(kFieldsOfRules, child.name) != kFieldsOfRules.end();
  });
}

void mark_children(Element& parent, NameList names) {
  for (const std::string_view name : names) {
    if (const Element* child = child_named(parent, name)) child->mark();
  }
}

// ---- gateways --------------------------------------------------------------------------------------------------------

// Whole seconds there, milliseconds in pfSense.
void in_milliseconds(Element& item, NameList times) {
  for (const std::string_view name : times) {
    Element* time = child_named(item, name);
    const auto seconds = time == nullptr ? std::nullopt : number_of(time->text);
    if (seconds && *seconds < 1'000'000) time->text = std::to_string(*seconds * 1'000);
  }
}

void reshape_gateways(Element& root, Draft& draft) {
  Element& gateways = child_or_new(root, "gateways");
  if (Element* model = below(root, {"OPNsense", "Gateways"})) {
    for (Element& item : model->children) {
      if (item.name == "gateway_item") gateways.children.push_back(std::move(item));
    }
    std::erase_if(model->children, [](const Element& item) { return item.name == "gateway_item" || item.name.empty(); });
  }
  std::map<std::string, std::pair<long, Element*>> upstream;  // by family, the one of the lowest priority
  for (Element& item : gateways.children) {
    if (item.name != "gateway_item") continue;
    drop_noes(item, {"disabled", "monitor_disable", "force_down", "defaultgw", "monitor_noroute", "fargw"}, true);
    mark_children(item, {"priority"});
    for (const char* own : {"alert_interval", "data_length"}) {
      if (text_of(item, own).empty()) drop(item, own);
    }
    if (const Element* interval = child_named(item, "interval");
        interval != nullptr && child_named(item, "alert_interval") == nullptr) {
      const Element origin = *interval;
      add_element(item, "alert_interval", origin.text, origin);  // it looks as often as it probes
    }
    in_milliseconds(item, {"interval", "loss_interval", "time_period", "alert_interval"});
    if (child_named(item, "defaultgw") == nullptr || child_named(item, "disabled") != nullptr) continue;
    const long priority = number_of(text_of(item, "priority")).value_or(255);
    const auto [first, fresh] = upstream.try_emplace(text_of(item, "ipprotocol"), priority, &item);
    if (fresh) continue;
    Element* other = priority < first->second.first ? first->second.second : &item;
    if (other != &item) first->second = {priority, &item};
    draft.note(place_of(*child_named(*other, "defaultgw")),
               "is not carried over: another upstream gateway of the family comes before it",
               "make a group of both, and name that in \"default_gateway\"");
    drop(*other, "defaultgw");
  }
}

// ---- rules -----------------------------------------------------------------------------------------------------------

std::string other_interfaces(Element& root, const std::string& listed) {
  const auto names = words_of(listed, ",");
  std::vector<std::string> others;
  const Element* interfaces = child_named(root, "interfaces");
  for (const Element& entry : interfaces == nullptr ? std::vector<Element>{} : interfaces->children) {
    if (std::ranges::find(names, entry.name) == names.end()) others.push_back(entry.name);
  }
  if (std::ranges::find(names, "enc0") == names.end() && std::ranges::find(others, "enc0") == others.end())
    others.emplace_back("enc0");
  return fmt::format("{}", fmt::join(others, ","));
}

// What a rule is without "quick": it decides when no later one does, as pfSense has it for floating ones only.
void reshape_rule(Element& root, Element& rule) {
  drop_noes(rule, {"disabled", "log", "allowopts", "disablereplyto", "nosync", "nopfsync", "floating", "interfacenot"});
  for (const std::string_view end : {"source", "destination"}) {
    if (Element* one = child_named(rule, end)) drop_noes(*one, {"any", "not"});
  }
  mark_children(rule, {"category", "categories", "sequence", "sort_order", "prio_group", "nosync"});
  if (Element* interface = child_named(rule, "interface");
      interface != nullptr && child_named(rule, "interfacenot") != nullptr) {
    interface->text = other_interfaces(root, interface->text);
    drop(rule, "interfacenot");
    if (child_named(rule, "floating") == nullptr) add_element(rule, "floating", "yes", rule);
  }
  if (Element* state = child_named(rule, "statetype")) {
    if (state->text == "keep" || state->text == "sloppy" || state->text == "modulate" || state->text == "synproxy")
      state->text += " state";
  }
  const std::string quick = text_of(rule, "quick");
  if (quick != "0") return;
  drop(rule, "quick");
  if (child_named(rule, "floating") != nullptr) return;
  add_element(rule, "floating", "yes", rule);
  if (text_of(rule, "direction").empty()) {
    drop(rule, "direction");
    add_element(rule, "direction", "in", rule);
  }
}

// <source_net>, <source_not> and <source_port>: one end.
void gather_end(Element& rule, const std::string& end) {
  Element whole{end, rule.path + '/' + end, "", rule.line, {}, false};
  for (Element& child : rule.children) {
    if (child.name == end + "_net") {
      child.name = child.text == "any" ? "any" : "address";
      whole.children.push_back(std::move(child));
    } else if (child.name == end + "_port" || child.name == end + "_not") {
      child.name = child.name.substr(end.size() + 1);
      whole.children.push_back(std::move(child));
    }
  }
  std::erase_if(rule.children, [](const Element& child) { return child.name.empty(); });
  if (whole.children.empty()) add_element(whole, "any", "", rule);
  rule.children.push_back(std::move(whole));
}

// What the models of rules and of translations have in common.
void reshape_of_model(Element& rule) {
  drop_noes(rule,
            {"source_not", "destination_not", "interfacenot", "log", "allowopts", "disablereplyto", "nosync", "nopfsync",
             "tcpflags_any", "nonat", "staticnatport"},
            true);
  drop_empty_fields(rule);
  const bool enabled = text_of(rule, "enabled") != "0";
  mark_children(rule, {"enabled", "categories", "sequence", "sort_order", "prio_group"});
  rename_elements(rule, "description", "descr");
  for (Element& child : rule.children) {
    if (child.name == "protocol")
      std::ranges::transform(child.text, child.text.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  gather_end(rule, "source");
  gather_end(rule, "destination");
  if (!enabled) add_element(rule, "disabled", "", rule);
}

// Firewall > Automation, whose rules have a model of their own.
void reshape_model_rule(Element& rule) {
  reshape_of_model(rule);
  rename_elements(rule, "action", "type");
  const std::string interface = text_of(rule, "interface");
  if (interface.empty() || interface.contains(',')) add_element(rule, "floating", "yes", rule);
}

// Firewall > NAT, as far as it is of the same model: its rules go before the older ones, and need no mode.
void reshape_model_nat(Element& root, Element& nat) {
  const auto take = [&](std::string_view list, Element& into, const std::string& name) {
    std::vector<Element> ours;
    Element* rules = below(root, {"OPNsense", "Firewall", "Filter", list});
    for (Element& rule : rules == nullptr ? std::vector<Element>{} : std::exchange(rules->children, {})) {
      if (rule.name != "rule") {
        rules->children.push_back(std::move(rule));
        continue;
      }
      reshape_of_model(rule);
      rename_elements(rule, "target_port", "natport");
      rule.name = name;
      add_element(rule, "model", "", rule).mark();
      ours.push_back(std::move(rule));
    }
    if (rules != nullptr) rules->mark();
    into.children.insert(into.children.begin(), std::make_move_iterator(ours.begin()), std::make_move_iterator(ours.end()));
  };
  take("onetoone", nat, "onetoone");
  take("npt", nat, "npt");
  take("snatrules", child_or_new(nat, "outbound"), "rule");
}

void reshape_filter(Element& root) {
  Element& filter = child_or_new(root, "filter");
  std::vector<Element> ours;
  if (Element* rules = below(root, {"OPNsense", "Firewall", "Filter", "rules"})) {
    for (Element& rule : rules->children) {
      if (rule.name != "rule") continue;
      reshape_model_rule(rule);
      ours.push_back(std::move(rule));
    }
    std::erase_if(rules->children, [](const Element& rule) { return rule.name.empty(); });
    rules->mark();
  }
  filter.children.insert(filter.children.begin(), std::make_move_iterator(ours.begin()), std::make_move_iterator(ours.end()));
  for (Element& rule : filter.children) {
    if (rule.name == "rule") reshape_rule(root, rule);
  }
  Element& nat = child_or_new(root, "nat");
  rename_elements(nat, "advancedoutbound", "outbound");
  reshape_model_nat(root, nat);
  const NameList flags{"disabled", "nonat", "nordr", "nobinat", "log", "staticnatport"};
  for (Element& entry : nat.children) {
    if (entry.name == "rule" || entry.name == "onetoone" || entry.name == "npt") drop_noes(entry, flags);
    mark_children(entry, {"category", "categories", "sequence", "uuid"});
    for (Element& rule : entry.children) {
      if (entry.name == "outbound" && rule.name == "rule") drop_noes(rule, flags);
    }
  }
}

void reshape_aliases(Element& root) {
  Element* model = below(root, {"OPNsense", "Firewall", "Alias", "aliases"});
  if (model == nullptr) return;
  Element& aliases = child_or_new(root, "aliases");
  for (Element& alias : model->children) {
    if (alias.name != "alias" || text_of(alias, "enabled") == "0") continue;
    rename_elements(alias, "content", "address");
    aliases.children.push_back(std::move(alias));
  }
  std::erase_if(model->children, [](const Element& alias) { return alias.name.empty(); });
}

// ---- tunnels of phases 1 and 2 ---------------------------------------------------------------------------------------

void set_element(Element& parent, const std::string& name, std::string text, const Element& origin) {
  if (Element* known = child_named(parent, name))
    known->text = std::move(text);
  else
    add_element(parent, name, std::move(text), origin);
}

// "aes256gcm16" is one word there, and a name with the bits of its tag in pfSense.
void split_cipher(Element& algorithm) {
  Element* name = child_named(algorithm, "name");
  if (name == nullptr) return;
  const auto gcm = name->text.find("gcm");
  const auto tag = gcm == std::string::npos ? std::nullopt : number_of(std::string_view(name->text).substr(gcm + 3));
  if (!tag) return;
  name->text.resize(gcm + 3);
  drop(algorithm, "keylen");
  add_element(algorithm, "keylen", std::to_string(*tag * 8), *name);
}

// One proposal for each hash and each group.
void split_proposals(Element& phase) {
  Element* algorithm = child_named(phase, "encryption-algorithm");
  if (algorithm == nullptr || child_named(phase, "encryption") != nullptr) return;
  split_cipher(*algorithm);
  const Element cipher = *algorithm;
  const auto hashes = words_of(text_of(phase, "hash-algorithm"), ","), groups = words_of(text_of(phase, "dhgroup"), ",");
  if (hashes.size() < 2 && groups.size() < 2) return;
  Element all{"encryption", cipher.path, "", cipher.line, {}, false};
  for (const std::string& hash : hashes) {
    for (const std::string& group : groups) {
      Element& item = add_element(all, "item", "", cipher);
      item.children.push_back(cipher);
      add_element(item, "hash-algorithm", hash, cipher);
      add_element(item, "dhgroup", group, cipher);
    }
  }
  std::ranges::reverse(all.children);  // as OPNsense does
  mark_children(phase, {"encryption-algorithm", "hash-algorithm", "dhgroup"});
  for (const Element& part : child_named(phase, "encryption-algorithm")->children) {
    if (part.name == "name" || part.name == "keylen") part.mark();
  }
  phase.children.push_back(std::move(all));
}

// ---- times: as strongSwan's starter takes them, which OPNsense writes an ipsec.conf for ----

constexpr long kUsualMargin = 540, kUsualIkeLifetime = 10'800, kUsualLifetime = 3'600;  // seconds: ipsec.conf(5)

bool says_so(Element& phase, std::string_view flag) { return child_named(phase, flag) != nullptr; }

long margin_of(Element& phase1) { return number_of(text_of(phase1, "margintime")).value_or(kUsualMargin); }

// Seconds; 0: never.
long renewed_after(Element& phase1, long lifetime) {
  if (says_so(phase1, "rekey_enable")) return 0;
  const long margin = margin_of(phase1);
  return lifetime > margin ? lifetime - margin : lifetime;
}

// All phases 2 of a connection have the shortest lifetime of those that are on.
void reshape_child_times(Element& ipsec, Element& phase1) {
  std::vector<Element*> phases;
  long shortest = 0;
  for (Element& phase : ipsec.children) {
    if (phase.name != "phase2" || text_of(phase, "ikeid") != text_of(phase1, "ikeid")) continue;
    phases.push_back(&phase);
    const long lifetime = number_of(text_of(phase, "lifetime")).value_or(0);
    if (lifetime > 0 && !says_so(phase, "disabled") && (shortest == 0 || lifetime < shortest)) shortest = lifetime;
  }
  const long lifetime = shortest == 0 ? kUsualLifetime : shortest;
  for (Element* phase : phases) {
    const Element* written = child_named(*phase, "lifetime");
    const Element origin = written == nullptr ? *phase : *written;
    set_element(*phase, "lifetime", std::to_string(lifetime), origin);
    set_element(*phase, "rekey_time", std::to_string(renewed_after(phase1, lifetime)), origin);
  }
}

// With "reauth", which is the default, the IKE_SA is made again instead of being rekeyed; version 1 knows nothing else.
void reshape_ike_times(Element& phase) {
  const std::string version = text_of(phase, "iketype");
  const bool reauthenticates = version.empty() || version == "ikev1" || !says_so(phase, "reauth_enable");
  const Element* written = child_named(phase, "lifetime");
  const Element origin = written == nullptr ? phase : *written;
  const std::string until = std::to_string(renewed_after(phase, number_of(origin.text).value_or(kUsualIkeLifetime)));
  set_element(phase, "rekey_time", reauthenticates ? "0" : until, origin);
  set_element(phase, "reauth_time", reauthenticates ? until : "0", origin);
  for (const char* own : {"rekey_enable", "reauth_enable", "margintime"}) drop(phase, own);
  if (text_of(phase, "rekeyfuzz") == "100" || text_of(phase, "rekeyfuzz").empty()) drop(phase, "rekeyfuzz");
}

// `usual` is how it starts when it does not say.
void reshape_phase1(Element& phase, bool off, const std::string& usual) {
  drop_noes(phase, {"disabled", "tunnel_isolation", "rekey_enable", "reauth_enable", "noinstallpolicy", "mobile"});
  drop_noes(phase, {"mobike", "auto", "rightallowany", "sha256_96"}, true);
  const bool stays = says_so(phase, "mobike");  // the flag turns MOBIKE off
  set_element(phase, "mobike", stays ? "off" : "on", stays ? *child_named(phase, "mobike") : phase);
  if (text_of(phase, "iketype") == "ike") child_named(phase, "iketype")->text = "auto";
  if (!says_so(phase, "auto") && !says_so(phase, "mobile")) add_element(phase, "auto", usual, phase);
  split_proposals(phase);
  rename_elements(phase, "tunnel_isolation", "splitconn");
  mark_children(phase, {"noinstallpolicy"});
  if (Element* method = child_named(phase, "authentication_method"); method != nullptr && method->text == "rsasig")
    method->text = "cert";
  constexpr std::array kStarts{std::pair{"route", "trap"}, std::pair{"add", "none"}};
  rename_elements(phase, "auto", "startaction");
  if (Element* start = child_named(phase, "startaction")) {
    for (const auto& [theirs, ours] : kStarts) {
      if (start->text == theirs) start->text = ours;
    }
  }
  if (off && child_named(phase, "disabled") == nullptr) add_element(phase, "disabled", "", phase);
}

// Its inner addresses, in the smallest network that holds both, as on OPNsense's device.
void reshape_phase2(Element& phase) {
  drop_noes(phase, {"disabled"});
  for (Element& option : phase.children) {
    if (option.name == "encryption-algorithm-option") split_cipher(option);
  }
  Element* mode = child_named(phase, "mode");
  if (mode == nullptr || mode->text != "route-based") return;
  mode->text = "vti";
  const auto local = net::parse_address(text_of(phase, "tunnel_local")),
             remote = net::parse_address(text_of(phase, "tunnel_remote"));
  mark_children(phase, {"tunnel_local", "tunnel_remote"});
  for (const std::string end : {"local", "remote"}) {
    const std::string key = "tunnel_" + end;
    const Element* from = child_named(phase, key);
    const Element origin = from == nullptr ? phase : *from;
    Element& id = child_or_new(phase, end + "id");
    set_element(id, "type", "network", origin);
    set_element(id, "address", origin.text, origin);
    if (local && remote) set_element(id, "netbits", std::to_string(smallest_network(*local, *remote)), origin);
  }
}

void reshape_tunnels(Element& root, Draft& draft) {
  Element* connections = below(root, {"OPNsense", "Swanctl", "Connections"});
  const bool any_connection = connections != nullptr && child_named(*connections, "Connection") != nullptr;
  if (child_named(root, "ipsec") == nullptr && !any_connection) return;
  Element& ipsec = child_or_new(root, "ipsec");
  Element* general = below(root, {"OPNsense", "IPsec", "general", "enabled"});
  const bool on = child_named(ipsec, "enable") != nullptr || (general != nullptr && general->text == "1");
  if (general != nullptr) general->mark();
  if (Element* section = below(root, {"OPNsense", "IPsec", "general"})) section->mark();
  const bool any = any_connection || child_named(ipsec, "phase1") != nullptr;
  if (!on && any) {
    draft.note(place_of(ipsec), "IPsec is switched off there, so all tunnels come out disabled",
               "enable those that are wanted");
    add_element(ipsec, "off", "", ipsec);
  }
  const std::string usual = text_of(ipsec, "auto_routes_disable").empty() ? "route" : "start";
  for (Element& phase : ipsec.children) {
    if (phase.name == "phase2") reshape_phase2(phase);
  }
  for (Element& phase : ipsec.children) {
    if (phase.name != "phase1") continue;
    reshape_phase1(phase, !on, usual);
    reshape_child_times(ipsec, phase);
    reshape_ike_times(phase);
  }
}

// Which of enc(4) and the tunnel's own device the rules of tunnels are looked at on.
void find_filter_mode(Element& root) {
  Element* tunables = child_named(root, "sysctl");
  Element* ipsec = child_named(root, "ipsec");
  if (tunables == nullptr || ipsec == nullptr) return;
  for (const Element& item : tunables->children) {
    if (item.value("tunable") == "net.inet.ipsec.filtertunnel" && item.value("value") == "1")
      add_element(*ipsec, "filtermode", "if_ipsec", item);
  }
}

}  // namespace

int smallest_network(const net::Address& one, const net::Address& other) {
  int length = one.bits();
  while (length > 0 && !net::Prefix{one, static_cast<std::uint8_t>(length)}.contains(other)) --length;
  return length;
}

void put_in_pfsense_words(Element& root, Draft& draft) {
  drop(root, "version");  // it numbers OPNsense's own releases
  reshape_tunnels(root, draft);
  find_filter_mode(root);
  reshape_gateways(root, draft);
  reshape_aliases(root);
  reshape_filter(root);
  if (Element* interfaces = child_named(root, "interfaces")) {
    for (Element& entry : interfaces->children) {
      drop_noes(entry, {"enable"});
      mark_children(entry, {"lock", "internal_dynamic", "virtual", "type", "networks"});
    }
  }
  if (Element* groups = child_named(root, "ifgroups")) {
    for (Element& group : groups->children) {
      drop_noes(group, {"nogroup"});
      mark_children(group, {"sequence", "nogroup"});
      if (Element* members = child_named(group, "members")) std::ranges::replace(members->text, ',', ' ');
    }
  }
  if (Element* routes = child_named(root, "staticroutes")) {
    for (Element& route : routes->children) drop_noes(route, {"disabled"}, true);
  }
}

Result<Imported> import_opnsense(std::string_view text, std::string_view file_name, const Wish& wish) {
  if (auto ours = expect(Source::opnsense, text, file_name); !ours) return std::unexpected(ours.error());
  auto root = parse_xml(without_mark(text));
  if (!root) return fail(fmt::format("{}: {}", file_name, root.error().text), root.error().remedy);
  Draft draft(wish);
  put_in_pfsense_words(*root, draft);
  Work work{*root, PfsenseNames(*root), draft, {}, {}, {}, {}, {}, {}, {}, false, true};
  if (!root->has("ipsec")) draft.note({}, "there are no tunnels in it: neither <ipsec> nor connections");
  carry_tunnels(work);
  carry_opnsense_connections(work, wish);
  carry_interfaces(work);
  carry_gateways(work);
  carry_filter(work);
  note_rest(work);
  note_opnsense_rest(work);
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
