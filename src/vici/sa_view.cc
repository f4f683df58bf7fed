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

constexpr std::size_t kNodeSize = 48;  // of a map, around its value

std::size_t weight(const model::IkeSa& ike) {
  return kNodeSize + sizeof ike + ike.name.size() + ike.local_id.size() + ike.remote_id.size();
}

std::size_t weight(const model::ChildSa& child) {
  std::size_t sum = kNodeSize + sizeof child + child.name.size();
  for (const auto* selectors : {&child.local_ts, &child.remote_ts}) {
    for (const std::string& selector : *selectors) sum += sizeof selector + selector.size();
  }
  return sum;
}

}  // namespace

std::string SaView::apply(const SaEvent& event) {
  return std::visit([this](const auto& what) { return on(what); }, event);
}

// The children of an IKE_SA that goes follow with events of their own.
std::string SaView::on(const IkeUpdown& event) {
  if (event.up) {
    emit(event.ike);
  } else {
    remove_ike(event.ike.id);
  }
  return event.ike.name;
}

std::string SaView::on(const IkeRekeyed& event) {
  emit(event.after);
  if (event.before.id == event.after.id) return event.after.name;
  const auto under = index_.under(event.before.id);
  const std::vector<const model::ChildSa*> moved(under.begin(), under.end());
  for (const model::ChildSa* before : moved) {
    note_told(&SaPoll::reported_children, before->id);
    model::ChildSa child = *before;
    child.ike_id = event.after.id;
    store(table_.children, child);
  }
  remove_ike(event.before.id);
  return event.after.name;
}

std::string SaView::on(const IkeMoved& event) {
  emit(event.ike);
  return event.ike.name;
}

std::string SaView::on(const ChildUpdown& event) {
  if (event.up) emit(event.listing.ike);
  for (const model::ChildSa& child : event.listing.children) {
    if (event.up) {
      emit(child);
    } else {
      remove_child(child.id);
    }
  }
  return {};
}

std::string SaView::on(const ChildRekeyed& event) {
  emit(event.ike);
  emit(event.after);
  remember(event.before);
  remove_child(event.before.id);
  return event.ike.name;
}

void SaView::remember(const model::ChildSa& child) {
  const auto ike = table_.ikes.find(child.ike_id);
  if (ike == table_.ikes.end()) return;
  if (table_.replaced.size() >= kMostSas && !table_.replaced.contains(child.reqid)) return;
  model::ReplacedSas& known = table_.replaced[child.reqid];
  const std::pair replaced{ike->second.remote, child.spi_out};
  if (std::ranges::find(known, replaced) != known.end()) return;
  known.push_back(replaced);
  if (known.size() > model::kMostReplaced) known.erase(known.begin());
  note_change(child);
  changes_.units.insert(model::unit_of(child.reqid));
}

void SaView::begin_reading(const std::optional<std::string>& name) {
  SaPoll poll;
  poll.all = !name;
  poll_ = std::move(poll);
  if (!name) {
    for (const auto& [id, ike] : table_.ikes) poll_->unseen_ikes.insert(id);
    for (const auto& [id, child] : table_.children) poll_->unseen_children.insert(id);
    return;
  }
  for (const model::IkeSa* ike : index_.connection(*name)) {
    poll_->unseen_ikes.insert(ike->id);
    for (const model::ChildSa* child : index_.under(ike->id)) poll_->unseen_children.insert(child->id);
  }
  for (const model::ChildSa* child : index_.called(*name)) {
    if (connection_of(*child) == *name) poll_->unseen_children.insert(child->id);
  }
}

void SaView::read(const Listing& listing) {
  poll_->unseen_ikes.erase(listing.ike.id);
  if (!poll_->reported_ikes.contains(listing.ike.id)) put(listing.ike);
  for (const model::ChildSa& child : listing.children) {
    poll_->unseen_children.erase(child.id);
    if (!poll_->reported_children.contains(child.id)) put(child);
  }
}

std::set<std::string> SaView::end_reading(bool whole) {
  const SaPoll poll = *std::exchange(poll_, std::nullopt);
  whole = whole && !poll.spoiled;
  if (poll.all && overflowed_ != poll.overflowed) {
    overflowed_ = poll.overflowed;
    changed_ = true;
  }
  std::set<std::string> missing;
  for (const std::uint32_t id : poll.unseen_children) {
    const auto child = table_.children.find(id);
    if (child == table_.children.end() || poll.reported_children.contains(id)) continue;
    missing.insert(connection_of(child->second));
    if (whole) remove_child(id);
  }
  for (const std::uint32_t id : poll.unseen_ikes) {
    const auto ike = table_.ikes.find(id);
    if (ike == table_.ikes.end() || poll.reported_ikes.contains(id)) continue;
    missing.insert(ike->second.name);
    if (whole) remove_ike(id);
  }
  return whole ? std::set<std::string>{} : missing;
}

std::set<std::string> SaView::adopt(SaView fresh, const std::string& charon, const model::CharonVersion& version, Now now) {
  std::set<std::string> unconfirmed;
  const bool another = !charon.empty() && !table_.charon.empty() && charon != table_.charon;
  if (!another) {
    fresh.table_.replaced = std::move(table_.replaced);
    for (const auto& [id, child] : table_.children) {
      if (!fresh.table_.children.contains(id)) unconfirmed.insert(connection_of(child));
    }
    for (const auto& [id, ike] : table_.ikes) {
      if (fresh.table_.ikes.contains(id)) continue;
      unconfirmed.insert(ike.name);
      fresh.store(fresh.table_.ikes, ike);
    }
    for (const auto& [id, child] : table_.children) {
      if (!fresh.table_.children.contains(id)) fresh.store(fresh.table_.children, child);
    }
  }
  *this = std::move(fresh);
  table_.connected = table_.known = true;
  table_.version = version;
  table_.charon = charon;
  table_.since = table_.oldest_own = now.wall;
  connected_since_ = now.steady;
  note_change_everywhere();
  return unconfirmed;
}

// A clock that is set forward changes nothing here: an older stamp is still one of before.
void SaView::follow_clock(Now now) {
  if (!table_.connected) return;
  const WallTime since = now.wall - std::chrono::floor<std::chrono::seconds>(now.steady - connected_since_);
  if (since + kSameMoment >= table_.oldest_own) return;
  table_.oldest_own = since;
  note_change_everywhere();
}

void SaView::disconnect(WallTime now) {
  poll_.reset();
  if (!std::exchange(table_.connected, false)) return;
  table_.since = now;
  note_change_everywhere();
}

void SaView::set_version(const model::CharonVersion& version) {
  changed_ |= table_.version != version;
  table_.version = version;
}

bool SaView::take_changed() { return std::exchange(changed_, false); }

void SaView::emit(const model::IkeSa& ike) {
  note_told(&SaPoll::reported_ikes, ike.id);
  put(ike);
}

void SaView::emit(const model::ChildSa& child) {
  note_told(&SaPoll::reported_children, child.id);
  put(child);
}

void SaView::put(const model::IkeSa& ike) {
  if (over(ike.state)) {
    drop(table_.ikes, ike.id);
  } else {
    store(table_.ikes, ike);
  }
}

void SaView::put(const model::ChildSa& child) {
  if (child.state == ChildState::rekeyed) remember(child);
  if (over(child.state)) {
    drop(table_.children, child.id);
    return;
  }
  model::ChildSa value = child;
  const auto known = table_.children.find(child.id);
  if (known != table_.children.end() && std::chrono::abs(known->second.installed - value.installed) <= kSameMoment) {
    value.installed = known->second.installed;
  }
  store(table_.children, value);
}

// What does not fit is left out, and what was known of it stays.
template <class Map, class Value>
void SaView::store(Map& map, const Value& value) {
  const auto known = map.find(value.id);
  const bool fresh = known == map.end();
  if (!fresh && known->second == value) return;
  const std::size_t heavier = weight_ - (fresh ? 0 : weight(known->second)) + weight(value);
  if ((fresh && map.size() >= most_) || heavier > kHeaviestTable) {
    if (poll_) poll_->overflowed = true;
    if (!std::exchange(overflowed_, true)) changed_ = true;
    return;
  }
  weight_ = heavier;
  if (!fresh) {
    note_change(known->second);
    index_.remove(known->second);
  }
  const Value& stored = map.insert_or_assign(value.id, value).first->second;
  index_.add(stored);
  note_change(stored);
}

template <class Map>
void SaView::drop(Map& map, std::uint32_t id) {
  const auto known = map.find(id);
  if (known == map.end()) return;
  weight_ -= weight(known->second);
  note_change(known->second);
  index_.remove(known->second);
  map.erase(known);
}

void SaView::note_change(const model::IkeSa& ike) {
  changed_ = true;
  changes_.connections.insert(ike.name);
  for (const model::ChildSa* child : index_.under(ike.id)) changes_.units.insert(unit_of(*child));
}

void SaView::note_change(const model::ChildSa& child) {
  changed_ = true;
  changes_.units.insert(unit_of(child));
  changes_.connections.insert(connection_of(child));
}

void SaView::note_told(std::set<std::uint32_t> SaPoll::*ids, std::uint32_t id) {
  if (!poll_) return;
  std::set<std::uint32_t>& told = (*poll_).*ids;
  if (told.size() < kMostSas) {
    told.insert(id);
  } else if (!told.contains(id)) {
    poll_->spoiled = true;
  }
}

void SaView::remove_ike(std::uint32_t id) {
  note_told(&SaPoll::reported_ikes, id);
  drop(table_.ikes, id);
}

void SaView::remove_child(std::uint32_t id) {
  note_told(&SaPoll::reported_children, id);
  drop(table_.children, id);
}

std::string SaView::connection_of(const model::ChildSa& child) const {
  const auto ike = table_.ikes.find(child.ike_id);
  return ike == table_.ikes.end() ? child.name : ike->second.name;
}

}  // namespace vtid::vici
