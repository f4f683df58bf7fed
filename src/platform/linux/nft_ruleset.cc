#include "platform/linux/nft_ruleset.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "model/kernel_objects.h"
#include "platform/linux/links.h"
#include "platform/linux/nft_commands.h"
#include "platform/linux/nft_expressions.h"
#include "platform/linux/nft_translations.h"

namespace vtid::platform::netlink {
namespace {

using namespace nft;
using model::FilterSet;
using model::RuleDirection;

constexpr int kFilter = 0;  // NF_IP_PRI_FILTER, linux/netfilter_ipv4.h
constexpr int kEchoRequest4 = 8;
constexpr int kEchoRequest6 = 128;

// By which interface a packet came, as input and forwarding see it: of one in a VRF they see the VRF, and itself as its slave
// (vrf_ip_rcv, drivers/net/vrf.c).
constexpr std::string_view kCameBy[] = {"iifname", "sdifname"};

Json our_links(std::string_view key) { return match(meta(key), set_of({model::kLinkGroup, kLeavingGroup})); }

class Rendering {
 public:
  explicit Rendering(const FilterSet& set) : set_(set) {}

  std::string text() {
    commands_.put(add(table()));  // so that there is one to delete
    commands_.put({{"delete", table()}});
    commands_.put(add(table()));
    for (const model::ListRef& list : lists_of(set_)) lists(*list);
    if (set_.is_restrictive()) filter();
    add_replies(set_, commands_);
    add_choices(set_, commands_);
    add_nat(set_, commands_);
    add_clamps(set_, commands_);
    return commands_.text();
  }

 private:
  // A set of each family that it has, or one of ports.
  void lists(const model::List& list) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      std::vector<Json> elements;
      for (const net::Prefix& network : list.networks) {
        if (network.family() == family) elements.push_back(prefix(network));
      }
      if (elements.empty()) continue;
      commands_.set(std::string(set_prefix(family)) + list.name, family == net::Family::ipv4 ? "ipv4_addr" : "ipv6_addr",
                    std::move(elements));
    }
    std::vector<Json> ports;
    std::ranges::transform(list.ports, std::back_inserter(ports), port_range);
    if (!ports.empty()) commands_.set(std::string(kPortSetPrefix) + list.name, "inet_service", std::move(ports));
  }

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
    if (set_.filters) {
      commands_.rule(chain, {our_links("iifgroup"), jump("tunnel_in")});
      std::set<std::string> devices;
      for (const model::Transit& transit : set_.transits) devices.insert(transit.device.text());
      if (!devices.empty())
        commands_.rule(chain, {match(meta("sdifname"), set_of({devices.begin(), devices.end()})), jump("tunnel_in")});
    }
    if (enc()) return commands_.rule(chain, {match(meta("ipsec"), true), jump("tunnel_in")});
    std::vector<Json> assigned;
    for (const model::FilterDevice& device : set_.devices) assigned.push_back(device.device.text());
    block_policy_based(
        chain, "in", "iifkind",
        assigned.empty() ? Expressions{} : Expressions{match(meta("sdifname"), set_of(std::move(assigned)), "!=")});
  }

  void leaving(std::string_view chain) {
    if (set_.filters) commands_.rule(chain, {our_links("oifgroup"), jump("tunnel_out")});
    if (enc()) return commands_.rule(chain, {match({{"rt", {{"key", "ipsec"}}}}, true), jump("tunnel_out")});
    block_policy_based(chain, "out", "oifkind", {});
  }

  // Only SAs in tunnel mode have addresses of their own to match (xfrm_state_addr_ok, net/netfilter/nft_xfrm.c), so transport
  // mode passes; a device of kind xfrm is somebody's interface.
  void block_policy_based(std::string_view chain, std::string_view direction, std::string_view kind,
                          const Expressions& exempted) {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      const Json outer{{"ipsec", {{"key", "saddr"}, {"family", ip_of(family)}, {"dir", direction}, {"spnum", 0}}}};
      Expressions whole{match(outer, net::print(net::Address::any(family)), "!="), match(meta(kind), kXfrmKind, "!=")};
      std::ranges::copy(exempted, std::back_inserter(whole));
      whole.push_back(one_word("counter"));
      whole.push_back(one_word("drop"));
      commands_.rule(chain, std::move(whole), "tunnel-mode");
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
      for (const std::string_view came_by : kCameBy) {
        const Json from_to{
            {"concat", Json::array({meta(came_by), payload(ip_of(family), "saddr"), payload(ip_of(family), "daddr")})}};
        commands_.rule("tunnel_in", {match(from_to, {{"set", Json(ends)}}),
                                     match(payload(v4 ? "icmp" : "icmpv6", "type"), v4 ? kEchoRequest4 : kEchoRequest6),
                                     one_word("accept")});
      }
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
    if (ways.empty()) return;
    if (direction == RuleDirection::out) return commands_.rule(chain, {verdict_map(meta("oifname"), std::move(ways))});
    for (const std::string_view came_by : kCameBy) commands_.rule(chain, {verdict_map(meta(came_by), ways)});
  }

  [[nodiscard]] bool has_rules(const net::IfName& device, RuleDirection direction) const {
    return std::ranges::any_of(
        set_.rules, [&](const model::DeviceRule& item) { return item.device == device && item.rule.direction == direction; });
  }

  void rules_of(const net::IfName& device, RuleDirection direction, std::string_view chain) {
    for (const model::DeviceRule& item : set_.rules) {
      if (item.device != device || item.rule.direction != direction) continue;
      for (Expressions& expressions : matches(item.rule.traffic, family_of(item))) {
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
