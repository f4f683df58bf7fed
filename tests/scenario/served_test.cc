// Who asks while a thousand interfaces are made or removed does not wait for that. The kernel's clock moves by what its calls
// cost: 5 to 80 ms for an interface that comes or goes, as FreeBSD's were seen to.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "platform/freebsd/wire/abi.h"
#include "scenario/stage.h"
#include "support/fake_freebsd.h"

namespace vtid::test {
namespace {

namespace abi = platform::freebsd::abi;

constexpr int kTunnels = 1'000;
constexpr Duration kLongestWait{100};

std::string file_of(int count) {
  std::string tunnels;
  for (int n = 1; n <= count; ++n) {
    tunnels += fmt::format(
        R"({}"t{}": {{ "unit": {}, "ike": {{ "local": {{ "address": "192.0.2.1", "id": "here" }}, )"
        R"("remote": {{ "address": "198.51.{}.{}", "id": "there{}" }}, "auth": {{ "psk": {{ "text": "only-a-test" }} }} }}, )"
        R"("children": {{ "v4": {{ "local": "10.{}.{}.1/30", "remote": "10.{}.{}.2" }}, )"
        R"("v6": {{ "local": "fd00:{}::1/64", "remote": "fd00:{}::2" }} }} }})",
        n == 1 ? "" : ", ", n, n, n / 250, n % 250 + 1, n, 128 + n / 256, n % 256, 128 + n / 256, n % 256, n, n);
  }
  return fmt::format(R"({{ "tunnels": {{ {} }} }})", tunnels);
}

class Served : public testing::Test {
 protected:
  Served() {
    for (const std::uint32_t request : {abi::kCreate, abi::kDestroy}) fake.cost(request, [this] { return some(5, 74); });
    for (const std::uint32_t request : {abi::kSetOuter, abi::kAddAddress, abi::kAddAddress6, abi::kSetFlags}) {
      fake.cost(request, [this] { return some(0, 3); });
    }
  }

  Duration some(std::uint32_t least, std::uint32_t most) {
    state_ = state_ * 1'664'525U + 1'013'904'223U;
    return Duration{least + (state_ >> 16U) % (most - least + 1)};
  }

  // Steps until so many links are there and nothing is left to do. The longest time in which nobody could be served.
  Duration work_until(
      std::size_t count, const std::function<void()>& after_step = [] {}) {
    Duration longest{};
    for (int steps = 0; steps < 20 * kTunnels; ++steps) {
      const TimePoint begin = fake.now();
      const TimePoint next = step();
      longest = std::max(longest, fake.now() - begin);
      after_step();
      if (links() == count && !stage.engine->is_busy() && stage.snapshot()->plan.ops.empty()) return longest;
      if (next > fake.now()) fake.pass(next - fake.now());
    }
    ADD_FAILURE() << "it never ends";
    return longest;
  }
  TimePoint step() {
    stage.now.steady = fake.now();
    stage.engine->on_kernel_notices();
    return stage.engine->step(stage.now);
  }
  void reload(const std::string& file) {
    stage.file = file;
    stage.engine->on_command(
        model::Reload{}, [](const model::CommandResult&) {}, stage.now);
  }
  std::size_t links() { return fake.links_of("ipsec"); }

  Stage stage{file_of(kTunnels)};
  platform::freebsd::FakeFreebsd& fake = contract::fake_under(stage.kernel.as<platform::Kernel>());

 private:
  std::uint32_t state_ = 1;
};

TEST_F(Served, WhileAThousandInterfacesAreMadeAndRemoved) {
  const TimePoint begin = fake.now();
  stage.start_vtid();
  EXPECT_LE(work_until(kTunnels), kLongestWait);
  // Not a look for each portion, which would cost the square of the number: one a second at most, for what stands on the links.
  EXPECT_LE(fake.lists(), 10 + 3 * static_cast<std::size_t>((fake.now() - begin) / Duration{1'000}));
  reload(file_of(0));
  EXPECT_LE(work_until(0), kLongestWait);
}

// As a gateway that goes down is.
TEST_F(Served, AnEditIsFollowedBeforeTheThousandAreDone) {
  stage.start_vtid();
  while (links() < 20) {
    (void)step();
    fake.pass(Duration{1});
  }
  reload(file_of(0));
  std::size_t most = 0;
  EXPECT_LE(work_until(0, [&] { most = std::max(most, links()); }), kLongestWait);
  EXPECT_LT(most, 100U);
}

}  // namespace
}  // namespace vtid::test
