// An interface in a VRF, through edits of the file and what hands do to the VRF. Linux.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/stage.h"

namespace vtid::test {
namespace {

constexpr net::TableId kRedTable{1'001};

class InVrf : public testing::Test {
 protected:
  InVrf() { stage.start_vtid(), stage.settle(); }

  void put_in() { edit(R"("tunnel": "hq")", R"("tunnel": "hq", "vrf": "red")"); }
  void take_out() { edit(R"(, "vrf": "red")", ""); }
  void make_red(net::TableId table = kRedTable) { stage.kernel.world().add_vrf(kRed, table); }

  [[nodiscard]] net::IfName master() { return stage.link()->master; }
  [[nodiscard]] net::IfIndex index() { return stage.link()->index; }
  [[nodiscard]] std::size_t addresses() {
    return static_cast<std::size_t>(
        std::ranges::count(stage.kernel.seen().addresses, device("ipsec1"), &model::ObservedAddress::device));
  }
  [[nodiscard]] std::vector<net::TableId> tables() {  // of our routes
    std::vector<net::TableId> tables;
    for (const auto& item : stage.kernel.seen().routes) tables.push_back(item.route.table);
    return tables;
  }
  void expect_in_red(net::TableId table = kRedTable) {
    EXPECT_EQ(master(), kRed);
    EXPECT_EQ(addresses(), 2U);
    EXPECT_THAT(tables(), testing::ElementsAre(table));
    EXPECT_EQ(stage.problem(), "");
    EXPECT_TRUE(stage.snapshot()->converged);
  }
  void expect_kept_down() {
    EXPECT_TRUE(master().empty());
    EXPECT_FALSE(stage.link()->up);
    EXPECT_EQ(addresses(), 0U);
    EXPECT_THAT(tables(), testing::IsEmpty());
    EXPECT_THAT(stage.problem(), testing::HasSubstr("interfaces/VTI belongs into the VRF red"));
    EXPECT_EQ(stage.state(), model::TunnelState::up);
  }

  const net::IfName kRed = device("red");
  Stage stage;

 private:
  void edit(std::string_view old, std::string_view text) {
    stage.file.replace(stage.file.find(old), old.size(), text);
    (void)stage.command(model::Reload{});
    stage.settle();
  }
};

TEST_F(InVrf, ARunningInterfaceIsPutInAndTakenOutAgain) {
  make_red();
  const net::IfIndex before = index();
  put_in();
  expect_in_red();
  EXPECT_EQ(index(), before);
  take_out();
  EXPECT_TRUE(master().empty());
  EXPECT_EQ(addresses(), 2U);
  EXPECT_THAT(tables(), testing::ElementsAre(net::kMainTable));
  EXPECT_EQ(index(), before);
}

TEST_F(InVrf, WaitsForTheVrfWithoutAnAddress) {
  put_in();
  expect_kept_down();
  make_red();
  stage.settle();
  expect_in_red();
}

TEST_F(InVrf, ComesBackWhenSomebodyTakesItOut) {
  make_red();
  put_in();
  stage.kernel.world().set_master(device("ipsec1"), {});
  stage.settle();
  expect_in_red();
}

TEST_F(InVrf, OutlivesItsVrfAndFollowsTheNextOnesTable) {
  make_red();
  put_in();
  const net::IfIndex before = index();
  stage.kernel.delete_link(kRed);
  stage.settle();
  expect_kept_down();
  make_red({1'002});
  stage.settle();
  expect_in_red({1'002});
  EXPECT_EQ(index(), before);
}

TEST_F(InVrf, IsTakenOutOfOneThatTheFileDoesNotName) {
  make_red();
  stage.kernel.world().set_master(device("ipsec1"), kRed);
  stage.settle();
  EXPECT_TRUE(master().empty());
  EXPECT_EQ(addresses(), 2U);
  EXPECT_THAT(tables(), testing::ElementsAre(net::kMainTable));
}

TEST_F(InVrf, IsMadeInIt) {
  make_red();
  put_in();
  stage.kernel.delete_link(device("ipsec1"));
  stage.settle();
  expect_in_red();
}

TEST_F(InVrf, NothingIsWrittenWithoutAChange) {
  make_red();
  put_in();
  const std::size_t writes = stage.kernel.writes();
  (void)stage.command(model::Reload{});
  stage.run(std::chrono::minutes{5});
  EXPECT_EQ(stage.kernel.writes(), writes);
}

}  // namespace
}  // namespace vtid::test
