#include "contract/stage.h"

namespace vtid::contract {
namespace {

void quiet(Stage& stage) {
  make_tunnel(stage);
  (void)stage.settle();
  (void)stage.observe();
  (void)stage.kernel.counters();
  stage.expect(stage.settle() == platform::Notices{}, "looking changes nothing");
}

void own_change(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.noticed(), "what we do is noticed too");
}

void foreign_link(Stage& stage) {
  (void)stage.settle();
  stage.world.add_tunnel(device("ipsec1"), {1});
  stage.expect(stage.noticed(), "a foreign link that comes is noticed: it may take a name or an if_id");
  stage.world.delete_link(device("ipsec1"));
  stage.expect(stage.noticed(), "a foreign link that goes is noticed: it may give them back");
}

void link_deleted_by_hand(Stage& stage) {
  make_tunnel(stage);
  (void)stage.settle();
  stage.world.delete_link(device("ipsec1"));
  stage.expect(stage.noticed(), "it is noticed");
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "it is gone");
}

void link_changed_by_hand(Stage& stage) {
  make_tunnel(stage);
  (void)stage.settle();
  stage.world.set_link(device("ipsec1"), true, 1300);
  stage.expect(stage.noticed(), "a change of MTU is noticed");
  stage.world.set_link(device("ipsec1"), false, 1300);
  stage.expect(stage.noticed(), "going down is noticed");
}

void addresses_flushed(Stage& stage) {
  make_tunnel(stage);
  (void)stage.settle();
  stage.world.flush_addresses(device("ipsec1"));
  stage.expect(stage.noticed(), "it is noticed");
}

void outer_address(Stage& stage) {
  stage.world.add_link(device("wan0"));
  (void)stage.settle();
  stage.world.add_address(address("wan0", "192.0.2.1/24"));
  stage.expect(stage.noticed(), "an address of another's link is noticed: it may be an outer one");
}

void routes(Stage& stage) {
  make_tunnel(stage);
  const auto ours = route("10.20.0.0/16", "ipsec1", "10.6.106.2");
  stage.expect(stage.apply(model::SetRoute{ours}) == 0, "it can be made");
  (void)stage.settle();
  stage.world.add_route(route("10.30.0.0/16", "ipsec1", "10.6.106.2"));
  stage.world.add_route(route("fd30::/48", "ipsec1", "fd00:6::2"));
  stage.expect(!stage.noticed(), "another's route is no news");
  stage.world.delete_our_route(ours);
  stage.expect(stage.noticed(), "ours, deleted by hand, is");
}

}  // namespace

std::vector<Case> notice_cases() {
  return {{"notice.none_without_change", quiet},
          {"notice.of_our_own_change", own_change},
          {"notice.of_foreign_link", foreign_link},
          {"notice.of_link_deleted_by_hand", link_deleted_by_hand},
          {"notice.of_link_changed_by_hand", link_changed_by_hand},
          {"notice.of_addresses_flushed", addresses_flushed},
          {"notice.of_outer_address", outer_address},
          {"notice.of_our_routes_alone", routes}};
}

}  // namespace vtid::contract
