#include "platform/linux/nft_translations.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace vtid::platform::netlink::nft {
namespace {

using model::FilterSet;
using model::NatKind;

constexpr int kMangle = -150;  // NF_IP_PRI_MANGLE and its neighbours, linux/netfilter_ipv4.h
constexpr int kDestinationNat = -100;
constexpr int kAfterDestinationNat = -99;  // where rules see what they see when they judge
constexpr int kSourceNat = 100;

// The part of a mark that is ours, of the connection.
Json our_mark() { return {{"&", Json::array({ct("mark"), model::kMarkMask})}}; }

// The marks that rules with a gateway give, each once.
std::map<std::uint32_t, net::IfName> selections(const FilterSet& set) {
  std::map<std::uint32_t, net::IfName> marks;
  for (const model::DeviceRule& item : set.rules) {
    if (item.route_to) marks.emplace(item.route_to->mark, item.device);
  }
  return marks;
}

Json to(std::string_view statement, const net::Prefix& address) {
  Json what{{"family", ip_of(address.family())}, {"addr", prefix(address)}};
  if (address.length != address.address.bits()) what["flags"] = "netmap";
  Json json = Json::object();
  json[std::string(statement)] = std::move(what);
  return json;
}

void translate(Commands& commands, std::string_view chain, const model::DeviceNat& item, const model::Traffic& traffic,
               net::Family family, const Json& statement) {
  for (Expressions& expressions : matches(traffic, family)) {
    Expressions whole{match(meta(chain == "nat_in" ? "iifname" : "oifname"), item.device.text())};
    std::ranges::move(expressions, std::back_inserter(whole));
    whole.push_back(one_word("counter"));
    whole.push_back(statement);
    commands.rule(chain, std::move(whole), item.name);
  }
}

void source(Commands& commands, const model::DeviceNat& item) {
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
    if (const auto* address = std::get_if<net::Prefix>(&item.nat.address)) {
      if (address->family() == family) translate(commands, "nat_out", item, item.nat.traffic, family, to("snat", *address));
    } else {
      const bool none = std::holds_alternative<model::NoTranslation>(item.nat.address);
      translate(commands, "nat_out", item, item.nat.traffic, family, one_word(none ? "return" : "masquerade"));
    }
  }
}

std::string chain_of(std::string_view what, std::uint32_t mark) {
  return fmt::format("{}_{:x}", what, mark >> model::kMarkShift);
}

// A chain of its own for a device that has rules with a gateway. The first that matches decides, so those without one stand
// there too, up to the last with one.
void choose_on(const FilterSet& set, const net::IfName& device, std::string_view chain, Commands& commands) {
  std::vector<const model::DeviceRule*> rules;
  std::size_t needed = 0;
  for (const model::DeviceRule& item : set.rules) {
    if (item.device != device || item.rule.direction != model::RuleDirection::in) continue;
    rules.push_back(&item);
    if (item.route_to) needed = rules.size();
  }
  rules.resize(needed);
  commands.chain(chain);
  for (const model::DeviceRule* item : rules) {
    for (Expressions& expressions : matches(item->rule.traffic, family_of(*item))) {
      expressions.push_back(item->route_to ? go_to(chain_of("choice", item->route_to->mark)) : one_word("return"));
      commands.rule(chain, std::move(expressions));
    }
  }
}

void destination(Commands& commands, const model::DeviceNat& item) {
  const net::Family family = item.nat.target.family();
  Json statement = to("dnat", {item.nat.target, static_cast<std::uint8_t>(item.nat.target.bits())});
  if (item.nat.target_port) statement["dnat"]["port"] = *item.nat.target_port;
  translate(commands, "nat_in", item, item.nat.traffic, family, statement);
}

void one_to_one(Commands& commands, const model::DeviceNat& item) {
  const net::Prefix& inside = item.nat.traffic.from.values.front();
  const auto& outside = std::get<net::Prefix>(item.nat.address);
  model::Traffic in;
  in.from = item.nat.traffic.to;
  in.to = {outside};
  translate(commands, "nat_in", item, in, inside.family(), to("dnat", inside));
  translate(commands, "nat_out", item, item.nat.traffic, inside.family(), to("snat", outside));
}

}  // namespace

void add_replies(const FilterSet& set, Commands& commands) {
  if (std::ranges::none_of(set.devices, &model::FilterDevice::replies)) return;
  commands.base_chain("reply_in", "filter", "prerouting", kMangle);
  commands.base_chain("reply_out", "route", "output", kMangle);
  std::vector<Json> origins;
  std::vector<Json> returns;
  std::map<net::IfName, std::string> answering;  // the devices by which replies leave, and the chain that says so
  for (const model::FilterDevice& device : set.devices) {
    if (!device.replies) continue;
    const std::uint32_t mark = model::mark_of(device.unit);
    const std::string from = "from_" + device.device.text();
    const std::string back = "back_" + device.device.text();
    commands.chain(from);
    commands.chain(back);
    commands.rule(from, {set_mark(ct("mark"), mark)});
    commands.rule(back, {set_mark(meta("mark"), mark)});
    origins.push_back(Json::array({device.device.text(), jump(from)}));
    returns.push_back(Json::array({mark, jump(back)}));
    answering.emplace(device.device, back);
  }
  for (const auto& [mark, device] : selections(set)) {
    if (const auto back = answering.find(device); back != answering.end()) {
      returns.push_back(Json::array({mark, jump(back->second)}));
    }
  }
  commands.rule("reply_in", {match(ct("state"), "new"), verdict_map(meta("iifname"), std::move(origins))});
  for (const std::string_view chain : {"reply_in", "reply_out"}) {
    commands.rule(chain, {match(ct("direction"), "reply"), verdict_map(our_mark(), returns)});
  }
}

void add_choices(const FilterSet& set, Commands& commands) {
  const auto marks = selections(set);
  if (marks.empty()) return;
  commands.base_chain("choose", "filter", "prerouting", kAfterDestinationNat);
  std::map<net::IfName, Json> origins;
  std::vector<Json> ways;
  for (const auto& [mark, device] : marks) {
    const std::string selection = chain_of("choice", mark), chosen = chain_of("chosen", mark);
    commands.chain(selection);
    commands.chain(chosen);
    commands.rule(selection, {set_mark(ct("mark"), mark)});
    commands.rule(chosen, {set_mark(meta("mark"), mark)});
    ways.push_back(Json::array({mark, jump(chosen)}));
    origins.emplace(device, Json::array({device.text(), jump("choose_" + device.text())}));
  }
  std::vector<Json> lists;
  for (auto& [device, way] : origins) {
    choose_on(set, device, "choose_" + device.text(), commands);
    lists.push_back(std::move(way));
  }
  commands.rule("choose", {match(ct("state"), "new"), verdict_map(meta("iifname"), std::move(lists))});
  commands.rule("choose", {match(ct("direction"), "original"), verdict_map(our_mark(), std::move(ways))});
}

// Whole addresses before single connections, as in pf.
void add_nat(const FilterSet& set, Commands& commands) {
  if (set.nat.empty()) return;
  commands.base_chain("nat_in", "nat", "prerouting", kDestinationNat);
  commands.base_chain("nat_out", "nat", "postrouting", kSourceNat);
  for (const model::DeviceNat& item : set.nat) {
    if (item.nat.kind == NatKind::one_to_one) one_to_one(commands, item);
  }
  for (const model::DeviceNat& item : set.nat) {
    if (item.nat.kind == NatKind::source) source(commands, item);
    if (item.nat.kind == NatKind::destination) destination(commands, item);
  }
}

// Both ways, each where the device is known. The kernel only ever lowers the size (nft_exthdr_tcp_set_eval).
void add_clamps(const FilterSet& set, Commands& commands) {
  if (set.clamps.empty()) return;
  commands.base_chain("clamp_in", "filter", "prerouting", kMangle);
  commands.base_chain("clamp_out", "filter", "postrouting", kMangle);
  std::map<std::pair<net::Family, std::uint16_t>, std::vector<Json>> devices;
  for (const model::MssClamp& clamp : set.clamps) devices[{clamp.family, clamp.size}].push_back(clamp.device.text());
  for (const auto& [what, names] : devices) {
    const auto& [family, size] = what;
    for (const bool in : {true, false}) {
      commands.rule(in ? "clamp_in" : "clamp_out",
                    {match(meta(in ? "iifname" : "oifname"), set_of(names)),
                     match(meta("nfproto"), family == net::Family::ipv4 ? "ipv4" : "ipv6"),
                     match(payload("tcp", "flags"), "syn", "in"),
                     {{"mangle", {{"key", {{"tcp option", {{"name", "maxseg"}, {"field", "size"}}}}}, {"value", size}}}}});
    }
  }
}

}  // namespace vtid::platform::netlink::nft
