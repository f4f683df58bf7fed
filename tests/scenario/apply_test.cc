// `vtictl apply` and `confirm`: another file in the place of the running one, for good or on trial.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Applied : public testing::Test {
 protected:
  Applied() {
    stage.start_vtid();
    stage.settle();
  }
  model::Apply other(std::optional<Duration> confirm = std::nullopt) {
    std::string text = old;
    text.replace(text.find("10.20.0.0/16"), 12, "10.99.0.0/16");
    return {text, "/etc/other.json", confirm, true};
  }
  std::string caveat() { return stage.snapshot()->problems.at(0).text; }
  std::string route() { return net::print(stage.kernel.seen().routes.at(0).route.to); }

  Stage stage;
  const std::string old = stage.file;
};

TEST_F(Applied, RunsAndIsTheFileAtOnce) {
  EXPECT_EQ(stage.command(other()), "configuration 2 runs and is vtid.json");
  EXPECT_EQ(route(), "10.99.0.0/16");
  EXPECT_EQ(stage.file, other().text);
  stage.run(std::chrono::hours{25});
  EXPECT_EQ(route(), "10.99.0.0/16");
}

TEST_F(Applied, OnTrialRunsWhileTheFileStays) {
  EXPECT_THAT(stage.command(other(Duration{60'000})), EndsWith("unless `vtictl confirm` comes before"));
  EXPECT_EQ(route(), "10.99.0.0/16");
  EXPECT_EQ(stage.file, old);
  EXPECT_THAT(caveat(), StartsWith("/etc/other.json is on trial and goes back at "));
}

TEST_F(Applied, OnTrialAndConfirmedIsTheFile) {
  (void)stage.command(other(Duration{60'000}));
  EXPECT_EQ(stage.command(model::Confirm{}), "configuration 2 runs and is vtid.json");
  EXPECT_EQ(stage.file, other().text);
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(route(), "10.99.0.0/16");
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(Applied, OnTrialAndNotConfirmedGoesBackWhenItsTimeIsOver) {
  (void)stage.command(other(Duration{60'000}));
  stage.run(Duration{58'900});
  EXPECT_EQ(route(), "10.99.0.0/16");
  stage.run(Duration{200});
  EXPECT_EQ(route(), "10.20.0.0/16");
  EXPECT_EQ(stage.file, old);
  EXPECT_EQ(stage.problem(), "");
  EXPECT_EQ(stage.command(model::Confirm{}), "nothing waits to be confirmed");
}

TEST_F(Applied, AStepOfTheWallClockNeitherShortensNorLengthensTheTrial) {
  (void)stage.command(other(Duration{60'000}));
  stage.set_clock(std::chrono::hours{3});
  stage.run(Duration{50'000});
  EXPECT_EQ(route(), "10.99.0.0/16");
  stage.set_clock(std::chrono::hours{-6});
  stage.run(Duration{10'000});
  EXPECT_EQ(route(), "10.20.0.0/16");
}

TEST_F(Applied, OnTrialAndARestartBeginsWithTheOldFile) {
  (void)stage.command(other(Duration{60'000}));
  stage.kill_vtid();
  stage.start_vtid();
  stage.settle();
  EXPECT_EQ(route(), "10.20.0.0/16");
}

TEST_F(Applied, GoesBackToWhatRanWhenTheFileHasBecomeInvalid) {
  (void)stage.command(other(Duration{60'000}));
  stage.file = "{";
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(route(), "10.20.0.0/16");
  EXPECT_NE(stage.problem(), "");  // what is wrong with the file
}

TEST_F(Applied, TwiceOnTrialGoesBackToTheFile) {
  (void)stage.command(other(Duration{60'000}));
  model::Apply third = other(Duration{60'000});
  third.text.replace(third.text.find("10.99.0.0/16"), 12, "10.98.0.0/16");
  (void)stage.command(third);
  EXPECT_EQ(route(), "10.98.0.0/16");
  stage.run(std::chrono::minutes{2});
  EXPECT_EQ(route(), "10.20.0.0/16");
}

TEST_F(Applied, AReloadEndsTheTrial) {
  (void)stage.command(other(Duration{60'000}));
  (void)stage.command(model::Reload{});
  EXPECT_EQ(route(), "10.20.0.0/16");
  EXPECT_EQ(stage.command(model::Confirm{}), "nothing waits to be confirmed");
}

TEST_F(Applied, AnInvalidFileChangesNothing) {
  EXPECT_THAT(stage.command(model::Apply{"{", "/etc/other.json", {}, true}),
              AllOf(StartsWith("the file is refused and nothing was changed:\n"), HasSubstr("/etc/other.json:1")));
  EXPECT_EQ(stage.file, old);
  EXPECT_EQ(route(), "10.20.0.0/16");
  EXPECT_EQ(stage.problem(), "");
}

TEST_F(Applied, GoesBackWhenTheFileCannotBeWritten) {
  stage.disk_is_full = true;
  EXPECT_THAT(stage.command(other()), HasSubstr("No space left on device"));
  EXPECT_EQ(route(), "10.20.0.0/16");
  EXPECT_EQ(stage.file, old);
}

TEST_F(Applied, OnTrialStaysWhenTheFileCannotBeWrittenYet) {
  (void)stage.command(other(Duration{60'000}));
  stage.disk_is_full = true;
  EXPECT_THAT(stage.command(model::Confirm{}), HasSubstr("No space left on device"));
  EXPECT_EQ(route(), "10.99.0.0/16");
  stage.disk_is_full = false;
  EXPECT_EQ(stage.command(model::Confirm{}), "configuration 2 runs and is vtid.json");
}

TEST_F(Applied, OnlyRootNamesTheProgramThatRunsWithItsRightsAndTheCharonThatIsObeyed) {
  for (const char* key :
       {R"("on_change": { "command": ["/bin/true"] }, )", R"("charon": { "vici": "unix:///run/other.vici" }, )",
        R"("http": { "listen": ["127.0.0.1:9464"] }, )"}) {
    model::Apply apply = other();
    apply.text.insert(apply.text.find("\"tunnels\""), key);
    apply.by_root = false;
    EXPECT_THAT(stage.command(apply), StartsWith("only root may change which program vtid runs and which charon it obeys"));
    EXPECT_EQ(stage.file, old);
  }
  model::Apply apply = other();
  apply.by_root = false;
  EXPECT_EQ(stage.command(apply), "configuration 2 runs and is vtid.json");
}

TEST_F(Applied, KeepsTheInterfaceAndTheSas) {
  const auto index = stage.link()->index;
  const auto child = stage.charon.children.begin()->first;
  (void)stage.command(other(Duration{1'000}));
  stage.run(Duration{5'000});
  EXPECT_EQ(stage.link()->index, index);
  EXPECT_TRUE(stage.charon.children.contains(child));
}

}  // namespace
}  // namespace vtid::test
