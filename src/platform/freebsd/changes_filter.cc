// The filter. Nothing is opened before what closes it stands: both points of filtering first, then the rules in one transaction
// of pf's, then the points of the mode alone. What pf refuses, or never asks, leaves tunnels shut, not open.
#include <cerrno>

#include "platform/freebsd/changes.h"
#include "platform/freebsd/pf_anchor.h"

namespace vtid::platform::freebsd {
namespace {

constexpr std::string_view kNoPf = "kldload pf, and service pf enable";

PfSeal seal_for(const model::FilterSet& set, const PfLists& lists) {
  return {std::string(print(set.mode)), keeps_of(set), digest(set), digest(lists)};
}

}  // namespace

Changes::Verdict Changes::told(const Error& error) {
  return {error.code == 0 ? kNoSense : error.code, error.text, error.remedy};
}

Changes::Verdict Changes::apply_one(const model::SetFilter& op) {
  const model::FilterSet& set = op.filter;
  if (!calls_.has_pf()) return {EOPNOTSUPP, "pf is not in the kernel", std::string(kNoPf)};
  const auto before = pf_.look();
  if (!before) return told(before.error());
  const bool switches = set.closes() || (before->seal && before->seal->keeps != PfKeeps::nothing);
  Result<void> done;
  if (switches && !pf_.mode_holds(set.mode)) done = pf_.tighten(set.mode);
  if (done) done = pf_.load(print_pf_anchor(set, pf_.dialect()));
  if (!done) {
    if (set.filters && before->lists.empty()) close();
    return told(done.error());
  }
  if (switches) {
    if (done = pf_.set_mode(set.mode); !done) return told(done.error());
  }
  return seal(set);
}

Changes::Verdict Changes::seal(const model::FilterSet& set) {
  const auto loaded = pf_.look();
  if (!loaded) return told(loaded.error());
  if (const auto sealed = pf_.seal(seal_for(set, loaded->lists)); !sealed) return told(sealed.error());
  if (!set.filters || loaded->out_of_force.empty()) return {};
  shut();
  return {ENOEXEC, loaded->out_of_force, loaded->remedy};
}

// What is refused is told; that these are refused too would be no news.
void Changes::close() { (void)pf_.load(print_closed_pf_anchor()); }

void Changes::shut() {
  if (!links_ && keep(links_, list_links(calls_)) == nullptr) return;
  for (model::ObservedLink& link : links_->links) {
    if (link.owner != model::Owner::vtid || !link.up) continue;
    if (set_up(link.name, false).code == 0) link.up = false;
  }
}

// Whether a link that is to come up would carry what has to be kept out.
Changes::Verdict Changes::may_come_up() {
  const auto seen = pf_.look();
  if (!seen) return told(seen.error());
  return seen->open() ? Verdict{EACCES, "it is kept down: " + seen->out_of_force, seen->remedy} : Verdict{};
}

// Without a filter of ours the mode is enc.
Changes::Verdict Changes::apply_one(const model::DeleteFilter&) {
  if (!calls_.has_pf()) return {};
  const auto seen = pf_.look();
  if (!seen) return told(seen.error());
  if (seen->seal && seen->seal->keeps != PfKeeps::nothing && !pf_.mode_holds(model::FilterMode::enc)) {
    if (const auto done = pf_.set_mode(model::FilterMode::enc); !done) return told(done.error());
  }
  const auto cleared = pf_.clear();
  return cleared ? Verdict{} : told(cleared.error());
}

}  // namespace vtid::platform::freebsd
