#include "base/backoff.h"

#include <gtest/gtest.h>

namespace vtid {
namespace {

constexpr std::uint32_t kMiddle = 512;  // no jitter

TEST(Backoff, DoublesUpToItsLimit) {
  Backoff backoff({Duration{1000}, Duration{5000}});
  EXPECT_EQ(backoff.next(kMiddle), Duration{1000});
  EXPECT_EQ(backoff.next(kMiddle), Duration{2000});
  EXPECT_EQ(backoff.next(kMiddle), Duration{4000});
  EXPECT_EQ(backoff.next(kMiddle), Duration{5000});
}

TEST(Backoff, StartsAgainAfterASuccess) {
  Backoff backoff({Duration{1000}, Duration{5000}});
  (void)backoff.next(kMiddle);
  backoff.reset();
  EXPECT_EQ(backoff.next(kMiddle), Duration{1000});
}

TEST(Backoff, IsSpreadByAQuarterEachWay) {
  EXPECT_EQ(Backoff({Duration{1000}, Duration{5000}}).next(0), Duration{750});
  EXPECT_EQ(Backoff({Duration{1000}, Duration{5000}}).next(1023), Duration{1249});
}

TEST(Backoff, SurvivesManyFailures) {
  Backoff backoff({Duration{1000}, Duration{60'000}});
  for (int i = 0; i < 1000; ++i) (void)backoff.next(kMiddle);
  EXPECT_EQ(backoff.next(kMiddle), Duration{60'000});
}

}  // namespace
}  // namespace vtid
