#include "control/mtu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/site.h"
#include "support/worlds.h"

namespace vtid::control {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const model::MtuPath kPath{test::address("10.6.106.1"), test::address("10.6.106.2"), *net::IfName::parse("ipsec1"), 1438};

std::string step(const model::MtuFinding& finding) { return render_mtus({kPath}, {finding}).dump(); }

TEST(Mtu, IsConfirmedByPacketsOfItsLength) { EXPECT_THAT(step({1438, ""}), HasSubstr("\"confirmed\"")); }

TEST(Mtu, SaysWhatFits) {
  EXPECT_THAT(step({1390, ""}),
              AllOf(HasSubstr("\"too large\""), HasSubstr("the MTU is 1438"), HasSubstr("\\\"mtu\\\": 1390")));
}

// The least that the file accepts is 1280.
TEST(Mtu, ProposesTheLeastThatTheFileAccepts) { EXPECT_THAT(step({1280, ""}), HasSubstr("\\\"mtu\\\": 1280")); }

TEST(Mtu, ProposesNoMtuThatTheFileRefuses) {
  EXPECT_THAT(step({1279, ""}), AllOf(HasSubstr("\"narrow\""), HasSubstr("packets of 1279 bytes at most cross"),
                                      HasSubstr("\\\"mss\\\": 1239"), Not(HasSubstr("\\\"mtu\\\":"))));
}

TEST(Mtu, ProposesNoMssThatTheFileRefuses) {
  EXPECT_THAT(step({576, ""}), HasSubstr("\\\"mss\\\": 536"));
  EXPECT_THAT(step({575, ""}), AllOf(HasSubstr("\"narrow\""), Not(HasSubstr("mss"))));
}

TEST(Mtu, SaysThatIpv6CannotWorkOnANarrowPath) {
  model::MtuPath path = kPath;
  path.source = test::address("fd00:106::1");
  path.destination = test::address("fd00:106::2");
  EXPECT_THAT(render_mtus({path}, {{1248, ""}}).dump(),
              AllOf(HasSubstr("IPv6, which needs 1280, cannot work whole"), HasSubstr("\\\"mss\\\": 1188")));
}

TEST(Mtu, SaysThatNothingCameBack) { EXPECT_THAT(step({}), HasSubstr("does the peer answer 10.6.106.1?")); }

TEST(Mtu, SaysWhyNothingWasSent) { EXPECT_THAT(step({{}, "no such device"}), HasSubstr("no such device")); }

TEST(Mtu, IsAskedOfEachTransitThatCarries) {
  model::Snapshot site = test::snapshot();
  const Index index(site);
  const auto paths = mtu_paths(*index.tunnels.at("hq"), index);
  EXPECT_THAT(paths, Not(IsEmpty()));
  for (const model::MtuPath& path : paths) EXPECT_EQ(path.device.text(), "ipsec1");
}

TEST(Mtu, IsNotAskedOfATunnelThatIsDown) {
  model::Snapshot site = test::snapshot();
  for (model::TunnelStatus& status : site.tunnels) {
    for (model::ChildStatus& child : status.children) child.up = false;
  }
  const Index index(site);
  EXPECT_THAT(mtu_paths(*index.tunnels.at("hq"), index), IsEmpty());
}

}  // namespace
}  // namespace vtid::control
