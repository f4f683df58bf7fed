// The memory kernel with what goes wrong and what takes long, as a test says.
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <utility>

#include "platform/memory/memory_kernel.h"
#include "platform/refusal.h"

namespace vtid::test {

class TroubledKernel final : public platform::MemoryKernel {
 public:
  void fail_apply(std::size_t after, int code) { failing_ops_[given_ + after] = code; }  // 0: the next operation
  void fail_observe(int code) { failing_observe_ = code; }                               // the next one

  // How long an operation takes; no time at all where nothing is said.
  void cost(std::function<Duration(const model::Change&)> time) { cost_ = std::move(time); }
  // The end of those like this is seen when it is asked for once more after finish().
  void be_slow(std::function<bool(const model::Change&)> which) { slow_ = std::move(which); }
  void finish() { slow_ = {}; }

  [[nodiscard]] Result<model::Observed> observe() override {
    if (const int code = std::exchange(failing_observe_, 0); code != 0) return fail("cannot list links", {}, code);
    return MemoryKernel::observe();
  }

  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override {
    std::vector<Result<void>> results;
    Duration spent{};
    for (std::size_t i = 0; i < ops.size() && (i == 0 || spent < budget); ++i) {
      if (cost_) spent += cost_(ops[i].change);
      results.push_back(apply_one(ops.subspan(i, 1)));
    }
    return results;
  }

 private:
  Result<void> apply_one(std::span<const model::Op> op) {
    if (slow_ && slow_(op.front().change)) return fail("under way", {}, EINPROGRESS);
    const auto failing = failing_ops_.extract(given_++);
    if (!failing.empty()) return std::unexpected(platform::refusal(op.front().change, failing.mapped(), {}));
    return MemoryKernel::apply(op, {}).front();
  }

  std::size_t given_ = 0;
  std::map<std::size_t, int> failing_ops_;
  int failing_observe_ = 0;
  std::function<Duration(const model::Change&)> cost_;
  std::function<bool(const model::Change&)> slow_;
};

}  // namespace vtid::test
