#include "platform/memory/memory_kernel.h"

namespace vtid::platform {

MemoryKernel::Verdict MemoryKernel::apply_one(const model::SetFilter& op) {
  filter_ = op.filter;
  filter_digest_ = digest(op.filter);
  filter_altered_ = false;
  rule_counters_.clear();
  for (const model::DeviceRule& rule : op.filter.rules) rule_counters_.emplace(rule.name, model::RuleCounters{});
  ++notices_.ours;
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeleteFilter&) {
  delete_filter();
  return {};
}

void MemoryKernel::alter_filter() {
  filter_altered_ = filter_.has_value();
  ++notices_.ours;
}

void MemoryKernel::delete_filter() {
  if (!filter_) return;
  filter_.reset();
  rule_counters_.clear();
  ++notices_.ours;
}

}  // namespace vtid::platform
