// Keeps the table of charon's SAs true from events and lists, which come over different connections and so in any order.
// The rules: an event changes one SA and is never doubted; ids are never reused within one run of charon; a list adds and
// updates; absence from a list removes only what the table had when the list was asked for, and only if the list was sure to be
// whole.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "model/sa_index.h"
#include "model/sa_table.h"
#include "vici/sa_decode.h"

namespace vtid::vici {

// IKE_SAs, and CHILD_SAs: each connection of ours four times, and those of others. Whoever looks at the table at each change
// has work in proportion, so a charon that invents SAs gets no more room than the tunnels of the file ask for.
inline constexpr std::size_t kSasOfConnection = 4;
inline constexpr std::size_t kMostSas = kSasOfConnection * 32'767;
inline constexpr std::size_t kMostSasOfOthers = 32'768;
inline constexpr std::size_t kHeaviestTable = 128 * 1024 * 1024;  // bytes of both

class SaView {
 public:
  SaView() = default;
  SaView(SaView&&) = default;  // the index points into the table: moved they stay together, copied they would not
  SaView& operator=(SaView&&) = default;

  [[nodiscard]] const model::SaTable& table() const { return table_; }
  [[nodiscard]] const model::SaIndex& index() const { return index_; }

  // How many connections of ours there are.
  void make_room(std::size_t connections) { most_ = std::min(kMostSas, kMostSasOfOthers + kSasOfConnection * connections); }

  // Gives the connection that should be looked at soon, because the event does not tell everything; or an empty name.
  std::string apply(const SaEvent& event);

  // Around one list, of one connection or (no name) of all: begin before asking, read each entry, end with the answer.
  void begin_reading(const std::optional<std::string>& name);
  void read(const Listing& listing);
  // With `whole`, what was not listed is removed; else it stays and its connections are returned.
  std::set<std::string> end_reading(bool whole);

  // charon was read whole by `fresh`, which saw the same events since: its view replaces ours. What only ours has is dropped
  // when charon is known to be another one, else kept, and its connections are returned.
  std::set<std::string> adopt(SaView fresh, const std::string& charon, const model::CharonVersion& version, Now now);
  void set_version(const model::CharonVersion& version);  // when charon told it later
  void disconnect(WallTime now);
  // The wall clock may have been set back: then what is made from now on bears older stamps.
  void follow_clock(Now now);

  // There was no room for something: what is missing shows in a later list, once there is.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  // Whether the table changed since the last call.
  [[nodiscard]] bool take_changed();
  // Where, since the last call of this one.
  [[nodiscard]] model::SaChanges take_changes() { return std::exchange(changes_, {}); }

 private:
  // The list being read: what of the table it has not shown yet, and what events have said since it was asked for, which
  // may be newer than the list and wins.
  struct SaPoll {
    std::set<std::uint32_t> unseen_ikes;
    std::set<std::uint32_t> unseen_children;
    std::set<std::uint32_t> reported_ikes;
    std::set<std::uint32_t> reported_children;
    bool all = false;
    bool overflowed = false;
    bool spoiled = false;  // events said more than can be kept in mind: absence proves nothing
  };

  void emit(const model::IkeSa& ike);
  void emit(const model::ChildSa& child);
  void put(const model::IkeSa& ike);
  void put(const model::ChildSa& child);
  void remember(const model::ChildSa& child);  // one that was replaced
  template <class Map, class Value>
  void store(Map& map, const Value& value);
  template <class Map>
  void drop(Map& map, std::uint32_t id);
  void note_change(const model::IkeSa& ike);
  void note_change(const model::ChildSa& child);
  void note_change_everywhere() { changed_ = changes_.everywhere = true; }
  void note_told(std::set<std::uint32_t> SaPoll::*ids, std::uint32_t id);
  void remove_ike(std::uint32_t id);
  void remove_child(std::uint32_t id);
  [[nodiscard]] std::string connection_of(const model::ChildSa& child) const;

  std::string on(const IkeUpdown& event);
  std::string on(const IkeRekeyed& event);
  std::string on(const IkeMoved& event);
  std::string on(const ChildUpdown& event);
  std::string on(const ChildRekeyed& event);

  model::SaTable table_;
  model::SaIndex index_;
  model::SaChanges changes_;
  std::size_t weight_ = 0;  // bytes of its SAs, about
  TimePoint connected_since_{};
  std::size_t most_ = kMostSas;
  bool overflowed_ = false;
  std::optional<SaPoll> poll_;
  bool changed_ = false;
};

}  // namespace vtid::vici
