#include "vici/sa_poller.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

constexpr TimePoint kNow{Duration{1'000}};
using Tickets = std::vector<Ticket>;

TEST(SaPoller, NothingIsDueAtFirst) {
  SaPoller poller;
  EXPECT_EQ(poller.next(kNow), std::nullopt);
  EXPECT_EQ(poller.next_deadline(), std::nullopt);
}

TEST(SaPoller, ALookSoonWaitsForItsTime) {
  SaPoller poller;
  poller.look_soon("hq", kNow + Duration{10});
  poller.look_soon("hq", kNow + Duration{99});
  EXPECT_EQ(poller.next(kNow), std::nullopt);
  EXPECT_EQ(poller.next_deadline(), kNow + Duration{10});
  EXPECT_EQ(poller.next(kNow + Duration{10}), (SaPoll{"hq", false}));
}

TEST(SaPoller, OneReadingIsUnderWayAtATime) {
  SaPoller poller;
  poller.ask("a", 1);
  poller.ask("b", 2);
  EXPECT_EQ(poller.next(kNow), (SaPoll{"a", false}));
  EXPECT_EQ(poller.next(kNow), std::nullopt);
  poller.on_listed("a");
  EXPECT_EQ(poller.finish({}), Tickets{1});
  EXPECT_EQ(poller.next(kNow), (SaPoll{"b", false}));
}

TEST(SaPoller, WhatWasNotFoundIsProvenByWaiting) {
  SaPoller poller;
  poller.ask("hq", 1);
  (void)poller.next(kNow);
  EXPECT_EQ(poller.finish({}), Tickets{});
  EXPECT_EQ(poller.next(kNow), (SaPoll{"hq", true}));
  EXPECT_EQ(poller.finish({}), Tickets{1});
  EXPECT_EQ(poller.next(kNow), std::nullopt);
}

TEST(SaPoller, WhatIsMissingFromTheTableIsProvenToo) {
  SaPoller poller;
  poller.look_soon("hq", kNow);
  (void)poller.next(kNow);
  poller.on_listed("hq");
  (void)poller.finish({"hq"});
  EXPECT_EQ(poller.next(kNow), (SaPoll{"hq", true}));
}

TEST(SaPoller, AnAskDuringAReadingIsNotAnsweredByIt) {
  SaPoller poller;
  poller.ask("hq", 1);
  (void)poller.next(kNow);
  poller.ask("hq", 2);
  poller.on_listed("hq");
  EXPECT_EQ(poller.finish({}), Tickets{1});
  EXPECT_EQ(poller.next(kNow), (SaPoll{"hq", false}));
}

TEST(SaPoller, ManyBecomeOneReadingOfAll) {
  SaPoller poller;
  for (std::size_t i = 0; i <= kMostSinglePolls; ++i) poller.ask(std::to_string(i), i);
  EXPECT_EQ(poller.next(kNow), (SaPoll{std::nullopt, false}));
  for (std::size_t i = 1; i <= kMostSinglePolls; ++i) poller.on_listed(std::to_string(i));
  EXPECT_EQ(poller.finish({}).size(), kMostSinglePolls);
  EXPECT_EQ(poller.next(kNow), (SaPoll{"0", true}));
}

// As thousands come up, a hundred each second: the table is not read for each hundred.
TEST(SaPoller, AReadingOfAllRestsForAsLongAsItListed) {
  const auto ask_many = [](SaPoller& poller) {
    for (std::size_t i = 0; i <= kMostSinglePolls; ++i) poller.ask(std::to_string(i), i);
  };
  SaPoller poller;
  ask_many(poller);
  (void)poller.next(kNow);
  for (int i = 0; i < 3'000; ++i) poller.on_listed(std::to_string(i));
  (void)poller.finish({});
  const TimePoint rested = kNow + 3'000 * kRestEach;
  poller.ask("one", 1);
  EXPECT_EQ(poller.next(kNow), (SaPoll{"one", false}));  // a few are no matter
  poller.on_listed("one");
  (void)poller.finish({});
  ask_many(poller);
  EXPECT_EQ(poller.next(kNow + Duration{1}), std::nullopt);
  EXPECT_EQ(poller.next_deadline(), rested);
  poller.look_soon("soon", kNow + Duration{5});
  EXPECT_EQ(poller.next(rested - Duration{1}), std::nullopt);
  EXPECT_EQ(poller.next_deadline(), rested);
  EXPECT_EQ(poller.next(rested), (SaPoll{std::nullopt, false}));
  for (std::size_t i = 0; i <= kMostSinglePolls; ++i) poller.on_listed(std::to_string(i));
  EXPECT_EQ(poller.finish({}).size(), kMostSinglePolls + 1);
  EXPECT_EQ(poller.next_deadline(), std::nullopt);
}

TEST(SaPoller, WhatMustBeReadWholeDoesNotWaitForThat) {
  SaPoller poller;
  for (std::size_t i = 0; i <= kMostSinglePolls; ++i) poller.ask(std::to_string(i), i);
  (void)poller.next(kNow);
  for (int i = 0; i < 3'000; ++i) poller.on_listed(std::to_string(i));
  (void)poller.finish({});
  std::set<std::string> missing;
  for (std::size_t i = 0; i <= kMostSinglePolls; ++i) missing.insert(std::to_string(i));
  poller.recheck(missing);
  EXPECT_EQ(poller.next(kNow), std::nullopt);
  poller.look_at_all();
  EXPECT_EQ(poller.next(kNow), (SaPoll{std::nullopt, false}));
  (void)poller.finish({});
  poller.recheck_all();
  EXPECT_EQ(poller.next(kNow), (SaPoll{std::nullopt, true}));
}

TEST(SaPoller, ManyThatWereNotFoundBecomeOneReadingThatWaits) {
  SaPoller poller;
  for (std::size_t i = 0; i <= kMostSinglePolls; ++i) poller.ask(std::to_string(i), i);
  (void)poller.next(kNow);
  EXPECT_EQ(poller.finish({}), Tickets{});
  EXPECT_EQ(poller.next(kNow), (SaPoll{std::nullopt, true}));
  EXPECT_EQ(poller.finish({}).size(), kMostSinglePolls + 1);
}

TEST(SaPoller, WhereWaitingHangsNothingWaits) {
  SaPoller poller;
  poller.never_wait(true);
  poller.ask("hq", 1);
  (void)poller.next(kNow);
  EXPECT_EQ(poller.finish({"hq"}), Tickets{1});
  EXPECT_EQ(poller.next(kNow), std::nullopt);
}

TEST(SaPoller, AbandonGivesBackEveryTicket) {
  SaPoller poller;
  poller.ask("a", 1);
  (void)poller.next(kNow);
  (void)poller.finish({});
  (void)poller.next(kNow);
  poller.ask("b", 2);
  EXPECT_EQ(poller.abandon(), (Tickets{2, 1}));
  EXPECT_EQ(poller.next(kNow), std::nullopt);
}

}  // namespace
}  // namespace vtid::vici
