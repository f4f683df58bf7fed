#include "net/names.h"

#include <gtest/gtest.h>

namespace vtid::net {
namespace {

TEST(Unit, GivesDeviceReqidAndIfId) {
  EXPECT_EQ(IfName::of({7}).text(), "ipsec7");
  EXPECT_EQ(reqid_of({7}), ReqId{5007});
  EXPECT_EQ(if_id_of({7}), IfId{7});
}

TEST(Unit, HighestHasANameThatFits) { EXPECT_TRUE(IfName::parse(IfName::of(kHighestUnit).text()).has_value()); }

class NotADevice : public testing::TestWithParam<const char*> {};
TEST_P(NotADevice, IsRefused) { EXPECT_FALSE(IfName::parse(GetParam()).has_value()); }
INSTANTIATE_TEST_SUITE_P(Devices, NotADevice,
                         testing::Values("", ".", "..", "a/b", "a b", "eth0:1", "sixteen-letters-", "caf\xc3\xa9"));

}  // namespace
}  // namespace vtid::net
