#include "model/secret.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace vtid::model {
namespace {

// All that a secret's own bytes hold, whatever its length says.
std::string_view inside(const Secret& secret) { return {secret.reveal().data(), 15}; }

TEST(Secret, LeavesNothingWhereItWasMovedFrom) {
  Secret first(std::string("short"));
  const Secret second(std::move(first));
  EXPECT_EQ(inside(first).find('s'), std::string_view::npos);  // NOLINT(bugprone-use-after-move): that is the point
}
TEST(Secret, LeavesNothingOfALongerOneThatItReplaces) {
  Secret secret(std::string("longer-one"));
  secret = Secret(std::string("s"));
  EXPECT_EQ(inside(secret).find("er-one"), std::string_view::npos);
}
TEST(Secret, IsTheSameAsItsCopy) {
  const Secret secret(std::string("a key"));
  Secret copy;
  copy = secret;
  EXPECT_EQ(copy, secret);
}

}  // namespace
}  // namespace vtid::model
