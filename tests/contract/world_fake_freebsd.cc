#include "contract/world_fake_freebsd.h"

#include "contract/world_freebsd.h"
#include "platform/freebsd/backend.h"

namespace vtid::contract {
namespace {

// Keeps the kernel in maps as long as somebody stands on it.
class OwningKernel final : public platform::Kernel {
 public:
  explicit OwningKernel(std::shared_ptr<platform::freebsd::FakeFreebsd> fake)
      : fake_(std::move(fake)), kernel_(platform::freebsd::make_backend(fake_->open())) {}
  platform::Capabilities capabilities() const override { return kernel_->capabilities(); }
  Result<model::Observed> observe() override { return kernel_->observe(); }
  void follow_defaults(std::set<net::IfName> devices) override { kernel_->follow_defaults(std::move(devices)); }
  Result<std::map<net::IfName, model::LinkCounters>> counters() override { return kernel_->counters(); }
  Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return kernel_->rule_counters(); }
  std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override {
    return kernel_->apply(ops, budget);
  }
  bool is_under_way() const override { return kernel_->is_under_way(); }
  std::vector<int> descriptors() const override { return kernel_->descriptors(); }
  platform::Notices drain() override { return kernel_->drain(); }

  [[nodiscard]] platform::freebsd::FakeFreebsd& fake() { return *fake_; }

 private:
  std::shared_ptr<platform::freebsd::FakeFreebsd> fake_;
  std::unique_ptr<platform::Kernel> kernel_;
};

}  // namespace

platform::freebsd::FakeFreebsd& fake_under(platform::Kernel& kernel) { return dynamic_cast<OwningKernel&>(kernel).fake(); }

// The world goes before the kernel that it shares: Backend's members end in reverse.
Backend open_freebsd() {
  const auto fake = std::make_shared<platform::freebsd::FakeFreebsd>();
  auto world = make_freebsd_world(fake->open_for_others());
  return {std::make_unique<OwningKernel>(fake), std::move(world)};
}

}  // namespace vtid::contract
