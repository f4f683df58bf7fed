#include "scenario/staged_kernel.h"

#include <cerrno>

#include "contract/world_fake_freebsd.h"
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
    const bool refused = filters_refused_ && std::holds_alternative<model::SetFilter>(ops[i].change);
    if (failing.empty() && !refused) continue;
    pass_on(begin, i);
    const int code = failing.empty() ? EPERM : failing.mapped();
    results.emplace_back(std::unexpected(platform::refusal(ops[i].change, code, {}, capabilities().system)));
    begin = i + 1;
  }
  pass_on(begin, ops.size());
  return results;
}

void StagedKernel::add_sa_made_at(const model::Sa& sa, WallTime made) {
  if (!is_linux()) contract::fake_under(*backend_.kernel).make_sas_at(made);
  add_foreign_sa(sa);
  if (!is_linux()) contract::fake_under(*backend_.kernel).make_sas_at({});
}

}  // namespace vtid::test
