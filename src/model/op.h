// One change to the kernel, with its whole value and its reason. An executor decides nothing.
// Making what exists and removing what is gone are not errors of an op; a *different* thing in its place is.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "model/filter.h"
#include "model/kernel_objects.h"

namespace vtid::model {

// Creates the link down, without address generation until its flags are set, then brings it to `link`. EEXIST is an error.
struct CreateLink {
  Link link;
  auto operator<=>(const CreateLink&) const = default;
};
// Brings MTU, flags, alias, group and outer addresses of an existing link of ours to `link`. Never recreates it.
struct ChangeLink {
  Link link;
  auto operator<=>(const ChangeLink&) const = default;
};
struct DeleteLink {
  net::IfName name;
  auto operator<=>(const DeleteLink&) const = default;
};
struct AddAddress {
  InterfaceAddress address;
  auto operator<=>(const AddAddress&) const = default;
};
struct DeleteAddress {
  InterfaceAddress address;
  auto operator<=>(const DeleteAddress&) const = default;
};
// Makes the route, or replaces ours of the same identity in one step. Another owner's route of that identity is EEXIST.
struct SetRoute {
  Route route;
  bool replaces = false;  // one of ours with this identity is known to exist
  auto operator<=>(const SetRoute&) const = default;
};
struct DeleteRoute {
  Route route;
  auto operator<=>(const DeleteRoute&) const = default;
};
// An equal one of another owner stands beside it.
struct AddRule {
  Rule rule;
  auto operator<=>(const AddRule&) const = default;
};
struct DeleteRule {
  Rule rule;
  auto operator<=>(const DeleteRule&) const = default;
};
// Makes or replaces in one step (UPDPOLICY).
struct SetPolicy {
  Policy policy;
  auto operator<=>(const SetPolicy&) const = default;
};
struct DeletePolicy {
  Policy policy;
  auto operator<=>(const DeletePolicy&) const = default;
};

// Makes the SA. One that is there already, equal, is left as it is, its counters too; a different one is EEXIST, unless
// `replaces`: then ours of that identity is taken away first.
struct SetSa {
  Sa sa;
  bool replaces = false;
  auto operator<=>(const SetSa&) const = default;
};
struct DeleteSa {
  Sa sa;
  auto operator<=>(const DeleteSa&) const = default;
};
// Deletes an SA that its charon has lost. One of vtid's own or of another reqid in its place is left alone.
struct DropSa {
  CharonsSa sa;
  auto operator<=>(const DropSa&) const = default;
};

// Holds an SA behind policies of ours, or lets it go, as its value says. One that is gone meanwhile is no error.
struct HoldSa {
  CharonsSa sa;
  auto operator<=>(const HoldSa&) const = default;
};

// Puts the whole set in the place of what we had there, in one step: a packet meets either the old one or the new one.
struct SetFilter {
  FilterSet filter;
  auto operator<=>(const SetFilter&) const = default;
};
struct DeleteFilter {
  auto operator<=>(const DeleteFilter&) const = default;
};

using Change = std::variant<CreateLink, ChangeLink, DeleteLink, AddAddress, DeleteAddress, SetRoute, DeleteRoute, SetPolicy,
                            DeletePolicy, SetSa, DeleteSa, DropSa, HoldSa, AddRule, DeleteRule, SetFilter, DeleteFilter>;

struct Op {
  Change change;
  std::string object;   // identity, stable between plans: "link ipsec1", "route 10.20.0.0/16 metric 10"
  std::string reason;   // "not there", "mtu is 1500, wanted 1422", "no longer in the file"
  std::string because;  // the part of the file: "tunnels/hq"; empty for leftovers
  bool operator==(const Op&) const = default;
};

// "create link ipsec1 (if_id 1, mtu 1422, up)": one line, no reason.
[[nodiscard]] std::string print(const Change& change);

// What the world and the file disagree about and no op can mend.
enum class Severity : std::uint8_t { caveat, warning, error };
[[nodiscard]] std::string_view print(Severity severity);

struct Problem {
  Severity severity = Severity::error;
  std::string object;  // "tunnels/hq"
  std::string text;
  std::string remedy;
  bool operator==(const Problem&) const = default;
};

struct Plan {
  std::vector<Op> ops;  // in the order in which they are to be applied
  std::vector<Problem> problems;
  bool operator==(const Plan&) const = default;
};

}  // namespace vtid::model
