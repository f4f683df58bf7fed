// Carries out plans: what is due, in order, in portions that take little time, and remembers for each object that failed when
// it may be tried again: what shuts a way or takes one off within a second, for ever, other things at growing distances.
// Decides nothing about content; a failed op comes back because the next plan still contains it. While a filter that has to
// keep something out is being written, or could not be, no link is made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
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

  // Takes a new plan in place of what was left of the last one. Forgets the failures of objects it no longer names; what is
  // under way stays so, unless the plan has another use for its object.
  void accept(model::Plan plan, TimePoint now);

  // Applies the next portion. What became of each op, without failures that only follow from another; empty when nothing is
  // due.
  struct Done {
    model::Op op;
    std::optional<Error> error;
    int failures = 0;     // in a row, this one included
    bool waited = false;  // it was under way: what was held back for it is in no plan
  };
  [[nodiscard]] std::vector<Done> step(TimePoint now, std::uint32_t random);

  // Two looks with a difference that is not our own doing: what failed about an object that somebody has changed meanwhile may
  // be tried again at once, once a kLiftInterval at most, so that two programs that disagree do not chase each other.
  void on_seen(const model::Observed& before, const model::Observed& after, TimePoint now);

  [[nodiscard]] bool busy() const { return next_ < due_.size(); }
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }  // for what is under way: each step asks after it
  [[nodiscard]] const model::Plan& plan() const { return plan_; }
  // Failures that wait, by object, and the problems they are to the user.
  [[nodiscard]] std::vector<model::FailedOp> failed() const;
  [[nodiscard]] std::vector<model::Problem> problems() const;
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // A step begins no operation later than this: with the usual ones it has ended within 50 ms, and within 100 with the slowest
  // that is known (FreeBSD's SIOCIFCREATE2 and SIOCIFDESTROY: 5 to 80 ms).
  static constexpr Duration kBudget{20};
  static constexpr std::size_t kPortion = 512;  // ops of a step at most
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
  void forget_due();
  // Those of `ops` that have a result are settled.
  std::size_t carry_out(std::span<const model::Op> ops, bool waited, TimePoint now, std::uint32_t random,
                        std::vector<Done>& done);
  void note(const model::Op& op, const Result<void>& result, TimePoint now, std::uint32_t random);

  platform::Kernel& kernel_;
  model::Plan plan_;
  std::vector<model::Op> due_;
  std::size_t next_ = 0;                     // of due_
  std::vector<model::Op> waiting_;           // under way
  bool asked_ = false;                       // after those in the last step
  std::set<net::IfName> missing_;            // links whose making failed
  std::map<std::string, Failure> failures_;  // by object
};

}  // namespace vtid::daemon
