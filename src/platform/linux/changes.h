// One apply(): runs of operations of one kind, each run in a few passes of pipelined requests.
//
// A request that depends on another's outcome waits for the next pass: nothing is sent blindly to a name that may by then
// be somebody else's. Device names are looked up afresh in each apply(), so an index of yesterday cannot be used.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <set>

#include "platform/kernel.h"
#include "platform/linux/filter.h"
#include "platform/linux/routes.h"
#include "platform/linux/socket.h"
#include "platform/pace.h"

namespace vtid::platform::netlink {

using Paces = std::array<Pace, std::variant_size_v<model::Change>>;  // of each kind of operation

class Changes {
 public:
  Changes(Socket& route, Socket& xfrm, Filter& filter, Paces& paces, std::span<const model::Op> ops)
      : route_(route), xfrm_(xfrm), filter_(filter), paces_(paces), ops_(ops), results_(ops.size()) {}

  // As Kernel::apply().
  [[nodiscard]] std::vector<Result<void>> apply(Duration budget);

 private:
  struct Device {
    net::IfIndex index;
    model::Owner owner = model::Owner::other;
    bool is_vrf = false;
  };
  using Slots = std::vector<std::size_t>;  // positions in ops_
  // Requests of one pass, and the operation that each serves.
  struct Pass {
    Slots slots;
    std::vector<Bytes> requests;
    void add(std::size_t slot, Bytes request) {
      slots.push_back(slot);
      requests.push_back(std::move(request));
    }
  };

  void dispatch(const Slots& run);
  void create_links(const Slots& run);
  void change_links(const Slots& run);
  void delete_links(const Slots& run);
  void strip_addresses(const std::set<net::IfIndex>& links);
  void add_addresses(const Slots& run);
  void compare_addresses(const Slots& standing);
  void delete_addresses(const Slots& run);
  void set_routes(const Slots& run);
  Slots insert_routes(const Slots& run);  // returns those whose place is taken
  [[nodiscard]] bool leads_to_new_peer(const model::Route& route) const;
  void replace_routes(const Slots& standing);
  void delete_routes(const Slots& run);
  void add_rules(const Slots& run);
  void delete_rules(const Slots& run);
  void set_policies(const Slots& run);
  void delete_policies(const Slots& run);
  void set_sas(const Slots& run);
  void delete_sas(const Slots& run);
  void hold_sas(const Slots& run);
  template <class T>
  void write_filters(const Slots& run) {
    for (const std::size_t slot : run) {
      if (auto done = filter_.apply(op<T>(slot)); !done) fail(slot, std::move(done.error()));
    }
  }
  void refuse(const Slots& run);      // what is never asked of this system
  void remove_own_sas(Pass looking);  // settles those that are another's

  template <class T>
  [[nodiscard]] const T& op(std::size_t slot) const {
    return std::get<T>(ops_[slot].change);
  }
  // Sends a pass and gives each answer to `take(slot, answer)`.
  template <class Take>
  void exchange(Socket& socket, Pass pass, Take take) {
    const auto answers = socket.exchange(std::move(pass.requests));
    for (std::size_t i = 0; i < answers.size(); ++i) take(pass.slots[i], answers[i]);
  }
  // The first refusal of an operation is its result; an acknowledgement is none, and neither is a tolerated errno.
  void settle(std::size_t slot, const Verdict& verdict, int tolerated = 0);
  void fail(std::size_t slot, Error error);

  // Looks up those names that this apply() has not met yet; a name that nothing has stays unknown.
  void look_up(const std::vector<net::IfName>& names);
  [[nodiscard]] const Device* device(const net::IfName& name) const;
  // The device of ours, or nothing after settling the operation: ENODEV, or not ours.
  [[nodiscard]] const Device* own_device(std::size_t slot, const net::IfName& name);
  // The VRFs of a run of T, which makes or changes links.
  template <class T>
  [[nodiscard]] std::vector<net::IfName> vrfs_of(const Slots& run) const;
  // The VRF of a link, 0 when it has none, or nothing after settling the operation: there is no such VRF.
  [[nodiscard]] std::optional<net::IfIndex> vrf_of(std::size_t slot, const model::Link& link);
  // The indexes that a route needs: nothing when a device is missing.
  [[nodiscard]] std::optional<Indexes> indexes_for(const model::Route& route) const;
  template <class T>
  void look_up_hops(const Slots& run);

  Socket& route_;
  Socket& xfrm_;
  Filter& filter_;
  Paces& paces_;
  std::span<const model::Op> ops_;
  std::vector<Result<void>> results_;
  std::map<net::IfName, Device> devices_;
  std::set<net::Address> new_peers_;  // IPv6, added by this apply()
};

// From so many links on, their addresses are deleted before them: with addresses in place the kernel's work grows with the
// square of the number. Measured on Linux 6.1 under emulation, routes gone before, in seconds with the addresses in place
// against both deletions: 1,000 links of IPv4 3.1 against 1.6, 3,000 40 against 12; of both families 1,000 17 against 3.7,
// 2,000 96 against 18. One by one instead of as a group, 1,000 links of IPv4 took 35.
inline constexpr std::size_t kManyLinks = 32;

// The kernel makes the route to an IPv6 peer in a work queue of its own, after it has acknowledged the address
// (addrconf_dad_work, net/ipv6/addrconf.c): milliseconds, more on a busy machine.
inline constexpr int kPeerRouteAttempts = 50;
inline constexpr std::chrono::milliseconds kPeerRoutePause{10};

}  // namespace vtid::platform::netlink
