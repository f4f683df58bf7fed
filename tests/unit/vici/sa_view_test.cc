#include "vici/sa_view.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

using model::ChildState;
using model::IkeState;
using Ids = std::set<std::uint32_t>;

model::IkeSa ike(std::uint32_t id, IkeState state = IkeState::established) {
  model::IkeSa sa;
  sa.id = id;
  sa.name = "hq";
  sa.state = state;
  return sa;
}
model::ChildSa child(std::uint32_t id, std::uint32_t ike_id = 1, ChildState state = ChildState::installed) {
  model::ChildSa sa;
  sa.id = id;
  sa.ike_id = ike_id;
  sa.name = "hq";
  sa.state = state;
  return sa;
}
Ids ikes(const SaView& view) {
  Ids ids;
  for (const auto& [id, sa] : view.table().ikes) ids.insert(id);
  return ids;
}
Ids children(const SaView& view) {
  Ids ids;
  for (const auto& [id, sa] : view.table().children) ids.insert(id);
  return ids;
}
ChildUpdown up(std::uint32_t id, std::uint32_t ike_id = 1) { return {true, {ike(ike_id), {child(id, ike_id)}}}; }
ChildUpdown down(std::uint32_t id, std::uint32_t ike_id = 1) {
  return {false, {ike(ike_id, IkeState::deleting), {child(id, ike_id)}}};
}

std::set<std::string> list(SaView& view, const std::vector<Listing>& listings, bool whole) {
  view.begin_reading(std::nullopt);
  for (const Listing& listing : listings) view.read(listing);
  return view.end_reading(whole);
}

TEST(SaView, TheEndOfAnIkeSaLeavesItsChildrenToTheirOwnEvents) {
  SaView view;
  view.apply(up(1));
  view.apply(IkeUpdown{false, ike(1, IkeState::deleting)});
  EXPECT_EQ(children(view), Ids{1});
  view.apply(down(1));
  EXPECT_EQ(children(view), Ids{});
}

TEST(SaView, ADownForAnUnknownChildChangesNothing) {
  SaView view;
  view.apply(up(1));
  (void)view.take_changed();
  view.apply(down(7));
  EXPECT_FALSE(view.take_changed());
}

TEST(SaView, ADownDoesNotBringItsIkeSaBack) {
  SaView view;
  view.apply(up(1));
  view.apply(IkeUpdown{false, ike(1)});
  view.apply(down(1));
  EXPECT_EQ(ikes(view), Ids{});
}

TEST(SaView, ARekeyedChildIsReplaced) {
  SaView view;
  view.apply(up(1));
  EXPECT_EQ(view.apply(ChildRekeyed{ike(1), child(1, 1, ChildState::rekeyed), child(2)}), "hq");
  EXPECT_EQ(children(view), Ids{2});
}

TEST(SaView, TheLastReplacedSasOfAReqidAreRemembered) {
  SaView view;
  view.apply(up(1));
  for (std::uint32_t id = 1; id <= 6; ++id) {
    model::ChildSa before = child(id);
    before.reqid = {5001};
    before.spi_out = 0x100 + id;
    view.apply(ChildRekeyed{ike(1), before, child(id + 1)});
    view.apply(ChildRekeyed{ike(1), before, child(id + 1)});
  }
  std::vector<std::uint32_t> spis;
  for (const auto& [destination, spi] : view.table().replaced.at({5001})) spis.push_back(spi);
  EXPECT_EQ(spis, (std::vector<std::uint32_t>{0x103, 0x104, 0x105, 0x106}));
}

TEST(SaView, ACollisionWithOneOldChildLeavesBothNewOnes) {
  SaView view;
  view.apply(up(1));
  view.apply(ChildRekeyed{ike(1), child(1), child(2)});
  view.apply(ChildRekeyed{ike(1), child(1), child(3)});
  EXPECT_EQ(children(view), (Ids{2, 3}));
}

TEST(SaView, AnIkeRekeyCarriesTheChildrenOver) {
  SaView view;
  view.apply(up(1));
  view.apply(IkeRekeyed{ike(1), ike(2)});
  EXPECT_EQ(ikes(view), Ids{2});
  EXPECT_EQ(view.table().children.at(1).ike_id, 2U);
}

TEST(SaView, DuplicatesLiveSideBySide) {
  SaView view;
  view.apply(up(1, 1));
  view.apply(up(2, 2));
  view.apply(IkeUpdown{false, ike(1)});
  view.apply(down(1, 1));
  EXPECT_EQ(children(view), Ids{2});
}

TEST(SaView, AListThatMayHaveSkippedSomethingRemovesNothing) {
  SaView view;
  view.apply(up(1));
  EXPECT_EQ(list(view, {}, false), std::set<std::string>{"hq"});
  EXPECT_EQ(children(view), Ids{1});
}

TEST(SaView, AWholeListRemovesWhatItDoesNotHave) {
  SaView view;
  view.apply(up(1));
  view.apply(up(2, 2));
  EXPECT_EQ(list(view, {{ike(2), {child(2, 2)}}}, true), std::set<std::string>{});
  EXPECT_EQ(children(view), Ids{2});
  EXPECT_EQ(ikes(view), Ids{2});
}

TEST(SaView, ListedChildrenThatAreReplacedOrGoneDoNotCount) {
  for (const ChildState state : {ChildState::rekeyed, ChildState::deleted, ChildState::destroying}) {
    SaView view;
    view.apply(up(1));
    list(view, {{ike(1), {child(1, 1, state), child(2)}}}, false);
    EXPECT_EQ(children(view), Ids{2}) << print(state);
  }
}

TEST(SaView, AListOfOneConnectionRemovesNothingOfAnother) {
  SaView view;
  model::IkeSa other = ike(9);
  other.name = "lab";
  view.apply(ChildUpdown{true, {other, {child(9, 9)}}});
  view.apply(up(1));
  view.begin_reading("hq");
  view.end_reading(true);
  EXPECT_EQ(children(view), Ids{9});
}

TEST(SaView, WhatAnEventRemovedDuringAListDoesNotComeBackWithIt) {
  SaView view;
  view.apply(up(1));
  view.begin_reading(std::nullopt);
  view.apply(IkeUpdown{false, ike(1)});
  view.apply(down(1));
  view.read({ike(1), {child(1)}});
  view.end_reading(false);
  EXPECT_EQ(children(view), Ids{});
  EXPECT_EQ(ikes(view), Ids{});
}

TEST(SaView, WhatAnEventBroughtDuringAListIsNotRemovedByIt) {
  SaView view;
  view.begin_reading(std::nullopt);
  view.apply(up(1));
  view.end_reading(true);
  EXPECT_EQ(children(view), Ids{1});
}

TEST(SaView, AChildThatMovedDuringAListIsNotRemovedByIt) {
  SaView view;
  view.apply(up(1));
  view.begin_reading("hq");
  view.apply(IkeRekeyed{ike(1), ike(2)});
  view.end_reading(true);
  EXPECT_EQ(children(view), Ids{1});
}

TEST(SaView, EventAndListInEitherOrderGiveTheSameTable) {
  SaView event_first;
  event_first.begin_reading(std::nullopt);
  event_first.apply(up(1));
  event_first.read({ike(1), {child(1)}});
  event_first.end_reading(true);
  SaView list_first;
  list_first.begin_reading(std::nullopt);
  list_first.read({ike(1), {child(1)}});
  list_first.end_reading(true);
  list_first.apply(up(1));
  EXPECT_EQ(event_first.table(), list_first.table());
}

TEST(SaView, ReadingTheSameAgainIsNoChange) {
  SaView view;
  model::ChildSa sa = child(1);
  sa.installed = WallTime{std::chrono::seconds{100}};
  list(view, {{ike(1), {sa}}}, true);
  (void)view.take_changed();
  sa.installed += std::chrono::seconds{1};  // ages are rounded
  list(view, {{ike(1), {sa}}}, true);
  EXPECT_FALSE(view.take_changed());
}

TEST(SaView, TheSameCharonKeepsWhatOnlyTheOldViewHas) {
  SaView view;
  view.adopt({}, "boot", "5.9.8", Now{});
  view.apply(up(1));
  SaView fresh;
  fresh.apply(up(2, 2));
  EXPECT_EQ(view.adopt(std::move(fresh), "boot", "5.9.8", Now{}), std::set<std::string>{"hq"});
  EXPECT_EQ(children(view), (Ids{1, 2}));
}

TEST(SaView, AnotherCharonDropsTheOldView) {
  SaView view;
  view.adopt({}, "boot", "5.9.8", Now{});
  view.apply(up(1));
  SaView fresh;
  fresh.apply(up(2, 2));
  EXPECT_EQ(view.adopt(std::move(fresh), "later", "5.9.8", Now{}), std::set<std::string>{});
  EXPECT_EQ(children(view), Ids{2});
}

TEST(SaView, SilenceKeepsTheLastView) {
  SaView view;
  view.adopt({}, "boot", "5.9.8", Now{});
  view.apply(up(1));
  view.disconnect(WallTime{std::chrono::seconds{5}});
  EXPECT_EQ((std::tuple{view.table().connected, view.table().known, children(view)}), (std::tuple{false, true, Ids{1}}));
}

}  // namespace
}  // namespace vtid::vici
