#include "reconcile/merge.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>

namespace vtid::reconcile {
namespace {

using Item = std::pair<int, int>;  // its key, and something else
constexpr auto kFirst = [](const Item& item) { return item.first; };

// What merge() says of them, a line each.
std::string merged(const std::vector<Item>& want, const std::vector<Item>& have) {
  std::string text;
  const auto add = [&text](const char* what, const Item& item) {
    text += std::string(what) + ' ' + std::to_string(item.first) + '/' + std::to_string(item.second) + '\n';
  };
  merge(
      by_key(want, kFirst), by_key(have, kFirst), kFirst, [&](const Item& item) { add("missing", item); },
      [&](const Item& item) { add("extra", item); },
      [&](const Item& item, auto same) {
        add("both", item);
        for (const Item* other : same) add(" ", *other);
      });
  return text;
}

TEST(Merge, SaysOfEachWhoseSideItIsOn) {
  EXPECT_EQ(merged({{1, 0}, {2, 0}, {4, 0}}, {{0, 9}, {2, 9}, {3, 9}, {5, 9}}),
            "extra 0/9\nmissing 1/0\nboth 2/0\n  2/9\nextra 3/9\nmissing 4/0\nextra 5/9\n");
  EXPECT_EQ(merged({}, {}), "");
}

TEST(Merge, GivesAllOfAKeyToEachThatWantsIt) {
  EXPECT_EQ(merged({{1, 0}, {1, 1}, {2, 0}}, {{1, 7}, {1, 8}}),
            "both 1/0\n  1/7\n  1/8\nboth 1/1\n  1/7\n  1/8\nmissing 2/0\n");
}

TEST(Merge, SortsWhatIsNotSorted) {
  EXPECT_EQ(merged({{3, 0}, {1, 0}}, {{3, 1}, {2, 1}}), merged({{1, 0}, {3, 0}}, {{2, 1}, {3, 1}}));
}

TEST(Merge, TakesWhatItIsToKeep) {
  const std::vector<Item> items{{1, 0}, {2, 1}, {3, 0}};
  EXPECT_EQ(by_key(items, kFirst, [](const Item& item) { return item.second == 0; }).size(), 2U);
}

TEST(Merge, LeavesNobodyOut) {
  std::mt19937 dice(14);
  for (int round = 0; round < 300; ++round) {
    std::vector<Item> want, have;
    for (int n = 0; n < 12; ++n) {
      if (dice() % 2 == 0) want.emplace_back(dice() % 8, n);
      if (dice() % 2 == 0) have.emplace_back(dice() % 8, n);
    }
    std::multimap<int, int> wanted(want.begin(), want.end()), there(have.begin(), have.end());
    std::size_t missing = 0, extra = 0, both = 0;
    merge(
        by_key(want, kFirst), by_key(have, kFirst), kFirst,
        [&](const Item& item) { missing += there.contains(item.first) ? 100U : 1U; },
        [&](const Item& item) { extra += wanted.contains(item.first) ? 100U : 1U; },
        [&](const Item& item, auto same) { both += same.size() == there.count(item.first) && !same.empty() ? 1U : 100U; });
    EXPECT_EQ(missing + both, want.size());
    EXPECT_EQ(extra, static_cast<std::size_t>(
                         std::ranges::count_if(have, [&](const Item& item) { return !wanted.contains(item.first); })));
  }
}

}  // namespace
}  // namespace vtid::reconcile
