#include "platform/freebsd/changes.h"

#include <algorithm>
#include <cerrno>

#include "platform/freebsd/wire/requests.h"
#include "platform/refusal.h"

namespace vtid::platform::freebsd {
namespace {

using Inet = net::Family;

constexpr std::uint32_t kFreshMtu = 1400;  // IPSEC_MTU, sys/net/if_ipsec.c

bool is_gone(int code) { return code == ENXIO || code == ENODEV; }

Error refused(const model::Change& change, int code, std::string_view detail, const std::string& remedy) {
  Error error = refusal(change, code, detail, "freebsd");
  if (!remedy.empty()) error.remedy = remedy;
  return error;
}

}  // namespace

int set_link_up(Calls& calls, const net::IfName& name, bool up) {
  abi::InterfaceRequest request = request_for(name);
  if (const int code = calls.control(net::Family::ipv4, abi::kGetFlags, &request); code != 0) return code;
  const std::uint32_t flags = up ? flags_of(request) | abi::kIffUp : flags_of(request) & ~abi::kIffUp;
  request = flags_request(name, flags);
  return calls.control(net::Family::ipv4, abi::kSetFlags, &request);
}

std::vector<Result<void>> Changes::apply(std::span<const model::Op> ops, Duration budget) {
  const TimePoint begin = calls_.now();
  std::vector<Result<void>> results;
  to_verify_.clear();
  for (const model::Op& op : ops) {
    if (!results.empty() && calls_.now() - begin >= budget) break;
    const auto* set = std::get_if<model::SetRoute>(&op.change);
    if (set != nullptr) to_verify_.insert_or_assign(place_of(set->route), results.size());
    const Verdict verdict = std::visit([this](const auto& change) { return apply_one(change); }, op.change);
    if (verdict.code == 0) {
      results.emplace_back();
    } else {
      results.emplace_back(std::unexpected(refused(op.change, verdict.code, verdict.detail, verdict.remedy)));
    }
  }
  verify(ops, results);
  return results;
}

model::ObservedLink* Changes::link(const net::IfName& name) {
  failed_ = {};
  if (!links_ && keep(links_, list_links(calls_)) == nullptr) return nullptr;
  const auto found = std::ranges::find(links_->links, name, &model::ObservedLink::name);
  return found == links_->links.end() ? nullptr : &*found;
}

std::pair<model::ObservedLink*, Verdict> Changes::own_link(const net::IfName& name) {
  model::ObservedLink* found = link(name);
  if (failed_.code != 0) return {nullptr, failed_};
  if (found == nullptr) return {nullptr, {ENODEV, {}}};
  if (found->owner != model::Owner::vtid) return {nullptr, {EEXIST, std::string(kNotOurs)}};
  return {found, {}};
}

// Whether a link that is to come up would carry what has to be kept out.
Verdict Changes::may_come_up() {
  const auto seen = pf_.fresh_look();
  if (!seen) return told(seen.error());
  return seen->open() ? Verdict{EACCES, "it is kept down: " + seen->inactive_reason, seen->remedy} : Verdict{};
}

// --- links ----------------------------------------------------------------------------------------------------------------

Verdict Changes::apply_one(const model::CreateLink& op) {
  if (op.link.alias.size() > kLongestAlias) return {EINVAL, "the description is too long"};
  if (op.link.reqid.value == 0) return {EINVAL, "reqid must be non zero"};
  abi::InterfaceRequest request = request_for(op.link.name);
  if (const int code = calls_.control(Inet::ipv4, abi::kCreate, &request); code != 0) return {code, {}};
  links_.reset();
  routes_.reset();
  Verdict verdict = mark(op.link.name);
  if (verdict.code == 0 && !op.link.multicast) verdict = keep_from_link_local(op.link.name);
  if (verdict.code == 0) {
    model::ObservedLink fresh;
    fresh.mtu = kFreshMtu;
    const auto fibs = fibs_of(calls_, op.link.name);  // those of this process
    fresh.fib = fibs.value_or(Fibs{}).inner;
    fresh.outer_fib = fibs.value_or(Fibs{}).outer;
    verdict = fibs ? bring_to(op.link, fresh) : told(fibs.error());
  }
  if (verdict.code != 0) destroy(op.link.name);
  return verdict;
}

Verdict Changes::apply_one(const model::ChangeLink& op) {
  const auto [have, verdict] = own_link(op.link.name);
  if (have == nullptr) return verdict;
  if (op.link.alias.size() > kLongestAlias) return {EINVAL, "the description is too long"};
  if (op.link.up && !have->up) {
    if (Verdict kept = may_come_up(); kept.code != 0) return kept;
  }
  Verdict changed = bring_to(op.link, *have);
  if (changed.code == 0) {
    have->mtu = op.link.mtu;
    have->up = op.link.up;
    have->alias = op.link.alias;
    have->reqid = op.link.reqid;
    have->fib = op.link.fib;
    have->outer_fib = op.link.outer_fib;
    if (op.link.outer) have->outer = op.link.outer;
  } else {
    links_.reset();
  }
  return changed;
}

// Looked at again, right before: what stands there now must be ours.
Verdict Changes::apply_one(const model::DeleteLink& op) {
  abi::InterfaceRequest request = request_for(op.name);
  const int there = calls_.control(Inet::ipv4, abi::kGetFlags, &request);
  if (is_gone(there)) return {};
  if (there != 0) return {there, {}};
  for (const std::string_view group : {kTunnelKind, kOurGroup}) {
    const auto members = list_members(calls_, group);
    if (!members) return {members.error().code, members.error().text};
    if (std::ranges::find(*members, op.name) == members->end()) return {EEXIST, std::string(kNotOurs)};
  }
  request = request_for(op.name);
  const int code = calls_.control(Inet::ipv4, abi::kDestroy, &request);
  routes_.reset();
  if (links_) {
    std::erase_if(links_->links, [&](const model::ObservedLink& item) { return item.name == op.name; });
    std::erase_if(links_->addresses, [&](const model::ObservedAddress& item) { return item.device == op.name; });
  }
  return {is_gone(code) ? 0 : code, {}};
}

Verdict Changes::mark(const net::IfName& name) {
  abi::GroupRequest request = group_request(name, kOurGroup);
  const int code = calls_.control(Inet::ipv4, abi::kAddGroup, &request);
  return {code == EEXIST ? 0 : code, code == 0 ? "" : "interface group"};
}

// Up comes last: the first packet, which may be the kernel's own, must find a whole tunnel.
Verdict Changes::bring_to(const model::Link& want, const model::ObservedLink& have) {
  Verdict verdict;
  const auto step = [&](bool differs, auto change) {
    if (verdict.code == 0 && differs) verdict = change();
  };
  step(have.reqid != want.reqid, [&] { return set_reqid(want); });
  step(have.alias != want.alias, [&] { return describe(want); });
  step(have.mtu != want.mtu, [&] { return set_mtu(want); });
  step(have.fib != want.fib, [&] { return set_fib(want.name, abi::kSetFib, want.fib); });
  step(have.outer_fib != want.outer_fib, [&] { return set_fib(want.name, abi::kSetOuterFib, want.outer_fib); });
  step(want.outer && have.outer != want.outer, [&] { return set_outer(want); });
  step(have.up != want.up, [&] { return Verdict{set_link_up(calls_, want.name, want.up), "flags"}; });
  return verdict;
}

Verdict Changes::set_reqid(const model::Link& want) {
  std::uint32_t value = want.reqid.value;
  abi::InterfaceRequest request = request_for(want.name);
  set_value(request, pointer_to(value));
  const int code = calls_.control(Inet::ipv4, abi::kSetReqId, &request);
  return {code, code == EEXIST ? "another tunnel interface has this reqid" : "reqid"};
}

// Changes the ends in place: the kernel makes the new policies before it drops the old ones.
Verdict Changes::set_outer(const model::Link& want) {
  const auto& [source, destination] = *want.outer;
  if (source.family() != destination.family()) return {EAFNOSUPPORT, "the outer addresses are of two families"};
  if (source.is_v4()) {
    abi::Inet4Alias request = outer4(want.name, source, destination);
    return {calls_.control(Inet::ipv4, abi::kSetOuter, &request), "outer addresses"};
  }
  abi::Inet6Alias request = outer6(want.name, source, destination);
  return {calls_.control(Inet::ipv6, abi::kSetOuter6, &request), "outer addresses"};
}

Verdict Changes::set_mtu(const model::Link& want) {
  abi::InterfaceRequest request = request_for(want.name);
  set_value(request, want.mtu);
  return {calls_.control(Inet::ipv4, abi::kSetMtu, &request), "if_ipsec takes an MTU from 1280 to 8192"};
}

// EINVAL: there are not so many (net.fibs).
Verdict Changes::set_fib(const net::IfName& tunnel, std::uint32_t what, std::uint32_t fib) {
  abi::InterfaceRequest request = request_for(tunnel);
  set_value(request, fib);
  return {calls_.control(Inet::ipv4, what, &request), "FIB"};
}

Verdict Changes::describe(const model::Link& want) {
  std::string text = want.alias;
  abi::InterfaceRequest request = request_for(want.name);
  if (!text.empty()) set_value(request, abi::Buffer{text.size() + 1, pointer_to(*text.data())});
  return {calls_.control(Inet::ipv4, abi::kSetDescription, &request), "description"};
}

// An interface that gets a link-local address sends a packet of its own, which would start a tunnel that is to wait for one.
Verdict Changes::keep_from_link_local(const net::IfName& name) {
  abi::NeighbourRequest request;
  request.name = name_of(name.text());
  int code = calls_.control(Inet::ipv6, abi::kGetNeighbour, &request);
  if (code == EAFNOSUPPORT || code == EPROTONOSUPPORT || code == EPFNOSUPPORT) return {};  // a kernel without IPv6
  request.flags &= ~abi::kAutoLinkLocal;
  if (code == 0) code = calls_.control(Inet::ipv6, abi::kSetNeighbourFlags, &request);
  return {code, "link-local address"};
}

void Changes::destroy(const net::IfName& name) {
  abi::InterfaceRequest request = request_for(name);
  (void)calls_.control(Inet::ipv4, abi::kDestroy, &request);  // nothing more can be done; the refusal is told already
}

// --- addresses ------------------------------------------------------------------------------------------------------------

const model::ObservedAddress* Changes::address(const net::IfName& device, const net::Address& local) {
  const auto found = std::ranges::find_if(links_->addresses, [&](const model::ObservedAddress& item) {
    return item.device == device && item.local.address == local;
  });
  return found == links_->addresses.end() ? nullptr : &*found;
}

// SIOCAIFADDR of an address that is there takes it away, adds it again, and silently drops the routes through it: what is
// right is never written.
Verdict Changes::apply_one(const model::AddAddress& op) {
  const auto [device, verdict] = own_link(op.address.device);
  if (device == nullptr) return verdict;
  const model::InterfaceAddress& want = op.address;
  if (const auto* have = address(want.device, want.local.address)) {
    if (have->local == want.local && have->peer == want.peer) return {};
    return {EEXIST, "the device has this address with another peer or prefix length"};
  }
  int code = 0;
  if (want.local.address.is_v4()) {
    abi::Inet4Alias request = alias4(want);
    code = calls_.control(Inet::ipv4, abi::kAddAddress, &request);
  } else {
    abi::Inet6Alias request = alias6(want, device->index);
    code = calls_.control(Inet::ipv6, abi::kAddAddress6, &request);
  }
  if (code != 0) return {code, {}};
  routes_.reset();
  device->up = true;  // SIOCAIFADDR does that
  links_->addresses.push_back({device->index, want.device, want.local, want.peer, want.local.address.is_link_local()});
  return {};
}

Verdict Changes::apply_one(const model::DeleteAddress& op) {
  const auto [device, verdict] = own_link(op.address.device);
  if (device == nullptr) return verdict.code == ENODEV ? Verdict{} : verdict;  // gone with its device
  const model::InterfaceAddress& want = op.address;
  const auto* have = address(want.device, want.local.address);
  if (have == nullptr || have->local != want.local || have->peer != want.peer) return {};
  int code = 0;
  if (want.local.address.is_v4()) {
    abi::InterfaceRequest request = delete4(want);
    code = calls_.control(Inet::ipv4, abi::kDeleteAddress, &request);
  } else {
    abi::Inet6Request request = delete6(want, device->index);
    code = calls_.control(Inet::ipv6, abi::kDeleteAddress6, &request);
  }
  if (code != 0 && code != EADDRNOTAVAIL && !is_gone(code)) return {code, {}};
  routes_.reset();
  std::erase_if(links_->addresses, [&](const model::ObservedAddress& item) {
    return item.device == want.device && item.local.address == want.local.address;
  });
  return {};
}

}  // namespace vtid::platform::freebsd
