#include "daemon/drop_history.h"

namespace vtid::daemon {
namespace {

// A counter that stands lower than before began again.
std::uint64_t growth(const std::map<std::string, std::uint64_t>& before, const model::DropCounter& counter) {
  const auto found = before.find(counter.name);
  return found == before.end() || found->second > counter.value ? counter.value : counter.value - found->second;
}

}  // namespace

DropHistory::DropHistory(const std::vector<model::DropCounter>& at_start) {
  for (const model::DropCounter& counter : at_start) start_[counter.name] = counter.value;
  last_ = start_;
}

void DropHistory::compare(std::vector<model::DropCounter>& counters) {
  for (model::DropCounter& counter : counters) {
    counter.since_start = growth(start_, counter);
    counter.since_last = growth(last_, counter);
    last_[counter.name] = counter.value;
  }
}

}  // namespace vtid::daemon
