// What pf is asked and told, one job after the other, while everything else goes on: pfctl may take seconds. Keeps the last
// look, and the outcome of a change until it is asked for.
#pragma once

#include "platform/freebsd/pf.h"
#include "platform/freebsd/verdict.h"

namespace vtid::platform::freebsd {

class PfJobs {
 public:
  explicit PfJobs(Calls& calls) : calls_(calls), pf_(calls) {}

  // What the last look showed, or why it failed; a new one begins when that is older than kLookLife. EINPROGRESS: none has
  // ended yet.
  [[nodiscard]] Result<Pf::Seen> look();
  // One that is not older. EINPROGRESS: it is under way.
  [[nodiscard]] Result<Pf::Seen> fresh_look();
  // EINPROGRESS until an equal change has ended; what became of it is told once. Another one begins after it.
  [[nodiscard]] Verdict change(const model::Change& wanted);
  // EINPROGRESS until they have been read; told once.
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> counters();

  // As far as pfctl has answered. True: the filter is not as it was seen before, or what was asked for has ended.
  [[nodiscard]] bool go_on();
  [[nodiscard]] bool is_under_way() const { return job_.has_value(); }

  static constexpr Duration kLookLife{1'000};  // pf says nothing when it changes, and pfctl has to be run to see it

 private:
  struct End {};
  [[nodiscard]] Task<End> look_once();
  [[nodiscard]] Task<End> change_once(model::Change wanted);
  [[nodiscard]] Task<End> count_once();
  [[nodiscard]] Task<Verdict> carry_out(model::Change wanted);
  [[nodiscard]] Task<Verdict> set(model::FilterSet set);
  [[nodiscard]] Task<Verdict> fingerprint(const model::FilterSet& set);
  [[nodiscard]] Task<Verdict> clear();
  void note(Result<Pf::Seen> seen);
  void shut();  // our links down
  [[nodiscard]] bool is_fresh() const { return seen_ && calls_.now() - seen_at_ < kLookLife; }
  template <class... Arguments>
  void begin(Task<End> (PfJobs::*job)(Arguments...), Arguments... arguments);

  Calls& calls_;
  Pf pf_;
  std::optional<Result<Pf::Seen>> seen_;
  TimePoint seen_at_{};
  std::optional<model::Change> wanted_;  // of the change that is under way, or has ended and was not asked for since
  std::optional<Verdict> outcome_;
  std::optional<Result<std::map<std::string, model::RuleCounters>>> counters_;
  bool news_ = false;
  std::optional<Task<End>> job_;
};

}  // namespace vtid::platform::freebsd
