#include "scenario/matrix/tampered_kernel.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/refusal.h"

namespace vtid::test::matrix {

Result<model::Observed> TamperedKernel::observe() {
  const std::size_t look = looks_++;
  if (look >= blind_.from && look - blind_.from < blind_.times) {
    return std::unexpected(Error{"cannot list links", {}, blind_.code});
  }
  auto seen = kernel_.observe();
  for (const model::Op& op : std::exchange(late_, {})) (void)pass_on(op);
  return seen;
}

std::vector<Result<void>> TamperedKernel::apply(std::span<const model::Op> ops, Duration) {
  std::vector<Result<void>> results;
  for (const model::Op& op : ops) {
    results.push_back(is_hit(op) ? tamper(op) : pass_on(op));
    std::erase(under_way_, op.change);
    if (!results.back() && results.back().error().code == EINPROGRESS) under_way_.push_back(op.change);
  }
  return results;
}

bool TamperedKernel::is_hit(const model::Op& op) {
  if (std::ranges::find(under_way_, op.change) != under_way_.end()) return false;  // asked after once more
  const std::size_t operation = operations_++;
  if (!fault_) return false;
  const auto identity = std::pair(op.object, op.change.index());
  if (operation == fault_->at) hit_ = identity;
  return hit_ == identity && fault_->times-- > 0;
}

Result<void> TamperedKernel::tamper(const model::Op& op) {
  switch (fault_->way) {
    case Way::refused: return std::unexpected(platform::refusal(op.change, fault_->code, {}, capabilities().system));
    case Way::done_but_refused:
      (void)pass_on(op);
      return std::unexpected(platform::refusal(op.change, fault_->code, {}, capabilities().system));
    case Way::lost: return {};
    case Way::late: late_.push_back(op); return {};
    case Way::killed: throw Killed{};
  }
  std::unreachable();
}

Result<void> TamperedKernel::pass_on(const model::Op& op) {
  Result<void> result = kernel_.apply(std::span(&op, 1), Duration::max()).front();
  if (const auto* made = std::get_if<model::CreateLink>(&op.change); made != nullptr && result) ++made_[made->link.name];
  return result;
}

platform::Notices TamperedKernel::drain() {
  const platform::Notices notices = kernel_.drain();
  return deaf_ ? platform::Notices{} : notices;
}

}  // namespace vtid::test::matrix
