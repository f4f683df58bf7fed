#include "scenario/staged_kernel.h"

#include "platform/refusal.h"

namespace vtid::test {

// What does not fail goes to the kernel in runs, as the daemon gave it.
std::vector<Result<void>> StagedKernel::apply(std::span<const model::Op> ops) {
  std::vector<Result<void>> results;
  const auto pass_on = [&](std::size_t begin, std::size_t end) {
    for (auto& result : backend_.kernel->apply(ops.subspan(begin, end - begin))) results.push_back(std::move(result));
  };
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const auto failing = failing_ops_.extract(writes_++);
    if (failing.empty()) continue;
    pass_on(begin, i);
    results.emplace_back(std::unexpected(platform::refusal(ops[i].change, failing.mapped())));
    begin = i + 1;
  }
  pass_on(begin, ops.size());
  return results;
}

}  // namespace vtid::test
