// Keeps the table of charon's SAs true from events and lists, which come over different connections and so in any order.
// The rules: an event changes one SA and is never doubted; ids are never reused within one boot; a list adds and updates;
// absence from a list removes only what the table had when the list was asked for, and only if the list was sure to be whole.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "model/sa_table.h"
#include "vici/sa_decode.h"

namespace vtid::vici {

class SaView {
 public:
  [[nodiscard]] const model::SaTable& table() const { return table_; }

  // Gives the connection that should be looked at soon, because the event does not tell everything; or an empty name.
  std::string apply(const SaEvent& event);

  // Around one list, of one connection or (no name) of all: begin before asking, read each entry, end with the answer.
  void begin_reading(const std::optional<std::string>& name);
  void read(const Listing& listing);
  // With `whole`, what was not listed is removed; else it stays and its connections are returned.
  std::set<std::string> end_reading(bool whole);

  // charon was read whole by `fresh`, which saw the same events since: its view replaces ours. What only ours has is dropped
  // when charon is another one, else kept, and its connections are returned.
  std::set<std::string> adopt(SaView fresh, const std::string& boot, const std::string& version, WallTime now);
  void disconnect(WallTime now);

  // Whether the table changed since the last call.
  [[nodiscard]] bool take_changed();

 private:
  // The list being read: what of the table it has not shown yet, and what events have said since it was asked for, which
  // may be newer than the list and wins.
  struct Reading {
    std::set<std::uint32_t> unseen_ikes;
    std::set<std::uint32_t> unseen_children;
    std::set<std::uint32_t> told_ikes;
    std::set<std::uint32_t> told_children;
  };

  void tell(const model::IkeSa& ike);
  void tell(const model::ChildSa& child);
  void put(const model::IkeSa& ike);
  void put(const model::ChildSa& child);
  void remember(const model::ChildSa& child);  // one that was replaced
  void remove_ike(std::uint32_t id);
  void remove_child(std::uint32_t id);
  [[nodiscard]] std::string connection_of(const model::ChildSa& child) const;

  std::string on(const IkeUpdown& event);
  std::string on(const IkeRekeyed& event);
  std::string on(const IkeMoved& event);
  std::string on(const ChildUpdown& event);
  std::string on(const ChildRekeyed& event);

  model::SaTable table_;
  std::optional<Reading> reading_;
  bool changed_ = false;
};

}  // namespace vtid::vici
