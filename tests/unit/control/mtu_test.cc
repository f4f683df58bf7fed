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
