#include "daemon/executor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reconcile/order.h"
#include "reconcile/touched.h"

namespace vtid::daemon {
namespace {

constexpr BackoffLimits kRetry{Duration{500}, Duration{30'000}};
constexpr BackoffLimits kShutRetry{Duration{400}, Duration{800}};  // with jitter no more than a second

const model::CreateLink* creation(const model::Change& change) { return std::get_if<model::CreateLink>(&change); }

bool is_filter(const model::Change& change) {
  return std::holds_alternative<model::SetFilter>(change) || std::holds_alternative<model::DeleteFilter>(change);
}

// A filter without which traffic would pass that must not.
bool is_restrictive(const model::Change& change) {
  const auto* filter = std::get_if<model::SetFilter>(&change);
  return filter != nullptr && filter->filter.is_restrictive();
}

// Until it is done traffic goes where it must not: unfiltered, by a route that is to be shut, past the table of a policy route
// to the default route, or by what is no longer wanted.
struct Shuts {
  bool operator()(const model::SetFilter& op) const { return op.filter.is_restrictive(); }
  bool operator()(const model::SetRoute& op) const {
    return std::holds_alternative<model::Blackhole>(op.route.target) || op.route.table != net::kMainTable;
  }
  bool operator()(const model::AddRule&) const { return true; }
  bool operator()(const model::DeleteLink&) const { return true; }
  bool operator()(const model::DeleteAddress&) const { return true; }
  bool operator()(const model::DeleteRoute&) const { return true; }
  bool operator()(const model::DeletePolicy&) const { return true; }
  bool operator()(const model::DeleteSa&) const { return true; }
  bool operator()(const model::DropSa&) const { return true; }
  bool operator()(const model::SetSa& op) const { return op.replaces; }  // the old key is taken until then
  bool operator()(const model::CreateLink&) const { return false; }
  bool operator()(const model::ChangeLink& op) const { return !op.link.up; }
  bool operator()(const model::AddAddress&) const { return false; }
  bool operator()(const model::SetPolicy&) const { return false; }  // without one the interface drops everything
  bool operator()(const model::HoldSa&) const { return false; }
  bool operator()(const model::DeleteRule&) const { return false; }
  bool operator()(const model::DeleteFilter&) const { return false; }
};

BackoffLimits retry_of(const model::Change& change) { return std::visit(Shuts{}, change) ? kShutRetry : kRetry; }

// Nothing can stand on a link that could not be made.
bool stands_on_any(const std::set<net::IfName>& missing, const model::Change& change) {
  if (creation(change) != nullptr) return false;
  const std::vector<net::IfName> devices = reconcile::devices_of(change);
  return std::ranges::any_of(devices, [&](const net::IfName& device) { return missing.contains(device); });
}

}  // namespace

void Executor::accept(model::Plan plan, TimePoint now) {
  plan_ = std::move(plan);
  std::multimap<std::string_view, const model::Change*> planned;
  for (const model::Op& op : plan_.ops) planned.emplace(op.object, &op.change);
  // What is not to be done any more cannot be in the way: a link that came by itself is changed, not created.
  std::erase_if(failures_, [&](const auto& failure) {
    const auto [first, last] = planned.equal_range(failure.first);
    return std::none_of(first, last, [&](const auto& op) { return *op.second == failure.second.op.change; });
  });
  // What has begun is followed to its end, when it may be all that the plan lacks; what could not begin yet is not.
  std::erase_if(waiting_, [&](const model::Op& op) {
    const auto [first, last] = planned.equal_range(op.object);
    if (first == last) return !is_filter(op.change);
    return std::none_of(first, last, [&](const auto& other) { return *other.second == op.change; });
  });
  missing_.clear();
  for (const auto& [object, failure] : failures_) {
    if (const auto* made = creation(failure.op.change)) missing_.insert(made->link.name);
  }
  std::set<std::string_view> waiting;
  for (const model::Op& op : waiting_) waiting.insert(op.object);
  forget_due();
  for (const model::Op& op : plan_.ops) {
    const auto failure = failures_.find(op.object);
    if (failure != failures_.end() && failure->second.op.change == op.change && failure->second.next > now) continue;
    const auto same = [&](const model::Op& other) { return other.object == op.object && other.change == op.change; };
    if (waiting.contains(op.object) && std::ranges::any_of(waiting_, same)) continue;
    if (!stands_on_any(missing_, op.change)) due_.push_back(op);
  }
  const bool open = std::ranges::any_of(failures_, [](const auto& item) { return is_restrictive(item.second.op.change); }) ||
                    std::ranges::any_of(waiting_, [](const model::Op& op) { return is_restrictive(op.change); });
  if (open) hold_back_links();
}

// Thousands that are done are not kept for the few that come next.
void Executor::forget_due() {
  std::vector<model::Op>().swap(due_);
  next_ = 0;
}

void Executor::hold_back_links() {
  due_.erase(due_.begin(), due_.begin() + static_cast<std::ptrdiff_t>(next_));
  next_ = 0;
  std::set<net::IfName> held;
  for (const model::Op& op : due_) {
    if (const auto* made = creation(op.change)) held.insert(made->link.name);
  }
  std::erase_if(due_, [&](const model::Op& op) { return creation(op.change) != nullptr || stands_on_any(held, op.change); });
}

// In turns, when there is something of both: what takes long holds up nothing, and is not forgotten.
std::vector<Executor::Done> Executor::step(TimePoint now, std::uint32_t random) {
  std::vector<Done> done;
  asked_ = waits() && (!busy() || !asked_);
  if (asked_) {
    const std::vector<model::Op> asked = std::exchange(waiting_, {});
    const std::size_t count = carry_out(asked, true, now, random, done);
    waiting_.insert(waiting_.end(), asked.begin() + static_cast<std::ptrdiff_t>(count), asked.end());
  } else if (busy()) {
    const bool alone = is_restrictive(due_[next_].change);  // what follows depends on it
    next_ += carry_out(std::span(due_).subspan(next_, alone ? 1 : std::min(kPortion, due_.size() - next_)), false, now, random,
                       done);
    if (alone && (done.empty() || done.front().error)) hold_back_links();
    if (!busy()) forget_due();
  }
  return done;
}

std::size_t Executor::carry_out(std::span<const model::Op> ops, bool waited, TimePoint now, std::uint32_t random,
                                std::vector<Done>& done) {
  const std::vector<Result<void>> results = kernel_.apply(ops, kBudget);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const model::Op& op = ops[i];
    if (!results[i] && results[i].error().code == EINPROGRESS) {
      waiting_.push_back(op);
      continue;
    }
    // What failed because its link could not be made is a consequence: it returns with the next plan, without a wait.
    if (!results[i] && stands_on_any(missing_, op.change)) continue;
    note(op, results[i], now, random + static_cast<std::uint32_t>(i) * 2'654'435'761U);
    const auto failure = failures_.find(op.object);
    const int failures = failure == failures_.end() ? 0 : failure->second.backoff.failures();
    done.push_back({op, results[i] ? std::nullopt : std::optional(results[i].error()), failures, waited});
  }
  return results.size();
}

void Executor::note(const model::Op& op, const Result<void>& result, TimePoint now, std::uint32_t random) {
  if (result) {
    failures_.erase(op.object);
    if (const auto* made = creation(op.change)) missing_.erase(made->link.name);
    return;
  }
  if (const auto* made = creation(op.change)) missing_.insert(made->link.name);
  const Failure fresh{op, result.error(), Backoff(retry_of(op.change)), now};
  Failure& failure = failures_.try_emplace(op.object, fresh).first->second;
  if (failure.op.change != op.change) failure.backoff = fresh.backoff;
  failure.op = op;
  failure.error = result.error();
  failure.next = now + failure.backoff.next(random);
}

void Executor::on_seen(const model::Observed& before, const model::Observed& after, TimePoint now) {
  for (auto& [object, failure] : failures_) {
    if (failure.next <= now || (failure.lifted && now - *failure.lifted < kLiftInterval)) continue;
    if (!reconcile::touched(failure.op.change, before, after)) continue;
    failure.next = now;
    failure.lifted = now;
    failure.backoff.reset();
  }
}

std::vector<model::FailedOp> Executor::failed() const {
  std::vector<model::FailedOp> failed;
  for (const auto& [object, failure] : failures_) failed.push_back({failure.op, failure.error, failure.backoff.failures()});
  return failed;
}

std::vector<model::Problem> Executor::problems() const {
  std::vector<model::Problem> problems;
  for (const auto& [object, failure] : failures_) {
    problems.push_back({model::Severity::error, failure.op.because.empty() ? object : failure.op.because, failure.error.text,
                        failure.error.remedy});
  }
  return problems;
}

std::optional<TimePoint> Executor::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [object, failure] : failures_) {
    if (std::ranges::find(waiting_, object, &model::Op::object) != waiting_.end()) continue;  // it is being tried
    next = std::min(next.value_or(failure.next), failure.next);
  }
  return next;
}

}  // namespace vtid::daemon
