// Who asks while a thousand interfaces are made or removed does not wait for that. The kernel's clock moves by what its calls
// cost: 5 to 80 ms for an interface that comes or goes, as FreeBSD's were seen to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/freebsd/wire/abi.h"
#include "scenario/stage.h"
#include "support/fake_freebsd.h"

namespace vtid::test {
namespace {

namespace abi = platform::freebsd::abi;

constexpr int kTunnels = 1'000;
constexpr Duration kLongestWait{100};

class Served : public testing::Test {
 protected:
  Served() {
    for (const std::uint32_t request : {abi::kCreate, abi::kDestroy}) fake.cost(request, [this] { return some(5, 80); });
    for (const std::uint32_t request : {abi::kSetOuter, abi::kAddAddress, abi::kAddAddress6, abi::kSetFlags}) {
      fake.cost(request, [this] { return some(0, 3); });
    }
  }

  Duration some(std::uint32_t least, std::uint32_t most) {
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return Duration{least + (state_ >> 16U) % (most - least + 1)};
  }

  // Steps until nothing is left to do. The longest time between two at which a client could have been served.
  Duration work(const std::function<void()>& after_step = [] {}) {
    Duration longest{};
    for (int steps = 0; steps < 20 * kTunnels; ++steps) {
      const TimePoint begin = fake.now();
      stage.now.steady = begin;
      stage.engine->on_kernel_notices();
      const TimePoint next = stage.engine->step(stage.now);
      longest = std::max(longest, fake.now() - begin);
      after_step();
      if (next > stage.now.steady + Duration{900}) return longest;
      if (next > fake.now()) fake.pass(next - fake.now());
    }
    ADD_FAILURE() << "it never rests";
    return longest;
  }
  std::size_t links() { return fake.links_of("ipsec"); }

  Stage stage{many_tunnels_file(kTunnels)};
  platform::freebsd::FakeFreebsd& fake = contract::fake_under(stage.kernel.as<platform::Kernel>());

 private:
  std::uint32_t state_ = 1;
};

TEST_F(Served, WhileAThousandInterfacesAreMadeAndRemoved) {
  stage.start_vtid();
  EXPECT_LE(work(), kLongestWait);
  EXPECT_EQ(links(), kTunnels);
  EXPECT_TRUE(stage.snapshot()->plan.ops.empty());
  const Duration making = fake.now() - TimePoint{};
  // Not a look for each portion, which would cost the square of the number: one a second at most, for what stands on the links.
  EXPECT_LE(fake.lists(), 10 + 3 * static_cast<std::size_t>(making / Duration{1'000}));
  stage.file = one_tunnel_file();
  stage.engine->on_command(
      model::Reload{}, [](const model::CommandResult&) {}, stage.now);
  EXPECT_LE(work(), kLongestWait);
  EXPECT_EQ(links(), 1U);
}

// As a reload does, or a gateway that goes down.
TEST_F(Served, AnEditIsFollowedBeforeTheThousandAreDone) {
  stage.start_vtid();
  while (links() < 20) {
    stage.now.steady = fake.now();
    stage.engine->on_kernel_notices();
    (void)stage.engine->step(stage.now);
    fake.pass(Duration{1});
  }
  stage.file = one_tunnel_file();
  stage.engine->on_command(
      model::Reload{}, [](const model::CommandResult&) {}, stage.now);
  std::size_t most = 0;
  EXPECT_LE(work([&] { most = std::max(most, links()); }), kLongestWait);
  EXPECT_EQ(links(), 1U);
  EXPECT_LT(most, 100U);
}

}  // namespace
}  // namespace vtid::test
