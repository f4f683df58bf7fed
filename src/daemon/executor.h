// Carries out plans: what is due, in order, in portions, and remembers for each object that failed when it may be tried
// again: what shuts a way or takes one off within a second, for ever, other things at growing distances. Decides nothing about
// content; a failed op comes back because the next plan still contains it. While a filter that has to keep something out could
// not be written, no link is made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "model/op.h"
#include "model/snapshot.h"
#include "platform/kernel.h"

namespace vtid::daemon {

class Executor {
 public:
  explicit Executor(platform::Kernel& kernel) : kernel_(kernel) {}

  // Takes a new plan in place of what was left of the last one. Forgets the failures of objects it no longer names.
  void accept(model::Plan plan, TimePoint now);

  // Applies the next portion. What became of each op, without failures that only follow from another; empty when nothing is
  // due.
  struct Done {
    model::Op op;
    std::optional<Error> error;
    int failures = 0;  // in a row, this one included
  };
  [[nodiscard]] std::vector<Done> step(TimePoint now, std::uint32_t random);

  // Two looks with a difference that is not our own doing: what failed about an object that somebody has changed meanwhile may
  // be tried again at once, once a kLiftInterval at most, so that two programs that disagree do not chase each other.
  void on_seen(const model::Observed& before, const model::Observed& after, TimePoint now);

  [[nodiscard]] bool busy() const { return !due_.empty(); }
  [[nodiscard]] const model::Plan& plan() const { return plan_; }
  // Failures that wait, by object, and the problems they are to the user.
  [[nodiscard]] std::vector<model::FailedOp> failed() const;
  [[nodiscard]] std::vector<model::Problem> problems() const;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  static constexpr std::size_t kPortion = 512;  // ops between two looks at everything else the daemon has to do
  static constexpr Duration kLiftInterval{1'000};

 private:
  struct Failure {
    model::Op op;
    Error error;
    Backoff backoff;
    TimePoint next;
    std::optional<TimePoint> lifted{};  // when its wait was last cut short
  };

  // Without the filter that they need, links are not made: they come back with a later plan.
  void hold_back_links();
  void note(const model::Op& op, const Result<void>& result, TimePoint now, std::uint32_t random);
  [[nodiscard]] std::set<net::IfName> missing_devices() const;

  platform::Kernel& kernel_;
  model::Plan plan_;
  std::vector<model::Op> due_;               // in reverse order: the next is at the back
  std::map<std::string, Failure> failures_;  // by object
};

}  // namespace vtid::daemon
