// charon's CHILD_SAs, found by what they are for: an interface, by its number, whatever they are called; else by their
// names. Several at a time are normal. Lives no longer than the table.
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "model/sa_table.h"
#include "net/names.h"

namespace vtid::reconcile {

class ChildIndex {
 public:
  using Children = std::span<const model::ChildSa* const>;

  explicit ChildIndex(const model::SaTable& sas);

  // Those with the unit's if_id, or its reqid where if_ids are absent.
  [[nodiscard]] Children of(net::Unit unit) const;
  // Those of that name under IKE_SAs of a connection, by charon's names.
  [[nodiscard]] Children named(std::string_view ike, std::string_view child) const;

 private:
  std::map<net::Unit, std::vector<const model::ChildSa*>> by_unit_;
  std::map<std::pair<std::string_view, std::string_view>, std::vector<const model::ChildSa*>> by_name_;
};

// The newest that carries traffic: it says by which path and with which algorithms. None: what they are for is not up.
[[nodiscard]] const model::ChildSa* live_child(ChildIndex::Children children);

}  // namespace vtid::reconcile
