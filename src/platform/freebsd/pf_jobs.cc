// Nothing is opened before what closes it stands: both points of filtering first, then the rules in one transaction of pf's,
// then the points of the mode alone. What pf refuses, or never asks, leaves tunnels shut, not open.
#include "platform/freebsd/pf_jobs.h"

#include <cerrno>

#include "platform/freebsd/look.h"
#include "platform/freebsd/pf_anchor.h"

namespace vtid::platform::freebsd {
namespace {

constexpr std::string_view kNoPf = "kldload pf, and service pf enable";

std::unexpected<Error> under_way() { return fail("pf has not answered yet", "try again in a moment", EINPROGRESS); }

PfFingerprint fingerprint_for(const model::FilterSet& set, const PfLists& lists) {
  return {std::string(print(set.mode)), keeps_of(set), digest(set), digest(lists)};
}

}  // namespace

template <class... Arguments>
void PfJobs::begin(Task<End> (PfJobs::*job)(Arguments...), Arguments... arguments) {
  if (job_) return;  // it begins after that
  job_.emplace((this->*job)(std::move(arguments)...));
  if (job_->await_ready()) job_.reset();
}

bool PfJobs::go_on() {
  pf_.go_on();
  if (job_ && job_->await_ready()) job_.reset();
  return std::exchange(news_, false);
}

// --- looks ----------------------------------------------------------------------------------------------------------------

void PfJobs::note(Result<Pf::Seen> seen) {
  news_ |= !seen_ || *seen_ != seen;
  seen_ = std::move(seen);
  seen_at_ = calls_.now();
}

Task<PfJobs::End> PfJobs::look_once() {
  auto seen = co_await pf_.look();
  note(std::move(seen));
  co_return End{};
}

Result<Pf::Seen> PfJobs::look() {
  if (!is_fresh()) begin(&PfJobs::look_once);
  return seen_ ? *seen_ : under_way();
}

Result<Pf::Seen> PfJobs::fresh_look() {
  if (is_fresh()) return *seen_;
  begin(&PfJobs::look_once);
  return is_fresh() ? *seen_ : under_way();
}

Task<PfJobs::End> PfJobs::count_once() {
  auto counted = co_await pf_.counters();
  counters_ = std::move(counted);
  news_ = true;
  co_return End{};
}

Result<std::map<std::string, model::RuleCounters>> PfJobs::counters() {
  if (!counters_) begin(&PfJobs::count_once);
  if (!counters_) return under_way();
  return *std::exchange(counters_, std::nullopt);
}

// --- changes --------------------------------------------------------------------------------------------------------------

Verdict PfJobs::change(const model::Change& wanted) {
  const bool other = wanted_ && *wanted_ != wanted;
  if (other && !outcome_) return {EINPROGRESS, {}};
  if (other) {  // nobody has asked what became of that one
    wanted_.reset();
    outcome_.reset();
  }
  if (!wanted_ && !job_) {
    wanted_ = wanted;
    begin(&PfJobs::change_once, model::Change(wanted));
  }
  if (!outcome_) return {EINPROGRESS, {}};
  wanted_.reset();
  return *std::exchange(outcome_, std::nullopt);
}

// What it has brought is looked at before anybody hears of it.
Task<PfJobs::End> PfJobs::change_once(model::Change wanted) {
  Verdict verdict = co_await carry_out(std::move(wanted));
  auto seen = co_await pf_.look();
  note(std::move(seen));
  outcome_ = std::move(verdict);
  news_ = true;
  co_return End{};
}

Task<Verdict> PfJobs::carry_out(model::Change wanted) {
  const auto* filter = std::get_if<model::SetFilter>(&wanted);
  return filter != nullptr ? set(filter->filter) : clear();
}

Task<Verdict> PfJobs::set(model::FilterSet set) {
  if (!calls_.has_pf()) co_return Verdict{EOPNOTSUPP, "pf is not in the kernel", std::string(kNoPf)};
  const auto before = co_await pf_.look();
  if (!before) co_return told(before.error());
  const bool switches = set.is_restrictive() || (before->fingerprint && before->fingerprint->keeps != PfKeeps::nothing);
  Result<void> done;
  if (switches && !pf_.mode_holds(set.mode)) done = pf_.tighten(set.mode);
  if (done) done = co_await pf_.load(print_pf_anchor(set, pf_.dialect()));
  if (!done) {
    // What is refused is told; that these are refused too would be no news.
    if (set.filters && before->lists.empty()) (void)co_await pf_.load(print_closed_pf_anchor());
    co_return told(done.error());
  }
  if (switches) {
    if (done = pf_.set_mode(set.mode); !done) co_return told(done.error());
  }
  co_return co_await fingerprint(set);
}

Task<Verdict> PfJobs::fingerprint(const model::FilterSet& set) {
  const auto loaded = co_await pf_.look();
  if (!loaded) co_return told(loaded.error());
  const auto fingerprinted = co_await pf_.fingerprint(fingerprint_for(set, loaded->lists));
  if (!fingerprinted) co_return told(fingerprinted.error());
  if (!set.filters || loaded->inactive_reason.empty()) co_return Verdict{};
  shut();
  co_return Verdict{ENOEXEC, loaded->inactive_reason, loaded->remedy};
}

void PfJobs::shut() {
  const auto links = list_links(calls_);
  if (!links) return;
  for (const model::ObservedLink& link : links->links) {
    if (link.owner == model::Owner::vtid && link.up) (void)set_link_up(calls_, link.name, false);
  }
}

// Without a filter of ours the mode is enc.
Task<Verdict> PfJobs::clear() {
  if (!calls_.has_pf()) co_return Verdict{};
  const auto seen = co_await pf_.look();
  if (!seen) co_return told(seen.error());
  if (seen->fingerprint && seen->fingerprint->keeps != PfKeeps::nothing && !pf_.mode_holds(model::FilterMode::enc)) {
    if (const auto done = pf_.set_mode(model::FilterMode::enc); !done) co_return told(done.error());
  }
  const auto cleared = co_await pf_.clear();
  co_return cleared ? Verdict{} : told(cleared.error());
}

}  // namespace vtid::platform::freebsd
