#include "vici/sa_poller.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vtid::vici {

void SaPoller::look_soon(const std::string& connection, TimePoint due) {
  if (all_soon_) return;
  if (soon_.size() >= kMostLooks && !soon_.contains(connection)) {
    soon_.clear();
    all_soon_ = due;
    return;
  }
  TimePoint& moment = soon_.try_emplace(connection, due).first->second;
  moment = std::min(moment, due);
}

void SaPoller::ask(const std::string& connection, Ticket ticket) { asked_[connection].push_back(ticket); }

void SaPoller::recheck(const std::set<std::string>& connections) {
  if (never_wait_) return;
  for (const std::string& connection : connections) recheck_.try_emplace(connection);
}

std::optional<SaPoll> SaPoller::next(TimePoint now) {
  if (poll_) return std::nullopt;
  if (std::exchange(recheck_all_, false)) return begin(true, true, std::exchange(recheck_, {}), now);
  if (all_soon_ && *all_soon_ <= now) {
    all_soon_.reset();
    all_due_ = true;
  }
  if (now < held_until_ && !all_due_) return std::nullopt;
  const bool rests = now < rested_;
  const bool many = recheck_.size() > kMostSinglePolls;
  if (many && !rests) return begin(true, true, std::exchange(recheck_, {}), now);
  if (many && !all_due_) return hold();
  if (!many && !recheck_.empty()) return begin(false, true, take_first(recheck_), now);
  Covered due = take_due(now);
  if (due.size() > kMostSinglePolls && rests && !all_due_) {
    asked_ = std::move(due);
    return hold();
  }
  if (std::exchange(all_due_, false) || due.size() > kMostSinglePolls) return begin(true, false, std::move(due), now);
  if (due.empty()) return std::nullopt;
  Covered one = take_first(due);
  for (auto& [connection, tickets] : due) {
    if (tickets.empty()) soon_.emplace(connection, now);
  }
  std::erase_if(due, [](const auto& item) { return item.second.empty(); });
  asked_ = std::move(due);
  return begin(false, false, std::move(one), now);
}

SaPoller::Covered SaPoller::take_first(Covered& from) {
  Covered one;
  one.insert(from.extract(from.begin()));
  return one;
}

SaPoller::Covered SaPoller::take_due(TimePoint now) {
  Covered due = std::exchange(asked_, {});
  std::erase_if(soon_, [&](const auto& look) {
    if (look.second > now) return false;
    due.try_emplace(look.first);
    return true;
  });
  return due;
}

std::nullopt_t SaPoller::hold() {
  held_until_ = rested_;
  return std::nullopt;
}

SaPoll SaPoller::begin(bool all, bool waits, Covered covered, TimePoint now) {
  began_ = now;
  covered_ = std::move(covered);
  listed_.clear();
  return poll_.emplace(SaPoll{all ? std::nullopt : std::optional(covered_.begin()->first), waits});
}

void SaPoller::on_listed(const std::string& connection) { listed_.insert(connection); }

std::vector<Ticket> SaPoller::finish(const std::set<std::string>& missing) {
  if (!poll_->connection) rested_ = began_ + kRestEach * static_cast<int>(listed_.size());
  const bool proven = poll_->waits || never_wait_;
  std::vector<Ticket> answered;
  if (!proven) recheck(missing);
  for (auto& [connection, tickets] : covered_) {
    const bool unsure = missing.contains(connection) || (!tickets.empty() && !listed_.contains(connection));
    if (unsure && !proven) {
      std::ranges::copy(tickets, std::back_inserter(recheck_[connection]));
    } else {
      std::ranges::copy(tickets, std::back_inserter(answered));
    }
  }
  poll_.reset();
  covered_.clear();
  return answered;
}

std::vector<Ticket> SaPoller::abandon() {
  std::vector<Ticket> tickets;
  for (const Covered* held : {&asked_, &recheck_, &covered_}) {
    for (const auto& [connection, waiting] : *held) std::ranges::copy(waiting, std::back_inserter(tickets));
  }
  const bool never = never_wait_;
  *this = SaPoller{};
  never_wait_ = never;
  return tickets;
}

std::optional<TimePoint> SaPoller::next_deadline() const {
  if (poll_) return std::nullopt;
  if (all_due_ || recheck_all_) return TimePoint{};
  std::optional<TimePoint> next;
  if (!recheck_.empty() || !asked_.empty()) {
    next = held_until_;
  } else if (!soon_.empty()) {
    next = std::max(held_until_, std::ranges::min_element(soon_, {}, [](const auto& look) { return look.second; })->second);
  }
  if (all_soon_) next = std::min(next.value_or(*all_soon_), *all_soon_);
  return next;
}

}  // namespace vtid::vici
