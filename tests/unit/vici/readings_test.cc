#include "vici/readings.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

constexpr TimePoint kNow{Duration{1'000}};
using Tickets = std::vector<Ticket>;

TEST(Readings, NothingIsDueAtFirst) {
  Readings readings;
  EXPECT_EQ(readings.next(kNow), std::nullopt);
  EXPECT_EQ(readings.next_deadline(), std::nullopt);
}

TEST(Readings, ALookSoonWaitsForItsTime) {
  Readings readings;
  readings.look_soon("hq", kNow + Duration{10});
  readings.look_soon("hq", kNow + Duration{99});
  EXPECT_EQ(readings.next(kNow), std::nullopt);
  EXPECT_EQ(readings.next_deadline(), kNow + Duration{10});
  EXPECT_EQ(readings.next(kNow + Duration{10}), (Reading{"hq", false}));
}

TEST(Readings, OneReadingIsUnderWayAtATime) {
  Readings readings;
  readings.ask("a", 1);
  readings.ask("b", 2);
  EXPECT_EQ(readings.next(kNow), (Reading{"a", false}));
  EXPECT_EQ(readings.next(kNow), std::nullopt);
  readings.on_listed("a");
  EXPECT_EQ(readings.finish({}), Tickets{1});
  EXPECT_EQ(readings.next(kNow), (Reading{"b", false}));
}

TEST(Readings, WhatWasNotFoundIsProvenByWaiting) {
  Readings readings;
  readings.ask("hq", 1);
  (void)readings.next(kNow);
  EXPECT_EQ(readings.finish({}), Tickets{});
  EXPECT_EQ(readings.next(kNow), (Reading{"hq", true}));
  EXPECT_EQ(readings.finish({}), Tickets{1});
  EXPECT_EQ(readings.next(kNow), std::nullopt);
}

TEST(Readings, WhatIsMissingFromTheTableIsProvenToo) {
  Readings readings;
  readings.look_soon("hq", kNow);
  (void)readings.next(kNow);
  readings.on_listed("hq");
  (void)readings.finish({"hq"});
  EXPECT_EQ(readings.next(kNow), (Reading{"hq", true}));
}

TEST(Readings, AnAskDuringAReadingIsNotAnsweredByIt) {
  Readings readings;
  readings.ask("hq", 1);
  (void)readings.next(kNow);
  readings.ask("hq", 2);
  readings.on_listed("hq");
  EXPECT_EQ(readings.finish({}), Tickets{1});
  EXPECT_EQ(readings.next(kNow), (Reading{"hq", false}));
}

TEST(Readings, ManyBecomeOneReadingOfAll) {
  Readings readings;
  for (std::size_t i = 0; i <= kMostSingleReadings; ++i) readings.ask(std::to_string(i), i);
  EXPECT_EQ(readings.next(kNow), (Reading{std::nullopt, false}));
  for (std::size_t i = 1; i <= kMostSingleReadings; ++i) readings.on_listed(std::to_string(i));
  EXPECT_EQ(readings.finish({}).size(), kMostSingleReadings);
  EXPECT_EQ(readings.next(kNow), (Reading{"0", true}));
}

TEST(Readings, ManyThatWereNotFoundBecomeOneReadingThatWaits) {
  Readings readings;
  for (std::size_t i = 0; i <= kMostSingleReadings; ++i) readings.ask(std::to_string(i), i);
  (void)readings.next(kNow);
  EXPECT_EQ(readings.finish({}), Tickets{});
  EXPECT_EQ(readings.next(kNow), (Reading{std::nullopt, true}));
  EXPECT_EQ(readings.finish({}).size(), kMostSingleReadings + 1);
}

TEST(Readings, WhereWaitingHangsNothingWaits) {
  Readings readings;
  readings.never_wait(true);
  readings.ask("hq", 1);
  (void)readings.next(kNow);
  EXPECT_EQ(readings.finish({"hq"}), Tickets{1});
  EXPECT_EQ(readings.next(kNow), std::nullopt);
}

TEST(Readings, AbandonGivesBackEveryTicket) {
  Readings readings;
  readings.ask("a", 1);
  (void)readings.next(kNow);
  (void)readings.finish({});
  (void)readings.next(kNow);
  readings.ask("b", 2);
  EXPECT_EQ(readings.abandon(), (Tickets{2, 1}));
  EXPECT_EQ(readings.next(kNow), std::nullopt);
}

}  // namespace
}  // namespace vtid::vici
