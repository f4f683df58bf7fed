#include "scenario/staged_kernel.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/freebsd/backend.h"
#include "platform/refusal.h"

namespace vtid::test {

StagedKernel::StagedKernel() : backend_(open_staged()) {
  if (!is_linux()) eyes_ = platform::freebsd::make_backend(fake().open_for_others());
  (void)drain();
}

platform::freebsd::FakeFreebsd& StagedKernel::fake() { return contract::fake_under(*backend_.kernel); }

model::Observed StagedKernel::seen() { return (eyes_ ? platform::observe_now(*eyes_) : backend_.kernel->observe()).value(); }

void StagedKernel::set_time(TimePoint time) {
  if (!is_linux()) fake().set_time(time);
}

Duration StagedKernel::next_end() { return is_linux() ? Duration{} : fake().pfctl_time(); }

bool StagedKernel::is_asked_again(const model::Op& op) const {
  return std::ranges::find(under_way_, op.change) != under_way_.end();
}

void StagedKernel::count(const model::Op& op, const Result<void>& result) {
  if (!is_asked_again(op)) ++writes_;
  std::erase(under_way_, op.change);
  if (!result && result.error().code == EINPROGRESS) under_way_.push_back(op.change);
}

int StagedKernel::refusal_of(const model::Op& op, std::size_t ahead) const {
  if (is_asked_again(op)) return 0;
  const auto failing = failing_ops_.find(writes_ + ahead);
  if (failing != failing_ops_.end()) return failing->second;
  return filters_refused_ && std::holds_alternative<model::SetFilter>(op.change) ? EPERM : 0;
}

// What does not fail goes to the kernel in runs, as the daemon gave it.
std::vector<Result<void>> StagedKernel::apply(std::span<const model::Op> ops, Duration budget) {
  std::vector<Result<void>> results;
  while (results.size() < ops.size()) {
    const auto rest = ops.subspan(results.size());
    if (const int code = refusal_of(rest.front(), 0); code != 0) {
      failing_ops_.erase(writes_);
      results.emplace_back(std::unexpected(platform::refusal(rest.front().change, code, {}, capabilities().system)));
      count(rest.front(), results.back());
      continue;
    }
    std::size_t run = 1;
    while (run < rest.size() && refusal_of(rest[run], run) == 0) ++run;
    auto some = backend_.kernel->apply(rest.first(run), budget);
    for (std::size_t i = 0; i < some.size(); ++i) {
      count(rest[i], some[i]);
      results.push_back(std::move(some[i]));
    }
    if (some.size() < run) break;
  }
  if (const auto then = std::exchange(after_write_, {})) then();
  return results;
}

void StagedKernel::add_sa_made_at(const model::Sa& sa, WallTime made) {
  if (!is_linux()) fake().make_sas_at(made);
  add_foreign_sa(sa);
  if (!is_linux()) fake().make_sas_at({});
}

}  // namespace vtid::test
