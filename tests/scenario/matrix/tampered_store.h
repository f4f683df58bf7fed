// A state directory whose disk fails: some writes are refused, or the daemon is killed before or after one. What was written
// before stays as it was.
#pragma once

#include <memory>

#include "daemon/state_store.h"
#include "scenario/matrix/tampered_kernel.h"

namespace vtid::test::matrix {

class TamperedStore final : public daemon::StateStore {
 public:
  enum class Way { full, killed_before, killed_after };
  struct Fault {
    std::size_t at = 0;
    Way way = Way::full;
    std::size_t times = 1;
  };

  explicit TamperedStore(std::unique_ptr<daemon::StateStore> whole) : whole_(std::move(whole)) {}
  void fail(const Fault& fault) { fault_ = fault; }
  [[nodiscard]] std::size_t writes() const { return writes_; }

  Result<reconcile::Numbers> load_numbers() override { return whole_->load_numbers(); }
  Result<model::Role> load_role() override { return whole_->load_role(); }
  Result<vici::Loaded> load_loaded() override { return whole_->load_loaded(); }
  Result<monitor::Memories> load_gateways() override { return whole_->load_gateways(); }
  [[nodiscard]] std::vector<model::Problem> problems() const override { return whole_->problems(); }
  Result<void> save_numbers(const reconcile::Numbers& numbers) override {
    return write([&] { return whole_->save_numbers(numbers); });
  }
  Result<void> save_role(model::Role role) override {
    return write([&] { return whole_->save_role(role); });
  }
  Result<void> save_loaded(const vici::Loaded& loaded) override {
    return write([&] { return whole_->save_loaded(loaded); });
  }
  Result<void> save_gateways(const monitor::Memories& memories) override {
    return write([&] { return whole_->save_gateways(memories); });
  }

 private:
  template <class Save>
  Result<void> write(Save save) {
    const std::size_t write = writes_++;
    const bool hit = write >= fault_.at && write - fault_.at < fault_.times;
    if (!hit) return save();
    if (fault_.way == Way::full) return vtid::fail("cannot write the state: No space left on device");
    if (fault_.way == Way::killed_after) (void)save();
    throw Killed{};
  }

  std::unique_ptr<daemon::StateStore> whole_;
  Fault fault_{0, Way::full, 0};
  std::size_t writes_ = 0;
};

}  // namespace vtid::test::matrix
