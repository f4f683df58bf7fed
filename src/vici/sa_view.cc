#include "vici/sa_view.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace vtid::vici {
namespace {

using model::ChildState;
using model::IkeState;

// Replaced ones live on in charon for some seconds, and no event tells their end.
bool over(IkeState state) { return state == IkeState::rekeyed || state == IkeState::destroying; }
bool over(ChildState state) {
  return state == ChildState::rekeyed || state == ChildState::deleted || state == ChildState::destroying;
}

// charon gives ages in whole seconds: the same moment may come out one or two seconds apart.
constexpr std::chrono::seconds kSameMoment{2};

template <class Map, class Value>
bool assign(Map& map, const Value& value) {
  const auto [entry, fresh] = map.try_emplace(value.id, value);
  if (fresh) return true;
  if (entry->second == value) return false;
  entry->second = value;
  return true;
}

}  // namespace

std::string SaView::apply(const SaEvent& event) {
  return std::visit([this](const auto& what) { return on(what); }, event);
}

// The children of an IKE_SA that goes follow with events of their own.
std::string SaView::on(const IkeUpdown& event) {
  if (event.up) {
    tell(event.ike);
  } else {
    remove_ike(event.ike.id);
  }
  return event.ike.name;
}

std::string SaView::on(const IkeRekeyed& event) {
  tell(event.after);
  for (auto& [id, child] : table_.children) {
    if (child.ike_id != event.before.id) continue;
    child.ike_id = event.after.id;
    changed_ = true;
    if (reading_) reading_->told_children.insert(id);
  }
  remove_ike(event.before.id);
  return event.after.name;
}

std::string SaView::on(const IkeMoved& event) {
  tell(event.ike);
  return event.ike.name;
}

std::string SaView::on(const ChildUpdown& event) {
  if (event.up) tell(event.listing.ike);
  for (const model::ChildSa& child : event.listing.children) {
    if (event.up) {
      tell(child);
    } else {
      remove_child(child.id);
    }
  }
  return {};
}

std::string SaView::on(const ChildRekeyed& event) {
  tell(event.ike);
  tell(event.after);
  remember(event.before);
  remove_child(event.before.id);
  return event.ike.name;
}

void SaView::remember(const model::ChildSa& child) {
  const auto ike = table_.ikes.find(child.ike_id);
  if (ike == table_.ikes.end()) return;
  model::ReplacedSas& known = table_.replaced[child.reqid];
  const std::pair replaced{ike->second.remote, child.spi_out};
  if (std::ranges::find(known, replaced) != known.end()) return;
  known.push_back(replaced);
  if (known.size() > model::kMostReplaced) known.erase(known.begin());
  changed_ = true;
}

void SaView::begin_reading(const std::optional<std::string>& name) {
  reading_.emplace();
  for (const auto& [id, ike] : table_.ikes) {
    if (!name || ike.name == *name) reading_->unseen_ikes.insert(id);
  }
  for (const auto& [id, child] : table_.children) {
    if (!name || connection_of(child) == *name) reading_->unseen_children.insert(id);
  }
}

void SaView::read(const Listing& listing) {
  reading_->unseen_ikes.erase(listing.ike.id);
  if (!reading_->told_ikes.contains(listing.ike.id)) put(listing.ike);
  for (const model::ChildSa& child : listing.children) {
    reading_->unseen_children.erase(child.id);
    if (!reading_->told_children.contains(child.id)) put(child);
  }
}

std::set<std::string> SaView::end_reading(bool whole) {
  const Reading reading = *std::exchange(reading_, std::nullopt);
  std::set<std::string> missing;
  for (const std::uint32_t id : reading.unseen_children) {
    const auto child = table_.children.find(id);
    if (child == table_.children.end() || reading.told_children.contains(id)) continue;
    missing.insert(connection_of(child->second));
    if (whole) remove_child(id);
  }
  for (const std::uint32_t id : reading.unseen_ikes) {
    const auto ike = table_.ikes.find(id);
    if (ike == table_.ikes.end() || reading.told_ikes.contains(id)) continue;
    missing.insert(ike->second.name);
    if (whole) remove_ike(id);
  }
  return whole ? std::set<std::string>{} : missing;
}

std::set<std::string> SaView::adopt(SaView fresh, const std::string& boot, const std::string& version, WallTime now) {
  std::set<std::string> unconfirmed;
  model::SaTable table = std::move(fresh.table_);
  if (boot == table_.boot) {
    table.replaced = std::move(table_.replaced);
    for (const auto& [id, child] : table_.children) {
      if (table.children.emplace(id, child).second) unconfirmed.insert(connection_of(child));
    }
    for (const auto& [id, ike] : table_.ikes) {
      if (table.ikes.emplace(id, ike).second) unconfirmed.insert(ike.name);
    }
  }
  table.connected = table.known = true;
  table.version = version;
  table.boot = boot;
  table.since = now;
  table_ = std::move(table);
  changed_ = true;
  return unconfirmed;
}

void SaView::disconnect(WallTime now) {
  reading_.reset();
  if (!std::exchange(table_.connected, false)) return;
  table_.since = now;
  changed_ = true;
}

bool SaView::take_changed() { return std::exchange(changed_, false); }

void SaView::tell(const model::IkeSa& ike) {
  if (reading_) reading_->told_ikes.insert(ike.id);
  put(ike);
}

void SaView::tell(const model::ChildSa& child) {
  if (reading_) reading_->told_children.insert(child.id);
  put(child);
}

void SaView::put(const model::IkeSa& ike) {
  if (over(ike.state)) {
    changed_ |= table_.ikes.erase(ike.id) > 0;
  } else {
    changed_ |= assign(table_.ikes, ike);
  }
}

void SaView::put(const model::ChildSa& child) {
  if (child.state == ChildState::rekeyed) remember(child);
  if (over(child.state)) {
    changed_ |= table_.children.erase(child.id) > 0;
    return;
  }
  model::ChildSa value = child;
  const auto known = table_.children.find(child.id);
  if (known != table_.children.end() && std::chrono::abs(known->second.installed - value.installed) <= kSameMoment) {
    value.installed = known->second.installed;
  }
  changed_ |= assign(table_.children, value);
}

void SaView::remove_ike(std::uint32_t id) {
  if (reading_) reading_->told_ikes.insert(id);
  changed_ |= table_.ikes.erase(id) > 0;
}

void SaView::remove_child(std::uint32_t id) {
  if (reading_) reading_->told_children.insert(id);
  changed_ |= table_.children.erase(id) > 0;
}

std::string SaView::connection_of(const model::ChildSa& child) const {
  const auto ike = table_.ikes.find(child.ike_id);
  return ike == table_.ikes.end() ? child.name : ike->second.name;
}

}  // namespace vtid::vici
