// Static SAs. SADB_ADD refuses an SPI that is there, whatever its destination; SADB_DELETE takes whoever's, so it follows a
// look.
#include <algorithm>
#include <cerrno>

#include "platform/freebsd/changes.h"
#include "platform/refusal.h"

namespace vtid::platform::freebsd {
namespace {

auto find_sa(std::vector<ListedSa>& all, const model::Sa& sa) {
  return std::ranges::find_if(
      all, [&](const ListedSa& item) { return item.sa.destination == sa.destination && item.sa.spi == sa.spi; });
}

bool key_fits(const model::Sa& sa) {
  return sa.key.reveal().size() == static_cast<std::size_t>(model::key_layout(sa.algorithm).total());
}

}  // namespace

std::vector<ListedSa>* Changes::sas() { return sas_ ? &*sas_ : keep(sas_, list_sas(calls_)); }

Verdict Changes::apply_one(const model::SetSa& op) {
  auto* all = sas();
  if (all == nullptr) return failed_;
  const auto have = find_sa(*all, op.sa);
  if (have == all->end()) return add(op.sa);
  if (!have->ours) return {EEXIST, std::string(kNotOurs)};
  if (!op.replaces) return {have->sa == op.sa ? 0 : EEXIST, {}};
  const Verdict removed = remove(have->sa);
  return removed.code == 0 ? add(op.sa) : removed;
}

Verdict Changes::apply_one(const model::DeleteSa& op) {
  auto* all = sas();
  if (all == nullptr) return failed_;
  const auto have = find_sa(*all, op.sa);
  if (have == all->end()) return {};
  if (!have->ours) return {EEXIST, std::string(kNotOurs)};
  return remove(have->sa);
}

Verdict Changes::apply_one(const model::DropSa& op) {
  auto* all = sas();
  if (all == nullptr) return failed_;
  model::Sa named;
  named.source = op.sa.source;
  named.destination = op.sa.destination;
  named.spi = op.sa.spi;
  const auto have = find_sa(*all, named);
  if (have == all->end() || have->ours || have->sa.reqid != op.sa.reqid) return {};
  return remove(have->sa);
}

Verdict Changes::add(const model::Sa& sa) {
  if (!key_fits(sa)) return {EINVAL, "the key has the wrong length"};
  const auto request = encode_add_sa(sa, key_stamp());
  if (!request) return {EOPNOTSUPP, "FreeBSD's kernel has no such algorithm"};
  const auto answer = ask_key(calls_, *request);
  if (!answer) return {answer.error().code, {}};
  sas_->push_back({sa, true});
  return {};
}

Verdict Changes::remove(const model::Sa& sa) {
  const auto answer = ask_key(calls_, encode_delete_sa(sa, key_stamp()));
  if (!answer && answer.error().code != ESRCH) return {answer.error().code, {}};
  // it may stand in the list that is about to change
  std::erase_if(*sas_, [destination = sa.destination, spi = sa.spi](const ListedSa& item) {
    return item.sa.destination == destination && item.sa.spi == spi;
  });
  return {};
}

}  // namespace vtid::platform::freebsd
