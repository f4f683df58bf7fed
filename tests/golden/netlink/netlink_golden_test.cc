// What a real kernel accepted from our encoders, and what our decoders make of what it said.
#include <gmock/gmock.h>

#include <linux/if_addr.h>
#include <linux/xfrm.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "golden/netlink/exchanges.h"
#include "golden/netlink/golden.h"
#include "platform/linux/notices.h"

namespace vtid::golden {
namespace {

using netlink::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

template <class Decode>
auto decoded(const std::string& name, Decode decode) {
  std::vector<typename std::invoke_result_t<Decode, const nlmsghdr&>::value_type> found;
  netlink::for_each_message(read_golden(name).heard, [&](const nlmsghdr& message) {
    if (auto value = decode(message)) found.push_back(*std::move(value));
  });
  return found;
}

Verdict verdict(const std::string& name) {
  const auto is_last = [](const nlmsghdr& message) -> std::optional<Verdict> {
    if (message.nlmsg_type != NLMSG_ERROR && message.nlmsg_type != NLMSG_DONE) return std::nullopt;
    return netlink::decode_verdict(message);
  };
  return decoded(name, is_last).at(0);
}

class EveryExchange : public testing::TestWithParam<Exchange> {};

TEST_P(EveryExchange, IsEncodedAsItWasRecorded) {
  const netlink::Bytes said = read_golden(GetParam().name).said;
  netlink::Bytes request = GetParam().request;
  auto& header = *static_cast<nlmsghdr*>(static_cast<void*>(request.data()));
  if ((header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) header.nlmsg_flags |= NLM_F_ACK;
  EXPECT_EQ(request, said);
}

INSTANTIATE_TEST_SUITE_P(Netlink, EveryExchange, testing::ValuesIn(exchanges()),
                         [](const auto& instance) { return instance.param.name; });

TEST(NetlinkAnswer, AcknowledgesWhatTheKernelAccepted) {
  for (const std::string name : {"link_create",
                                 "link_create_foreign",
                                 "link_no_address_generation",
                                 "link_change",
                                 "link_get",
                                 "link_dump",
                                 "counters_dump",
                                 "address_new_ipv4",
                                 "address_new_ipv4_peer",
                                 "address_new_ipv6",
                                 "address_new_ipv6_peer",
                                 "address_dump",
                                 "address_delete",
                                 "route_new_ipv4",
                                 "route_new_ipv4_on_link",
                                 "route_new_ipv4_blackhole",
                                 "route_new_ipv4_default",
                                 "route_new_ipv4_foreign",
                                 "route_new_ipv6",
                                 "route_append_ipv6",
                                 "route_new_ipv6_blackhole",
                                 "route_dump_ipv4",
                                 "route_dump_ipv6",
                                 "route_delete",
                                 "policy_new",
                                 "policy_replace",
                                 "policy_get",
                                 "policy_dump",
                                 "policy_delete",
                                 "sa_new_aead",
                                 "sa_new_pair",
                                 "sa_new_foreign",
                                 "sa_get",
                                 "sa_dump",
                                 "sa_delete",
                                 "link_leave",
                                 "link_delete_leaving"}) {
    EXPECT_EQ(verdict(name), Verdict{}) << name;
  }
}

TEST(NetlinkAnswer, SaysWhyItRefused) {
  EXPECT_EQ(verdict("link_create_again"), (Verdict{EEXIST, ""}));
  EXPECT_EQ(verdict("link_create_without_if_id"), (Verdict{EINVAL, "if_id must be non zero"}));
  EXPECT_EQ(verdict("link_delete_again"), (Verdict{ENODEV, ""}));
  EXPECT_EQ(verdict("address_new_again"), (Verdict{EEXIST, ""}));
  EXPECT_EQ(verdict("route_new_ipv4_unreachable"), (Verdict{ENETUNREACH, "Nexthop has invalid gateway"}));
  EXPECT_EQ(verdict("route_new_ipv6_unreachable").code, EHOSTUNREACH);
  EXPECT_EQ(verdict("route_delete_again").code, ESRCH);
  EXPECT_EQ(verdict("policy_new_again").code, EEXIST);
  EXPECT_EQ(verdict("sa_new_again").code, EEXIST);
  EXPECT_EQ(verdict("sa_delete_again").code, ESRCH);
}

model::ObservedLink observed_link() {
  model::ObservedLink link;
  link.index = kTunnel;
  link.name = device();
  link.owner = model::Owner::vtid;
  link.kind = "xfrm";
  link.if_id = net::IfId{1};
  link.mtu = 1422;
  link.up = true;
  link.multicast = true;
  link.alias = "vtid tunnels/hq";
  return link;
}

TEST(NetlinkLink, IsOursWithAllItsMarks) {
  EXPECT_THAT(decoded("link_get", netlink::decode_link), ElementsAre(observed_link()));
}

TEST(NetlinkLink, OfAnotherGroupIsForeignAndShowsItsIfId) {
  model::ObservedLink loopback;
  loopback.index = kLoopback;
  loopback.name = *net::IfName::parse("lo");
  loopback.mtu = 65536;
  model::ObservedLink foreign;
  foreign.index = {3};
  foreign.name = net::IfName::of({2});
  foreign.kind = "xfrm";
  foreign.if_id = net::IfId{900};
  foreign.mtu = 1422;
  foreign.multicast = true;
  EXPECT_THAT(decoded("link_dump", netlink::decode_link), ElementsAre(loopback, observed_link(), foreign));
}

TEST(NetlinkCounters, AreThereForEachLink) {
  EXPECT_THAT(
      decoded("counters_dump", netlink::decode_counters),
      ElementsAre(netlink::IndexedCounters{{1}, {}}, netlink::IndexedCounters{{2}, {}}, netlink::IndexedCounters{{3}, {}}));
}

TEST(NetlinkAddress, KeepsItsPeerAndItsLength) {
  std::vector<model::ObservedAddress> wanted;
  for (const auto& item : {address("10.6.106.1/30"), address("10.6.107.1/32", "10.9.9.9"),
                           address("fd00:7::1/128", "fd00:9::9"), address("fd00:6::1/64")}) {
    wanted.emplace_back().index = kTunnel;
    wanted.back().local = item.local;
    wanted.back().peer = item.peer;
  }
  EXPECT_THAT(decoded("address_dump", netlink::decode_address), testing::UnorderedElementsAreArray(wanted));
}

// The first address of the dump, with another flag beside the one that it has, IFA_F_PERMANENT.
model::ObservedAddress address_with(int flag) {
  netlink::Bytes heard = read_golden("address_dump").heard;
  const netlink::Bytes flags{8, 0, IFA_FLAGS, 0, IFA_F_PERMANENT, 0, 0, 0};
  const auto at = std::ranges::search(heard, flags).begin();
  EXPECT_NE(at, heard.end());
  at[4] = static_cast<std::uint8_t>(at[4] | flag);
  std::optional<model::ObservedAddress> first;
  netlink::for_each_message(heard, [&](const nlmsghdr& message) {
    if (const auto address = netlink::decode_address(message); address && !first) first = address;
  });
  return first.value();
}

TEST(NetlinkAddress, IsSpareWhereTheKernelPrefersAnotherOrDoesNotUseItYet) {
  for (const int flag : {IFA_F_SECONDARY, IFA_F_DEPRECATED, IFA_F_TENTATIVE, IFA_F_DADFAILED})
    EXPECT_TRUE(address_with(flag).spare) << flag;
  EXPECT_FALSE(address_with(IFA_F_NODAD).spare);
}

TEST(NetlinkAddress, IsInUseUnlessADuplicateMayBeSomewhere) {
  for (const int flag : {IFA_F_TENTATIVE, IFA_F_DADFAILED}) EXPECT_FALSE(address_with(flag).in_use) << flag;
  for (const int flag : {IFA_F_NODAD, IFA_F_SECONDARY, IFA_F_DEPRECATED, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC})
    EXPECT_TRUE(address_with(flag).in_use) << flag;
}

TEST(NetlinkRoute, OfIpv4IsReadBackUnlessAnotherOwns) {
  EXPECT_THAT(decoded("route_dump_ipv4", netlink::decode_route),
              ElementsAre(netlink::IndexedRoute{route("0.0.0.0/0", "10.6.106.2", 20), {kTunnel}},
                          netlink::IndexedRoute{route("10.20.0.0/16", "10.6.106.2", 10), {kTunnel}},
                          netlink::IndexedRoute{route("10.21.0.0/16", "", 0), {kTunnel}},
                          netlink::IndexedRoute{blackhole("10.22.0.0/16", 4000), {}}));
}

TEST(NetlinkRoute, OfIpv6IsReadBackWithAllOfItsNextHops) {
  model::Route both = route("fd20::/48", "fd00:6::2", 1024);
  const auto hop = [](std::string_view gateway) { return model::NextHop{{{}, *net::parse_address(gateway)}, 1}; };
  both.target = model::Multipath{{hop("fd00:6::2"), hop("fd00:6::3")}};
  EXPECT_THAT(
      decoded("route_dump_ipv6", netlink::decode_route),
      ElementsAre(netlink::IndexedRoute{both, {kTunnel, kTunnel}}, netlink::IndexedRoute{blackhole("fd22::/48", 4000), {}}));
}

TEST(NetlinkPolicy, IsReadBackFromAGetAndFromADump) {
  EXPECT_THAT(decoded("policy_get", netlink::decode_policy), ElementsAre(policy()));
  EXPECT_THAT(decoded("policy_dump", netlink::decode_policy), ElementsAre(policy()));
}

TEST(NetlinkSa, IsReadBackWithItsKeyUnlessAnotherOwns) {
  EXPECT_THAT(decoded("sa_get", netlink::decode_sa), ElementsAre(pair_sa()));
  EXPECT_THAT(decoded("sa_dump", netlink::decode_sa), testing::UnorderedElementsAre(aead_sa(), pair_sa()));
}

TEST(NetlinkSa, OfCharonForATunnelOfOursIsReadWithoutItsKey) {
  const auto behind_ours = [](const nlmsghdr& message) {
    auto sa = netlink::decode_charons_sa(message, netlink::wall_seconds());
    if (sa) sa->made = {};  // when the capture was taken
    return sa && sa->behind_ours ? sa : std::nullopt;
  };
  EXPECT_THAT(decoded("sa_dump", behind_ours),
              ElementsAre(model::CharonsSa{foreign_sa().destination, 0x1003, foreign_sa().source, {5001}, {}, true, false}));
}

TEST(NetlinkSa, ThatIsHeldKeepsItsCounts) {
  constexpr std::uint64_t kNow = 4'000'000'000;
  int held = 0;
  netlink::for_each_message(read_golden("sa_get").heard, [&](const nlmsghdr& standing) {
    const auto request = netlink::encode_hold_sa(standing, true, kNow);
    if (!request) return;
    netlink::for_each_message(*request, [&](const nlmsghdr& message) {
      const auto before = netlink::header_of<xfrm_usersa_info>(standing)->curlft;
      const auto counts = netlink::Attributes(message, sizeof(xfrm_aevent_id)).get<xfrm_lifetime_cur>(XFRMA_LTIME_VAL);
      held += message.nlmsg_type == XFRM_MSG_NEWAE && counts->add_time > kNow && counts->use_time == before.use_time &&
              counts->bytes == before.bytes && counts->packets == before.packets;
    });
  });
  EXPECT_EQ(held, 1);
}

// As under lockdown: net/xfrm/xfrm_user.c, xfrm_redact().
TEST(NetlinkSa, WhoseKeyIsShownAsZerosIsReadWithoutOne) {
  netlink::Bytes heard = read_golden("sa_get").heard;
  for (const std::string& part : {pair_sa().key.reveal().substr(0, 16), pair_sa().key.reveal().substr(16)}) {
    // The integrity key comes twice: XFRMA_ALG_AUTH and XFRMA_ALG_AUTH_TRUNC.
    for (auto found = std::ranges::search(heard, part); !found.empty(); found = std::ranges::search(heard, part)) {
      std::ranges::fill(found, std::uint8_t{0});
    }
  }
  model::Sa redacted = pair_sa();
  redacted.key = {};
  std::optional<model::Sa> read;
  netlink::for_each_message(heard, [&](const nlmsghdr& message) {
    if (auto sa = netlink::decode_sa(message)) read = std::move(sa);
  });
  EXPECT_EQ(read, redacted);
}

// What the kernel told XFRMNLGRP_SA while the exchanges took place.
TEST(NetlinkSa, ConcernsUsWhenItIsOurs) {
  std::vector<std::uint16_t> concerning;
  int all = 0;
  netlink::for_each_message(read_golden("sa_notices").heard, [&](const nlmsghdr& message) {
    ++all;
    if (netlink::is_our_sa(message)) concerning.push_back(message.nlmsg_type);
  });
  EXPECT_EQ(all, 4);
  EXPECT_THAT(concerning, ElementsAre(XFRM_MSG_NEWSA, XFRM_MSG_NEWSA, XFRM_MSG_DELSA));
}

TEST(NetlinkDump, SaysThatItWasInterrupted) {
  const auto interrupted = [](const nlmsghdr& message) {
    return std::optional<bool>((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0);
  };
  EXPECT_THAT(decoded("interrupted", interrupted), ElementsAre(true));
}

TEST(NetlinkNotice, ConcernsUsByKindAndOwner) {
  const auto concerning = [](const nlmsghdr& message) {
    return netlink::concerns_us(message) ? std::optional(true) : std::nullopt;
  };
  EXPECT_EQ(decoded("link_dump", concerning).size(), 3U);
  EXPECT_EQ(decoded("address_dump", concerning).size(), 4U);
  EXPECT_EQ(decoded("route_dump_ipv4", concerning).size(), 4U);
  EXPECT_THAT(decoded("counters_dump", concerning), IsEmpty());
}

// All decoders over one datagram; how many of them found something.
std::size_t decode_all(const netlink::Bytes& datagram) {
  std::size_t found = 0;
  netlink::for_each_message(datagram, [&](const nlmsghdr& message) {
    for (const bool something :
         {netlink::decode_link(message).has_value(), netlink::decode_counters(message).has_value(),
          netlink::decode_address(message).has_value(), netlink::decode_route(message).has_value(),
          netlink::decode_policy(message).has_value(), netlink::decode_sa(message).has_value(), netlink::is_our_sa(message),
          netlink::decode_charons_sa(message, 0).has_value(), netlink::decode_charons_policy(message).has_value(),
          netlink::decode_lost_sa(message).has_value(), netlink::tells_of_lost_policies(message),
          !netlink::decode_verdict(message).text.empty(), netlink::concerns_us(message)}) {
      found += something ? 1U : 0U;
    }
  });
  return found;
}

TEST(NetlinkMutation, OfRecordedBytesIsReadWithinTheirBounds) {
  std::mt19937 random;  // its default seed: the same mutations in every run
  std::size_t found = 0;
  for (const Exchange& exchange : exchanges()) {
    const netlink::Bytes heard = read_golden(exchange.name).heard;
    for (int round = 0; round < 200; ++round) {
      netlink::Bytes mutated = heard;
      for (int change = 0; change < 4; ++change) mutated[random() % mutated.size()] = static_cast<std::uint8_t>(random());
      mutated.resize(random() % 4 == 0 ? random() % mutated.size() : mutated.size());
      mutated.shrink_to_fit();  // so that a sanitizer sees one byte too far
      found += decode_all(mutated);
    }
  }
  EXPECT_GT(found, 0U);
}

}  // namespace
}  // namespace vtid::golden
