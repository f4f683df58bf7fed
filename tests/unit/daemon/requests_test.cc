#include "daemon/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Requested : public testing::Test {
 protected:
  Requested() {
    sas.connected = sas.known = true;
    supervisor.supervise(target.all_desired, now);
  }
  static DesiredChildSa desired() {
    DesiredChildSa desired;
    desired.name = desired.tunnel = desired.ike = desired.child = "hq";
    desired.unit = net::Unit{1};
    desired.peer = "192.0.2.2";
    return desired;
  }
  std::vector<RekeyAsk> check(Duration later = Duration{0}) {
    now.steady += later;
    (void)supervisor.step(sas, model::SaIndex(sas), {.everywhere = true, .units = {}, .connections = {}}, now);
    return requests.check(supervisor, sas, model::SaIndex(sas), now);
  }
  Requests::Reply reply() {
    return [this](const model::CommandResult& result) { answers.push_back(result ? result->text : result.error().text); };
  }

  Now now{TimePoint{Duration{1'000'000}}, {}};
  model::SaTable sas;
  Supervisor supervisor{[] { return 512U; }};
  Requests requests;
  Requests::Target target{"hq", {desired()}, false};
  std::vector<std::string> answers;
};

TEST_F(Requested, UpIsAnsweredWhenTheTunnelIsUp) {
  requests.wait_up(target, Duration{30'000}, now, reply());
  (void)check();
  EXPECT_THAT(answers, IsEmpty());
  test::install(sas, 1, "hq", {1});
  (void)check(Duration{400});
  EXPECT_THAT(answers, ElementsAre("hq is up: ipsec1 after 0.4 s"));
}

TEST_F(Requested, OneWhoseAskerLeftIsForgotten) {
  auto asker = std::make_shared<int>();
  requests.wait_up(target, Duration{30'000}, now, {reply(), asker});
  asker.reset();
  (void)check();
  EXPECT_EQ(requests.next_deadline(), std::nullopt);
}

TEST_F(Requested, ThoseWhoLeftTakeNobodysPlace) {
  auto asker = std::make_shared<int>();
  for (std::size_t i = 0; i < Requests::kMost; ++i) requests.wait_up(target, Duration{30'000}, now, {reply(), asker});
  asker.reset();
  requests.wait_up(target, Duration{30'000}, now, reply());
  EXPECT_THAT(answers, IsEmpty());
}

TEST_F(Requested, UpIsAnsweredWhenTheAttemptFailed) {
  requests.wait_up(target, Duration{30'000}, now, reply());
  (void)check();
  supervisor.on_initiated("hq", fail("no such child"), now);
  (void)check();
  EXPECT_THAT(answers, ElementsAre("hq did not come up: no such child"));
}

TEST_F(Requested, UpIsAnsweredWhenItsTimeIsOver) {
  requests.wait_up(target, Duration{3'000}, now, reply());
  (void)check();
  (void)check(Duration{3'000});
  EXPECT_THAT(answers, ElementsAre("hq is not up after 3s: connecting"));
}

TEST_F(Requested, DownIsAnsweredWhenNothingIsLeft) {
  test::install(sas, 1, "hq", {1});
  supervisor.hold_down("hq");
  requests.wait_down(target, Duration{30'000}, now, reply());
  (void)check();
  EXPECT_THAT(answers, IsEmpty());
  sas.children.clear();
  (void)check();
  EXPECT_THAT(answers, IsEmpty());
  sas.ikes.clear();
  (void)check();
  EXPECT_THAT(answers, ElementsAre("hq is down after 0.0 s, and held"));
}

TEST_F(Requested, RekeyRenewsTheChildThenTheIke) {
  test::install(sas, 1, "hq", {1});
  (void)check();
  EXPECT_THAT(requests.rekey(target, sas, model::SaIndex(sas), Duration{30'000}, now, reply()),
              ElementsAre(RekeyAsk{"hq", "hq", "hq"}));
  sas.children[1].state = model::ChildState::rekeyed;
  auto renewed = sas.children[1];
  renewed.id = 2;
  renewed.state = model::ChildState::installed;
  sas.children[2] = renewed;
  EXPECT_THAT(check(), ElementsAre(RekeyAsk{"hq", "hq", ""}));
  sas.ikes[7] = sas.ikes[1];
  sas.ikes.erase(1);
  sas.children.erase(1);
  sas.children[2].ike_id = 7;
  (void)check();
  EXPECT_THAT(answers, ElementsAre("hq has new CHILD_SAs and a new IKE_SA after 0.0 s"));
}

TEST_F(Requested, RekeyOfAChildLeavesTheIkeAlone) {
  test::install(sas, 1, "hq", {1});
  (void)check();
  target.child_only = true;
  (void)requests.rekey(target, sas, model::SaIndex(sas), Duration{30'000}, now, reply());
  test::install(sas, 2, "hq", {1});
  sas.children.erase(1);
  EXPECT_THAT(check(), IsEmpty());
  EXPECT_THAT(answers, ElementsAre("hq has new CHILD_SAs after 0.0 s"));
}

TEST_F(Requested, RekeyOfWhatIsNotUpIsRefused) {
  (void)check();
  EXPECT_THAT(requests.rekey(target, sas, model::SaIndex(sas), Duration{30'000}, now, reply()), IsEmpty());
  EXPECT_THAT(answers, ElementsAre("hq is not up: there is nothing to rekey"));
}

TEST_F(Requested, RekeyEndsWhenTheTunnelIsLost) {
  test::install(sas, 1, "hq", {1});
  (void)check();
  (void)requests.rekey(target, sas, model::SaIndex(sas), Duration{30'000}, now, reply());
  sas.children.clear();
  sas.ikes.clear();
  (void)check();
  EXPECT_THAT(answers, ElementsAre("hq went down while it was rekeyed: connecting"));
}

TEST_F(Requested, RekeyEndsWhenCharonRefuses) {
  test::install(sas, 1, "hq", {1});
  (void)requests.rekey(target, sas, model::SaIndex(sas), Duration{30'000}, now, reply());
  requests.on_refused("hq", {"no matching CHILD_SA", "", 0});
  EXPECT_THAT(answers, ElementsAre("hq was not rekeyed: no matching CHILD_SA"));
}

TEST_F(Requested, TooManyAtATimeAreRefused) {
  for (std::size_t i = 0; i <= Requests::kMost; ++i) requests.wait_up(target, Duration{30'000}, now, reply());
  EXPECT_THAT(answers, ElementsAre("too many requests wait already"));
}

}  // namespace
}  // namespace vtid::daemon
