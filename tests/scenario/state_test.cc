// A disk that takes nothing: everything works on, status says so, and what could not be saved is saved when it can be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

using model::Role;
using model::TakeRole;
using model::TunnelState;
using testing::HasSubstr;

constexpr Duration kUntilTriedAgain{11'000};

class OnAFullDisk : public testing::Test {
 protected:
  OnAFullDisk() {
    stage.store = daemon::make_memory_store([this](std::string_view file) -> Result<void> {
      return full ? fail("cannot write " + std::string(file) + ": No space left on device") : Result<void>{};
    });
  }
  std::string problems() {  // of what is kept
    std::string text;
    for (const model::Problem& problem : stage.snapshot()->problems) {
      if (problem.object == "state" || problem.object == "config") text += problem.object + ": " + problem.text + '\n';
    }
    return text;
  }

  bool full = false;
  Stage stage;
};

TEST_F(OnAFullDisk, TunnelsComeUp) {
  stage.start_vtid();
  full = true;
  stage.settle();
  EXPECT_EQ(stage.state(), TunnelState::up);
  EXPECT_THAT(problems(), HasSubstr("state: cannot write charon.json.copy: No space left on device"));
}

TEST_F(OnAFullDisk, WhatWasLoadedIsSavedLater) {
  stage.start_vtid();
  full = true;
  stage.settle();
  full = false;
  stage.run(kUntilTriedAgain);
  EXPECT_EQ(problems(), "");
  EXPECT_TRUE(stage.store->load_loaded().value().connections.contains("hq"));
}

TEST_F(OnAFullDisk, ARoleIsTakenAllTheSame) {
  stage.start_vtid();
  stage.settle();
  full = true;
  EXPECT_EQ(stage.command(TakeRole{Role::standby}),
            "this node is on standby, but a restart will not know: cannot write role.json: No space left on device");
  EXPECT_TRUE(stage.charon.ikes.empty());
  EXPECT_THAT(problems(), HasSubstr("state: cannot write role.json"));
}

TEST_F(OnAFullDisk, ARoleIsRememberedLater) {
  stage.start_vtid();
  stage.settle();
  full = true;
  (void)stage.command(TakeRole{Role::standby});
  full = false;
  stage.run(kUntilTriedAgain);
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(stage.store->load_role(), Role::standby);
}

TEST_F(OnAFullDisk, ARoleThatWasTakenBeforeIsSavedLaterToo) {
  stage.start_vtid();
  stage.settle();
  full = true;
  (void)stage.command(TakeRole{Role::active});
  full = false;
  stage.run(kUntilTriedAgain);
  EXPECT_EQ(problems(), "");
}

TEST_F(OnAFullDisk, AFileWithNewUnitsWaitsForThem) {
  stage.file = many_tunnels_file(1);
  stage.start_vtid();
  stage.settle();
  full = true;
  stage.file = many_tunnels_file(2);
  EXPECT_THAT(stage.command(model::Reload{}), HasSubstr("No space left on device"));
  EXPECT_THAT(problems(), HasSubstr("config: cannot write units.json.copy"));
  stage.run(kUntilTriedAgain);
  EXPECT_EQ(stage.snapshot()->tunnels.size(), 1U);
  full = false;
  stage.run(kUntilTriedAgain);
  EXPECT_EQ(stage.snapshot()->tunnels.size(), 2U);
  EXPECT_EQ(problems(), "");
}

}  // namespace
}  // namespace vtid::test
