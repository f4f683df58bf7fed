#include "monitor/mtu_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace vtid::monitor {
namespace {

using testing::ElementsAre;
using testing::Optional;

struct Search {
  std::vector<int> asked;
  std::optional<int> longest;
};

// On a path that carries packets of up to `carried` bytes.
Search search(int least, int most, int carried) {
  MtuSearch search(least, most);
  Search seen;
  while (const auto size = search.next()) {
    seen.asked.push_back(*size);
    search.on(*size <= carried);
  }
  seen.longest = search.longest();
  return seen;
}

TEST(MtuSearch, OneQuestionWhenEverythingCrosses) { EXPECT_THAT(search(576, 1438, 1500).asked, ElementsAre(1438)); }

TEST(MtuSearch, TwoQuestionsWhenNothingCrosses) {
  const Search seen = search(576, 1438, 100);
  EXPECT_THAT(seen.asked, ElementsAre(1438, 576));
  EXPECT_EQ(seen.longest, std::nullopt);
}

TEST(MtuSearch, FindsEveryLimitToTheByte) {
  for (int carried = 576; carried <= 1438; ++carried) EXPECT_THAT(search(576, 1438, carried).longest, Optional(carried));
}

TEST(MtuSearch, AsksAboutAsManyAsHalvingTakes) { EXPECT_LE(search(576, 1438, 1000).asked.size(), 12U); }

TEST(MtuSearch, OfOneSizeThereIsOneQuestion) {
  EXPECT_THAT(search(1280, 1280, 1280).longest, Optional(1280));
  EXPECT_THAT(search(1280, 1280, 1279).asked, ElementsAre(1280));
}

}  // namespace
}  // namespace vtid::monitor
