#include "daemon/drop_history.h"

#include <gtest/gtest.h>

namespace vtid::daemon {
namespace {

using Counters = std::vector<model::DropCounter>;

Counters compared(DropHistory& history, Counters counters) {
  history.compare(counters);
  return counters;
}

TEST(DropHistory, CountsFromTheStartAndFromTheLastLook) {
  DropHistory history({{"A", 100, 0, 0}});
  EXPECT_EQ(compared(history, {{"A", 103, 0, 0}}), (Counters{{"A", 103, 3, 3}}));
  EXPECT_EQ(compared(history, {{"A", 105, 0, 0}}), (Counters{{"A", 105, 5, 2}}));
  EXPECT_EQ(compared(history, {{"A", 105, 0, 0}}), (Counters{{"A", 105, 5, 0}}));
}
TEST(DropHistory, TakesACounterThatWasNotThereForNew) {
  DropHistory history({});
  EXPECT_EQ(compared(history, {{"A", 2, 0, 0}}), (Counters{{"A", 2, 2, 2}}));
}
TEST(DropHistory, TakesACounterThatFellForNew) {
  DropHistory history({{"A", 100, 0, 0}});
  EXPECT_EQ(compared(history, {{"A", 2, 0, 0}}), (Counters{{"A", 2, 2, 2}}));
}

}  // namespace
}  // namespace vtid::daemon
