// What the kernel says of others, decoded: its text in /proc, and the messages recorded in tests/golden/netlink.
#include "platform/host.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>

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
