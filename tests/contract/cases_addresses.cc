#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::AddAddress;
using model::DeleteAddress;

std::vector<model::InterfaceAddress> addresses_of(Stage& stage, std::string_view name) {
  std::vector<model::InterfaceAddress> found;
  const auto observed = stage.observe();
  stage.expect(
      std::ranges::is_sorted(observed.addresses, {}, [](const auto& item) { return std::tie(item.device, item.local); }),
      "addresses are sorted");
  for (const auto& item : observed.addresses) {
    if (item.device == device(name)) found.push_back({item.device, item.local, item.peer});
  }
  return found;
}

// One address alone on ipsec1 is read back as it was given.
void round_trip(Stage& stage, std::string_view local, std::string_view peer) {
  const auto wanted = address("ipsec1", local, peer);
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "the link can be made");
  stage.expect(stage.apply(AddAddress{wanted}) == 0, "the address can be added");
  stage.expect(addresses_of(stage, "ipsec1") == std::vector{wanted}, "it is as it was given");
}

void v4(Stage& stage) { round_trip(stage, "10.6.106.1/30", ""); }
void v4_peer(Stage& stage) { round_trip(stage, "10.6.106.1/32", "10.9.9.9"); }
void v4_peer_inside(Stage& stage) { round_trip(stage, "10.6.106.1/30", "10.6.106.2"); }
void v4_31(Stage& stage) { round_trip(stage, "10.6.106.0/31", ""); }
void v4_32(Stage& stage) { round_trip(stage, "10.6.106.1/32", ""); }
void v6(Stage& stage) { round_trip(stage, "fd00:6::1/64", ""); }
void v6_peer(Stage& stage) { round_trip(stage, "fd00:6::1/128", "fd00:9::9"); }
void v6_127(Stage& stage) { round_trip(stage, "fd00:6::/127", ""); }
void v6_link_local(Stage& stage) { round_trip(stage, "fe80::1/64", ""); }

void several(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.107.1/30")}) == 0, "a second IPv4 address can be added");
  stage.expect(
      addresses_of(stage, "ipsec1") == std::vector{address("ipsec1", "10.6.106.1/30"), address("ipsec1", "10.6.107.1/30"),
                                                   address("ipsec1", "fd00:6::1/64")},
      "all are there");
}

void twice(Stage& stage) {
  make_tunnel(stage);
  (void)stage.settle();
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "adding it again is no error");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "adding it again is no error");
  stage.expect(!stage.noticed(), "nothing changed");
}

void different(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.106.1/30", "10.6.106.3")}) == EEXIST,
               "an IPv4 address with another peer in the same network is refused");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "fd00:6::1/127")}) == EEXIST,
               "an IPv6 address with another prefix length is refused");
}

void missing_device(Stage& stage) {
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.106.1/30")}) == ENODEV, "there is no such device");
}

void foreign_device(Stage& stage) {
  stage.world.add_link(device("wan0"));
  stage.expect(stage.apply(AddAddress{address("wan0", "10.6.106.1/30")}) == EEXIST, "the device is not ours");
  stage.world.add_address(address("wan0", "192.0.2.1/24"));
  stage.expect(stage.apply(DeleteAddress{address("wan0", "192.0.2.1/24")}) == EEXIST, "the device is not ours");
  stage.expect(std::ranges::count(addresses_of(stage, "wan0"), address("wan0", "192.0.2.1/24")) == 1,
               "others' addresses are listed and left alone");
}

void remove(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(DeleteAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "it can be deleted");
  stage.expect(stage.apply(DeleteAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "it can be deleted");
  stage.expect(addresses_of(stage, "ipsec1").empty(), "none is left");
}

void remove_with_peer(Stage& stage) {
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "the link can be made");
  for (const auto& item : {address("ipsec1", "10.6.106.1/32", "10.9.9.9"), address("ipsec1", "fd00:6::1/128", "fd00:9::9")}) {
    stage.expect(stage.apply(AddAddress{item}) == 0, "it can be added");
    stage.expect(stage.apply(DeleteAddress{item}) == 0, "it can be deleted");
  }
  stage.expect(addresses_of(stage, "ipsec1").empty(), "none is left");
}

void remove_gone(Stage& stage) {
  stage.expect(stage.apply(DeleteAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "no device: no error");
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "the link can be made");
  stage.expect(stage.apply(DeleteAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "no address: no error");
  stage.expect(stage.apply(DeleteAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "no address: no error");
}

void down(Stage& stage) {
  make_tunnel(stage);
  stage.world.set_link(device("ipsec1"), false, 1400);
  stage.expect(addresses_of(stage, "ipsec1") == std::vector{address("ipsec1", "10.6.106.1/30")},
               "a link that goes down keeps its IPv4 addresses and loses those of IPv6");
  stage.world.set_link(device("ipsec1"), true, 1400);
  stage.expect(addresses_of(stage, "ipsec1") == std::vector{address("ipsec1", "10.6.106.1/30")}, "up alone brings none back");
}

void on_down_link(Stage& stage) {
  model::Link off = link(1);
  off.up = false;
  stage.expect(stage.apply(model::CreateLink{off}) == 0, "the link can be made");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0,
               "an address can be added to a link that is down");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "fd00:6::1/64")}) == 0,
               "an address can be added to a link that is down");
  stage.expect(stage.apply(model::ChangeLink{link(1)}) == 0, "it can be brought up");
  stage.expect(addresses_of(stage, "ipsec1").size() == 2, "both are there");
}

void below_ipv6_mtu(Stage& stage) {
  make_tunnel(stage);
  stage.world.set_link(device("ipsec1"), true, 1279);
  stage.expect(addresses_of(stage, "ipsec1") == std::vector{address("ipsec1", "10.6.106.1/30")},
               "IPv6 leaves a link whose MTU is below 1280");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "fd00:6::1/64")}) == EINVAL, "and cannot be added there");
}

}  // namespace

std::vector<Case> address_cases() {
  return {{"address.ipv4", v4},
          {"address.ipv4_with_peer", v4_peer},
          {"address.ipv4_with_peer_in_prefix", v4_peer_inside},
          {"address.ipv4_31", v4_31},
          {"address.ipv4_32", v4_32, as_linux},
          {"address.ipv6", v6},
          {"address.ipv6_with_peer", v6_peer},
          {"address.ipv6_127", v6_127},
          {"address.ipv6_link_local", v6_link_local},
          {"address.several", several},
          {"address.twice_is_no_change", twice},
          {"address.different_refused", different},
          {"address.missing_device_refused", missing_device},
          {"address.foreign_device_refused", foreign_device},
          {"address.deleted", remove},
          {"address.with_peer_deleted", remove_with_peer},
          {"address.delete_of_missing_done", remove_gone},
          {"address.link_down", down, as_linux},
          {"address.added_while_down", on_down_link},
          {"address.below_ipv6_mtu", below_ipv6_mtu, as_linux}};
}

}  // namespace vtid::contract
