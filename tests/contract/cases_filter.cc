#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::DeleteFilter;
using model::FilterSet;
using model::SetFilter;

net::Prefix prefix(std::string_view text) { return *net::parse_prefix(text); }
net::Address ip(std::string_view text) { return *net::parse_address(text); }

model::DeviceRule rule(std::string name, std::string_view on, model::RuleDirection direction, model::RuleAction action) {
  model::DeviceRule item;
  item.name = std::move(name);
  if (!on.empty()) item.device = device(on);
  item.rule.direction = direction;
  item.rule.action = action;
  return item;
}

// One of every kind of match and verdict that a file can ask for.
FilterSet everything(model::FilterMode mode) {
  const bool enc = mode == model::FilterMode::enc;
  FilterSet set;
  set.mode = mode;
  set.filters = true;
  set.transits = {{device("ipsec1"), ip("10.6.106.1"), ip("10.6.106.2")},
                  {device("ipsec1"), ip("fd00:6::1"), ip("fd00:6::2")},
                  {device("ipsec2"), ip("10.6.107.1"), ip("10.6.107.2")}};
  set.clamps = {{device("ipsec1"), net::Family::ipv4, 1382},
                {device("ipsec1"), net::Family::ipv6, 1362},
                {device("ipsec2"), net::Family::ipv4, 1382}};
  const std::string_view on = enc ? "" : "ipsec1";
  auto web = rule("rules/0", on, model::RuleDirection::in, model::RuleAction::pass);
  web.rule.traffic = {{net::kTcp, net::kUdp},
                      {prefix("10.2.0.0/16"), prefix("10.2.3.0/24"), prefix("fd00:2::/64")},
                      {prefix("10.1.0.10/32"), prefix("fd00:1::10/128")},
                      {{1024, 65535}},
                      {{80, 90}, {85, 95}, {443, 443}},
                      {}};
  web.rule.log = "web: ";
  model::List offices{"OFFICES"}, ports{"PORTS"};
  offices.networks = {prefix("10.3.0.0/16"), prefix("10.4.0.1/32"), prefix("10.4.0.2/31"), prefix("fd00:3::/48")};
  ports.ports = {{22, 22}, {8000, 8080}};
  web.rule.traffic.from.lists = {model::ListRef(offices)};
  web.rule.traffic.ports.lists = {model::ListRef(ports)};
  auto echo = rule("rules/1", on, model::RuleDirection::in, model::RuleAction::reject);
  echo.rule.traffic.protocols = {net::kIcmp};
  echo.rule.traffic.icmp_types = {8, 13};
  auto echo6 = rule("rules/2", on, model::RuleDirection::in, model::RuleAction::pass);
  echo6.rule.traffic.protocols = {net::kIcmp6};
  echo6.rule.traffic.icmp_types = {128};
  auto ospf = rule("rules/3", on, model::RuleDirection::out, model::RuleAction::block);
  ospf.rule.traffic.protocols = {89};
  const auto all = rule("rules/4", on, model::RuleDirection::out, model::RuleAction::pass);
  auto voice = rule("rules/5", on, model::RuleDirection::in, model::RuleAction::pass);
  voice.rule.traffic.from = {prefix("10.3.0.0/16")};
  voice.rule.traffic.from_not = {prefix("10.3.1.0/24")};
  voice.rule.traffic.from_not.lists = {model::ListRef(offices)};
  voice.rule.traffic.dscp = {46, 8};
  set.rules = {web, echo, echo6, ospf, all, voice};
  if (enc) return set;
  set.devices = {{device("ipsec1"), {1}, true, ip("10.6.106.2"), ip("fd00:6::2")}, {device("ipsec2"), {2}, true, {}, {}}};
  const auto nat = [](std::string name, model::NatKind kind) {
    model::DeviceNat item;
    item.name = std::move(name);
    item.device = device("ipsec1");
    item.nat.kind = kind;
    return item;
  };
  auto own = nat("nat/0", model::NatKind::source);
  own.nat.traffic.from = {prefix("10.1.0.0/24")};
  auto none = nat("nat/1", model::NatKind::source);
  none.nat.address = model::NoTranslation{};
  none.nat.traffic.to = {prefix("fd00:2::/64")};
  auto fixed = nat("nat/2", model::NatKind::source);
  fixed.nat.address = prefix("10.9.0.1/32");
  auto forward = nat("nat/3", model::NatKind::destination);
  forward.nat.traffic = {{net::kTcp}, {}, {prefix("10.6.106.1/32")}, {}, {{8080, 8080}}, {}};
  forward.nat.target = ip("10.1.0.10");
  forward.nat.target_port = 80;
  auto forward6 = nat("nat/4", model::NatKind::destination);
  forward6.nat.traffic = {{net::kUdp}, {}, {prefix("fd00:6::1/128")}, {}, {{5000, 5010}}, {}};
  forward6.nat.target = ip("fd00:1::10");
  auto net = nat("nat/5", model::NatKind::one_to_one);
  net.nat.traffic.from = {prefix("10.1.0.0/24")};
  net.nat.address = prefix("10.9.1.0/24");
  auto host = nat("nat/6", model::NatKind::one_to_one);
  host.nat.traffic.from = {prefix("fd00:1::10/128")};
  host.nat.traffic.to = {prefix("fd00:2::/64")};
  host.nat.address = prefix("fd00:9::10/128");
  set.nat = {own, none, fixed, forward, forward6, net, host};
  return set;
}

bool holds(Stage& stage, const FilterSet& set) {
  const auto filter = stage.observe().filter;
  return filter && filter->mode == print(set.mode) && filter->digest == digest(set) && !filter->altered;
}

void round_trip(Stage& stage) {
  for (const auto mode : {model::FilterMode::enc, model::FilterMode::if_ipsec}) {
    stage.expect(stage.apply(SetFilter{everything(mode)}) == 0, "it can be set: " + stage.told);
    stage.expect(holds(stage, everything(mode)), "it is there as it was given");
  }
  stage.expect(stage.apply(DeleteFilter{}) == 0, "it can be deleted");
  stage.expect(!stage.observe().filter, "it is gone");
}

void smallest(Stage& stage) {
  FilterSet set;
  set.mode = model::FilterMode::if_ipsec;
  stage.expect(stage.apply(SetFilter{set}) == 0, "a set without rules can be set");
  stage.expect(holds(stage, set), "it is there as it was given");
}

void remove_gone(Stage& stage) { stage.expect(stage.apply(DeleteFilter{}) == 0, "deleting what is not there is no error"); }

void altered(Stage& stage) {
  const FilterSet set = everything(model::FilterMode::if_ipsec);
  stage.expect(stage.apply(SetFilter{set}) == 0, "it can be set");
  (void)stage.settle();
  stage.world.alter_filter();
  stage.expect(stage.noticed() || as_freebsd(stage.system), "somebody's change is noticed");
  const auto seen = stage.observe().filter;
  stage.expect(seen && seen->altered, "somebody's change is seen");
  stage.expect(stage.apply(SetFilter{set}) == 0, "it can be set again");
  stage.expect(holds(stage, set), "it is as it was given again");
}

// Other entries of a list are another set.
void lists_change(Stage& stage) {
  const auto with = [](std::vector<net::Prefix> networks) {
    FilterSet set;
    set.filters = true;
    model::List list{"OFFICES"};
    list.networks = std::move(networks);
    set.rules = {rule("rules/0", "", model::RuleDirection::in, model::RuleAction::pass)};
    set.rules.front().rule.traffic.from.lists = {model::ListRef(std::move(list))};
    return set;
  };
  const FilterSet before = with({prefix("10.2.0.0/16")}), after = with({prefix("10.2.0.0/16"), prefix("10.3.0.0/16")});
  stage.expect(stage.apply(SetFilter{before}) == 0, "a set with a list can be set: " + stage.told);
  stage.expect(holds(stage, before) && !holds(stage, after), "it is there with the entries that it was given");
  stage.expect(stage.apply(SetFilter{after}) == 0, "other entries can be set");
  stage.expect(holds(stage, after), "they are there");
}

void deleted_by_others(Stage& stage) {
  stage.expect(stage.apply(SetFilter{everything(model::FilterMode::enc)}) == 0, "it can be set");
  (void)stage.settle();
  stage.world.delete_our_filter();
  stage.expect(stage.noticed() || as_freebsd(stage.system), "its end is noticed");
  stage.expect(!stage.observe().filter, "it is gone");
}

void foreign(Stage& stage) {
  stage.world.add_foreign_filter();
  (void)stage.settle();
  stage.expect(!stage.observe().filter, "theirs is not listed");
  stage.expect(stage.apply(SetFilter{everything(model::FilterMode::enc)}) == 0, "ours can be set");
  stage.expect(stage.world.has_foreign_filter(), "theirs is there beside ours");
  stage.expect(stage.apply(DeleteFilter{}) == 0, "ours can be deleted");
  stage.expect(stage.world.has_foreign_filter(), "theirs is there");
}

void counted(Stage& stage) {
  stage.expect(stage.apply(SetFilter{everything(model::FilterMode::enc)}) == 0, "it can be set");
  const auto counters = platform::count_now(stage.kernel);
  stage.expect(counters && counters->contains("rules/0") && counters->contains("rules/4"), "every rule has its counters");
}

}  // namespace

std::vector<Case> filter_cases() {
  return {{"filter.set_observed_deleted", round_trip, with_filters},
          {"filter.without_rules", smallest, with_filters},
          {"filter.lists_change", lists_change, with_filters},
          {"filter.delete_of_missing_done", remove_gone, with_filters},
          {"filter.altered_seen_and_mended", altered, with_filters},
          {"filter.deleted_by_others_seen", deleted_by_others, with_filters},
          {"filter.foreign_untouched", foreign, with_filters},
          {"filter.rules_counted", counted, with_filters}};
}

}  // namespace vtid::contract
