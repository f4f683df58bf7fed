#include "platform/memory/memory_kernel.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "platform/observed_order.h"
#include "platform/refusal.h"

namespace vtid::platform {
namespace {

constexpr std::string_view kXfrmKind = "xfrm";
constexpr std::uint32_t kVrfMtu = 65'575;      // IP6_MAX_MTU, include/net/ipv6.h
constexpr std::uint32_t kLowestMtu = 68;       // ETH_MIN_MTU
constexpr std::uint32_t kHighestMtu = 65'535;  // IP_MAX_MTU

net::IfName name_of(std::string_view text) { return *net::IfName::parse(text); }

net::Prefix prefix_of(std::string_view text) { return *net::parse_prefix(text); }

bool is_mtu(std::uint32_t mtu) { return mtu >= kLowestMtu && mtu <= kHighestMtu; }

}  // namespace

MemoryKernel::MemoryKernel() {
  const net::IfName loopback = name_of("lo");
  place(loopback, model::Owner::other, "", {}, 65'536, true);
  for (const auto* text : {"127.0.0.1/8", "::1/128"}) place({loopback, prefix_of(text), {}}, true);
  notices_ = {};
}

Result<model::Observed> MemoryKernel::observe() {
  ++looks_;
  model::Observed observed;
  for (const auto& [name, link] : links_) observed.links.push_back(link);
  for (const auto& [device, addresses] : addresses_) std::ranges::copy(addresses, std::back_inserter(observed.addresses));
  for (const auto& [key, route] : routes_) {
    if (route.owner == model::Owner::vtid) observed.routes.push_back({route.value});
    if (route.owner != model::Owner::vtid && is_followed_default(route.value, default_devices()))
      observed.defaults.push_back(route.value);
  }
  for (const auto& [key, policy] : policies_) {
    if (policy.owner == model::Owner::vtid) observed.policies.push_back(policy.value);
  }
  for (const auto& [key, sa] : sas_) {
    if (sa.owner == model::Owner::vtid) observed.sas.push_back(sa.value);
  }
  list_charons(observed);
  observed.rules.assign(rules_.begin(), rules_.end());
  if (filter_) observed.filter = {std::string(print(filter_->mode)), filter_digest_, filter_altered_};
  sort(observed);
  return observed;
}

Result<std::map<net::IfName, model::LinkCounters>> MemoryKernel::counters() {
  std::map<net::IfName, model::LinkCounters> found;
  for (const auto& [name, link] : links_) {
    if (link.owner != model::Owner::vtid) continue;
    const auto known = counters_.find(name);
    found.emplace(name, known == counters_.end() ? model::LinkCounters{} : known->second);
  }
  return found;
}

Result<std::map<net::IfName, model::LinkCounters>> MemoryKernel::counters_of(std::span<const net::IfName> links) {
  std::map<net::IfName, model::LinkCounters> found;
  for (const net::IfName& name : links) {
    const auto link = links_.find(name);
    if (link == links_.end() || link->second.owner != model::Owner::vtid) continue;
    const auto known = counters_.find(name);
    found.emplace(name, known == counters_.end() ? model::LinkCounters{} : known->second);
  }
  return found;
}

std::vector<Result<void>> MemoryKernel::apply(std::span<const model::Op> ops, Duration /*budget*/) {
  std::vector<Result<void>> results;
  for (const model::Op& op : ops) {
    ++writes_;
    const Verdict verdict = std::visit([this](const auto& change) { return apply_one(change); }, op.change);
    if (verdict.code == 0) {
      results.emplace_back();
    } else {
      results.emplace_back(std::unexpected(refusal(op.change, verdict.code, verdict.detail)));
    }
  }
  return results;
}

Notices MemoryKernel::drain() { return std::exchange(notices_, {}); }

model::ObservedLink* MemoryKernel::find(const net::IfName& name) {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : &found->second;
}

void MemoryKernel::place(const net::IfName& name, model::Owner owner, std::string kind, std::optional<net::IfId> if_id,
                         std::uint32_t mtu, bool up) {
  model::ObservedLink& link = links_[name];
  link.index = {next_index_++};
  link.name = name;
  link.owner = owner;
  link.kind = std::move(kind);
  link.if_id = if_id;
  link.mtu = mtu;
  link.up = up;
  if (if_id) if_ids_.emplace(*if_id, name);
  ++notices_.ours;
}

// Going down takes the routes of both families and the IPv6 addresses; IPv6 also leaves when its smallest MTU (1280) no
// longer fits.
void MemoryKernel::change(model::ObservedLink& link, bool up, std::uint32_t mtu) {
  if (link.up == up && link.mtu == mtu) return;
  const bool down = link.up && !up;
  link.up = up;
  link.mtu = mtu;
  ++notices_.ours;
  if (down) erase_routes(link.name);
  if (!down && mtu >= kLowestIpv6Mtu) return;
  erase_routes(link.name, net::Family::ipv6);
  erase_addresses(link.name, [](const model::ObservedAddress& item) { return item.local.address.is_v6(); });
}

// The VRF takes whom it gets, and whom it lets go, down and up.
void MemoryKernel::enslave(model::ObservedLink& link, const net::IfName& master) {
  if (link.master == master) return;
  link.master = master;
  link.master_index = master.empty() ? net::IfIndex{} : links_.at(master).index;
  ++notices_.ours;
  if (!link.up) return;
  erase_routes(link.name);
  erase_addresses(link.name, [](const model::ObservedAddress& item) { return item.local.address.is_v6(); });
}

bool MemoryKernel::is_vrf(const net::IfName& name) {
  const model::ObservedLink* link = find(name);
  return link != nullptr && link->vrf_table;
}

net::TableId MemoryKernel::table_of(const net::IfName& device) const {
  const auto master = links_.find(links_.at(device).master);
  return master == links_.end() ? net::kMainTable : master->second.vrf_table.value_or(net::kMainTable);
}

void MemoryKernel::remove(const net::IfName& name) {
  for (auto& [slave, link] : links_) {
    if (link.master == name) enslave(link, {});
  }
  erase_routes(name);
  erase_addresses(name, [](const model::ObservedAddress&) { return true; });
  if (const auto if_id = links_.at(name).if_id) if_ids_.erase(*if_id);
  links_.erase(name);
  counters_.erase(name);
  ++notices_.ours;
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::CreateLink& op) {
  const model::Link& link = op.link;
  if (link.alias.size() > kLongestAlias) return {EINVAL, "the alias is too long"};
  if (find(link.name) != nullptr) return {EEXIST, {}};
  if (!is_mtu(link.mtu)) return {EINVAL, "mtu out of range"};
  if (link.if_id.value == 0) return {EINVAL, "if_id must be non zero"};
  if (if_ids_.contains(link.if_id)) return {EEXIST, {}};
  if (!link.vrf.empty() && !is_vrf(link.vrf)) return {ENODEV, kNoVrf};
  place(link.name, model::Owner::vtid, std::string(kXfrmKind), link.if_id, link.mtu, link.up);
  model::ObservedLink& made = *find(link.name);
  made.multicast = link.multicast;
  made.alias = link.alias;
  enslave(made, link.vrf);
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::ChangeLink& op) {
  model::ObservedLink* link = find(op.link.name);
  if (link == nullptr) return {ENODEV, {}};
  if (link->owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  if (op.link.alias.size() > kLongestAlias) return {EINVAL, "the alias is too long"};
  if (!is_mtu(op.link.mtu)) return {EINVAL, "mtu out of range"};
  if (!op.link.vrf.empty() && !is_vrf(op.link.vrf)) return {ENODEV, kNoVrf};
  enslave(*link, op.link.vrf);
  if (link->alias != op.link.alias || link->multicast != op.link.multicast) ++notices_.ours;
  link->alias = op.link.alias;
  link->multicast = op.link.multicast;
  change(*link, op.link.up, op.link.mtu);
  return {};
}

MemoryKernel::Verdict MemoryKernel::apply_one(const model::DeleteLink& op) {
  const model::ObservedLink* link = find(op.name);
  if (link == nullptr) return {};
  if (link->owner != model::Owner::vtid) return {EEXIST, kNotOurs};
  remove(op.name);
  return {};
}

void MemoryKernel::add_foreign_link(std::string kind, const net::IfName& name, std::optional<net::IfId> if_id,
                                    std::uint32_t mtu) {
  place(name, model::Owner::other, std::move(kind), if_id, mtu, true);
}

void MemoryKernel::add_vrf(const net::IfName& name, net::TableId table) {
  place(name, model::Owner::other, "vrf", {}, kVrfMtu, true);
  find(name)->vrf_table = table;
}

void MemoryKernel::set_master(const net::IfName& name, const net::IfName& master) { enslave(links_.at(name), master); }

void MemoryKernel::delete_link(const net::IfName& name) {
  if (find(name) != nullptr) remove(name);
}

void MemoryKernel::set_link(const net::IfName& name, bool up, std::uint32_t mtu) { change(links_.at(name), up, mtu); }

}  // namespace vtid::platform
