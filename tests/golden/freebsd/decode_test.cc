// Every captured message means to us what the system's headers say it means.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "golden/freebsd/capture.h"
#include "platform/freebsd/wire/pfkey.h"
#include "platform/freebsd/wire/requests.h"
#include "platform/freebsd/wire/routing.h"

namespace vtid::platform::freebsd {
namespace {

using Words = std::vector<std::string>;

// "inet/16/192.0.2.1", "inet6/28/fe80::1/scope": the scope's number is not among our values.
std::string sockaddr_word(const net::Address& address) {
  return address.is_v4() ? "inet/16/" + print(address) : "inet6/28/" + print(address) + "/scope";
}

void add_sockaddr(Words& words, std::string_view name, View bytes) {
  if (const auto address = decode_sockaddr(bytes)) words.push_back(fmt::format("{}={}", name, sockaddr_word(*address)));
}

Words words_of_link(const ListedLink& link) {
  return {fmt::format("ifinfol index={} flags=0x{:x} ", link.index.value, link.flags), fmt::format("mtu={} ", link.mtu),
          fmt::format("name[{}]", link.name.text())};
}

Words words_of_address(const ListedAddress& address) {
  Words words{fmt::format("addrl index={} ", address.index.value), "ifa=" + sockaddr_word(address.local.address),
              fmt::format("prefixlen={}", address.local.length)};
  if (address.far) words.push_back("brd=" + sockaddr_word(*address.far));
  return words;
}

Words words_of_route(View message) {
  const auto header = read_at<abi::RouteHeader>(message);
  const auto addresses = Sockaddrs::read(message, sizeof(abi::RouteHeader), header->addresses);
  EXPECT_TRUE(addresses.has_value());
  Words words{fmt::format("type={} route index={} flags=0x{:x} addrs=0x{:x} ", header->head.type, header->index, header->flags,
                          header->addresses),
              fmt::format("pid={} seq={} errno={} ", header->pid, header->sequence, header->error)};
  add_sockaddr(words, "dst", addresses->at(abi::kDestination));
  add_sockaddr(words, "gateway", addresses->at(abi::kGateway));
  add_sockaddr(words, "ifa", addresses->at(abi::kLocal));
  add_sockaddr(words, "brd", addresses->at(abi::kBroadcast));
  const auto to = decode_sockaddr(addresses->at(abi::kDestination));
  const View mask = addresses->at(abi::kNetmask);
  if (to && !mask.empty() && mask[1] != 0xff) {
    words.push_back(fmt::format("prefixlen={}", decode_mask(mask, to->family()).value_or(255)));
  }
  return words;
}

Words words_of(View message) {
  if (const auto link = decode_link(message)) return words_of_link(*link);
  if (const auto address = decode_address(message)) return words_of_address(*address);
  const std::uint8_t type = type_of(message);
  const bool route = type == abi::kRtmAdd || type == abi::kRtmDelete || type == abi::kRtmChange || type == abi::kRtmGet;
  return route ? words_of_route(message) : Words{fmt::format("type={} ", type)};
}

void expect_words(const std::string& line, const Words& words, const std::string& name) {
  for (const std::string& word : words) EXPECT_THAT(line, testing::HasSubstr(word)) << name;
}

// One line of expectation for each message, in its order.
void expect_run(const Capture& capture) {
  std::size_t at = 0;
  EXPECT_TRUE(for_each_message(capture.bytes, [&](View message) {
    ASSERT_LT(at, capture.expected.size()) << capture.name;
    expect_words(capture.expected[at++], words_of(message), capture.name);
  })) << capture.name;
  EXPECT_EQ(at, capture.expected.size()) << capture.name;
}

TEST(FreebsdDecode, EveryRoutingMessage) {
  const auto captures = read_captures("rt_");
  EXPECT_EQ(captures.size(), 133U);
  for (const Capture& capture : captures) expect_run(capture);
}

TEST(FreebsdDecode, EveryLinkAndAddressOfAList) {
  for (const auto& [name, links, addresses] : {std::tuple{"sysctl_iflistl", 8, 13}, {"sysctl_iflistl_ipsec1", 1, 3}}) {
    const Capture capture = read_capture(name);
    expect_run(capture);
    int seen_links = 0;
    int seen_addresses = 0;
    (void)for_each_message(capture.bytes, [&](View message) {
      seen_links += decode_link(message).has_value() ? 1 : 0;
      seen_addresses += decode_address(message).has_value() ? 1 : 0;
    });
    EXPECT_EQ(seen_links, links);
    EXPECT_EQ(seen_addresses, addresses);
  }
}

std::vector<ListedRoute> routes_in(const Capture& capture, bool ours) {
  std::vector<ListedRoute> found;
  (void)for_each_message(capture.bytes, [&](View message) {
    const auto route = decode_route(message);
    ASSERT_TRUE(route.has_value()) << capture.name;
    if (route->ours == ours) found.push_back(*route);
  });
  return found;
}

model::Route to(std::string_view prefix, std::string_view gateway = {}) {
  model::ViaGateway via;
  if (!gateway.empty()) via.gateway = *net::parse_address(gateway);
  return {*net::parse_prefix(prefix), {}, net::kMainTable, via};
}

TEST(FreebsdDecode, OurRoutesAndTheOthers) {
  const Capture inet = read_capture("sysctl_rt_dump_inet");
  const Capture inet6 = read_capture("sysctl_rt_dump_inet6");
  expect_run(inet);
  expect_run(inet6);
  expect_run(read_capture("sysctl_rt_dump_all"));
  EXPECT_THAT(routes_in(inet, true), testing::ElementsAre(ListedRoute{to("10.6.200.0/24"), {7}, true},
                                                          ListedRoute{to("10.6.201.0/24", "10.6.106.2"), {7}, true}));
  EXPECT_THAT(routes_in(inet6, true), testing::ElementsAre(ListedRoute{to("fd00:6:200::/64"), {7}, true},
                                                           ListedRoute{to("fd00:6:201::/64", "fd00:6::2"), {7}, true}));
  EXPECT_THAT(routes_in(inet, false), testing::Contains(ListedRoute{to("10.6.106.2/32"), {7}, false}));
  EXPECT_THAT(routes_in(inet6, false), testing::Contains(ListedRoute{to("2001:db8::/64"), {5}, false}));
}

void expect_parts(const Capture& capture, const KeyMessage& message) {
  const auto& header = message.header;
  EXPECT_TRUE(capture.says(fmt::format("msg version=2 type={} errno={} satype={} len={} seq={} pid={}", header.type,
                                       header.error, header.sa_type, header.length, header.sequence, header.pid)))
      << capture.name;
  for (std::size_t type = 0; type < message.parts.size(); ++type) {
    const View part = message.parts[type];
    if (part.empty()) continue;
    EXPECT_TRUE(capture.says(fmt::format("ext type={} len={} ", type, part.size() / 8))) << capture.name;
  }
}

void expect_sa(const Capture& capture, const ListedSa& listed) {
  const model::Sa& sa = listed.sa;
  EXPECT_TRUE(capture.says(fmt::format("spi=0x{:x} replay={} ", sa.spi, sa.replay_window / 8))) << capture.name;
  EXPECT_TRUE(capture.says(fmt::format("reqid={} ", sa.reqid.value))) << capture.name;
  EXPECT_EQ(sa.if_id.value + net::kReqIdBase, sa.reqid.value);
  EXPECT_FALSE(listed.ours);
}

void expect_policy(const Capture& capture, const ListedPolicy& policy) {
  EXPECT_TRUE(capture.says(fmt::format("policy ptype=2 dir={} scope={} spid={} prio_or_ifindex={}", policy.direction,
                                       policy.scope, policy.id, policy.priority)))
      << capture.name;
  EXPECT_TRUE(capture.says(fmt::format("reqid={} ", policy.reqid))) << capture.name;
  ASSERT_TRUE(policy.source && policy.destination) << capture.name;
  EXPECT_TRUE(capture.says(sockaddr_word(*policy.source)) && capture.says(sockaddr_word(*policy.destination))) << capture.name;
}

TEST(FreebsdDecode, EveryKeyMessage) {
  int sas = 0;
  int policies = 0;
  const auto captures = read_captures("pfkey_");
  EXPECT_EQ(captures.size(), 95U);
  for (const Capture& capture : captures) {
    const auto message = read_key_message(capture.bytes);
    ASSERT_TRUE(message.has_value()) << capture.name;
    expect_parts(capture, *message);
    if (const auto sa = decode_sa(*message)) {
      ++sas;
      expect_sa(capture, *sa);
    }
    if (const auto policy = decode_policy(*message)) {
      ++policies;
      expect_policy(capture, *policy);
    }
  }
  EXPECT_EQ(sas, 13);  // and one that is dead (a hard EXPIRE)
  EXPECT_EQ(policies, 65);
}

TEST(FreebsdDecode, AnSaWholly) {
  const auto gcm = decode_sa(*read_key_message(read_capture("pfkey_dump_three_reply2").bytes));
  ASSERT_TRUE(gcm.has_value());
  EXPECT_EQ(print(gcm->sa.algorithm), "aes128gcm16");  // although the kernel wrote an integrity of its own into it
  EXPECT_EQ(gcm->sa.key.reveal(), "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\"#");
  EXPECT_EQ(print(gcm->sa.source) + " " + print(gcm->sa.destination), "192.0.2.2 192.0.2.1");
  EXPECT_EQ(gcm->sa.replay_window, 32U);
  const auto cbc = decode_sa(*read_key_message(read_capture("pfkey_dump_three_reply3").bytes));
  ASSERT_TRUE(cbc.has_value());
  EXPECT_EQ(print(cbc->sa.algorithm), "aes128-sha256");
  EXPECT_EQ(cbc->sa.key.reveal(),
            "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
            "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_");
}

TEST(FreebsdDecode, AddressesAndFlagsOfReplies) {
  const auto flags = [](std::string_view name) {
    return flags_of(as<abi::InterfaceRequest>(read_capture(std::string(name)).bytes));
  };
  EXPECT_EQ(flags("ioctl_getflags_ipsec1_fresh_out"), abi::kIffPointToPoint | abi::kIffMulticast);
  EXPECT_EQ(flags("ioctl_getflags_ipsec1_up_out"), abi::kIffUp | abi::kIffPointToPoint | abi::kIffRunning | abi::kIffMulticast);
  EXPECT_EQ(value_of<std::uint32_t>(as<abi::InterfaceRequest>(read_capture("ioctl_getmtu_ipsec1_out").bytes)), 1350U);
  const auto outer =
      value_of<std::array<std::uint8_t, 16>>(as<abi::InterfaceRequest>(read_capture("ioctl_getphys_ipsec1_src_out").bytes));
  EXPECT_EQ(decode_sockaddr(outer), *net::parse_address("192.0.2.1"));
  const auto outer6 = as<abi::Inet6Request>(read_capture("ioctl_getphys6_ipsec2_dst6_out").bytes);
  EXPECT_EQ(decode_sockaddr(bytes_of(outer6.address)), *net::parse_address("2001:db8::2"));
  EXPECT_EQ(as<abi::Name>(read_capture("ioctl_getmembers_vtid_value_out").bytes), name_of("ipsec1"));
  EXPECT_EQ(as<std::uint32_t>(read_capture("ioctl_getreqid_ipsec1_value_out").bytes), 5001U);
}

// What is cut off anywhere is refused or read to where it ends, never beyond (run under ASan).
TEST(FreebsdDecode, NothingBeyondAnEnd) {
  for (const Capture& capture : read_captures("pfkey_")) {
    for (std::size_t size = 0; size < capture.bytes.size(); ++size) {
      const Bytes cut(capture.bytes.begin(), capture.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(read_key_message(cut).has_value()) << capture.name;
    }
  }
  for (const char* name : {"sysctl_iflistl_ipsec1", "rt_get4_reply", "rt_up_ipsec1_9_add", "rt_down_ipsec1_1_ifinfo"}) {
    const Capture capture = read_capture(name);
    for (std::size_t size = 4; size < capture.bytes.size(); ++size) {
      Bytes cut(capture.bytes.begin(), capture.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const auto length = static_cast<std::uint16_t>(size);
      std::memcpy(cut.data(), &length, sizeof length);
      (void)decode_link(cut);
      (void)decode_address(cut);
      (void)decode_route(cut);
      (void)route_notice_concerns_us(cut);
    }
  }
}

TEST(FreebsdNotices, LinksAddressesAndRoutesOfOurs) {
  const auto concerns = [](const std::string& name) { return route_notice_concerns_us(read_capture(name).bytes); };
  for (const char* name : {"rt_create_ipsec1_1_ifannounce", "rt_up_ipsec1_1_ifinfo", "rt_addaddr4_ipsec1_1_newaddr",
                           "rt_outer_gone_2_deladdr", "rt_mtu_ipsec1_1_ifinfo", "rt_add4_gw_reply", "rt_delete6_reply"}) {
    EXPECT_TRUE(concerns(name)) << name;
  }
  for (const char* name : {"rt_addaddr4_ipsec1_2_add", "rt_outer_back_3_newmaddr", "rt_send_no_route4_1_miss", "rt_get4_reply",
                           "rt_add4_iface_dup_reply", "rt_outer_gone_1_delete"}) {
    EXPECT_FALSE(concerns(name)) << name;
  }
}

TEST(FreebsdNotices, SasAndTheInterfacesPolicies) {
  const auto concerns = [](const std::string& name) { return key_notice_concerns_us(read_capture(name).bytes); };
  for (const char* name : {"pfkey_reqid_change_ipsec1_1_x_spdadd", "pfkey_destroy_ipsec2_4_x_spddelete",
                           "pfkey_delete_sa_reply", "pfkey_flush_reply"}) {
    EXPECT_TRUE(concerns(name)) << name;
  }
  for (const char* name : {"pfkey_add_cbc_reply", "pfkey_acquire4_1_acquire", "pfkey_spdadd_user_reply",
                           "pfkey_expire_2_expire", "pfkey_delete_sa_missing_reply", "pfkey_dump_empty_reply"}) {
    EXPECT_FALSE(concerns(name)) << name;
  }
}

}  // namespace
}  // namespace vtid::platform::freebsd
