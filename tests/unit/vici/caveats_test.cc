#include "vici/caveats.h"

#include <gtest/gtest.h>

namespace vtid::vici {
namespace {

TEST(Caveats, VersionsThatCanDeadlockAreNamed) {
  for (const std::string version : {"5.9.8", "5.9.10", "5.8.2"}) {
    EXPECT_EQ(version_caveat(version)->text,
              "strongSwan " + version + " can deadlock while swanctl waits for --initiate, --terminate or --log");
  }
}

TEST(Caveats, MendedVersionsAreNot) {
  for (const std::string version : {"5.9.11", "5.9.14", "6.0.0", "6.0.3rc1"})
    EXPECT_EQ(version_caveat(version), std::nullopt) << version;
}

}  // namespace
}  // namespace vtid::vici
