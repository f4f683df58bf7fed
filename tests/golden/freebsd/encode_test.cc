// What we ask is, byte for byte, what a FreeBSD kernel was asked and answered. Where a capture holds addresses of its process
// (pointers) they are put into ours.
#include <gmock/gmock.h>

#include "golden/freebsd/capture.h"
#include "platform/freebsd/wire/pfkey.h"
#include "platform/freebsd/wire/requests.h"
#include "platform/freebsd/wire/routing.h"

namespace vtid::platform::freebsd {
namespace {

constexpr std::int32_t kPid = 18;

net::IfName device(std::string_view name) { return *net::IfName::parse(name); }
net::Address address(std::string_view text) { return *net::parse_address(text); }

model::InterfaceAddress inner(std::string_view name, std::string_view local, std::string_view peer = {}) {
  model::InterfaceAddress found{device(name), *net::parse_prefix(local), {}};
  if (!peer.empty()) found.peer = address(peer);
  return found;
}

void expect_bytes(const Bytes& ours, const std::string& name) { EXPECT_EQ(ours, read_capture(name).bytes) << name; }

// The call's number stands in the capture's header.
void expect_call(std::uint32_t number, const Bytes& ours, const std::string& name) {
  const Capture capture = read_capture(name);
  EXPECT_EQ(ours, capture.bytes) << name;
  char text[16];
  std::snprintf(text, sizeof text, "= 0x%08x", number);
  EXPECT_THAT(capture.call, testing::HasSubstr(text)) << name;
}

model::Route route(std::string_view to, std::string_view gateway = {}) {
  model::ViaGateway via;
  if (!gateway.empty()) via.gateway = address(gateway);
  return {*net::parse_prefix(to), {}, net::kMainTable, via};
}

TEST(FreebsdEncode, Routes) {
  struct Request {
    const char* name;
    abi::RouteType type;
    model::Route route;
    std::uint32_t index;
    std::int32_t sequence;
  };
  const Request requests[] = {
      {"rt_add4_iface_req", abi::kRtmAdd, route("10.6.200.0/24"), 7, 105},
      {"rt_add4_gw_req", abi::kRtmAdd, route("10.6.201.0/24", "10.6.106.2"), 7, 107},
      {"rt_add6_iface_req", abi::kRtmAdd, route("fd00:6:200::/64"), 7, 108},
      {"rt_add6_gw_req", abi::kRtmAdd, route("fd00:6:201::/64", "fd00:6::2"), 7, 110},
      {"rt_change4_gw_req", abi::kRtmChange, route("10.6.201.0/24", "10.6.107.2"), 8, 122},
      {"rt_change6_req", abi::kRtmChange, route("fd00:6:200::/64", "fd00:7::2"), 8, 116},
      {"rt_change4_back_req", abi::kRtmChange, route("10.6.200.0/24"), 7, 120},
      {"rt_delete4_req", abi::kRtmDelete, route("10.6.201.0/24", "10.6.106.2"), 7, 130},
      {"rt_delete6_req", abi::kRtmDelete, route("fd00:6:201::/64", "fd00:6::2"), 7, 132},
  };
  for (const Request& request : requests) {
    const Capture capture = read_capture(request.name);
    Stamp stamp{kPid, request.sequence};
    EXPECT_TRUE(capture.says("seq=" + std::to_string(request.sequence) + " ")) << request.name;
    EXPECT_EQ(encode_route(request.type, request.route, {request.index}, stamp), capture.bytes) << request.name;
  }
}

TEST(FreebsdEncode, RoutesToHostsAndIntoNothing) {
  const auto flags = [](const Bytes& message) { return read_at<abi::RouteHeader>(message)->flags; };
  const auto slots = [](const Bytes& message) { return read_at<abi::RouteHeader>(message)->addresses; };
  const Bytes host = encode_route(abi::kRtmAdd, route("10.6.200.1/32", "10.6.106.2"), {7}, {});
  EXPECT_EQ(flags(host), 0x8807U);
  EXPECT_EQ(slots(host), 0x3U);
  model::Route hole = route("fd00:9::/48");
  hole.target = model::Blackhole{};
  EXPECT_EQ(flags(encode_route(abi::kRtmAdd, hole, {}, {})), 0x9803U);
  const Bytes scoped = encode_route(abi::kRtmAdd, route("fd00:9::/48", "fe80::2"), {7}, {});
  const auto gateway = read_at<abi::SockaddrIn6>(scoped, sizeof(abi::RouteHeader) + 32);
  EXPECT_EQ(gateway->scope, 7U);
}

TEST(FreebsdEncode, LinksAndTheirOuterAddresses) {
  const net::IfName one = device("ipsec1");
  const net::IfName two = device("ipsec2");
  expect_call(abi::kCreate, bytes_of(request_for(one)), "ioctl_create_ipsec1_in");
  expect_call(abi::kDestroy, bytes_of(request_for(two)), "ioctl_destroy_ipsec2_in");
  expect_call(abi::kAddGroup, bytes_of(group_request(one, "vtid")), "ioctl_addgroup_ipsec1_in");
  expect_call(abi::kGetFlags, bytes_of(request_for(one)), "ioctl_getflags_ipsec1_up_in");
  expect_call(abi::kSetFlags, bytes_of(flags_request(one, 0x8051)), "ioctl_setflags_up_ipsec1_in");
  expect_call(abi::kSetFlags, bytes_of(flags_request(one, 0x8050)), "ioctl_setflags_down_ipsec1_in");
  abi::InterfaceRequest mtu = request_for(one);
  set_value(mtu, std::int32_t{1350});
  expect_call(abi::kSetMtu, bytes_of(mtu), "ioctl_setmtu_ipsec1_in");
  expect_call(abi::kSetOuter, bytes_of(outer4(one, address("192.0.2.1"), address("192.0.2.2"))), "ioctl_setphys_ipsec1_in");
  expect_call(abi::kSetOuter6, bytes_of(outer6(two, address("2001:db8::1"), address("2001:db8::2"))),
              "ioctl_setphys6_ipsec2_in");
  expect_call(abi::kGetOuterSource, bytes_of(request_for(one)), "ioctl_getphys_ipsec1_src_in");
  expect_call(abi::kGetOuterDestination, bytes_of(request_for(one)), "ioctl_getphys_ipsec1_dst_in");
  abi::Inet6Request outer;
  outer.name = name_of("ipsec2");
  expect_call(abi::kGetOuterSource6, bytes_of(outer), "ioctl_getphys6_ipsec2_src6_in");
  expect_call(abi::kGetOuterDestination6, bytes_of(outer), "ioctl_getphys6_ipsec2_dst6_in");
}

TEST(FreebsdEncode, WhatPointersPointTo) {
  const auto pointer_in = [](const Bytes& bytes, std::size_t offset) { return *read_at<std::uint64_t>(bytes, offset); };
  abi::InterfaceRequest reqid = request_for(device("ipsec1"));
  set_value(reqid, pointer_in(read_capture("ioctl_setreqid_ipsec1_in").bytes, 16));
  expect_call(abi::kSetReqId, bytes_of(reqid), "ioctl_setreqid_ipsec1_in");
  expect_call(abi::kGetReqId, bytes_of(reqid), "ioctl_getreqid_ipsec1_in");
  abi::InterfaceRequest text = request_for(device("ipsec1"));
  set_value(text, abi::Buffer{sizeof "vtid tunnel 1", pointer_in(read_capture("ioctl_setdescr_ipsec1_in").bytes, 24)});
  expect_call(abi::kSetDescription, bytes_of(text), "ioctl_setdescr_ipsec1_in");
  set_value(text, abi::Buffer{64, pointer_in(read_capture("ioctl_getdescr_ipsec1_in").bytes, 24)});
  expect_call(abi::kGetDescription, bytes_of(text), "ioctl_getdescr_ipsec1_in");
  const std::uint64_t names = pointer_in(read_capture("ioctl_getmembers_vtid_in").bytes, 24);
  expect_call(abi::kGetMembers, bytes_of(members_request("vtid", 16, names)), "ioctl_getmembers_vtid_in");
  expect_call(abi::kGetMembers, bytes_of(members_request("vtid", 0, 0)), "ioctl_getmembers_vtid_size_in");
}

TEST(FreebsdEncode, InnerAddresses) {
  const auto four = inner("ipsec1", "10.6.106.1/30", "10.6.106.2");
  const auto six = inner("ipsec1", "fd00:6::1/64");
  expect_call(abi::kAddAddress, bytes_of(alias4(four)), "ioctl_addaddr_ipsec1_in");
  expect_call(abi::kAddAddress, bytes_of(alias4(inner("ipsec1", "10.6.108.1/24"))), "ioctl_addaddr_ipsec1_nopeer_in");
  expect_call(abi::kAddAddress6, bytes_of(alias6(six, {7})), "ioctl_addaddr6_ipsec1_in");
  expect_call(abi::kDeleteAddress, bytes_of(delete4(four)), "ioctl_deladdr_ipsec1_in");
  expect_call(abi::kDeleteAddress6, bytes_of(delete6(six, {7})), "ioctl_deladdr6_ipsec1_in");
}

model::Sa sa(std::uint32_t spi, std::string_view source, std::string_view destination, std::string_view algorithm) {
  model::Sa sa;
  sa.source = address(source);
  sa.destination = address(destination);
  sa.spi = spi;
  sa.reqid = {5001};
  sa.replay_window = 32;
  sa.algorithm = *model::parse_sa_algorithm(algorithm);
  return sa;
}

model::Secret key(std::initializer_list<std::pair<int, int>> runs) {
  std::string text;
  for (const auto& [first, count] : runs) {
    for (int i = 0; i < count; ++i) text += static_cast<char>(first + i);
  }
  return model::Secret(text);
}

TEST(FreebsdEncode, Sas) {
  model::Sa cbc = sa(0x1001, "192.0.2.1", "192.0.2.2", "aes128-sha256");
  cbc.key = key({{0x10, 16}, {0x40, 32}});
  expect_bytes(*encode_add_sa(cbc, {kPid, 144}, std::nullopt), "pfkey_add_cbc_req");
  expect_bytes(encode_get_sa(cbc, {kPid, 150}), "pfkey_get_sa_req");
  expect_bytes(encode_delete_sa(cbc, {kPid, 151}), "pfkey_delete_sa_req");
  model::Sa gcm = sa(0x1002, "192.0.2.2", "192.0.2.1", "aes128gcm16");
  gcm.key = key({{0x10, 16}, {0x20, 4}});
  expect_bytes(*encode_add_sa(gcm, {kPid, 146}, Lifetimes{3600, 3000, 0}), "pfkey_add_gcm_req");
  model::Sa six = sa(0x2001, "2001:db8::1", "2001:db8::2", "aes128-sha256");
  six.reqid = {5002};
  six.key = cbc.key;
  expect_bytes(*encode_add_sa(six, {kPid, 147}, std::nullopt), "pfkey_add_v6_req");
  expect_bytes(encode_key_dump(abi::kSadbDump, {kPid, 149}), "pfkey_dump_three_req");
  expect_bytes(encode_key_dump(abi::kSadbSpdDump, {kPid, 104}), "pfkey_spddump_two_if_req");
}

TEST(FreebsdEncode, OursComeBackAsTheyWere) {
  for (const model::SaAlgorithm& algorithm : model::sa_algorithms()) {
    for (const std::uint32_t window : {0U, 8U, 64U, 2040U, 2048U, 4096U}) {
      model::Sa ours = sa(0x1001, "192.0.2.1", "192.0.2.2", print(algorithm));
      ours.replay_window = window;
      ours.if_id = {1};
      ours.key = key({{1, key_layout(algorithm).total()}});
      const auto bytes = encode_add_sa(ours, {});
      if (algorithm.cipher == model::Cipher::aes_ccm ||
          (algorithm.integrity == model::Integrity::none && algorithm.icv_bits < 128)) {
        EXPECT_FALSE(bytes.has_value()) << print(algorithm);  // the kernel has none
        continue;
      }
      ASSERT_TRUE(bytes.has_value()) << print(algorithm);
      EXPECT_EQ(decode_sa(*read_key_message(*bytes)), (ListedSa{ours, true})) << print(algorithm);
    }
  }
}

}  // namespace
}  // namespace vtid::platform::freebsd
