#include "reconcile/kernel_side.h"

#include <gtest/gtest.h>

#include "support/worlds.h"

namespace vtid::reconcile {
namespace {

using Use = KernelSide::Use;

// One CHILD_SA of unit 1, for both families, and all that it needs.
class OfOneChild : public testing::Test {
 protected:
  OfOneChild() {
    test::install(sas, 1, "hq", {1});
    model::ChildSa& child = sas.children.at(1);
    child.protocol = "ESP";
    child.spi_in = 0xa1;
    child.spi_out = 0xb1;
    child.local_ts = child.remote_ts = {"0.0.0.0/0", "::/0"};
    observed.charons_sas = {sa(0xa1, false), sa(0xb1, true)};
    observed.charons_policies = {{{5001}, 0x3f}};
  }
  static model::CharonsSa sa(std::uint32_t spi, bool out) {
    const auto here = test::address("192.0.2.1");
    const auto there = test::address("198.51.100.1");
    return {out ? there : here, spi, out ? here : there, {5001}};
  }
  std::string missing(Use use = {}, const model::Capabilities& system = {}) {
    return KernelSide(observed, sas, system).missing(model::SaIndex(sas).of({1}), use);
  }
  model::SaTable sas;
  model::Observed observed;
};

TEST_F(OfOneChild, LacksNothingWhenAllIsThere) { EXPECT_EQ(missing(), ""); }

TEST_F(OfOneChild, LacksWhatWasFlushed) {
  observed = {};
  EXPECT_EQ(missing(), "inbound SA, outbound SA, policy in, policy out, policy fwd");
}

TEST_F(OfOneChild, LacksThePolicyOfOneFamily) {
  observed.charons_policies.front().bits ^= policy_bit(model::PolicyDirection::out, net::Family::ipv6);
  EXPECT_EQ(missing(), "policy out");
  sas.children.at(1).remote_ts = {"0.0.0.0/0"};
  EXPECT_EQ(missing(), "");
}

TEST_F(OfOneChild, NeedsNoPoliciesOfCharonsWhereOthersMakeThem) {
  observed.charons_policies.clear();
  EXPECT_EQ(missing({.charons_policies = false}), "");
  EXPECT_EQ(missing({}, {.manages_policies = false}), "");
}

TEST_F(OfOneChild, ForwardsNothingInTransportMode) {
  for (const net::Family family : {net::Family::ipv4, net::Family::ipv6})
    observed.charons_policies.front().bits ^= policy_bit(model::PolicyDirection::forward, family);
  EXPECT_EQ(missing({.interface = false}), "");
}

// As responder of a rekey charon waits with it until the peer has let go of the old one.
TEST_F(OfOneChild, SendsByTheReplacedOneUntilItsOwnIsThere) {
  observed.charons_sas = {sa(0xa1, false), sa(0xb0, true)};
  EXPECT_EQ(missing(), "outbound SA");
  sas.replaced[{5001}] = {{test::address("198.51.100.1"), 0xb0}};
  EXPECT_EQ(missing(), "");
}

TEST_F(OfOneChild, SendsByAnotherThatCarriesUnderItsIkeSa) {
  test::install(sas, 2, "hq", {1});
  model::ChildSa& other = sas.children.at(2);
  other.ike_id = 1;
  other.spi_out = 0xb2;
  observed.charons_sas = {sa(0xa1, false), sa(0xb2, true)};
  EXPECT_EQ(missing(), "");
  other.state = model::ChildState::deleting;
  EXPECT_EQ(missing(), "outbound SA");
  other.state = model::ChildState::installed;
  other.ike_id = 2;
  EXPECT_EQ(missing(), "outbound SA");
}

TEST_F(OfOneChild, OneWithoutNumbersYetNeedsNothing) {
  observed = {};
  sas.children.at(1).spi_in = 0;
  EXPECT_EQ(missing(), "");
  sas.children.at(1).spi_in = 0xa1;
  sas.children.at(1).reqid = {};
  EXPECT_EQ(KernelSide(observed, sas, {}).missing(std::vector<const model::ChildSa*>{&sas.children.at(1)}, {}), "");
}

TEST_F(OfOneChild, IsNotLookedForWhereNeitherAnInterfaceNorPoliciesTell) {
  observed = {};
  EXPECT_EQ(missing({.interface = false}, {.manages_policies = false}), "");
  EXPECT_EQ(missing({}, {.manages_policies = false}), "inbound SA, outbound SA");
}

TEST_F(OfOneChild, OneOnItsWayOutNeedsNothing) {
  observed = {};
  sas.children.at(1).state = model::ChildState::rekeyed;
  EXPECT_EQ(missing(), "");
}

TEST_F(OfOneChild, NothingIsSaidOfAKernelThatCharonDoesNotUse) {
  observed = {};
  EXPECT_EQ(missing({}, {.shared_with_charon = false}), "");
}

TEST_F(OfOneChild, CarriesBothWaysOrNot) {
  EXPECT_TRUE(KernelSide(observed, {}, {}).carries({5001}));
  EXPECT_FALSE(KernelSide(observed, {}, {}).carries({5002}));
  observed.charons_sas.pop_back();
  EXPECT_FALSE(KernelSide(observed, {}, {}).carries({5001}));
}

}  // namespace
}  // namespace vtid::reconcile
