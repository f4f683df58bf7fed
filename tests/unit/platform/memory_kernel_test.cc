// What the memory kernel adds for tests. That it behaves as a real kernel is the contract suite's to show.
#include "platform/memory/memory_kernel.h"

#include <gmock/gmock.h>

#include <cerrno>

namespace vtid::platform {
namespace {

model::Op create(std::uint32_t unit) {
  model::Link link;
  link.name = net::IfName::of({unit});
  link.if_id = {unit};
  return {model::CreateLink{link}, "", "", ""};
}

std::vector<int> codes(const std::vector<Result<void>>& results) {
  std::vector<int> found;
  for (const auto& result : results) found.push_back(result ? 0 : result.error().code);
  return found;
}

TEST(MemoryKernel, FailsTheOperationThatWasNamedAndNoOther) {
  MemoryKernel kernel;
  kernel.fail_apply(1, ENOMEM);
  EXPECT_THAT(codes(apply_all(kernel, std::vector{create(1), create(2), create(3)})), testing::ElementsAre(0, ENOMEM, 0));
}

TEST(MemoryKernel, CountsAFailingOperationFromTheLastOne) {
  MemoryKernel kernel;
  (void)apply_all(kernel, std::vector{create(1)});
  kernel.fail_apply(0, ENOMEM);
  EXPECT_THAT(codes(apply_all(kernel, std::vector{create(2), create(3)})), testing::ElementsAre(ENOMEM, 0));
}

TEST(MemoryKernel, DoesNothingForAnOperationThatFails) {
  MemoryKernel kernel;
  kernel.fail_apply(0, ENOMEM);
  (void)apply_all(kernel, std::vector{create(1)});
  EXPECT_EQ(kernel.observe()->link(net::IfName::of({1})), nullptr);
}

TEST(MemoryKernel, FailsOneObservation) {
  MemoryKernel kernel;
  kernel.fail_observe(ENOBUFS);
  EXPECT_EQ(kernel.observe().error().code, ENOBUFS);
  EXPECT_TRUE(kernel.observe().has_value());
}

TEST(MemoryKernel, TellsOfLostNoticesOnce) {
  MemoryKernel kernel;
  kernel.lose_notices();
  EXPECT_EQ(kernel.drain(), (Notices{.overflowed = true}));
  EXPECT_EQ(kernel.drain(), Notices{});
}

TEST(MemoryKernel, CountsWritesAndLooks) {
  MemoryKernel kernel;
  (void)apply_all(kernel, std::vector{create(1), create(2)});
  (void)kernel.observe();
  EXPECT_EQ(kernel.writes(), 2U);
  EXPECT_EQ(kernel.looks(), 1U);
}

TEST(MemoryKernel, ShowsTheCountersThatItWasGiven) {
  MemoryKernel kernel;
  (void)apply_all(kernel, std::vector{create(1)});
  kernel.set_counters(net::IfName::of({1}), {.bytes_in = 7});
  EXPECT_EQ(kernel.counters()->at(net::IfName::of({1})), (model::LinkCounters{.bytes_in = 7}));
}

TEST(MemoryKernel, BeginsWithTheLoopbackDeviceAlone) {
  MemoryKernel kernel;
  const auto observed = kernel.observe();
  EXPECT_EQ(observed->links.size(), 1U);
  EXPECT_EQ(observed->addresses.size(), 2U);
  EXPECT_EQ(kernel.drain(), Notices{});
}

}  // namespace
}  // namespace vtid::platform
