#include "daemon/host_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::daemon {
namespace {

using test::address;
using testing::ElementsAre;
using testing::IsEmpty;
using Addresses = std::vector<net::Address>;

model::Tunnel named(std::string tunnel, std::string host, Duration every = std::chrono::seconds{60}) {
  model::Tunnel result = test::tunnel(std::move(tunnel));
  auto& ike = std::get<model::Ike>(result.ike);
  ike.local.address = model::AnyAddress{};
  ike.remote.address = model::HostName{std::move(host)};
  ike.resolve = every;
  return result;
}

class HostNamesTest : public testing::Test {
 protected:
  HostNamesTest() { config.tunnels = {named("hq", "vpn.example.org"), test::tunnel("lab")}; }

  std::vector<std::string> due(Duration later = Duration{0}) {
    now.steady += later;
    return names.take_due(now);
  }
  bool answer(const Addresses& addresses) { return names.on_answer({"vpn.example.org", addresses}, now); }
  void no_answer() { (void)names.on_answer({"vpn.example.org", fail("Host not found")}, now); }
  Addresses resolved_peer() { return names.resolved(config.tunnels[0])->addresses; }

  model::Config config;
  HostNames names{[] { return 512U; }};  // no jitter
  Now now{TimePoint{Duration{1'000'000}}, WallTime{std::chrono::seconds{7}}};
};

TEST_F(HostNamesTest, ANameIsDueAtOnceAndOnceUntilItsAnswer) {
  names.follow(config, now);
  EXPECT_EQ(names.next_deadline(), now.steady);
  EXPECT_THAT(due(), ElementsAre("vpn.example.org"));
  EXPECT_THAT(due(std::chrono::hours{1}), IsEmpty());
  EXPECT_EQ(names.next_deadline(), std::nullopt);
}

TEST_F(HostNamesTest, ItIsDueAgainAfterItsInterval) {
  names.follow(config, now);
  (void)due();
  EXPECT_TRUE(answer({address("198.51.100.1")}));
  EXPECT_THAT(due(Duration{59'999}), IsEmpty());
  EXPECT_THAT(due(Duration{1}), ElementsAre("vpn.example.org"));
}

TEST_F(HostNamesTest, TheShortestIntervalCounts) {
  config.tunnels.push_back(named("spare", "vpn.example.org", std::chrono::seconds{10}));
  names.follow(config, now);
  EXPECT_THAT(names.tunnels_of("vpn.example.org"), ElementsAre("hq", "spare"));
  EXPECT_EQ(due().size(), 1U);
  (void)answer({address("198.51.100.1")});
  EXPECT_EQ(names.next_deadline(), now.steady + Duration{10'000});
}

TEST_F(HostNamesTest, OnlyAnotherSetOfAddressesIsAChange) {
  names.follow(config, now);
  EXPECT_TRUE(answer({address("198.51.100.2"), address("198.51.100.1")}));
  EXPECT_FALSE(answer({address("198.51.100.1"), address("198.51.100.2"), address("198.51.100.1")}));
  EXPECT_TRUE(answer({address("198.51.100.1")}));
}

TEST_F(HostNamesTest, FailuresAreRetriedEverLaterUpToTheInterval) {
  names.follow(config, now);
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60}) {
    no_answer();
    EXPECT_EQ(names.next_deadline(), now.steady + std::chrono::seconds{seconds});
  }
  (void)answer({address("198.51.100.1")});
  no_answer();
  EXPECT_EQ(names.next_deadline(), now.steady + std::chrono::seconds{1});
}

TEST_F(HostNamesTest, AFailureKeepsTheLastGoodAnswer) {
  names.follow(config, now);
  (void)answer({address("198.51.100.1")});
  now.wall += std::chrono::seconds{60};
  no_answer();
  EXPECT_EQ(names.known(),
            (model::ResolvedNames{
                {"vpn.example.org", {{address("198.51.100.1")}, WallTime{std::chrono::seconds{7}}, "Host not found"}}}));
}

TEST_F(HostNamesTest, WhatNoPeerCanHaveIsNoAnswer) {
  names.follow(config, now);
  (void)answer({address("198.51.100.1")});
  EXPECT_FALSE(answer({address("0.0.0.0"), address("127.0.1.1"), address("::1"), address("fe80::1"), address("224.0.0.1")}));
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.1")));
  EXPECT_EQ(names.resolved(config.tunnels[0])->failure,
            "cannot resolve vpn.example.org: it has no address that a peer can have");
}

TEST_F(HostNamesTest, TheNumberOfAddressesIsBounded) {
  names.follow(config, now);
  Addresses many;
  for (std::uint8_t last = 200; last > 0; --last) many.push_back(net::Address::v4({198, 51, 100, last}));
  (void)answer(many);
  EXPECT_EQ(resolved_peer().size(), kMostAddressesOfName);
  EXPECT_EQ(resolved_peer().front(), address("198.51.100.1"));
}

TEST_F(HostNamesTest, TheTurnGoesRoundAndANewAnswerBeginsAnew) {
  names.follow(config, now);
  (void)answer({address("198.51.100.1"), address("198.51.100.2")});
  EXPECT_TRUE(names.take_turn(config.tunnels[0]));
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.2"), address("198.51.100.1")));
  EXPECT_TRUE(names.take_turn(config.tunnels[0]));
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.1"), address("198.51.100.2")));
  (void)names.take_turn(config.tunnels[0]);
  (void)answer({address("198.51.100.1")});
  EXPECT_FALSE(names.take_turn(config.tunnels[0]));
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.1")));
}

TEST_F(HostNamesTest, WhoIsCalledKeepsItsTurnWhileItIsThere) {
  names.follow(config, now);
  (void)answer({address("198.51.100.1"), address("198.51.100.2")});
  (void)names.take_turn(config.tunnels[0]);
  (void)answer({address("198.51.100.0"), address("198.51.100.1"), address("198.51.100.2")});
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.2"), address("198.51.100.0"), address("198.51.100.1")));
}

class SeveralAddressesTest : public HostNamesTest {
 protected:
  SeveralAddressesTest() { give({address("198.51.100.9"), model::HostName{"vpn.example.org"}, address("198.51.100.1")}); }

  void give(std::vector<model::CalledAddress> list) {
    std::get<model::Ike>(config.tunnels[0].ike).remote.address = model::SeveralAddresses{std::move(list)};
    names.follow(config, now);
  }
};

TEST_F(SeveralAddressesTest, StandInTheFilesOrderEachOnceOfOneFamily) {
  EXPECT_THAT(due(), ElementsAre("vpn.example.org"));
  (void)answer({address("198.51.100.9"), address("198.51.100.5"), address("2001:db8::1")});
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.9"), address("198.51.100.5"), address("198.51.100.1")));
  const auto called = names.called({&config.tunnels[0], &config.tunnels[1]});
  EXPECT_EQ(called.at("hq"), resolved_peer());
  EXPECT_FALSE(called.contains("lab"));
}

TEST_F(SeveralAddressesTest, ALookUpThatFailsIsSaidAndTakesNothingFromTheOthers) {
  EXPECT_EQ(names.resolved(config.tunnels[0])->failure, "");
  no_answer();
  EXPECT_EQ(names.resolved(config.tunnels[0])->failure, "cannot resolve vpn.example.org: Host not found");
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.9"), address("198.51.100.1")));
  give({model::HostName{"vpn.example.org"}, model::HostName{"vpn2.example.org"}});
  EXPECT_THAT(due(Duration{5'000}), ElementsAre("vpn.example.org", "vpn2.example.org"));
  EXPECT_EQ(names.resolved(config.tunnels[0])->name, "vpn.example.org");
}

TEST_F(SeveralAddressesTest, TheTurnOutlivesAnEditThatKeepsTheAddress) {
  EXPECT_TRUE(names.take_turn(config.tunnels[0]));
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.1"), address("198.51.100.9")));
  give({address("198.51.100.7"), address("198.51.100.1")});
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.1"), address("198.51.100.7")));
  give({address("198.51.100.7"), address("198.51.100.8")});
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.7"), address("198.51.100.8")));
}

TEST_F(HostNamesTest, ATunnelWithAnAddressIsNowhereElse) {
  names.follow(config, now);
  EXPECT_EQ(names.resolved(config.tunnels[1]), std::nullopt);
}

TEST_F(HostNamesTest, ANameThatLeftTheFileIsForgottenAndItsLateAnswerIgnored) {
  names.follow(config, now);
  (void)due();
  names.follow({}, now);
  EXPECT_FALSE(answer({address("198.51.100.1")}));
  EXPECT_THAT(names.known(), IsEmpty());
}

TEST_F(HostNamesTest, AReloadKeepsAnswersAndAShorterIntervalCountsFromNow) {
  names.follow(config, now);
  (void)answer({address("198.51.100.1")});
  std::get<model::Ike>(config.tunnels[0].ike).resolve = std::chrono::seconds{5};
  names.follow(config, now);
  EXPECT_EQ(names.next_deadline(), now.steady + Duration{5'000});
  EXPECT_THAT(resolved_peer(), ElementsAre(address("198.51.100.1")));
}

}  // namespace
}  // namespace vtid::daemon
