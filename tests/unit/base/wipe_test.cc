#include "base/wipe.h"

#include <gtest/gtest.h>

#include <string_view>

namespace vtid {

TEST(Wipe, LeavesNothingOfAShortTextInItsString) {
  std::string text = "short";
  wipe(text);
  EXPECT_EQ(std::string_view(text.data(), 5), std::string_view("\0\0\0\0\0", 5));
}
TEST(Wipe, LeavesNothingOfALongText) {
  std::string text(100, 'x');
  wipe(text);
  EXPECT_EQ(std::string_view(text.data(), text.capacity()).find('x'), std::string_view::npos);
}
TEST(WipedLater, WipesAtTheEndOfItsScope) {
  std::string text = "short";
  { const WipedLater wiped(text); }
  EXPECT_EQ(text, "");
}

}  // namespace vtid
