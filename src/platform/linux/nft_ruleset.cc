#include "platform/linux/nft_ruleset.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/kernel_objects.h"
#include "platform/linux/links.h"
#include "platform/linux/nft_expressions.h"

namespace vtid::platform::netlink {
namespace {

using namespace nft;
using model::FilterSet;
using model::NatKind;
using model::RuleDirection;

constexpr int kMangle = -150;  // NF_IP_PRI_MANGLE and its neighbours, linux/netfilter_ipv4.h
constexpr int kFilter = 0;
constexpr int kDestinationNat = -100;
constexpr int kSourceNat = 100;
constexpr int kEchoRequest4 = 8;
constexpr int kEchoRequest6 = 128;
constexpr std::string_view kXfrmKind = "xfrm";

Json table() { return {{"table", {{"family", "inet"}, {"name", kFilterTable}}}}; }
Json add(Json object) { return {{"add", std::move(object)}}; }

// The table under construction, as a list of commands.
class Commands {
 public:
  void put(Json command) { commands_.push_back(std::move(command)); }
  void chain(std::string_view name) { add_chain({{"family", "inet"}, {"table", kFilterTable}, {"name", name}}); }
  void base_chain(std::string_view name, std::string_view type, std::string_view hook, int priority) {
    add_chain({{"family", "inet"},
               {"table", kFilterTable},
               {"name", name},
               {"type", type},
               {"hook", hook},
               {"prio", priority},
               {"policy", "accept"}});
  }
  void rule(std::string_view chain, Expressions expressions, std::string_view comment = {}) {
    Json rule{{"family", "inet"}, {"table", kFilterTable}, {"chain", chain}};
    if (!comment.empty()) rule["comment"] = comment;
    rule["expr"] = Json(std::move(expressions));
    rules_.push_back(add({{"rule", std::move(rule)}}));
  }

  // Chains come before the rules that name them.
  [[nodiscard]] std::string text() {
    for (Json& rule : rules_) commands_.push_back(std::move(rule));
    return Json{{"nftables", Json(std::move(commands_))}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

 private:
  void add_chain(Json chain) { commands_.push_back(add({{"chain", std::move(chain)}})); }

  std::vector<Json> commands_;
  std::vector<Json> rules_;
};

Json our_links(std::string_view key) { return match(meta(key), set_of({model::kLinkGroup, kLeavingGroup})); }

class Rendering {
 public:
  explicit Rendering(const FilterSet& set) : set_(set) {}

  std::string text() {
    commands_.put(add(table()));  // so that there is one to delete
    commands_.put({{"delete", table()}});
    commands_.put(add(table()));
    if (set_.closes()) filter();
    if (std::ranges::any_of(set_.devices, &model::FilterDevice::replies)) replies();
    if (!set_.nat.empty()) nat();
    if (!set_.clamps.empty()) clamps();
    return commands_.text();
  }

 private:
  // A packet that comes by one tunnel and leaves by another meets both lists, which is why forwarding has two chains.
  void filter() {
    commands_.base_chain("input", "filter", "input", kFilter);
    commands_.base_chain("forward_in", "filter", "forward", kFilter);
    commands_.base_chain("forward_out", "filter", "forward", kFilter + 1);
    commands_.base_chain("output", "filter", "output", kFilter);
    if (set_.filters) {
      commands_.chain("tunnel_in");
      commands_.chain("tunnel_out");
      tunnel_in();
      tunnel_out();
    }
    for (const std::string_view chain : {"input", "forward_in"}) entering(chain);
    for (const std::string_view chain : {"output", "forward_out"}) leaving(chain);
  }

  [[nodiscard]] bool enc() const { return set_.mode == model::FilterMode::enc; }

  void entering(std::string_view chain) {
    if (set_.filters) commands_.rule(chain, {our_links("iifgroup"), jump("tunnel_in")});
    if (enc()) return commands_.rule(chain, {match(meta("ipsec"), true), jump("tunnel_in")});
    block_policy_based(chain, "in", "iifkind");
  }

  void leaving(std::string_view chain) {
    if (set_.filters) commands_.rule(chain, {our_links("oifgroup"), jump("tunnel_out")});
    if (enc()) return commands_.rule(chain, {match({{"rt", {{"key", "ipsec"}}}}, true), jump("tunnel_out")});
    block_policy_based(chain, "out", "oifkind");
  }

  // Only SAs in tunnel mode have addresses of their own to match (xfrm_state_addr_ok, net/netfilter/nft_xfrm.c), so transport
  // mode passes; a device of kind xfrm is somebody's interface.
  void block_policy_based(std::string_view chain, std::string_view direction, std::string_view kind) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      const Json outer{{"ipsec", {{"key", "saddr"}, {"family", ip_of(family)}, {"dir", direction}, {"spnum", 0}}}};
      commands_.rule(chain,
                     {match(outer, net::print(net::Address::any(family)), "!="), match(meta(kind), kXfrmKind, "!="),
                      one_word("counter"), one_word("drop")},
                     "tunnel-mode");
    }
  }

  void tunnel_in() {
    constexpr std::string_view chain = "tunnel_in";
    established(chain);
    echo_requests();
    for (const std::string_view type : {"nd-neighbor-solicit", "nd-neighbor-advert"}) {
      commands_.rule(chain,
                     {match(payload("icmpv6", "type"), type), match(payload("ip6", "hoplimit"), 255), one_word("accept")});
    }
    rules(RuleDirection::in, chain);
    commands_.rule(chain, {one_word("counter"), one_word("drop")}, "default");
  }

  void tunnel_out() {
    established("tunnel_out");
    rules(RuleDirection::out, "tunnel_out");
  }

  void established(std::string_view chain) {
    commands_.rule(chain, {match(ct("state"), Json::array({"established", "related"}), "in"), one_word("accept")});
  }

  // The peer's monitor, and whoever asks whether the far end of the transit is there.
  void echo_requests() {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      std::vector<Json> ends;
      for (const model::Transit& transit : set_.transits) {
        if (transit.remote.family() != family) continue;
        ends.push_back(
            {{"concat", Json::array({transit.device.text(), net::print(transit.remote), net::print(transit.local)})}});
      }
      if (ends.empty()) continue;
      const bool v4 = family == net::Family::ipv4;
      const Json from_to{
          {"concat", Json::array({meta("iifname"), payload(ip_of(family), "saddr"), payload(ip_of(family), "daddr")})}};
      commands_.rule("tunnel_in",
                     {match(from_to, {{"set", Json(std::move(ends))}}),
                      match(payload(v4 ? "icmp" : "icmpv6", "type"), v4 ? kEchoRequest4 : kEchoRequest6), one_word("accept")});
    }
  }

  // One list in mode enc; else one for each device that has rules, found by one look.
  void rules(RuleDirection direction, std::string_view chain) {
    if (enc()) return rules_of({}, direction, chain);
    std::vector<Json> ways;
    for (const model::FilterDevice& device : set_.devices) {
      if (!has_rules(device.device, direction)) continue;
      const std::string own = fmt::format("{}_{}", print(direction), device.device.text());
      commands_.chain(own);
      rules_of(device.device, direction, own);
      ways.push_back(Json::array({device.device.text(), jump(own)}));
    }
    const std::string_view key = direction == RuleDirection::in ? "iifname" : "oifname";
    if (!ways.empty()) commands_.rule(chain, {verdict_map(meta(key), std::move(ways))});
  }

  [[nodiscard]] bool has_rules(const net::IfName& device, RuleDirection direction) const {
    return std::ranges::any_of(
        set_.rules, [&](const model::DeviceRule& item) { return item.device == device && item.rule.direction == direction; });
  }

  void rules_of(const net::IfName& device, RuleDirection direction, std::string_view chain) {
    for (const model::DeviceRule& item : set_.rules) {
      if (item.device != device || item.rule.direction != direction) continue;
      for (Expressions& expressions : matches(item.rule.traffic)) {
        expressions.push_back(one_word("counter"));
        if (item.rule.log) expressions.push_back({{"log", {{"prefix", *item.rule.log}}}});
        expressions.push_back(verdict(item.rule.action));
        commands_.rule(chain, std::move(expressions), item.name);
      }
    }
  }

  static Json verdict(model::RuleAction action) {
    switch (action) {
      case model::RuleAction::pass: return one_word("accept");
      case model::RuleAction::block: return one_word("drop");
      case model::RuleAction::reject: return {{"reject", {{"type", "icmpx"}, {"expr", "admin-prohibited"}}}};
    }
    std::abort();
  }

  // A connection is marked with the tunnel that it came by, and its replies get that mark before they are routed.
  void replies() {
    commands_.base_chain("reply_in", "filter", "prerouting", kMangle);
    commands_.base_chain("reply_out", "route", "output", kMangle);
    std::vector<Json> origins;
    std::vector<Json> returns;
    for (const model::FilterDevice& device : set_.devices) {
      if (!device.replies) continue;
      const std::uint32_t mark = model::mark_of(device.unit);
      const std::string from = "from_" + device.device.text();
      const std::string back = "back_" + device.device.text();
      commands_.chain(from);
      commands_.chain(back);
      commands_.rule(from, {set_mark(ct("mark"), mark)});
      commands_.rule(back, {set_mark(meta("mark"), mark)});
      origins.push_back(Json::array({device.device.text(), jump(from)}));
      returns.push_back(Json::array({mark, jump(back)}));
    }
    const Json unit{{"&", Json::array({ct("mark"), model::kMarkMask})}};
    commands_.rule("reply_in", {match(ct("state"), "new"), verdict_map(meta("iifname"), std::move(origins))});
    for (const std::string_view chain : {"reply_in", "reply_out"}) {
      commands_.rule(chain, {match(ct("direction"), "reply"), verdict_map(unit, returns)});
    }
  }

  // Whole addresses before single connections, as in pf.
  void nat() {
    commands_.base_chain("nat_in", "nat", "prerouting", kDestinationNat);
    commands_.base_chain("nat_out", "nat", "postrouting", kSourceNat);
    for (const model::DeviceNat& item : set_.nat) {
      if (item.nat.kind == NatKind::one_to_one) one_to_one(item);
    }
    for (const model::DeviceNat& item : set_.nat) {
      if (item.nat.kind == NatKind::source) source(item);
      if (item.nat.kind == NatKind::destination) destination(item);
    }
  }

  void translate(std::string_view chain, const model::DeviceNat& item, const model::Traffic& traffic, net::Family family,
                 const Json& statement) {
    for (Expressions& expressions : matches(traffic, family)) {
      Expressions whole{match(meta(chain == "nat_in" ? "iifname" : "oifname"), item.device.text())};
      std::ranges::move(expressions, std::back_inserter(whole));
      whole.push_back(one_word("counter"));
      whole.push_back(statement);
      commands_.rule(chain, std::move(whole), item.name);
    }
  }

  void source(const model::DeviceNat& item) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      if (const auto* address = std::get_if<net::Prefix>(&item.nat.address)) {
        if (address->family() == family) translate("nat_out", item, item.nat.traffic, family, to("snat", *address));
      } else {
        const bool none = std::holds_alternative<model::NoTranslation>(item.nat.address);
        translate("nat_out", item, item.nat.traffic, family, one_word(none ? "return" : "masquerade"));
      }
    }
  }

  void destination(const model::DeviceNat& item) {
    const net::Family family = item.nat.target.family();
    Json statement = to("dnat", {item.nat.target, static_cast<std::uint8_t>(item.nat.target.bits())});
    if (item.nat.target_port) statement["dnat"]["port"] = *item.nat.target_port;
    translate("nat_in", item, item.nat.traffic, family, statement);
  }

  void one_to_one(const model::DeviceNat& item) {
    const net::Prefix& inside = item.nat.traffic.from.front();
    const auto& outside = std::get<net::Prefix>(item.nat.address);
    model::Traffic in;
    in.from = item.nat.traffic.to;
    in.to = {outside};
    translate("nat_in", item, in, inside.family(), to("dnat", inside));
    translate("nat_out", item, item.nat.traffic, inside.family(), to("snat", outside));
  }

  static Json to(std::string_view statement, const net::Prefix& address) {
    Json what{{"family", ip_of(address.family())}, {"addr", prefix(address)}};
    if (address.length != address.address.bits()) what["flags"] = "netmap";
    Json json = Json::object();
    json[std::string(statement)] = std::move(what);
    return json;
  }

  // Both ways, each where the device is known. The kernel only ever lowers the size (nft_exthdr_tcp_set_eval).
  void clamps() {
    commands_.base_chain("clamp_in", "filter", "prerouting", kMangle);
    commands_.base_chain("clamp_out", "filter", "postrouting", kMangle);
    std::map<std::pair<net::Family, std::uint16_t>, std::vector<Json>> devices;
    for (const model::MssClamp& clamp : set_.clamps) devices[{clamp.family, clamp.size}].push_back(clamp.device.text());
    for (const auto& [what, names] : devices) {
      const auto& [family, size] = what;
      for (const bool in : {true, false}) {
        commands_.rule(in ? "clamp_in" : "clamp_out",
                       {match(meta(in ? "iifname" : "oifname"), set_of(names)),
                        match(meta("nfproto"), family == net::Family::ipv4 ? "ipv4" : "ipv6"),
                        match(payload("tcp", "flags"), "syn", "in"),
                        {{"mangle", {{"key", {{"tcp option", {{"name", "maxseg"}, {"field", "size"}}}}}, {"value", size}}}}});
      }
    }
  }

  const FilterSet& set_;
  Commands commands_;
};

}  // namespace

std::string render_filter(const FilterSet& set) { return Rendering(set).text(); }

std::string render_filter_removal() {
  Commands commands;
  commands.put(add(table()));
  commands.put({{"delete", table()}});
  return commands.text();
}

std::string render_filter_listing() {
  Commands commands;
  commands.put({{"list", table()}});
  return commands.text();
}

}  // namespace vtid::platform::netlink
