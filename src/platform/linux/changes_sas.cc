// Static SAs. XFRM_MSG_NEWSA refuses what is there, so an SA that is right is never touched; XFRM_MSG_DELSA takes whoever's,
// so it follows a look.
#include <cerrno>

#include "platform/linux/changes.h"
#include "platform/linux/sas.h"
#include "platform/refusal.h"

namespace vtid::platform::netlink {
namespace {

std::optional<model::Sa> ours(const Answer& answer) {
  std::optional<model::Sa> found;
  for_each_message(answer.reply, [&](const nlmsghdr& message) { found = decode_sa(message); });
  return found;
}

}  // namespace

void Changes::set_sas(const Slots& run) {
  Slots replaced;
  for (const std::size_t slot : run) {
    if (op<model::SetSa>(slot).replaces) replaced.push_back(slot);
  }
  Pass looking;
  for (const std::size_t slot : replaced) looking.add(slot, encode_get_sa(op<model::SetSa>(slot).sa));
  remove_own_sas(std::move(looking));
  Pass adding;
  Pass comparing;
  for (const std::size_t slot : run) {
    if (results_[slot]) adding.add(slot, encode_new_sa(op<model::SetSa>(slot).sa));
  }
  exchange(xfrm_, std::move(adding), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, EEXIST);
    if (answer.verdict.code == EEXIST) comparing.add(slot, encode_get_sa(op<model::SetSa>(slot).sa));
  });
  exchange(xfrm_, std::move(comparing), [this](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict);
    if (!results_[slot]) return;
    const auto there = ours(answer);
    if (!there) {
      settle(slot, {EEXIST, std::string(kNotOurs)});
    } else if (*there != op<model::SetSa>(slot).sa) {
      settle(slot, {EEXIST, {}});
    }
  });
}

void Changes::delete_sas(const Slots& run) {
  Pass looking;
  for (const std::size_t slot : run) looking.add(slot, encode_get_sa(op<model::DeleteSa>(slot).sa));
  remove_own_sas(std::move(looking));
}

void Changes::hold_sas(const Slots& run) {
  Pass looking;
  for (const std::size_t slot : run) looking.add(slot, encode_get_sa(op<model::HoldSa>(slot).sa));
  Pass holding;
  exchange(xfrm_, std::move(looking), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, ESRCH);
    for_each_message(answer.reply, [&](const nlmsghdr& message) {
      if (auto hold = encode_hold_sa(message, op<model::HoldSa>(slot).sa.held, wall_seconds())) {
        holding.add(slot, *std::move(hold));
      }
    });
  });
  exchange(xfrm_, std::move(holding), [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, ESRCH); });
}

void Changes::refuse(const Slots& run) {
  for (const std::size_t slot : run) settle(slot, {EOPNOTSUPP, {}});
}

void Changes::remove_own_sas(Pass looking) {
  Pass deleting;
  exchange(xfrm_, std::move(looking), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, ESRCH);
    if (answer.verdict.code != 0) return;
    if (const auto there = ours(answer)) {
      deleting.add(slot, encode_delete_sa(*there));
    } else {
      settle(slot, {EEXIST, std::string(kNotOurs)});
    }
  });
  exchange(xfrm_, std::move(deleting), [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, ESRCH); });
}

}  // namespace vtid::platform::netlink
