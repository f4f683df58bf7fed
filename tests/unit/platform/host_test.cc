// What the kernel says of others, decoded: its text in /proc, and the messages recorded in tests/golden/netlink.
#include "platform/host.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "golden/netlink/golden.h"
#include "platform/linux/outsiders.h"
#include "platform/linux/policies.h"
#include "platform/linux/proc.h"

namespace vtid::platform {
namespace {

using ::testing::ElementsAre;

template <class Decode>
auto decoded(const std::string& name, Decode decode) {
  std::vector<typename std::invoke_result_t<Decode, const nlmsghdr&>::value_type> found;
  netlink::for_each_message(golden::read_golden(name).heard, [&](const nlmsghdr& message) {
    if (auto value = decode(message)) found.push_back(*std::move(value));
  });
  return found;
}

netlink::Bytes sent(netlink::Bytes request) {
  static_cast<nlmsghdr*>(static_cast<void*>(request.data()))->nlmsg_flags |= NLM_F_ACK;
  return request;
}

net::Address address(std::string_view text) { return net::parse_address(text).value(); }

// Seven policies: two take everything; the others have an if_id, a mark, a device, a narrower selector, or ask for nothing.
TEST(Outsiders, ArePoliciesThatTakeEverything) {
  EXPECT_THAT(decoded("policy_dump_foreign", netlink::decode_catch_all),
              ElementsAre(model::CatchAll{model::PolicyDirection::in, net::Family::ipv6, 8, true},
                          model::CatchAll{model::PolicyDirection::out, net::Family::ipv4, 7, false}));
}
TEST(Outsiders, AreNotOurOwnPolicies) { EXPECT_THAT(decoded("policy_dump", netlink::decode_catch_all), ElementsAre()); }
TEST(Outsiders, AreNotListedAsOurs) { EXPECT_THAT(decoded("policy_dump_foreign", netlink::decode_policy), ElementsAre()); }

// What the kernel says of `rules`, in a network of its own; each test is a process of its own.
std::vector<model::ForwardChain> forward_chains(std::string_view rules) {
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  const std::string path = ::testing::TempDir() + "forward_chains." + std::to_string(::getpid());
  std::ofstream(path) << rules;
  EXPECT_EQ(std::system(("nft -f " + path).c_str()), 0);
  std::remove(path.c_str());
  auto found = read_host({}).forward_chains;
  EXPECT_TRUE(found) << found.error().text;
  return found.value_or(std::vector<model::ForwardChain>{});
}

// As iptables-nft writes it, with and without wildcards.
TEST(ForwardChains, OfDockerNameItsDevices) {
  EXPECT_THAT(forward_chains(R"(table ip filter {
      chain DOCKER-USER { counter return; }
      chain DOCKER { ip daddr 172.17.0.2 iifname != "docker0" oifname "docker0" tcp dport 80 counter accept; }
      chain FORWARD { type filter hook forward priority 0; policy drop;
        counter jump DOCKER-USER
        oifname "docker0" ct state related,established counter accept
        oifname "docker0" counter jump DOCKER
        iifname "br-*" oifname != "docker0" counter accept; }; })"),
              ElementsAre(model::ForwardChain{"ip", "filter", "FORWARD", "docker", {"docker0", "br-*"}, false}));
}

TEST(ForwardChains, OfUfwLetThroughWhatIsEstablished) {
  EXPECT_THAT(forward_chains(R"(table ip6 filter {
      chain ufw6-before-forward { ct state related,established counter accept; icmpv6 type echo-request counter accept; }
      chain FORWARD { type filter hook forward priority 0; policy drop; counter jump ufw6-before-forward; }; })"),
              ElementsAre(model::ForwardChain{"ip6", "filter", "FORWARD", "ufw", {}, false}));
}

// Its policy is to accept, and its last rule is not.
TEST(ForwardChains, OfFirewalldEndWithARejection) {
  EXPECT_THAT(forward_chains(R"(table inet firewalld {
      chain filter_FORWARD { type filter hook forward priority 10; policy accept;
        ct state { established, related } accept
        iifname "lo" accept
        reject with icmpx admin-prohibited; }; })")
                  .front()
                  .maker,
              "firewalld");
}

TEST(ForwardChains, LetThroughByAddressesMarksAndSets) {
  for (const char* rule : {"ip saddr 10.0.0.0/8 accept", "meta mark 7 accept", "iifname { eth1, ipsec1 } accept",
                           "meta iifname vmap { ipsec1 : accept }", "ipsec in reqid 5001 accept", "iifgroup 5 accept",
                           "ip6 saddr fd00::/8 accept", "ip daddr 10.0.0.0/24 jump more"}) {
    const auto chains =
        forward_chains(std::string("table inet filter { chain more {}\n chain forward { type filter hook forward "
                                   "priority 0; policy drop; ") +
                       rule + "; }; }");
    ASSERT_EQ(chains.size(), 1U) << rule;
    EXPECT_TRUE(chains.front().by_other) << rule;
  }
}

TEST(ForwardChains, ThatAcceptEverythingDropNothing) {
  EXPECT_THAT(
      forward_chains(
          R"(table ip everything { chain forward { type filter hook forward priority 0; policy drop; counter accept; }; }
      table ip open { chain forward { type filter hook forward priority 0; iifname "x" drop; }; }
      table ip local { chain input { type filter hook input priority 0; policy drop; }; }
      table inet vtid { chain forward { type filter hook forward priority 0; policy drop; }; })"),
      ElementsAre());
}

TEST(RouteLookup, IsAskedAsItWasRecorded) {
  EXPECT_EQ(sent(netlink::encode_route_lookup(address("198.51.100.1"))), golden::read_golden("lookup_ipv4").said);
  EXPECT_EQ(sent(netlink::encode_route_lookup(address("fd00:9::7"))), golden::read_golden("lookup_ipv6").said);
}
TEST(RouteLookup, TellsTheDeviceAndTheMtuOfTheWay) {
  EXPECT_THAT(decoded("lookup_ipv4", netlink::decode_path), ElementsAre(netlink::IndexedPath{{2}, 1400}));
}
TEST(RouteLookup, TellsNoMtuWhereNoneIsKnown) {
  EXPECT_THAT(decoded("lookup_ipv6", netlink::decode_path), ElementsAre(netlink::IndexedPath{{2}, std::nullopt}));
}
TEST(RouteLookup, IsRefusedWhereThereIsNoWay) {
  EXPECT_THAT(decoded("lookup_unreachable", netlink::decode_path), ElementsAre());
  std::vector<int> codes;
  netlink::for_each_message(golden::read_golden("lookup_unreachable").heard,
                            [&](const nlmsghdr& message) { codes.push_back(netlink::decode_verdict(message).code); });
  EXPECT_THAT(codes, ElementsAre(ENETUNREACH));
}

TEST(Proc, HasTheFileOfASetting) {
  EXPECT_EQ(path_of_sysctl("net.ipv4.conf.ipsec1.rp_filter"), "/proc/sys/net/ipv4/conf/ipsec1/rp_filter");
  EXPECT_EQ(path_of_sysctl("net.ipv4.conf.eth0/100.rp_filter"), "/proc/sys/net/ipv4/conf/eth0.100/rp_filter");
}
TEST(Proc, ReadsOneNumber) { EXPECT_EQ(parse_sysctl("2\n"), 2); }
TEST(Proc, ReadsNoNumberOutOfOtherText) {
  for (const char* text : {"", "\n", "1 2\n", "yes\n", "99999999999999999999\n"})
    EXPECT_EQ(parse_sysctl(text), std::nullopt) << text;
}
TEST(Proc, ReadsDropCounters) {
  EXPECT_EQ(parse_drops("XfrmInError             \t0\nXfrmInNoStates          \t18446744073709551615\n"),
            (std::vector<model::DropCounter>{{"XfrmInError", 0, 0, 0}, {"XfrmInNoStates", 18446744073709551615ULL, 0, 0}}));
}
TEST(Proc, ReadsNoCountersOutOfOtherText) {
  for (const char* text : {"XfrmInError\n", "XfrmInError x\n", " 1\n", "\n"})
    EXPECT_EQ(parse_drops(text), std::nullopt) << text;
}

TEST(Host, NamesAProcess) { EXPECT_EQ(name_of_process(::getpid()), "host_test"); }
TEST(Host, SaysWhyAnythingCouldNotBeRead) {
  const auto facts = read_host({{net::IfName::parse("nosuch0").value()}, {}, "unix:///nonexistent/charon.vici"});
  const auto& setting = facts.sysctls.at("net.ipv4.conf.nosuch0.rp_filter");
  ASSERT_FALSE(setting);
  EXPECT_EQ(setting.error().text, "cannot read /proc/sys/net/ipv4/conf/nosuch0/rp_filter: No such file or directory");
  EXPECT_EQ(facts.charon_program, "");
  EXPECT_FALSE(facts.charon);
}

}  // namespace
}  // namespace vtid::platform
