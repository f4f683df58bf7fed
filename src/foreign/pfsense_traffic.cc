#include "foreign/pfsense_traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/protocols.h"

namespace vtid::foreign {
namespace {

using net::Family;

struct IcmpType {
  std::string_view word;  // pf.conf(5)
  int v4, v6;             // -1: none
};
constexpr std::array kIcmpTypes{
    IcmpType{"echorep", 0, 129},   IcmpType{"echoreq", 8, 128},     IcmpType{"unreach", 3, 1},
    IcmpType{"squench", 4, -1},    IcmpType{"redir", 5, 137},       IcmpType{"althost", 6, -1},
    IcmpType{"routeradv", 9, 134}, IcmpType{"routersol", 10, 133},  IcmpType{"timex", 11, 3},
    IcmpType{"paramprob", 12, 4},  IcmpType{"timereq", 13, -1},     IcmpType{"timerep", 14, -1},
    IcmpType{"toobig", -1, 2},     IcmpType{"neighbrsol", -1, 135}, IcmpType{"neighbradv", -1, 136}};

// "lan" is its network, "lanip" its address; a group is the networks of its members.
Result<std::vector<net::Prefix>> interface_end(const Work& work, std::string_view name, const std::set<Family>& families) {
  if (const auto* members = work.names.members(name)) {
    std::vector<net::Prefix> all;
    for (const std::string& member : *members) {
      const auto one = work.names.interface(member) == nullptr ? fail("") : interface_end(work, member, families);
      if (one) all.insert(all.end(), one->begin(), one->end());
    }
    if (all.empty()) return fail(fmt::format("the file does not say what the interfaces of the group \"{}\" are", name));
    return all;
  }
  std::string key(name);
  const bool address = work.names.interface(key) == nullptr && key.ends_with("ip");
  if (address) key.resize(key.size() - 2);
  if (work.names.interface(key) == nullptr) return fail(fmt::format("\"{}\" is not an interface's network or address", name));
  std::vector<net::Prefix> result;
  const VtiPort* port = work.port_of(key);
  for (const Family family : families) {
    std::optional<net::Prefix> found = work.names.address(key, family);
    if (port != nullptr && port->local.contains(family)) found = port->local.at(family);
    if (!found) continue;
    if (address) found->length = static_cast<std::uint8_t>(found->address.bits());
    result.push_back(found->network());
  }
  if (result.empty()) return fail(fmt::format("the file does not say what \"{}\" is", name));
  return result;
}

// Of a network, an alias of some, an interface; those of the families.
Result<std::vector<net::Prefix>> networks_of(const Work& work, const std::string& name, const std::set<Family>& families) {
  if (name == "(self)") return fail("\"(self)\", all addresses of the firewall, cannot be said");
  auto networks = work.names.networks(name);
  if (!networks && work.names.is_alias(name)) return networks;
  if (!networks) return interface_end(work, name, families);
  std::erase_if(*networks, [&](const net::Prefix& network) { return !families.contains(network.family()); });
  return networks;
}

// What OPNsense's rules have besides; it narrows none of them, or is read.
bool is_opnsense_extra(std::string_view name) {
  constexpr std::array<std::string_view, 14> kExtras{
      "icmp6type", "adaptiveend", "adaptivestart", "overload",  "replyto",      "set-prio",   "set-prio-low",
      "shaper1",   "shaper2",     "state-policy",  "udp-first", "udp-multiple", "udp-single", "target_subnet"};
  return std::ranges::find(kExtras, name) != kExtras.end();
}

// Outbound NAT has its ports beside the ends.
const std::string& port_of(const Element& rule, std::string_view end, std::string_view beside) {
  const std::string& inside = rule.at(end).value("port");
  return inside.empty() ? rule.value(beside) : inside;
}

Result<std::vector<std::string>> protocols_of(const Element& rule, const std::set<Family>& families) {
  const std::string& word = rule.value("protocol");
  if (word.empty() && !(port_of(rule, "source", "sourceport").empty() && port_of(rule, "destination", "dstport").empty()))
    return std::vector<std::string>{"tcp"};  // as pfSense takes it
  if (word.empty() || word == "any") return std::vector<std::string>{};
  if (word == "tcp/udp") return std::vector<std::string>{"tcp", "udp"};
  if (word == "icmp" || word == "ipv6-icmp") {
    std::vector<std::string> result;
    if (families.contains(Family::ipv4) && word == "icmp") result.emplace_back("icmp");
    if (families.contains(Family::ipv6)) result.emplace_back("icmp6");
    if (result.empty()) return fail("the protocol is not of the rule's family");
    return result;
  }
  if (word == "carp") return std::vector<std::string>{"vrrp"};
  if (word == "ipv6") return std::vector<std::string>{"41"};
  if (net::protocol_number(word) || number_of(word).value_or(256) < 256) return std::vector{word};
  return fail(fmt::format("vtid has no word for the protocol \"{}\"", word));
}

// OPNsense numbers those of ICMPv6, beside the others.
Result<void> add_icmp_types(const Element& rule, const std::set<Family>& families, Json& json) {
  auto words = words_of(rule.value("icmptype"), ",");
  const auto numbers = words_of(families.contains(Family::ipv6) ? rule.value("icmp6type") : "", ",");
  pass_over(rule, {"icmp6type"});
  words.insert(words.end(), numbers.begin(), numbers.end());
  if (words.empty() || words.front() == "any") return {};
  if (families.size() != 1) return fail("ICMP types of both families in one rule");
  Json types = Json::array();
  for (const std::string& word : words) {
    const auto found = std::ranges::find(kIcmpTypes, word, &IcmpType::word);
    const long number = number_of(word).value_or(-1);
    const int type = found == kIcmpTypes.end()           ? static_cast<int>(std::min(number, 256L))
                     : *families.begin() == Family::ipv4 ? found->v4
                                                         : found->v6;
    if (type < 0 || type > 255) return fail(fmt::format("the ICMP type \"{}\" is not known", word));
    types.push_back(type);
  }
  json["icmp_types"] = std::move(types);
  return {};
}

Result<void> add_ports(Work& work, const std::string& text, const char* key, Json& json) {
  if (text.empty() || text == "any") return {};
  auto ports = work.names.ports(text);
  if (!ports) return std::unexpected(ports.error());
  const bool list = work.names.is_alias(text) && ports->size() > 1;
  json[key] = list ? std::vector{work.list_of(text, text, "ports", *ports)} : std::move(*ports);
  return {};
}

std::vector<std::string> print_all(const std::vector<net::Prefix>& networks) {
  std::vector<std::string> words;
  for (const net::Prefix& network : networks) words.push_back(net::print(network));
  return words;
}

// What a name of one end stands for. An alias of both families in a rule of one is a list of that family.
std::vector<std::string> name_or_networks(Work& work, const std::string& name, const std::vector<net::Prefix>& networks,
                                          const std::set<Family>& families) {
  if (!work.names.is_alias(name) || networks.size() < 2) return print_all(networks);
  const bool whole = work.names.networks(name)->size() == networks.size();
  const std::string wanted = whole ? name : name + (families.contains(Family::ipv4) ? "_v4" : "_v6");
  return {work.list_of(name, wanted, "networks", print_all(networks))};
}

// What an end names; empty: anything.
std::vector<std::string> names_of(const Element& end) {
  pass_over(end, {"any", "network", "address", "port"});
  auto names = words_of(end.value(end.has("address") ? "address" : "network"), ", ");
  if (end.has("any") || std::ranges::find(names, "any") != names.end()) names.clear();
  return names;
}

Json any_or(const std::vector<std::string>& words) { return words.empty() ? Json("any") : Json(words); }

// Inverted it is an exception from anything. Of "any" pfSense does not invert.
void put_end(const Element& end, const std::vector<std::string>& words, const std::string& key, Json& json) {
  if (end.has("not") && !words.empty()) {
    json[key + "_not"] = words;
  } else if (!json.contains(key)) {
    json[key] = any_or(words);
  }
}

Error without_family(const Element& end) {
  return {fmt::format("\"{}\" holds no address of the rule's family", end.value(end.has("address") ? "address" : "network")),
          {}};
}

}  // namespace

std::set<Family> families_of(const Element& rule, std::set<Family> otherwise) {
  const std::string& word = rule.value("ipprotocol");
  if (word == "inet") return {Family::ipv4};
  if (word == "inet6") return {Family::ipv6};
  if (word == "inet46") return {Family::ipv4, Family::ipv6};
  return otherwise;
}

Json json_of(const std::vector<net::Prefix>& networks) {
  if (networks.empty()) return "any";
  return print_all(networks);
}

Result<std::vector<net::Prefix>> end_of(const Work& work, const Element& end, const std::set<Family>& families) {
  if (end.has("not")) return fail("what is \"not\" something cannot be said");
  const auto names = names_of(end);
  std::vector<net::Prefix> all;
  for (const std::string& name : names) {
    const auto networks = networks_of(work, name, families);
    if (!networks) return networks;
    all.insert(all.end(), networks->begin(), networks->end());
  }
  if (all.empty() && !names.empty()) return std::unexpected(without_family(end));
  return all;
}

Result<std::vector<std::string>> end_words(Work& work, const Element& end, const std::set<Family>& families) {
  const auto names = names_of(end);
  std::vector<std::string> all;
  std::set<Family> found;
  for (const std::string& name : names) {
    const auto networks = networks_of(work, name, families);
    if (!networks) return std::unexpected(networks.error());
    std::ranges::transform(*networks, std::inserter(found, found.end()), &net::Prefix::family);
    std::ranges::move(name_or_networks(work, name, *networks, families), std::back_inserter(all));
  }
  if (all.empty() && !names.empty()) return std::unexpected(without_family(end));
  if (end.has("not") && !names.empty() && found != families)
    return fail("\"not\" something of one family, in a rule of both, cannot be said");
  return all;
}

std::string unknown_part(const Element& rule) {
  for (const Element& child : rule.children) {
    if (!child.read && !is_pfsense_word(child.name) && !is_opnsense_extra(child.name)) return child.name;
    if (child.name != "source" && child.name != "destination") continue;
    for (const Element& part : child.children) {
      if (!part.read && !is_pfsense_word(part.name)) return part.name;
    }
  }
  return "";
}

std::optional<net::Address> one_address(const Work& work, std::string_view text) {
  const auto networks = work.names.networks(text);
  const bool one = networks && networks->size() == 1 && networks->front().length == networks->front().address.bits();
  return one ? std::optional(networks->front().address) : std::nullopt;
}

Result<void> add_traffic(Work& work, const Element& rule, const std::set<Family>& families, Json& json,
                         std::vector<std::string>* wider) {
  std::optional<Error> wrong;
  // Nothing when it cannot be said: an error, or wider than it was.
  const auto said = [&](const auto& part) {
    if (!part && wider != nullptr) wider->push_back(part.error().text);
    if (!part && wider == nullptr && !wrong) wrong = part.error();
    return part.has_value();
  };
  const auto protocols = protocols_of(rule, families);
  auto from = end_words(work, rule.at("source"), families);
  auto to = end_words(work, rule.at("destination"), families);
  const bool exact = said(protocols);
  if (!said(from)) from.emplace();
  if (!said(to)) to.emplace();
  if (wrong) return std::unexpected(*wrong);
  if (families.size() == 1 && from->empty() && to->empty())
    json["from"] = net::print(net::Prefix{net::Address::any(*families.begin()), 0});
  if (exact && !protocols->empty()) json["protocol"] = *protocols;
  put_end(rule.at("source"), *from, "from", json);
  put_end(rule.at("destination"), *to, "to", json);
  if (exact) {
    said(add_ports(work, port_of(rule, "source", "sourceport"), "from_ports", json));
    said(add_ports(work, port_of(rule, "destination", "dstport"), "ports", json));
    said(add_icmp_types(rule, families, json));
  } else {
    pass_over(rule, {"icmptype"});
  }
  if (wrong) return std::unexpected(*wrong);
  return {};
}

}  // namespace vtid::foreign
