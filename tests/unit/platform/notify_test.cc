#include "platform/linux/notify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace vtid::platform {
namespace {

using namespace std::chrono_literals;

const std::string kOurs = std::to_string(::getpid());

TEST(Watchdog, IsWhatTheServiceManagerSays) { EXPECT_EQ(watchdog_of("60000000", kOurs.c_str()), 60s); }
TEST(Watchdog, MayComeWithoutAProcess) { EXPECT_EQ(watchdog_of("3000", nullptr), 3ms); }
TEST(Watchdog, OfAnotherProcessIsNotOurs) { EXPECT_EQ(watchdog_of("60000000", "1"), std::nullopt); }
TEST(Watchdog, IsNotThereWithoutATime) { EXPECT_EQ(watchdog_of(nullptr, nullptr), std::nullopt); }
TEST(Watchdog, ThatIsNoTimeIsNone) {
  for (const char* text : {"", "0", "999", "-5", "60s", "99999999999999999999"})
    EXPECT_EQ(watchdog_of(text, nullptr), std::nullopt);
}

}  // namespace
}  // namespace vtid::platform
