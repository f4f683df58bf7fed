// What holds where a tunnel interface has outer addresses and a reqid, makes its policies itself, and routes have no metric.
#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::AddAddress;
using model::ChangeLink;
using model::CreateLink;
using model::SetRoute;

model::Link with_outer(model::Link link, std::string_view source, std::string_view destination) {
  link.outer = {*net::parse_address(source), *net::parse_address(destination)};
  return link;
}

const model::ObservedLink& look(Stage& stage, const model::Observed& observed) {
  static const model::ObservedLink kNone;
  const auto* found = observed.link(device("ipsec1"));
  stage.expect(found != nullptr, "the link is there");
  return found == nullptr ? kNone : *found;
}

void outer_addresses(Stage& stage) {
  const auto first = with_outer(link(1), "192.0.2.1", "192.0.2.2");
  stage.expect(stage.apply(CreateLink{first}) == 0, "a link with outer addresses can be made");
  const auto before = stage.observe();
  stage.expect(look(stage, before).outer == first.outer && look(stage, before).reqid == first.reqid, "it has them");
  for (const auto& next :
       {with_outer(link(1), "192.0.2.1", "203.0.113.9"), with_outer(link(1), "2001:db8::1", "2001:db8::2"), first}) {
    stage.expect(stage.apply(ChangeLink{next}) == 0, "they can be changed in place");
    const auto after = stage.observe();
    stage.expect(look(stage, after).outer == next.outer, "it has the new ones");
    stage.expect(look(stage, after).index == look(stage, before).index, "the index is the same");
  }
}

void outer_unspecified(Stage& stage) {
  stage.expect(stage.apply(CreateLink{with_outer(link(1), "192.0.2.1", "0.0.0.0")}) == EADDRNOTAVAIL, "it is refused");
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "nothing was made");
}

void outer_twice(Stage& stage) {
  const auto wanted = with_outer(link(1), "192.0.2.1", "192.0.2.2");
  stage.expect(stage.apply(CreateLink{wanted}) == 0, "the link can be made");
  (void)stage.settle();
  stage.expect(stage.apply(ChangeLink{wanted}) == 0, "changing it to what it is is no error");
  stage.expect(!stage.noticed(), "nothing changed");
}

void reqid_in_place(Stage& stage) {
  stage.expect(stage.apply(CreateLink{with_outer(link(1), "192.0.2.1", "192.0.2.2")}) == 0, "the link can be made");
  stage.world.add_tunnel(device("other0"), {900});
  stage.expect(stage.apply(ChangeLink{renumbered(link(1), 900)}) == EEXIST, "another's reqid is refused");
  stage.expect(stage.apply(ChangeLink{renumbered(link(1), 901)}) == 0, "a free one is taken");
  stage.expect(look(stage, stage.observe()).reqid == net::reqid_of({901}), "it is there");
}

void without_peer(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  auto lone = address("ipsec1", "10.6.106.1/30");
  lone.peer.reset();
  stage.expect(stage.apply(AddAddress{lone}) == EDESTADDRREQ, "an IPv4 address needs a peer");
}

void address_again(Stage& stage) {
  make_tunnel(stage);
  const auto wanted = route("10.20.0.0/16", "ipsec1");
  stage.expect(stage.apply(SetRoute{wanted}) == 0, "a route can be made");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "its address can be added again");
  stage.expect(stage.observe().routes == std::vector{model::ObservedRoute{wanted}}, "the route is there");
}

void peer_route(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(SetRoute{route("10.6.106.2/32", "ipsec1")}) == EEXIST, "the kernel's own is not replaced");
  stage.expect(stage.apply(model::DeleteRoute{route("10.6.106.2/32", "ipsec1")}) == 0, "there is none of ours to delete");
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.6.106.2")}) == 0, "its peer is still a gateway");
}

void to_a_host(Stage& stage) {
  make_tunnel(stage);
  for (const auto& wanted : {route("10.20.0.1/32", "ipsec1", "10.6.106.2"), route("fd20::1/128", "ipsec1", "fd00:6::2")}) {
    stage.expect(stage.apply(SetRoute{wanted}) == 0, "the route can be made");
    stage.expect(stage.observe().routes == std::vector{model::ObservedRoute{wanted}}, "it is as it was given");
    stage.expect(stage.apply(model::DeleteRoute{wanted}) == 0, "it can be deleted");
  }
  stage.expect(stage.observe().routes.empty(), "none is left");
}

void unreachable(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.99.99.1")}) == ENETUNREACH, "out of reach");
  stage.expect(stage.observe().routes.empty(), "nothing was made");
}

void gateway_elsewhere(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(CreateLink{link(2)}) == 0, "a second link can be made");
  stage.expect(stage.apply(AddAddress{address("ipsec2", "10.6.107.1/30")}) == 0, "an address can be added");
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "10.6.107.2")}) == ENETUNREACH,
               "a gateway behind another interface is refused");
  stage.expect(stage.observe().routes.empty(), "nothing is left of it");
}

bool with_fibs(const model::Capabilities& system) { return system.fibs > 1; }

// What comes out of the tunnel, and the routes of addresses that are added from then on.
void fib_in_place(Stage& stage) {
  make_tunnel(stage);
  const auto index = look(stage, stage.observe()).index;
  model::Link other = link(1);
  other.fib = 1;
  stage.expect(stage.apply(model::DeleteAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "the address can be taken away");
  stage.expect(stage.apply(ChangeLink{other}) == 0, "the link can be put into another FIB");
  stage.expect(look(stage, stage.observe()).fib == 1 && look(stage, stage.observe()).index == index,
               "it is the same one, there");
  stage.expect(stage.apply(AddAddress{address("ipsec1", "10.6.106.1/30")}) == 0, "the address can be added again");
  auto inside = route("10.20.0.0/16", "ipsec1", "10.6.106.2");
  stage.expect(stage.apply(SetRoute{inside}) == ENETUNREACH, "FIB 0 does not reach its peer");
  inside.table = net::table_of_fib(1);
  stage.expect(stage.apply(SetRoute{inside}) == 0, "a route can be made in the other FIB");
  const auto outside = blackhole("10.20.0.0/16");
  stage.expect(stage.apply(SetRoute{outside}) == 0, "and one to the same network in FIB 0");
  stage.expect(stage.observe().routes.size() == 2, "both are there");
  stage.expect(stage.apply(model::DeleteRoute{inside}) == 0, "one can be deleted");
  stage.expect(stage.observe().routes == std::vector{model::ObservedRoute{outside}}, "and leaves the other");
}

void outer_fib_in_place(Stage& stage) {
  model::Link wanted = with_outer(link(1), "192.0.2.1", "192.0.2.2");
  stage.expect(stage.apply(CreateLink{wanted}) == 0, "the link can be made");
  const auto index = look(stage, stage.observe()).index;
  for (const std::uint32_t fib : {1U, 0U}) {
    wanted.outer_fib = fib;
    stage.expect(stage.apply(ChangeLink{wanted}) == 0, "its outer side can be put into another FIB");
    const auto after = stage.observe();
    stage.expect(look(stage, after).outer_fib == fib && look(stage, after).fib == 0, "it is there, and the inside is not");
    stage.expect(look(stage, after).index == index, "the index is the same");
  }
}

void fib_beyond(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  model::Link other = link(1);
  other.fib = stage.system.fibs;
  stage.expect(stage.apply(ChangeLink{other}) == EINVAL, "a FIB that there is not is refused");
  stage.expect(look(stage, stage.observe()).fib == 0, "the link stays where it is");
}

// Two next hops of one network, of two owners: each change names its own.
void beside_anothers(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(CreateLink{link(2)}) == 0, "a second link can be made");
  stage.expect(stage.apply(AddAddress{address("ipsec2", "10.6.107.1/30")}) == 0, "an address can be added");
  const auto theirs = route("10.20.0.0/16", "ipsec2", "10.6.107.2", 0);
  const auto ours = route("10.20.0.0/16", "ipsec1", "10.6.106.2", 0);
  stage.expect(stage.apply(SetRoute{ours}) == 0, "ours can be made");
  stage.world.add_route(theirs);
  stage.expect(stage.observe().routes == std::vector{model::ObservedRoute{ours}}, "ours is seen");
  stage.expect(stage.observe().rivals == std::vector{theirs}, "theirs beside it too");
  stage.expect(stage.apply(SetRoute{route("10.20.0.0/16", "ipsec1", "", 0), true}) == 0, "ours can be changed");
  stage.expect(stage.apply(SetRoute{ours, true}) == 0, "and back");
  stage.expect(stage.observe().routes == std::vector{model::ObservedRoute{ours}}, "it is as it was given");
  stage.expect(stage.apply(model::DeleteRoute{ours}) == 0, "it can be deleted");
  stage.expect(stage.observe().routes.empty() && stage.world.has_route(theirs), "theirs alone is there");
  stage.expect(stage.observe().rivals.empty(), "and is nobody's rival");
  stage.expect(stage.apply(SetRoute{ours}) == EEXIST, "where theirs was first ours is not added");
}

// Without a filter of ours in the kernel's way: enc is what the switches say again.
void filter_switches(Stage& stage) {
  model::FilterSet set;
  set.filters = true;
  for (const auto mode : {model::FilterMode::enc, model::FilterMode::if_ipsec, model::FilterMode::enc}) {
    set.mode = mode;
    stage.expect(stage.apply(model::SetFilter{set}) == 0, "the mode can be set");
    stage.expect(stage.world.filter_point() == print(mode), "packets meet the filter where it says");
  }
  stage.world.move_filter_point();
  const auto seen = stage.observe().filter;
  stage.expect(seen && seen->altered, "a switch that somebody changed is seen");
  stage.expect(stage.apply(model::SetFilter{set}) == 0, "it can be set again");
  stage.expect(stage.world.filter_point() == print(set.mode), "packets meet the filter where it says");
}

void refused_by_pf(Stage& stage) {
  model::FilterSet set;
  set.filters = true;
  stage.expect(stage.apply(model::SetFilter{set}) == 0, "a set can be set");
  const auto before = stage.observe().filter;
  set.rules = {{std::string(80, 'x'), {}, {}}};  // pf's labels have 63 letters at most
  stage.expect(stage.apply(model::SetFilter{set}) == EINVAL, "what pf does not take is refused");
  stage.expect(stage.told.find("label") != std::string::npos, "its words are told");
  stage.expect(stage.observe().filter == before, "what was there is there");
}

void main_ruleset(Stage& stage) {
  model::FilterSet set;
  set.filters = true;
  stage.expect(stage.apply(model::CreateLink{link(1)}) == 0, "a link can be made");
  stage.world.set_main_ruleset("pass\n");
  stage.expect(stage.apply(model::SetFilter{set}) != 0, "a filter that nothing leads to is refused");
  stage.expect(stage.told.find("anchor \"vtid\"") != std::string::npos, "what is missing is told");
  stage.expect(!look(stage, stage.observe()).up, "no link stays open");
  stage.expect(stage.apply(ChangeLink{link(1)}) == EACCES, "none comes up");
  stage.world.set_main_ruleset("anchor \"vtid\"\npass\n");
  stage.expect(stage.apply(model::SetFilter{set}) == 0, "where something leads there it is not");
  stage.expect(stage.apply(ChangeLink{link(1)}) == 0, "the link can come up");
}

}  // namespace

std::vector<Case> freebsd_cases() {
  constexpr auto kWithPf = [](const model::Capabilities& system) { return as_freebsd(system) && system.filters; };
  return {{"link.outer_addresses_changed_in_place", outer_addresses, as_freebsd},
          {"link.outer_address_unspecified_refused", outer_unspecified, as_freebsd},
          {"link.outer_addresses_twice_is_no_change", outer_twice, as_freebsd},
          {"link.reqid_changed_in_place", reqid_in_place, as_freebsd},
          {"link.fib_changed_in_place", fib_in_place, with_fibs},
          {"link.outer_fib_changed_in_place", outer_fib_in_place, with_fibs},
          {"link.fib_beyond_the_last_refused", fib_beyond, with_fibs},
          {"address.ipv4_without_peer_refused", without_peer, as_freebsd},
          {"address.again_keeps_its_routes", address_again, as_freebsd},
          {"route.to_peer_untouched", peer_route, as_freebsd},
          {"route.to_a_host", to_a_host, as_freebsd},
          {"route.gateway_out_of_reach_refused", unreachable, as_freebsd},
          {"route.gateway_of_another_interface_refused", gateway_elsewhere, as_freebsd},
          {"route.beside_anothers_is_told_and_each_is_left_its_own", beside_anothers,
           [](const model::Capabilities& system) { return system.routes_join; }},
          {"filter.mode_is_where_packets_meet_it", filter_switches, kWithPf},
          {"filter.refused_text_changes_nothing", refused_by_pf, kWithPf},
          {"filter.without_a_way_to_it_links_are_shut", main_ruleset, kWithPf}};
}

}  // namespace vtid::contract
