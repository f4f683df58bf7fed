// What rules with exceptions match in pf, asked of packets one by one: pf negates no list, and knows one condition for an end.
#include <gtest/gtest.h>

#include "net/protocols.h"
#include "platform/freebsd/pf_anchor.h"
#include "support/pf_evaluator.h"

namespace vtid::test {
namespace {

net::Address host(std::string_view text) { return *net::parse_address(text); }

model::AnyOf<net::Prefix> networks(std::initializer_list<std::string_view> texts) {
  model::AnyOf<net::Prefix> any;
  for (const std::string_view text : texts) any.values.push_back(*net::parse_prefix(text));
  return any;
}

model::AnyOf<net::Prefix> list(std::string name, std::initializer_list<std::string_view> texts) {
  model::List list{std::move(name)};
  list.networks = model::reduced(networks(texts).values);
  model::AnyOf<net::Prefix> any;
  any.lists = {model::ListRef(std::move(list))};
  return any;
}

bool within(const model::AnyOf<net::Prefix>& any, const net::Address& address) {
  const auto all = any.all();
  return std::ranges::any_of(all, [&](const net::Prefix& item) { return item.contains(address); });
}

// As docs/filtering.md says it.
bool matches(const model::AnyOf<net::Prefix>& any, const model::AnyOf<net::Prefix>& except, const net::Address& address) {
  if (!any.empty()) return within(any, address) && !within(except, address);
  const auto named = except.all();
  return except.empty() || (!within(except, address) && std::ranges::any_of(named, [&](const net::Prefix& item) {
           return item.family() == address.family();
         }));
}

std::vector<model::Traffic> traffics() {
  std::vector<model::Traffic> all(9);
  all[0].from_not = networks({"10.1.0.0/16"});
  all[1].from_not = networks({"10.1.0.0/16", "10.2.0.0/16"});
  all[2].from_not = list("A", {"10.1.0.0/16", "fd00:1::/32"});
  all[3].from = networks({"10.0.0.0/8", "fd00::/8"});
  all[3].from_not = networks({"10.1.0.0/16", "10.2.0.1"});
  all[4].from = networks({"10.1.0.0/16", "10.2.0.0/16"});
  all[4].from_not = list("A", {"10.1.0.0/16", "10.2.128.0/17"});
  all[5].from = list("A", {"10.1.0.0/16", "fd00:1::/32"});
  all[5].from_not = networks({"10.0.0.0/8"});
  all[6].from_not = networks({"10.1.0.0/16"});
  all[6].to_not = list("A", {"10.1.0.0/16", "10.2.0.0/16"});
  all[7].from_not = list("A", {"10.1.0.0/16"});
  all[7].from_not.values = {*net::parse_prefix("10.2.0.0/16")};
  all[8].to = networks({"10.2.0.0/16"});
  all[8].to_not = networks({"10.2.0.1"});
  return all;
}

TEST(Exceptions, MatchInPfWhatTheyMatch) {
  const std::vector<net::Address> hosts{host("10.1.0.1"),   host("10.2.0.1"),  host("10.2.0.2"),
                                        host("10.2.200.1"), host("10.3.0.1"),  host("192.0.2.1"),
                                        host("fd00:1::1"),  host("fd00:2::1"), host("2001:db8::1")};
  for (const model::Traffic& traffic : traffics()) {
    model::FilterSet set;
    set.filters = true;
    set.rules = {{"rules/0", {}, {}, {}}};
    set.rules.front().rule.traffic = traffic;
    const std::string anchor = platform::print_pf_anchor(set);
    for (const net::Address& from : hosts) {
      for (const net::Address& to : hosts) {
        if (from.family() != to.family()) continue;
        PfEvaluator pf(anchor, {"ipsec1"}, {});
        const PfPacket packet{.from = from, .to = to, .protocol = net::kTcp, .from_port = 40'000, .to_port = 80};
        const bool passed = pf.meet(packet, PfDirection::in, "enc0").verdict == PfVerdict::passed;
        EXPECT_EQ(passed, matches(traffic.from, traffic.from_not, from) && matches(traffic.to, traffic.to_not, to))
            << net::print(from) << " to " << net::print(to) << " by\n"
            << anchor;
      }
    }
  }
}

}  // namespace
}  // namespace vtid::test
