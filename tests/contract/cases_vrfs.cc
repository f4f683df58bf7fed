// Links in VRFs: what the kernel takes from a link that moves, and where its routes stand.
#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

constexpr net::TableId kVrfTable{1'001};
constexpr net::TableId kTableOfOurs{118'000'001};

bool with_vrfs(const model::Capabilities& system) { return system.has_vrfs; }

model::Link in_vrf(std::string_view name) {
  model::Link wanted = link(1);
  wanted.vrf = device(name);
  return wanted;
}

model::Route in_table(net::TableId table) {
  model::Route wanted = route("10.20.0.0/16", "ipsec1", "10.6.106.2");
  wanted.table = table;
  return wanted;
}

bool has_address(const model::Observed& observed, std::string_view local) {
  return std::ranges::any_of(observed.addresses, [&](const auto& item) {
    return item.device == device("ipsec1") && item.local == *net::parse_prefix(local);
  });
}

bool has_our_route(const model::Observed& observed, const model::Route& wanted) {
  return std::ranges::any_of(observed.routes, [&](const auto& item) { return item.route == wanted; });
}

void look_at_vrf(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  const auto observed = stage.observe();
  const auto* red = observed.link(device("red"));
  stage.expect(red != nullptr && red->vrf_table == kVrfTable && red->up, "it is shown with its table");
  const auto* loopback = observed.link(device("lo"));
  stage.expect(loopback != nullptr && !loopback->vrf_table && loopback->master.empty(), "another device is none, and in none");
}

void create_in_vrf(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == 0, "the link can be made");
  const auto observed = stage.observe();
  stage.expect(observed.link(device("ipsec1"))->master == device("red") && observed.link(device("ipsec1"))->up,
               "it is in the VRF, and up");
}

void move_running_link(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  make_tunnel(stage);
  stage.expect(stage.apply(model::SetRoute{in_table(net::kMainTable)}) == 0, "a route can be made");
  stage.expect(stage.apply(model::SetRoute{in_table(kTableOfOurs)}) == 0, "and one in a table of ours");
  const auto before = stage.observe();
  stage.expect(stage.apply(model::ChangeLink{in_vrf("red")}) == 0, "the link can be put in");
  stage.expect(stage.noticed(), "which is told");
  const auto moved = stage.observe();
  const auto* now = moved.link(device("ipsec1"));
  stage.expect(now->master == device("red") && now->up, "it is in the VRF, and up");
  stage.expect(now->index == before.link(device("ipsec1"))->index, "it is the same link");
  stage.expect(has_address(moved, "10.6.106.1/30"), "its IPv4 address stays");
  stage.expect(!has_address(moved, "fd00:6::1/64"), "its IPv6 address goes");
  stage.expect(moved.routes.empty(), "its routes go, of all tables");
  stage.expect(stage.apply(model::SetRoute{in_table(kVrfTable)}) == 0, "a route can be made in the VRF's table");
  stage.expect(stage.apply(model::SetRoute{in_table(kTableOfOurs)}) == 0, "and one in a table of ours");
  stage.expect(has_our_route(stage.observe(), in_table(kVrfTable)), "the route is shown in its table");
}

void change_nothing(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == 0, "the link can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "it can have an address");
  stage.expect(stage.apply(model::ChangeLink{in_vrf("red")}) == 0, "what it has already can be asked for");
  stage.expect(has_address(stage.observe(), "fd00:6::1/64"), "and costs nothing");
}

void take_out(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == 0, "the link can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "it can have an address");
  stage.expect(stage.apply(model::SetRoute{in_table(kVrfTable)}) == 0, "and a route");
  stage.expect(stage.apply(model::ChangeLink{link(1)}) == 0, "it can be taken out");
  const auto observed = stage.observe();
  stage.expect(observed.link(device("ipsec1"))->master.empty(), "it is in none");
  stage.expect(observed.routes.empty(), "the route in the VRF's table went");
}

void take_between(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  stage.world.add_vrf(device("blue"), {1'002});
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == 0, "the link can be made");
  stage.expect(stage.apply(model::ChangeLink{in_vrf("blue")}) == 0, "it can move to another VRF");
  stage.expect(stage.observe().link(device("ipsec1"))->master == device("blue"), "it is there");
}

void vrf_is_missing(Stage& stage) {
  stage.world.add_link(device("dummy0"));
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == ENODEV, "a VRF that is not there is refused");
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "nothing was made");
  make_tunnel(stage);
  stage.expect(stage.apply(model::ChangeLink{in_vrf("dummy0")}) == ENODEV, "a device that is no VRF is refused");
  stage.expect(stage.observe().link(device("ipsec1"))->master.empty(), "the link stays where it is");
}

void vrf_goes(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == 0, "the link can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "it can have an address");
  stage.expect(stage.apply(model::SetRoute{in_table(kVrfTable)}) == 0, "and a route");
  (void)stage.settle();
  stage.world.delete_link(device("red"));
  stage.expect(stage.noticed(), "that a VRF goes is told");
  const auto observed = stage.observe();
  stage.expect(observed.link(device("ipsec1")) != nullptr && observed.link(device("ipsec1"))->master.empty(),
               "the link stays, in none");
  stage.expect(observed.routes.empty(), "its routes go");
}

void others_take_out(Stage& stage) {
  stage.world.add_vrf(device("red"), kVrfTable);
  stage.expect(stage.apply(model::CreateLink{in_vrf("red")}) == 0, "the link can be made");
  (void)stage.settle();
  stage.world.set_master(device("ipsec1"), {});
  stage.expect(stage.noticed(), "that somebody takes it out is told");
  stage.expect(stage.observe().link(device("ipsec1"))->master.empty(), "and shown");
}

}  // namespace

std::vector<Case> vrf_cases() {
  return {{"vrf/look", look_at_vrf, with_vrfs},
          {"vrf/create_in", create_in_vrf, with_vrfs},
          {"vrf/move_running_link", move_running_link, with_vrfs},
          {"vrf/change_nothing", change_nothing, with_vrfs},
          {"vrf/take_out", take_out, with_vrfs},
          {"vrf/take_between", take_between, with_vrfs},
          {"vrf/missing", vrf_is_missing, with_vrfs},
          {"vrf/goes", vrf_goes, with_vrfs},
          {"vrf/others_take_out", others_take_out, with_vrfs}};
}

}  // namespace vtid::contract
