#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::DeleteRoute;
using model::SetRoute;

constexpr std::uint32_t kIpv6Default = 1024;

std::vector<model::Route> routes(Stage& stage) {
  std::vector<model::Route> found;
  for (const auto& item : stage.observe().routes) found.push_back(item.route);
  stage.expect(std::ranges::is_sorted(found), "routes are sorted");
  return found;
}

void round_trip(Stage& stage, const model::Route& wanted) {
  make_tunnel(stage);
  if (as_freebsd(stage.system)) {  // where a link-local gateway needs a link-local address
    stage.expect(stage.apply(model::AddAddress{address("ipsec1", "fe80::1/64")}) == 0, "a link-local address can be added");
  }
  stage.expect(stage.apply(SetRoute{wanted}) == 0, "the route can be made");
  stage.expect(routes(stage) == std::vector{wanted}, "it is as it was given");
  stage.expect(stage.apply(DeleteRoute{wanted}) == 0, "it can be deleted");
  stage.expect(routes(stage).empty(), "it is gone");
}

void v4(Stage& stage) { round_trip(stage, route("10.20.0.0/16", "ipsec1", "10.6.106.2")); }
void v4_on_link(Stage& stage) { round_trip(stage, route("10.20.0.0/16", "ipsec1")); }
void v4_without_metric(Stage& stage) { round_trip(stage, route("10.20.0.0/16", "ipsec1", "10.6.106.2", 0)); }
void v4_default(Stage& stage) { round_trip(stage, route("0.0.0.0/0", "ipsec1", "10.6.106.2")); }
void v4_blackhole(Stage& stage) { round_trip(stage, blackhole("10.20.0.0/16")); }
void v6(Stage& stage) { round_trip(stage, route("fd20::/48", "ipsec1", "fd00:6::2", kIpv6Default)); }
void v6_on_link(Stage& stage) { round_trip(stage, route("fd20::/48", "ipsec1", "", 10)); }
void v6_default(Stage& stage) { round_trip(stage, route("::/0", "ipsec1", "fd00:6::2", 10)); }
void v6_link_local(Stage& stage) { round_trip(stage, route("fd20::/48", "ipsec1", "fe80::2", 10)); }
void v6_blackhole(Stage& stage) { round_trip(stage, blackhole("fd20::/48")); }

void other_table(Stage& stage) {
  model::Route wanted = route("10.20.0.0/16", "ipsec1", "10.6.106.2");
  wanted.table = {100'000};
  round_trip(stage, wanted);
}

void through_peer(Stage& stage) {
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "the link can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "10.6.106.1/32", "10.9.9.9")}) == 0, "an address with a peer");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "fd00:6::1/128", "fd00:9::9")}) == 0, "an address with a peer");
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.9.9.9")}) == 0, "the peer is a gateway");
  stage.expect(stage.apply(SetRoute{route("fd20::/48", "ipsec1", "fd00:9::9")}) == 0, "the peer is a gateway");
  stage.expect(routes(stage).size() == 2, "both are there");
}

void twice(Stage& stage) {
  make_tunnel(stage);
  for (const auto& item : {route("10.20.0.0/16", "ipsec1", "10.6.106.2"), route("fd20::/48", "ipsec1", "fd00:6::2"),
                           blackhole("10.30.0.0/16"), blackhole("fd30::/48")}) {
    stage.expect(stage.apply(SetRoute{item}) == 0, "it can be made");
    (void)stage.settle();
    stage.expect(stage.apply(SetRoute{item}) == 0, "making it again is no error");
    stage.expect(stage.apply(SetRoute{item, true}) == 0, "replacing it by itself is no error");
    stage.expect(!stage.noticed(), "nothing changed");
  }
}

// Each successor takes the place of its predecessor, which is of another kind.
void replaced(Stage& stage, const std::vector<model::Route>& line) {
  make_tunnel(stage);
  stage.expect(stage.apply(model::CreateLink{link(2)}) == 0, "a second link can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec2", "10.6.107.1/30")}) == 0, "an address can be added");
  stage.expect(stage.apply(model::AddAddress{address("ipsec2", "fd00:7::1/64")}) == 0, "an address can be added");
  for (const model::Route& item : line) {
    stage.expect(stage.apply(SetRoute{item, item != line.front()}) == 0, "it can be set");
    stage.expect(routes(stage) == std::vector{item}, "it alone is there");
  }
}

void replace_v4(Stage& stage) {
  replaced(stage, {route("10.20.0.0/16", "ipsec1", "10.6.106.2"), route("10.20.0.0/16", "ipsec2", "10.6.107.2"),
                   blackhole("10.20.0.0/16"), route("10.20.0.0/16", "ipsec1"), route("10.20.0.0/16", "ipsec2"),
                   route("10.20.0.0/16", "ipsec1", "10.6.106.2")});
}

void replace_v6(Stage& stage) {
  replaced(stage, {route("fd20::/48", "ipsec1", "fd00:6::2"), route("fd20::/48", "ipsec1", "fd00:6::3"),
                   route("fd20::/48", "ipsec2", "fd00:7::2"), blackhole("fd20::/48"), route("fd20::/48", "ipsec1"),
                   route("fd20::/48", "ipsec2"), route("fd20::/48", "ipsec1", "fd00:6::2"), blackhole("fd20::/48"),
                   route("fd20::/48", "ipsec1", "fd00:6::2")});
}

void replace_unexpected(Stage& stage) {
  make_tunnel(stage);
  const auto wanted = route("10.20.0.0/16", "ipsec1", "10.6.106.2");
  stage.expect(stage.apply(SetRoute{wanted, true}) == 0, "replacing what is not there makes it");
  stage.expect(stage.apply(SetRoute{blackhole("10.20.0.0/16"), false}) == 0, "making over another of ours replaces it");
  stage.expect(routes(stage) == std::vector{blackhole("10.20.0.0/16")}, "it alone is there");
}

void failed_replacement(Stage& stage) {
  make_tunnel(stage);
  const auto kept = route("10.20.0.0/16", "ipsec1", "10.6.106.2");
  stage.expect(stage.apply(SetRoute{kept}) == 0, "it can be made");
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.99.99.1"), true}) == ENETUNREACH, "a bad successor");
  stage.expect(routes(stage) == std::vector{kept}, "the old one stays");
}

void metrics(Stage& stage) {
  make_tunnel(stage);
  const std::vector<model::Route> wanted{route("10.20.0.0/16", "ipsec1", "10.6.106.2", 5), blackhole("10.20.0.0/16", 4000)};
  for (const auto& item : wanted) stage.expect(stage.apply(SetRoute{item}) == 0, "it can be made");
  stage.expect(routes(stage) == wanted, "metrics tell them apart");
  stage.expect(stage.apply(DeleteRoute{wanted.front()}) == 0, "one can be deleted");
  stage.expect(routes(stage) == std::vector{wanted.back()}, "the other stays");
}

model::Route shared(std::string_view to, std::string_view first, std::string_view second, std::uint32_t weight = 1) {
  const auto hop = [](std::string_view name, std::string_view gateway, std::uint32_t share) {
    return model::NextHop{{device(name), *net::parse_address(gateway)}, share};
  };
  return {*net::parse_prefix(to),
          {10},
          net::kMainTable,
          model::Multipath{{hop("ipsec1", first, weight), hop("ipsec2", second, 1)}}};
}

void several_hops(Stage& stage, const model::Route& even, const model::Route& uneven, const model::Route& alone) {
  make_tunnel(stage);
  stage.expect(stage.apply(model::CreateLink{link(2)}) == 0, "ipsec2 can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec2", "10.6.107.1/30")}) == 0, "an IPv4 address can be added");
  stage.expect(stage.apply(model::AddAddress{address("ipsec2", "fd00:7::1/64")}) == 0, "an IPv6 address can be added");
  const model::Route hole = blackhole(net::print(even.to));
  stage.expect(stage.apply(SetRoute{even}) == 0, "it can be made");
  stage.expect(routes(stage) == std::vector{even}, "it is as it was given");
  for (const auto& next : {uneven, alone, even, hole, even, alone}) {
    stage.expect(stage.apply(SetRoute{next, true}) == 0, "it can be replaced");
    stage.expect(routes(stage) == std::vector{next}, "the successor alone is there");
  }
  stage.expect(stage.apply(SetRoute{uneven, true}) == 0, "it can be replaced");
  stage.expect(stage.apply(DeleteRoute{uneven}) == 0, "it can be deleted");
  stage.expect(routes(stage).empty(), "it is gone");
}

void several_hops_v4(Stage& stage) {
  several_hops(stage, shared("10.20.0.0/16", "10.6.106.2", "10.6.107.2"),
               shared("10.20.0.0/16", "10.6.106.2", "10.6.107.2", 30), route("10.20.0.0/16", "ipsec1", "10.6.106.2"));
}

void several_hops_v6(Stage& stage) {
  several_hops(stage, shared("fd20::/48", "fd00:6::2", "fd00:7::2"), shared("fd20::/48", "fd00:6::2", "fd00:7::2", 30),
               route("fd20::/48", "ipsec1", "fd00:6::2"));
}

void remove_gone(Stage& stage) {
  stage.expect(stage.apply(DeleteRoute{route("10.20.0.0/16", "ipsec1", "10.6.106.2")}) == 0, "no device: no error");
  make_tunnel(stage);
  stage.expect(stage.apply(DeleteRoute{route("10.20.0.0/16", "ipsec1", "10.6.106.2")}) == 0, "no route: no error");
  stage.expect(stage.apply(DeleteRoute{route("fd20::/48", "ipsec1", "fd00:6::2")}) == 0, "no route: no error");
  stage.expect(stage.apply(DeleteRoute{blackhole("fd20::/48")}) == 0, "no route: no error");
}

void foreign(Stage& stage) {
  make_tunnel(stage);
  for (const auto& theirs : {route("10.20.0.0/16", "ipsec1", "10.6.106.2"), route("fd20::/48", "ipsec1", "fd00:6::2"),
                             blackhole("10.30.0.0/16"), blackhole("fd30::/48")}) {
    stage.world.add_route(theirs);
    model::Route ours = theirs;
    ours.target = model::ViaGateway{device("ipsec1"), {}};
    stage.expect(stage.apply(SetRoute{ours}) == EEXIST, "its place is taken");
    stage.expect(stage.apply(SetRoute{ours, true}) == EEXIST, "it is not replaced");
    stage.expect(stage.apply(DeleteRoute{theirs}) == 0, "there is none of ours to delete");
    stage.expect(stage.world.has_route(theirs), "theirs is there");
    stage.expect(routes(stage).empty(), "theirs is not listed");
  }
}

void connected(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(SetRoute{route("10.6.106.0/30", "ipsec1", "", 0)}) == EEXIST, "the kernel's own is not replaced");
  stage.expect(stage.apply(SetRoute{route("10.6.106.0/30", "ipsec1", "", 10)}) == 0, "ours can stand beside it");
}

void unreachable(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.99.99.1")}) == ENETUNREACH,
               "IPv4 gateway out of reach");
  stage.expect(stage.told.find("invalid gateway") != std::string::npos, "the kernel's own words are told");
  stage.expect(stage.apply(SetRoute{route("fd20::/48", "ipsec1", "fd99::1")}) == EHOSTUNREACH, "IPv6 gateway out of reach");
  stage.expect(routes(stage).empty(), "nothing was made");
}

void on_down_link(Stage& stage) {
  make_tunnel(stage);
  stage.world.set_link(device("ipsec1"), false, 1400);
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1")}) == ENETDOWN, "an IPv4 route needs its link up");
  stage.expect(stage.apply(SetRoute{route("fd20::/48", "ipsec1")}) == ENETDOWN, "an IPv6 route needs its link up");
}

void missing_device(Stage& stage) {
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1")}) == ENODEV, "there is no such device");
}

void through_foreign_link(Stage& stage) {
  stage.world.add_link(device("wan0"));
  stage.world.add_address(address("wan0", "192.0.2.1/24"));
  const auto wanted = route("198.51.100.0/24", "wan0", "192.0.2.254");
  stage.expect(stage.apply(SetRoute{wanted}) == 0, "a route of ours may lead through another's link");
  stage.expect(routes(stage) == std::vector{wanted}, "it is there");
}

void link_down(Stage& stage) {
  make_tunnel(stage);
  for (const auto& item :
       {route("10.20.0.0/16", "ipsec1", "10.6.106.2"), route("10.30.0.0/16", "ipsec1"),
        route("fd20::/48", "ipsec1", "fd00:6::2"), blackhole("10.20.0.0/16", 4000), blackhole("fd20::/48", 4000)}) {
    stage.expect(stage.apply(SetRoute{item}) == 0, "it can be made");
  }
  stage.world.set_link(device("ipsec1"), false, 1400);
  stage.expect(routes(stage) == std::vector{blackhole("10.20.0.0/16", 4000), blackhole("fd20::/48", 4000)},
               "a link that goes down takes its routes, not the blackholes");
  stage.world.set_link(device("ipsec1"), true, 1400);
  stage.expect(routes(stage).size() == 2, "up alone brings none back");
}

void last_address(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.6.106.2")}) == 0, "it can be made");
  stage.expect(stage.apply(SetRoute{route("fd20::/48", "ipsec1", "fd00:6::2")}) == 0, "it can be made");
  stage.expect(stage.apply(model::AddAddress{address("ipsec1", "10.6.107.1/30")}) == 0, "a second address");
  stage.expect(stage.apply(model::DeleteAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "the first goes");
  stage.expect(routes(stage).size() == 2, "routes stay while an IPv4 address is left");
  stage.expect(stage.apply(model::DeleteAddress{address("ipsec1", "10.6.107.1/30")}) == 0, "the second goes");
  stage.expect(stage.apply(model::DeleteAddress{address("ipsec1", "fd00:6::1/64")}) == 0, "the IPv6 address goes");
  stage.expect(routes(stage) == std::vector{route("fd20::/48", "ipsec1", "fd00:6::2")},
               "the last IPv4 address takes the IPv4 routes of its link, the last IPv6 address takes none");
}

// Of the devices that were asked for, and only others'.
void defaults(Stage& stage) {
  for (const char* name : {"wan0", "wan1"}) {
    const bool first = std::string_view(name) == "wan0";
    stage.world.add_link(device(name));
    stage.world.add_address(address(name, first ? "10.6.108.1/24" : "10.6.109.1/24"));
  }
  const model::Route ours =
      as_linux(stage.system) ? route("0.0.0.0/0", "wan0", "10.6.108.2", 5) : route("10.20.0.0/16", "wan0", "10.6.108.2", 0);
  const model::Route theirs = route("0.0.0.0/0", "wan0", "10.6.108.254", 0);
  stage.expect(stage.apply(SetRoute{ours}) == 0, "a route of ours can be made");
  stage.world.add_route(theirs);
  stage.expect(stage.observe().defaults.empty(), "nobody has asked");
  stage.kernel.follow_defaults({device("wan1")});
  stage.expect(stage.observe().defaults.empty(), "it is by another device");
  stage.kernel.follow_defaults({device("wan0"), device("wan1")});
  (void)stage.settle();
  stage.expect(stage.observe().defaults == std::vector{theirs}, "it is seen");
  stage.world.delete_route(theirs);
  stage.expect(stage.noticed(), "that it goes is told");
  stage.expect(stage.observe().defaults.empty(), "it is gone");
  stage.world.add_route(theirs);
  stage.expect(stage.noticed(), "that it comes is told");
}

}  // namespace

std::vector<Case> route_cases() {
  return {{"route.ipv4", v4},
          {"route.ipv4_on_link", v4_on_link},
          {"route.ipv4_without_metric", v4_without_metric},
          {"route.ipv4_default", v4_default},
          {"route.ipv4_blackhole", v4_blackhole},
          {"route.ipv6", v6},
          {"route.ipv6_on_link", v6_on_link},
          {"route.ipv6_default", v6_default},
          {"route.ipv6_link_local_gateway", v6_link_local},
          {"route.ipv6_blackhole", v6_blackhole},
          {"route.other_table", other_table, as_linux},
          {"route.through_peer", through_peer},
          {"route.twice_is_no_change", twice},
          {"route.ipv4_replaced", replace_v4},
          {"route.ipv6_replaced", replace_v6},
          {"route.replaced_against_expectation", replace_unexpected},
          {"route.failed_replacement_keeps_the_old", failed_replacement},
          {"route.told_apart_by_metric", metrics, as_linux},
          {"route.ipv4_over_several_hops", several_hops_v4, multipath},
          {"route.ipv6_over_several_hops", several_hops_v6, multipath},
          {"route.delete_of_missing_done", remove_gone},
          {"route.foreign_untouched", foreign},
          {"route.connected_untouched", connected, as_linux},
          {"route.unreachable_gateway_refused", unreachable, as_linux},
          {"route.through_link_that_is_down_refused", on_down_link, as_linux},
          {"route.missing_device_refused", missing_device},
          {"route.through_foreign_link", through_foreign_link},
          {"route.link_down_takes_routes", link_down, as_linux},
          {"route.last_address_takes_routes", last_address, as_linux},
          {"route.others_defaults_are_seen", defaults}};
}

}  // namespace vtid::contract
