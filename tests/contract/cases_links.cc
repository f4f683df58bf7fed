#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::ChangeLink;
using model::CreateLink;
using model::DeleteLink;
using model::Owner;

bool has_numbers(const model::ObservedLink& have, const model::Link& want) {
  return have.if_id ? have.if_id == want.if_id : have.reqid == want.reqid;
}

bool shows(const model::ObservedLink* have, const model::Link& want) {
  return have != nullptr && have->owner == Owner::vtid && has_numbers(*have, want) && have->mtu == want.mtu &&
         have->up == want.up && (have->reqid || have->multicast == want.multicast) && have->alias == want.alias &&
         have->index.value != 0;
}

std::vector<model::ObservedLink> ours(Stage& stage) {
  auto links = stage.observe().links;
  std::erase_if(links, [](const model::ObservedLink& item) { return item.owner != Owner::vtid; });
  return links;
}

bool shows(Stage& stage, const model::Link& want) { return shows(stage.observe().link(want.name), want); }

void create(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  stage.expect(shows(stage, link(1)), "the link is as it was asked for");
}

void create_otherwise(Stage& stage) {
  model::Link other = link(2);
  other.mtu = 1422;
  other.up = false;
  other.multicast = false;
  other.alias = std::string(255, 'x');
  stage.expect(stage.apply(CreateLink{other}) == 0, "the link can be made");
  stage.expect(shows(stage, other), "the link is as it was asked for");
}

void create_bare(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  const auto observed = stage.observe();
  stage.expect(std::ranges::none_of(observed.addresses, [](const auto& item) { return item.device == device("ipsec1"); }),
               "it has no address, not even a link-local one");
}

void create_twice(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  model::Link again = renumbered(link(1), 77);
  again.alias = "another";
  stage.expect(stage.apply(CreateLink{again}) == EEXIST, "the name is taken");
  stage.expect(shows(stage, link(1)), "the first is unchanged");
}

void create_over_foreign(Stage& stage) {
  stage.world.add_tunnel(device("ipsec1"), {900});
  stage.expect(stage.apply(CreateLink{link(1)}) == EEXIST, "the name is taken");
  const auto observed = stage.observe();
  const auto* have = observed.link(device("ipsec1"));
  stage.expect(have != nullptr && have->owner == Owner::other && have->alias.empty() && have->mtu == 1500,
               "the foreign link is unchanged");
}

void create_if_id_twice(Stage& stage) {
  stage.world.add_tunnel(device("other0"), {1});
  stage.expect(stage.apply(CreateLink{link(1)}) == EEXIST, "the if_id is taken");
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "nothing was made");
}

void create_without_if_id(Stage& stage) {
  stage.expect(stage.apply(CreateLink{renumbered(link(1), 0)}) == EINVAL, "number 0 is refused");
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "nothing was made");
}

void create_with_bad_mtu(Stage& stage) {
  for (const std::uint32_t mtu : {0U, 67U, 65'536U}) {
    model::Link bad = link(1);
    bad.mtu = mtu;
    stage.expect(stage.apply(CreateLink{bad}) == EINVAL, "MTU " + std::to_string(mtu) + " is refused");
  }
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "nothing was made");
}

void create_with_long_alias(Stage& stage) {
  model::Link bad = link(1);
  bad.alias = std::string(256, 'x');
  stage.expect(stage.apply(CreateLink{bad}) == EINVAL, "an alias of 256 bytes is refused");
  stage.expect(stage.observe().link(device("ipsec1")) == nullptr, "nothing was made");
}

void create_without_ipv6(Stage& stage) {
  model::Link small = link(1);
  small.mtu = 1200;
  stage.expect(stage.apply(CreateLink{small}) == 0, "a link below IPv6's smallest MTU can be made");
  stage.expect(shows(stage, small), "the link is as it was asked for");
}

void change_in_place(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  const auto before = stage.observe().link(device("ipsec1"))->index;
  model::Link other = link(1);
  other.mtu = 1300;
  other.multicast = false;
  other.alias = "vtid tunnels/renamed";
  stage.expect(stage.apply(ChangeLink{other}) == 0, "it can be changed");
  const auto observed = stage.observe();
  stage.expect(shows(observed.link(device("ipsec1")), other), "the link is as it was asked for");
  stage.expect(observed.link(device("ipsec1"))->index == before, "the index is the same");
}

void change_missing(Stage& stage) {
  stage.expect(stage.apply(ChangeLink{link(1)}) == ENODEV, "what is missing cannot be changed");
}

void change_foreign(Stage& stage) {
  stage.world.add_tunnel(device("ipsec1"), {1});
  stage.expect(stage.apply(ChangeLink{link(1)}) == EEXIST, "what is not ours cannot be changed");
  const auto observed = stage.observe();
  const auto* have = observed.link(device("ipsec1"));
  stage.expect(have != nullptr && have->mtu == 1500 && have->alias.empty(), "the foreign link is unchanged");
}

void remove(Stage& stage) {
  make_tunnel(stage);
  stage.expect(stage.apply(model::SetRoute{route("10.20.0.0/16", "ipsec1", "10.6.106.2")}) == 0, "a route can be made");
  stage.expect(stage.apply(DeleteLink{device("ipsec1")}) == 0, "the link can be deleted");
  const auto observed = stage.observe();
  stage.expect(observed.link(device("ipsec1")) == nullptr, "the link is gone");
  stage.expect(std::ranges::none_of(observed.addresses, [](const auto& item) { return item.device == device("ipsec1"); }),
               "its addresses are gone");
  stage.expect(observed.routes.empty(), "its routes are gone");
}

void remove_gone(Stage& stage) {
  stage.expect(stage.apply(DeleteLink{device("ipsec1")}) == 0, "deleting what is not there is no error");
}

void remove_foreign(Stage& stage) {
  stage.world.add_tunnel(device("ipsec1"), {1});
  stage.world.add_link(device("ipsec2"));
  stage.expect(stage.apply(DeleteLink{device("ipsec1")}) == EEXIST, "a foreign tunnel is not deleted");
  stage.expect(stage.apply(DeleteLink{device("ipsec2")}) == EEXIST, "a foreign link is not deleted");
  const auto observed = stage.observe();
  stage.expect(observed.link(device("ipsec1")) != nullptr && observed.link(device("ipsec2")) != nullptr, "they are there");
}

void remove_many(Stage& stage) {
  std::vector<model::Op> ops;
  for (std::uint32_t unit = 1; unit <= 40; ++unit) ops.push_back({CreateLink{link(unit)}, "", "", ""});
  stage.expect(
      std::ranges::all_of(platform::apply_all(stage.kernel, ops), [](const auto& result) { return result.has_value(); }),
      "forty can be made at once");
  ops.clear();
  stage.world.add_tunnel(device("foreign0"), {900});
  for (std::uint32_t unit = 1; unit <= 39; ++unit)
    ops.push_back({DeleteLink{device("ipsec" + std::to_string(unit))}, "", "", ""});
  ops.push_back({DeleteLink{device("foreign0")}, "", "", ""});
  const auto results = platform::apply_all(stage.kernel, ops);
  stage.expect(std::ranges::count_if(results, [](const auto& result) { return result.has_value(); }) == 39,
               "thirty-nine can be deleted at once");
  const auto observed = stage.observe();
  stage.expect(ours(stage).size() == 1 && observed.link(device("ipsec40")) && observed.link(device("foreign0")),
               "the fortieth and the foreign one are left");
}

void recreate_at_once(Stage& stage) {
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  const auto before = stage.observe().link(device("ipsec1"))->index;
  const model::Link other = renumbered(link(1), 42);
  const std::vector<model::Op> ops{{model::AddAddress{address("ipsec1", "10.0.0.1/30")}, "", "", ""},
                                   {DeleteLink{device("ipsec1")}, "", "", ""},
                                   {CreateLink{other}, "", "", ""},
                                   {model::AddAddress{address("ipsec1", "10.6.106.1/30")}, "", "", ""}};
  stage.expect(
      std::ranges::all_of(platform::apply_all(stage.kernel, ops), [](const auto& result) { return result.has_value(); }),
      "it can be deleted and made again in one go");
  const auto observed = stage.observe();
  stage.expect(shows(observed.link(device("ipsec1")), other), "the new one is as it was asked for");
  if (as_linux(stage.system)) {  // FreeBSD gives the lowest free one
    stage.expect(observed.link(device("ipsec1"))->index != before, "it has another index");
  }
  stage.expect(std::ranges::count(observed.addresses, device("ipsec1"), &model::ObservedAddress::device) == 1,
               "it has the new address alone");
}

void foreign_links_listed(Stage& stage) {
  stage.world.add_tunnel(device("other0"), {900});
  stage.world.add_link(device("wan0"));
  const auto observed = stage.observe();
  const auto* tunnel = observed.link(device("other0"));
  const auto* wan = observed.link(device("wan0"));
  stage.expect(tunnel != nullptr && tunnel->owner == Owner::other && has_numbers(*tunnel, renumbered({}, 900)) && tunnel->up,
               "a foreign tunnel shows its number");
  stage.expect(wan != nullptr && wan->owner == Owner::other && !wan->if_id && wan->mtu == 1500, "any link shows its MTU");
  stage.expect(std::ranges::is_sorted(observed.links, {}, &model::ObservedLink::name), "links are sorted by name");
}

void batch_with_a_failure(Stage& stage) {
  std::vector<model::Op> ops;
  for (std::uint32_t unit = 1; unit <= 150; ++unit) ops.push_back({CreateLink{link(unit)}, "", "", ""});
  auto& taken = std::get<CreateLink>(ops[75].change).link;
  taken = renumbered(taken, 1);
  for (std::uint32_t unit = 1; unit <= 150; ++unit) {
    const std::string name = "ipsec" + std::to_string(unit == 76 ? 1 : unit);
    ops.push_back({model::AddAddress{address(name, "10.7." + std::to_string(unit) + ".1/30")}, "", "", ""});
  }
  const auto results = platform::apply_all(stage.kernel, ops);
  for (std::size_t i = 0; i < results.size(); ++i) {
    stage.expect(results[i].has_value() == (i != 75), "operation " + std::to_string(i) + " has its own outcome");
  }
  stage.expect(!results[75] && results[75].error().code == EEXIST, "the failing one says why");
  stage.expect(ours(stage).size() == 149, "the others were done");
}

void counters(Stage& stage) {
  stage.world.add_tunnel(device("other0"), {900});
  stage.expect(stage.apply(CreateLink{link(1)}) == 0, "the link can be made");
  const auto counted = stage.kernel.counters();
  stage.expect(counted && counted->size() == 1 && counted->contains(device("ipsec1")), "our links have counters, others none");
  stage.expect(stage.apply(CreateLink{link(2)}) == 0, "another can be made");
  const std::vector<net::IfName> asked{device("ipsec2"), device("other0"), device("ipsec3")};
  const auto some = stage.kernel.counters_of(asked);
  stage.expect(some && some->size() == 1 && some->contains(device("ipsec2")),
               "those of ours that are asked for, and no others");
}

}  // namespace

std::vector<Case> link_cases() {
  return {{"link.created_is_observed", create},
          {"link.created_down_without_multicast", create_otherwise},
          {"link.created_without_addresses", create_bare},
          {"link.name_of_ours_taken", create_twice},
          {"link.name_of_another_taken", create_over_foreign},
          {"link.if_id_taken", create_if_id_twice},
          {"link.if_id_zero_refused", create_without_if_id},
          {"link.mtu_out_of_range_refused", create_with_bad_mtu},
          {"link.long_alias_refused", create_with_long_alias},
          {"link.below_ipv6_mtu", create_without_ipv6, as_linux},
          {"link.changed_in_place", change_in_place},
          {"link.change_of_missing_refused", change_missing},
          {"link.change_of_foreign_refused", change_foreign},
          {"link.deleted_with_what_stands_on_it", remove},
          {"link.delete_of_missing_done", remove_gone},
          {"link.delete_of_foreign_refused", remove_foreign},
          {"link.many_deleted", remove_many},
          {"link.recreated_in_one_batch", recreate_at_once},
          {"link.foreign_listed_and_sorted", foreign_links_listed},
          {"link.batch_reports_the_one_failure", batch_with_a_failure},
          {"link.counters_of_ours", counters}};
}

}  // namespace vtid::contract
