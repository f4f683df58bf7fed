// What derive reads of charon's SAs, by unit: by which paths a tunnel is up and in which shape its packets leave. SPIs are in
// it only where something follows from them, so that a plain rekey changes nothing of it. Pure; equal facts, equal Desired.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "model/capabilities.h"
#include "model/config.h"
#include "model/observed.h"
#include "model/sa_index.h"
#include "model/sa_table.h"
#include "net/address.h"
#include "net/names.h"
#include "reconcile/mtu.h"
#include "reconcile/numbers.h"

namespace vtid::reconcile {

// Of a CHILD_SA that carries.
struct SaPath {
  std::optional<std::pair<net::Address, net::Address>> ends;  // local, remote; none: its IKE_SA is not known
  bool udp = false;
  EspShape shape;
  auto operator<=>(const SaPath&) const = default;
};

struct UnitFacts {
  std::vector<SaPath> paths;                                    // sorted, each once; empty: it is not up
  std::optional<std::pair<net::Address, net::Address>> newest;  // the ends of the newest one
  // Where policies are vtid's: the outbound SAs, destination and SPI, the oldest first, of which so many were replaced.
  std::vector<std::pair<net::Address, std::uint32_t>> sends;
  std::size_t replaced = 0;
  // Where orphaned SAs matter.
  bool was_replaced = false;
  std::set<std::uint32_t> spis;  // of all its CHILD_SAs, whatever their state

  [[nodiscard]] bool is_up() const { return !paths.empty(); }
  bool operator==(const UnitFacts&) const = default;
};

struct SaFacts {
  std::map<net::Unit, UnitFacts> units;  // without those of which nothing is known
  std::optional<WallTime>
      orphans_before;  // what was made before and charon does not have is nobody's; none: nothing is looked for
  bool operator==(const SaFacts&) const = default;

  [[nodiscard]] const UnitFacts& of(net::Unit unit) const;
};

// Of which units the SPIs matter.
struct SpiScope {
  std::set<net::Unit> own_policies;
  bool orphans = false;  // of all
  bool operator==(const SpiScope&) const = default;
};
[[nodiscard]] std::set<net::Unit> units_with_own_policies(const model::Config& config, const Numbers& numbers,
                                                          const model::Capabilities& system);
// Whether a kernel where orphaned SAs do harm has SAs that may be some: none is as old as our view of charon once all were
// replaced.
[[nodiscard]] bool may_have_orphans(const model::Observed& observed, const model::SaTable& sas,
                                    const model::Capabilities& system);

[[nodiscard]] SaFacts facts_of(const model::SaTable& sas, const model::SaIndex& index, const SpiScope& scope);
// Brings one unit up to date. Whether anything changed.
bool refresh(SaFacts& facts, net::Unit unit, const model::SaTable& sas, const model::SaIndex& index, const SpiScope& scope);

inline constexpr std::chrono::seconds kOrphanMargin{
    10};  // before charon was read whole; installing an SA takes it milliseconds

}  // namespace vtid::reconcile
