// What the memory kernel adds for tests. That it behaves as a real kernel is the contract suite's to show.
#include "platform/memory/memory_kernel.h"

#include <gmock/gmock.h>

namespace vtid::platform {
namespace {

model::Op create(std::uint32_t unit) {
  model::Link link;
  link.name = net::IfName::of({unit});
  link.if_id = {unit};
  return {model::CreateLink{link}, "", "", ""};
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
