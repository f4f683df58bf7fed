#include "reconcile/child_index.h"

namespace vtid::reconcile {
namespace {

net::Unit unit_of(const model::ChildSa& child) {
  if (child.if_id_in.value != 0) return {child.if_id_in.value};
  return {child.reqid.value > net::kReqIdBase ? child.reqid.value - net::kReqIdBase : 0};
}

template <class Map, class Key>
ChildIndex::Children look_up(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? ChildIndex::Children{} : ChildIndex::Children(found->second);
}

}  // namespace

ChildIndex::ChildIndex(const model::SaTable& sas) {
  for (const auto& [id, child] : sas.children) {
    by_unit_[unit_of(child)].push_back(&child);
    if (const auto ike = sas.ikes.find(child.ike_id); ike != sas.ikes.end()) {
      by_name_[{ike->second.name, child.name}].push_back(&child);
    }
  }
}

ChildIndex::Children ChildIndex::of(net::Unit unit) const { return look_up(by_unit_, unit); }

ChildIndex::Children ChildIndex::named(std::string_view ike, std::string_view child) const {
  return look_up(by_name_, std::pair(ike, child));
}

const model::ChildSa* live_child(ChildIndex::Children children) {
  const model::ChildSa* newest = nullptr;
  for (const model::ChildSa* child : children) {
    if (child->carries() && (newest == nullptr || child->id > newest->id)) newest = child;
  }
  return newest;
}

}  // namespace vtid::reconcile
