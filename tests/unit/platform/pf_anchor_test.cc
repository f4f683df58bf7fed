// What no file in tests/golden/filter has.
#include "platform/freebsd/pf_anchor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vtid::platform {
namespace {

using testing::HasSubstr;
using testing::Not;

net::IfName device(std::string_view name) { return *net::IfName::parse(name); }
net::Address ip(std::string_view text) { return *net::parse_address(text); }

model::FilterSet routed(std::vector<model::FilterHop> hops) {
  model::FilterSet set;
  model::DevicePolicyRoute route{"policy_routes/0", device("em1"), net::Family::ipv4, {}, std::move(hops)};
  route.traffic.from = {*net::parse_prefix("10.1.0.0/24")};
  set.policy_routes = {route};
  return set;
}

TEST(PfAnchor, APolicyRouteGoesOverEachHopAsOftenAsItWeighs) {
  EXPECT_EQ(
      print_pf_anchor(routed({{device("ipsec1"), ip("10.6.106.2"), 20}, {device("ipsec2"), ip("10.6.107.2"), 10}})),
      "pass in quick on em1 route-to { (ipsec1 10.6.106.2), (ipsec1 10.6.106.2), (ipsec2 10.6.107.2) } round-robin inet from "
      "10.1.0.0/24 to ! (self) keep state label \"policy_routes/0\"\n");
}

TEST(PfAnchor, APolicyRouteWithoutAHopDrops) {
  EXPECT_EQ(print_pf_anchor(routed({})), "block in quick on em1 inet from 10.1.0.0/24 to ! (self) label \"policy_routes/0\"\n");
}

TEST(PfAnchor, AnExceptionPassesWithoutAWay) {
  model::FilterSet set = routed({});
  set.policy_routes.front().is_exception = true;
  EXPECT_EQ(print_pf_anchor(set),
            "pass in quick on em1 inet from 10.1.0.0/24 to ! (self) keep state label \"policy_routes/0\"\n");
}

// A rule whose state a packet would meet again on enc0, in its own direction, decides in enc0's place.
TEST(PfAnchor, InModeEncNothingThatPassesOutOnATunnelKeepsAState) {
  model::FilterSet set = routed({{device("ipsec1"), ip("10.6.106.2"), 1}});
  set.filters = true;
  for (const model::FilterMode mode : {model::FilterMode::enc, model::FilterMode::if_ipsec}) {
    set.mode = mode;
    const std::string text = print_pf_anchor(set);
    const bool enc = mode == model::FilterMode::enc;
    EXPECT_THAT(text, HasSubstr(enc ? "\npass out quick on vtid all no state\n" : "\npass out quick on vtid all keep state\n"));
    EXPECT_EQ(text.find("pass out quick on enc0 all keep state (floating)\n") != std::string::npos, enc);
  }
}

TEST(PfAnchor, BeforeFreebsd14NoMssIsClampedInAnAnchor) {
  model::FilterSet set;
  set.clamps = {{device("ipsec1"), net::Family::ipv4, 1360}};
  EXPECT_EQ(print_pf_anchor(set), "match on ipsec1 inet proto tcp all scrub (max-mss 1360)\n");
  EXPECT_EQ(print_pf_anchor(set, {.match_clamps = false}), "");
}

TEST(PfAnchor, InModeEncTheLeastMssServesWhatComesIn) {
  model::FilterSet set;
  set.filters = true;
  set.clamps = {{device("ipsec1"), net::Family::ipv4, 1360}, {device("ipsec2"), net::Family::ipv4, 1340}};
  set.transits = {{device("ipsec1"), ip("10.6.106.1"), ip("10.6.106.2")},
                  {device("ipsec2"), ip("10.6.107.1"), ip("10.6.107.2")}};
  set.clamps.push_back({device("em0"), net::Family::ipv4, 1200});
  EXPECT_THAT(print_pf_anchor(set), HasSubstr("match on enc0 inet proto tcp all scrub (max-mss 1340)\n"));
  set.mode = model::FilterMode::if_ipsec;
  EXPECT_THAT(print_pf_anchor(set), Not(HasSubstr("enc0")));
}

}  // namespace
}  // namespace vtid::platform
