#include "platform/linux/changes.h"

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "platform/linux/addresses.h"
#include "platform/linux/links.h"
#include "platform/refusal.h"

namespace vtid::platform::netlink {

namespace {

TimePoint now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

}  // namespace

std::vector<Result<void>> Changes::apply(Duration budget) {
  const TimePoint begin = now();
  std::size_t next = 0;
  for (TimePoint then = begin; next < ops_.size() && (next == 0 || then - begin < budget);) {
    const std::size_t kind = ops_[next].change.index();
    Slots run;
    while (next < ops_.size() && ops_[next].change.index() == kind && run.size() < paces_[kind].batch()) run.push_back(next++);
    dispatch(run);
    paces_[kind].on_batch(run.size(), now() - then, budget);
    then = now();
  }
  results_.resize(next);
  return std::move(results_);
}

void Changes::dispatch(const Slots& run) {
  struct Kind {
    Changes& changes;
    const Slots& run;
    void operator()(const model::CreateLink&) const { changes.create_links(run); }
    void operator()(const model::ChangeLink&) const { changes.change_links(run); }
    void operator()(const model::DeleteLink&) const { changes.delete_links(run); }
    void operator()(const model::AddAddress&) const { changes.add_addresses(run); }
    void operator()(const model::DeleteAddress&) const { changes.delete_addresses(run); }
    void operator()(const model::SetRoute&) const { changes.set_routes(run); }
    void operator()(const model::DeleteRoute&) const { changes.delete_routes(run); }
    void operator()(const model::AddRule&) const { changes.add_rules(run); }
    void operator()(const model::DeleteRule&) const { changes.delete_rules(run); }
    void operator()(const model::SetPolicy&) const { changes.set_policies(run); }
    void operator()(const model::DeletePolicy&) const { changes.delete_policies(run); }
    void operator()(const model::SetSa&) const { changes.set_sas(run); }
    void operator()(const model::DeleteSa&) const { changes.delete_sas(run); }
    void operator()(const model::DropSa&) const { changes.refuse(run); }
    void operator()(const model::HoldSa&) const { changes.hold_sas(run); }
    void operator()(const model::SetFilter&) const { changes.write_filters<model::SetFilter>(run); }
    void operator()(const model::DeleteFilter&) const { changes.write_filters<model::DeleteFilter>(run); }
  };
  std::visit(Kind{*this, run}, ops_[run.front()].change);
}

void Changes::fail(std::size_t slot, Error error) {
  if (results_[slot]) results_[slot] = std::unexpected(std::move(error));
}

void Changes::settle(std::size_t slot, const Verdict& verdict, int tolerated) {
  if (verdict.code == 0 || verdict.code == tolerated) return;
  fail(slot, refusal(ops_[slot].change, verdict.code, verdict.text));
}

void Changes::look_up(const std::vector<net::IfName>& names) {
  Pass looking;
  for (const net::IfName& name : names) {
    if (!devices_.contains(name)) looking.add(0, encode_get_link(name));
  }
  exchange(route_, std::move(looking), [this](std::size_t, const Answer& answer) {
    for_each_message(answer.reply, [this](const nlmsghdr& message) {
      if (const auto link = decode_link(message))
        devices_[link->name] = {link->index, link->owner, link->vrf_table.has_value()};
    });
  });
}

const Changes::Device* Changes::device(const net::IfName& name) const {
  const auto found = devices_.find(name);
  return found == devices_.end() ? nullptr : &found->second;
}

const Changes::Device* Changes::own_device(std::size_t slot, const net::IfName& name) {
  const Device* found = device(name);
  if (found == nullptr) settle(slot, {ENODEV, {}});
  if (found != nullptr && found->owner != model::Owner::vtid) settle(slot, {EEXIST, std::string(kNotOurs)});
  return results_[slot] ? found : nullptr;
}

template <class T>
std::vector<net::IfName> Changes::vrfs_of(const Slots& run) const {
  std::vector<net::IfName> names;
  for (const std::size_t slot : run) {
    if (const net::IfName& vrf = op<T>(slot).link.vrf; !vrf.empty()) names.push_back(vrf);
  }
  return names;
}

std::optional<net::IfIndex> Changes::vrf_of(std::size_t slot, const model::Link& link) {
  if (link.vrf.empty()) return net::IfIndex{};
  const Device* found = device(link.vrf);
  if (found == nullptr || !found->is_vrf) settle(slot, {ENODEV, std::string(kNoVrf)});
  return results_[slot] ? std::optional(found->index) : std::nullopt;
}

// Pass 1 makes each link and asks for its index, pass 2 finishes those that were made: a name that was taken belongs to
// somebody whom pass 2 must not touch.
void Changes::create_links(const Slots& run) {
  const net::IfIndex loopback{if_nametoindex("lo")};
  look_up(vrfs_of<model::CreateLink>(run));
  Pass making;
  for (const std::size_t slot : run) {
    const model::Link& link = op<model::CreateLink>(slot).link;
    if (link.alias.size() > kLongestAlias) {
      settle(slot, {EINVAL, "the alias is too long"});
      continue;
    }
    if (!vrf_of(slot, link)) continue;
    devices_.erase(link.name);
    making.add(slot, encode_create_link(link, loopback));
    making.add(slot, encode_get_link(link.name));
  }
  Pass finishing;
  exchange(route_, std::move(making), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict);
    if (!results_[slot]) return;
    for_each_message(answer.reply, [&](const nlmsghdr& message) {
      const auto made = decode_link(message);
      if (!made || made->owner != model::Owner::vtid) return;
      devices_[made->name] = {made->index, made->owner};
      const model::Link& link = op<model::CreateLink>(slot).link;
      if (!link.vrf.empty()) finishing.add(slot, encode_enslave(made->index, devices_.at(link.vrf).index));
      finishing.add(slot, encode_no_address_generation(made->index));
      finishing.add(slot, encode_change_link(link, made->index));
    });
  });
  exchange(route_, std::move(finishing),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, EAFNOSUPPORT); });
}

void Changes::change_links(const Slots& run) {
  std::vector<net::IfName> names;
  for (const std::size_t slot : run) names.push_back(op<model::ChangeLink>(slot).link.name);
  std::ranges::move(vrfs_of<model::ChangeLink>(run), std::back_inserter(names));
  look_up(names);
  Pass changing;
  for (const std::size_t slot : run) {
    const model::Link& link = op<model::ChangeLink>(slot).link;
    const Device* found = own_device(slot, link.name);
    if (found == nullptr) continue;
    if (link.alias.size() > kLongestAlias) {
      settle(slot, {EINVAL, "the alias is too long"});
      continue;
    }
    const auto vrf = vrf_of(slot, link);
    if (!vrf) continue;
    changing.add(slot, encode_enslave(found->index, *vrf));
    changing.add(slot, encode_no_address_generation(found->index));  // whoever made it may have been killed before that
    changing.add(slot, encode_change_link(link, found->index));
  }
  exchange(route_, std::move(changing),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, EAFNOSUPPORT); });
}

// Looked up again, right before: what stands there now must be ours. Then the links move to a group of their own and one
// message removes that group: one by one each would wait for the grace periods that the group waits for once.
void Changes::delete_links(const Slots& run) {
  std::vector<net::IfName> names;
  for (const std::size_t slot : run) {
    names.push_back(op<model::DeleteLink>(slot).name);
    devices_.erase(names.back());
  }
  look_up(names);
  Pass leaving;
  std::set<net::IfIndex> links;
  for (const std::size_t slot : run) {
    const net::IfName& name = op<model::DeleteLink>(slot).name;
    if (device(name) == nullptr) continue;  // gone already
    if (const Device* found = own_device(slot, name)) {
      leaving.add(slot, encode_leave_link(found->index));
      links.insert(found->index);
    }
    devices_.erase(name);
  }
  Slots left;
  exchange(route_, std::move(leaving), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, ENODEV);
    if (answer.verdict.code == 0) left.push_back(slot);
  });
  if (left.empty()) return;
  if (links.size() >= kManyLinks) strip_addresses(links);
  const auto answer = route_.exchange({encode_delete_leaving_links()});
  for (const std::size_t slot : left) settle(slot, answer.front().verdict, ENODEV);
}

// Only to save time: what fails here goes with its link.
void Changes::strip_addresses(const std::set<net::IfIndex>& links) {
  const auto addresses = route_.dump(encode_dump_addresses(), "addresses", decode_address);
  if (!addresses) return;
  std::vector<Bytes> requests;
  for (const model::ObservedAddress& item : *addresses) {
    if (links.contains(item.index)) requests.push_back(encode_delete_address({{}, item.local, item.peer}, item.index));
  }
  (void)route_.exchange(std::move(requests));
}

void Changes::add_addresses(const Slots& run) {
  std::vector<net::IfName> names;
  for (const std::size_t slot : run) names.push_back(op<model::AddAddress>(slot).address.device);
  look_up(names);
  Pass adding;
  for (const std::size_t slot : run) {
    const model::InterfaceAddress& address = op<model::AddAddress>(slot).address;
    if (const Device* found = own_device(slot, address.device)) adding.add(slot, encode_new_address(address, found->index));
  }
  Slots standing;
  exchange(route_, std::move(adding), [&](std::size_t slot, const Answer& answer) {
    settle(slot, answer.verdict, EEXIST);
    if (answer.verdict.code == EEXIST) standing.push_back(slot);
    const model::InterfaceAddress& address = op<model::AddAddress>(slot).address;
    if (answer.verdict.code == 0 && address.peer && address.peer->is_v6()) new_peers_.insert(*address.peer);
  });
  if (!standing.empty()) compare_addresses(standing);
}

// EEXIST is said of an equal address and of one with another peer or prefix length alike; only the former is no error.
void Changes::compare_addresses(const Slots& standing) {
  const auto there = route_.dump(encode_dump_addresses(), "addresses", decode_address);
  for (const std::size_t slot : standing) {
    const model::InterfaceAddress& address = op<model::AddAddress>(slot).address;
    if (!there) {
      fail(slot, there.error());
      continue;
    }
    const bool equal = std::ranges::any_of(*there, [&](const model::ObservedAddress& other) {
      return other.index == devices_.at(address.device).index && other.local == address.local && other.peer == address.peer;
    });
    if (!equal) settle(slot, {EEXIST, "the device has this address with another peer or prefix length"});
  }
}

void Changes::delete_addresses(const Slots& run) {
  std::vector<net::IfName> names;
  for (const std::size_t slot : run) names.push_back(op<model::DeleteAddress>(slot).address.device);
  look_up(names);
  Pass deleting;
  for (const std::size_t slot : run) {
    const model::InterfaceAddress& address = op<model::DeleteAddress>(slot).address;
    if (device(address.device) == nullptr) continue;  // gone with its device
    if (const Device* found = own_device(slot, address.device)) {
      deleting.add(slot, encode_delete_address(address, found->index));
    }
  }
  exchange(route_, std::move(deleting),
           [this](std::size_t slot, const Answer& answer) { settle(slot, answer.verdict, EADDRNOTAVAIL); });
}

}  // namespace vtid::platform::netlink
