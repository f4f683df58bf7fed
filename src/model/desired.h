// What the file, charon's view and the gateways together ask of the kernel: complete, sorted by identity, without choices.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/filter.h"
#include "model/kernel_objects.h"

namespace vtid::model {

// A wanted thing and the part of the file that wants it ("tunnels/hq", "routes/0"), which is where problems are shown.
template <class T>
struct Wanted {
  T value;
  std::string because;
  bool operator==(const Wanted&) const = default;
};

// The outbound SAs by which a tunnel may send, the oldest first: the first that the kernel has is to be held. One that was
// replaced is still the one to send by while charon leaves it in the kernel.
struct SendOrder {
  net::ReqId reqid;
  std::vector<std::pair<net::Address, std::uint32_t>> sas;  // destination, SPI
  std::size_t replaced = 0;                                 // so many of the first
  auto operator<=>(const SendOrder&) const = default;
};

// What charon has. With one of these reqids, what it does not have and what is older than our view of it was left behind by a
// charon of before and is in the way.
struct KnownToCharon {
  std::set<net::ReqId> reqids;
  std::set<std::uint32_t> spis;
  WallTime since{};  // what was made before that and is not here is nobody's
  bool operator==(const KnownToCharon&) const = default;
};

struct Desired {
  std::vector<Wanted<Link>> links;
  std::vector<Wanted<InterfaceAddress>> addresses;
  std::vector<Wanted<Route>> routes;
  std::vector<Wanted<Rule>> rules;
  std::vector<Wanted<Policy>> policies;
  std::vector<Wanted<Sa>> sas;
  std::vector<Wanted<SendOrder>> send_orders;  // of tunnels with policies of ours and SAs of charon's
  std::optional<Wanted<FilterSet>> filter;
  std::set<net::IfId> unplaced;    // of links whose policies cannot be said: an end is not known. Those of their SAs are kept
  std::set<net::IfId> withheld{};  // of links whose policies are not made yet; what there is of them stays
  std::optional<KnownToCharon> charon;  // nothing while charon is away, or where orphaned SAs do no harm
  bool operator==(const Desired&) const = default;
};

}  // namespace vtid::model
