#include "model/sa_index.h"

#include <algorithm>
#include <iterator>

namespace vtid::model {
namespace {

template <class Map, class Key, class Value>
void insert(Map& map, const Key& key, const Value& value) {
  auto& items = map[key];
  items.insert(std::ranges::lower_bound(items, value.id, {}, &Value::id), &value);
}

template <class Map, class Key, class Value>
void erase(Map& map, const Key& key, const Value& value) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  const auto place = std::ranges::lower_bound(found->second, value.id, {}, &Value::id);
  if (place != found->second.end() && *place == &value) found->second.erase(place);
  if (found->second.empty()) map.erase(found);
}

template <class Map, class Key>
std::span<const typename Map::mapped_type::value_type> look_up(const Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) return {};
  return found->second;
}

}  // namespace

net::Unit unit_of(const ChildSa& child) {
  return child.if_id_in.value != 0 ? net::Unit{child.if_id_in.value} : unit_of(child.reqid);
}

net::Unit unit_of(net::ReqId reqid) { return {reqid.value > net::kReqIdBase ? reqid.value - net::kReqIdBase : 0}; }

SaIndex::SaIndex(const SaTable& sas) {
  for (const auto& [id, ike] : sas.ikes) add(ike);
  for (const auto& [id, child] : sas.children) add(child);
}

SaIndex::Children SaIndex::of(net::Unit unit) const { return look_up(by_unit_, unit.value); }
SaIndex::Children SaIndex::under(std::uint32_t ike_id) const { return look_up(by_ike_, ike_id); }
SaIndex::Children SaIndex::called(const std::string& name) const { return look_up(by_name_, name); }
SaIndex::Ikes SaIndex::connection(const std::string& name) const { return look_up(by_connection_, name); }

std::vector<const ChildSa*> SaIndex::named(const std::string& ike, std::string_view child) const {
  std::vector<const ChildSa*> found;
  for (const IkeSa* sa : connection(ike)) {
    std::ranges::copy_if(under(sa->id), std::back_inserter(found), [&](const ChildSa* one) { return one->name == child; });
  }
  std::ranges::sort(found, {}, &ChildSa::id);
  return found;
}

void SaIndex::add(const IkeSa& ike) { insert(by_connection_, ike.name, ike); }
void SaIndex::remove(const IkeSa& ike) { erase(by_connection_, ike.name, ike); }

void SaIndex::add(const ChildSa& child) {
  insert(by_unit_, unit_of(child).value, child);
  insert(by_ike_, child.ike_id, child);
  insert(by_name_, child.name, child);
}

void SaIndex::remove(const ChildSa& child) {
  erase(by_unit_, unit_of(child).value, child);
  erase(by_ike_, child.ike_id, child);
  erase(by_name_, child.name, child);
}

void SaChanges::add(SaChanges more) {
  everywhere |= more.everywhere;
  units.merge(more.units);
  connections.merge(more.connections);
}

const ChildSa* live_child(SaIndex::Children children) {
  const ChildSa* newest = nullptr;
  for (const ChildSa* child : children) {
    if (child->carries() && (newest == nullptr || child->id > newest->id)) newest = child;
  }
  return newest;
}

}  // namespace vtid::model
