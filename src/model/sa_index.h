// charon's SAs, found by what they are for: a CHILD_SA by its interface's number, whatever it is called, else by names; IKE_SAs
// by their connection. Several of each at a time are normal. Kept as the table changes, or made of a table; it points into the
// table's nodes and lives no longer.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/sa_table.h"
#include "net/names.h"

namespace vtid::model {

// By its if_id, or its reqid where if_ids are absent; 0 when neither is one of ours.
[[nodiscard]] net::Unit unit_of(const ChildSa& child);
[[nodiscard]] net::Unit unit_of(net::ReqId reqid);

class SaIndex {
 public:
  using Children = std::span<const ChildSa* const>;
  using Ikes = std::span<const IkeSa* const>;

  SaIndex() = default;
  explicit SaIndex(const SaTable& sas);

  // All in the order of their ids.
  [[nodiscard]] Children of(net::Unit unit) const;
  [[nodiscard]] Children under(std::uint32_t ike_id) const;
  [[nodiscard]] Children called(const std::string& name) const;  // whatever their IKE_SA
  [[nodiscard]] Ikes connection(const std::string& name) const;
  // Those of that name under IKE_SAs of a connection, by charon's names.
  [[nodiscard]] std::vector<const ChildSa*> named(const std::string& ike, std::string_view child) const;

  // What is in the table. To change an entry, remove it before and add it after.
  void add(const IkeSa& ike);
  void remove(const IkeSa& ike);
  void add(const ChildSa& child);
  void remove(const ChildSa& child);

 private:
  std::unordered_map<std::uint32_t, std::vector<const ChildSa*>> by_unit_;
  std::unordered_map<std::uint32_t, std::vector<const ChildSa*>> by_ike_;
  std::unordered_map<std::string, std::vector<const ChildSa*>> by_name_;
  std::unordered_map<std::string, std::vector<const IkeSa*>> by_connection_;
};

// Where a table changed: the units of its CHILD_SAs, and the connections of its IKE_SAs.
struct SaChanges {
  bool everywhere = false;
  std::set<net::Unit> units;
  std::set<std::string> connections;

  void add(SaChanges more);
};

// The newest that carries traffic: it says by which path and with which algorithms. None: what they are for is not up.
[[nodiscard]] const ChildSa* live_child(SaIndex::Children children);

}  // namespace vtid::model
