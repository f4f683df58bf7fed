// The memory kernel's static SAs.
#include <algorithm>
#include <cerrno>

#include "platform/memory/memory_kernel.h"
#include "platform/refusal.h"

namespace vtid::platform {
namespace {

constexpr std::uint32_t kLargestWindow = 4096;  // XFRMA_REPLAY_ESN_MAX, linux/xfrm.h

bool key_fits(const model::Sa& sa) {
  return sa.key.reveal().size() == static_cast<std::size_t>(model::key_layout(sa.algorithm).total());
}

}  // namespace

MemoryKernel::Verdict MemoryKernel::apply_one(const model::SetSa& op) {
  const auto standing = sas_.find(key_of(op.sa));
  const bool there = standing != sas_.end();
  if (there && standing->second.owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  if (there && op.replaces) {
    sas_.erase(standing);
    ++notices_.ours;
  } else if (there) {
    return {standing->second.value == op.sa ? 0 : EEXIST, {}};
  }
  if (op.sa.replay_window > kLargestWindow || !key_fits(op.sa)) return {EINVAL, {}};
  sas_.emplace(key_of(op.sa), Owned<model::Sa>{op.sa});
  ++notices_.ours;
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeleteSa& op) {
  const auto standing = sas_.find(key_of(op.sa));
  if (standing == sas_.end()) return {};
  if (standing->second.owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  delete_sa(op.sa);
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DropSa&) { return {EOPNOTSUPP, {}}; }

MemoryKernel::Verdict MemoryKernel::apply_one(const model::HoldSa& op) {
  const SaKey key{op.sa.destination, op.sa.spi};
  if (op.sa.held && sas_.contains(key)) {
    held_.insert(key);
  } else {
    held_.erase(key);
  }
  return {};
}

void MemoryKernel::list_charons(model::Observed& observed) const {
  std::set<net::ReqId> ours;
  for (const auto& [key, policy] : policies_) {
    if (policy.owner == model::Owner::vtid) ours.insert(policy.value.reqid);
  }
  for (const auto& [key, sa] : sas_) {
    if (sa.owner == model::Owner::vtid || sa.value.reqid.value == 0) continue;
    const bool behind_ours = ours.contains(sa.value.reqid);
    observed.charons_sas.push_back({sa.value.destination,
                                    sa.value.spi,
                                    sa.value.source,
                                    sa.value.reqid,
                                    {},
                                    behind_ours,
                                    behind_ours && held_.contains(key)});
  }
  std::map<net::ReqId, std::uint8_t> bits;
  for (const auto& [key, policy] : policies_) {
    if (policy.owner == model::Owner::vtid) continue;
    bits[policy.value.reqid] |= model::policy_bit(policy.value.direction, policy.value.family);
  }
  for (const auto& [reqid, of_it] : bits) observed.charons_policies.push_back({reqid, of_it});
}

void MemoryKernel::add_foreign_sa(const model::Sa& sa) {
  sas_.insert_or_assign(key_of(sa), Owned<model::Sa>{sa, model::Owner::other});
}

void MemoryKernel::delete_sa(const model::Sa& sa) {
  held_.erase(key_of(sa));
  const auto erased = sas_.extract(key_of(sa));
  if (erased.empty()) return;
  if (erased.mapped().owner == model::Owner::vtid) {
    ++notices_.ours;
  } else {
    notices_.lost_sas.push_back(sa.spi);
  }
}

bool MemoryKernel::has_foreign_sa(const model::Sa& sa) const {
  const auto found = sas_.find(key_of(sa));
  return found != sas_.end() && found->second.owner == model::Owner::other && found->second.value == sa;
}

}  // namespace vtid::platform
