#include <gtest/gtest.h>

#include "config/object.h"

namespace vtid::config {
namespace {

const std::vector<std::string_view> kKeys{"description", "enabled", "rekey", "to", "via"};

TEST(Nearest, FindsAWordWithOneLetterWrong) { EXPECT_EQ(nearest("descripton", kKeys), "description"); }
TEST(Nearest, CountsSwappedNeighboursOnce) { EXPECT_EQ(nearest("rekye", {"key", "rekey"}), "rekey"); }
TEST(Nearest, DoesNotGuessWhenEveryLetterDiffers) { EXPECT_EQ(nearest("ab", kKeys), std::nullopt); }
TEST(Nearest, DoesNotGuessFromFarAway) { EXPECT_EQ(nearest("certificate", kKeys), std::nullopt); }
TEST(Nearest, DoesNotCompareWordsWithoutBound) { EXPECT_EQ(nearest(std::string(65, 'x'), kKeys), std::nullopt); }

}  // namespace
}  // namespace vtid::config
