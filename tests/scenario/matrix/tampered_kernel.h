// Between the daemon and a staged kernel: one operation, one look or what is told of changes goes wrong, or the daemon is
// killed just before an operation. Counts what passes, so that a run without a fault tells at how many points there can be one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenario/staged_kernel.h"

namespace vtid::test::matrix {

// Thrown at the moment at which the daemon is killed; nothing of it runs after that.
struct Killed {};

class TamperedKernel final : public platform::Kernel {
 public:
  enum class Way {
    refused,           // and not done
    done_but_refused,  // the answer is an error, the change is there
    lost,              // the answer is good, the change is not there
    late,              // the answer is good, the next look does not show the change yet
    killed             // before it is asked for
  };
  struct Fault {
    std::size_t at = 0;  // counted from 0
    Way way = Way::refused;
    int code = 0;
    int times = 1;  // the same change of the same object is refused so often
  };

  explicit TamperedKernel(StagedKernel& kernel) : kernel_(kernel) {}

  void fail(const Fault& fault) { fault_ = fault; }
  void fail_looks(std::size_t from, std::size_t times, int code) { blind_ = {from, times, code}; }
  void be_deaf(bool deaf) { deaf_ = deaf; }

  [[nodiscard]] std::size_t operations() const { return operations_; }
  [[nodiscard]] std::size_t looks() const { return looks_; }
  [[nodiscard]] const std::map<net::IfName, int>& made() const { return made_; }  // how often each link was

  [[nodiscard]] platform::Capabilities capabilities() const override { return kernel_.capabilities(); }
  [[nodiscard]] Result<model::Observed> observe() override;
  void follow_defaults(std::set<net::IfName> devices) override { kernel_.follow_defaults(std::move(devices)); }
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override { return kernel_.counters(); }
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override { return kernel_.rule_counters(); }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override;
  [[nodiscard]] bool is_under_way() const override { return kernel_.is_under_way(); }
  [[nodiscard]] std::vector<int> descriptors() const override { return {}; }
  [[nodiscard]] platform::Notices drain() override;

 private:
  struct Blindness {
    std::size_t from = 0, times = 0;
    int code = 0;
  };
  // The operation's fault, if it has one now.
  [[nodiscard]] bool is_hit(const model::Op& op);
  Result<void> tamper(const model::Op& op);
  Result<void> pass_on(const model::Op& op);

  StagedKernel& kernel_;
  std::optional<Fault> fault_;
  std::optional<std::pair<std::string, std::size_t>> hit_;  // object and kind of change
  Blindness blind_;
  bool deaf_ = false;
  std::vector<model::Op> late_;
  std::vector<model::Change> under_way_;
  std::size_t operations_ = 0, looks_ = 0;
  std::map<net::IfName, int> made_;
};

}  // namespace vtid::test::matrix
