#include "model/sa_options.h"

#include <gtest/gtest.h>

#include "model/config.h"

namespace vtid::model {
namespace {

using namespace std::chrono_literals;

TEST(SaOptions, AreShownAsTheFileSaysThem) {
  EXPECT_EQ(print(IkeOptions{}), "");
  EXPECT_EQ(print(IkeOptions{.spread = 90s, .childless = Childless::force, .dscp = 48}),
            "spread 90s, childless force, dscp 48");
  ChildOptions child{.rekey_bytes = 1'000'000, .ecn = false, .mark_out = SetMark{0x10, 0xff}};
  child.selectors = Selectors{{net::parse_prefix("10.1.0.0/16").value(), net::parse_prefix("fd00::/64").value()},
                              {net::parse_prefix("10.2.0.0/16").value()}};
  EXPECT_EQ(print(child), "rekey_bytes 1000000, ecn false, mark_out 0x10/0xff, selectors 10.1.0.0/16 fd00::/64 to 10.2.0.0/16");
}

TEST(SaOptions, ASiblingAddsToThem) {
  ChildOptions all{.replay_window = 64, .df = CopyDf::clear};
  take_over(all, {.spread = 5s, .df = CopyDf::copy});
  EXPECT_EQ(all, (ChildOptions{.spread = 5s, .replay_window = 64, .df = CopyDf::copy}));
}

}  // namespace
}  // namespace vtid::model
