#include "reconcile/sa_facts.h"

#include <algorithm>

namespace vtid::reconcile {
namespace {

using Ends = std::optional<std::pair<net::Address, net::Address>>;

Ends ends_of(const model::ChildSa& child, const model::SaTable& sas) {
  const auto ike = sas.ikes.find(child.ike_id);
  if (ike == sas.ikes.end()) return std::nullopt;
  return std::pair(ike->second.local, ike->second.remote);
}

std::vector<SaPath> paths_of(model::SaIndex::Children children, const model::SaTable& sas) {
  std::vector<SaPath> paths;
  for (const model::ChildSa* child : children) {
    if (child->carries()) paths.push_back({ends_of(*child, sas), child->udp_encapsulation, esp_shape(child->algorithms)});
  }
  std::ranges::sort(paths);
  const auto twice = std::ranges::unique(paths);
  paths.erase(twice.begin(), twice.end());
  return paths;
}

// charon counts its SAs: the children come in the order of their age.
void add_sends(UnitFacts& facts, net::Unit unit, model::SaIndex::Children children, const model::SaTable& sas) {
  for (const model::ChildSa* child : children) {
    const Ends ends = child->carries() ? ends_of(*child, sas) : std::nullopt;
    if (ends) facts.sends.emplace_back(ends->second, child->spi_out);
  }
  const auto old = sas.replaced.find(net::reqid_of(unit));
  if (facts.sends.empty() || old == sas.replaced.end()) return;
  facts.sends.insert(facts.sends.begin(), old->second.begin(), old->second.end());
  facts.replaced = old->second.size();
}

UnitFacts facts_of(net::Unit unit, const model::SaTable& sas, const model::SaIndex& index, const SpiScope& scope) {
  UnitFacts facts;
  const auto children = index.of(unit);
  facts.paths = paths_of(children, sas);
  if (const model::ChildSa* newest = model::live_child(children)) facts.newest = ends_of(*newest, sas);
  if (scope.own_policies.contains(unit)) add_sends(facts, unit, children, sas);
  if (scope.orphans) {
    facts.was_replaced = sas.replaced.contains(net::reqid_of(unit));
    for (const model::ChildSa* child : children) facts.spis.insert({child->spi_in, child->spi_out});
  }
  return facts;
}

}  // namespace

const UnitFacts& SaFacts::of(net::Unit unit) const {
  static const UnitFacts kNone;
  const auto found = units.find(unit);
  return found == units.end() ? kNone : found->second;
}

std::set<net::Unit> units_with_own_policies(const model::Config& config, const Numbers& numbers,
                                            const model::Capabilities& system) {
  std::set<net::Unit> units;
  if (!system.manages_policies) return units;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.enabled || has_static_keys(tunnel)) continue;
    for (const model::ChildConfig& child : model::child_configs(tunnel)) {
      const bool own = child.mode == model::ChildMode::vti && child.policies == model::PolicyOwner::vtid;
      if (own) units.insert(numbers.at(child.holder));
    }
  }
  return units;
}

bool may_have_orphans(const model::Observed& observed, const model::SaTable& sas, const model::Capabilities& system) {
  return system.orphaned_sas_mute && std::ranges::any_of(observed.charons_sas, [&](const model::CharonsSa& sa) {
           return sa.made + kOrphanMargin <= sas.oldest_own;
         });
}

SaFacts facts_of(const model::SaTable& sas, const model::SaIndex& index, const SpiScope& scope) {
  SaFacts facts;
  if (scope.orphans && sas.connected) facts.orphans_before = sas.oldest_own;
  for (const auto& [id, child] : sas.children) {
    const net::Unit unit = unit_of(child);
    if (!facts.units.contains(unit)) refresh(facts, unit, sas, index, scope);
  }
  for (const auto& [reqid, replaced] : sas.replaced) refresh(facts, model::unit_of(reqid), sas, index, scope);
  return facts;
}

bool refresh(SaFacts& facts, net::Unit unit, const model::SaTable& sas, const model::SaIndex& index, const SpiScope& scope) {
  if (unit < net::kLowestUnit || unit > net::kHighestUnit) return false;  // others'
  UnitFacts fresh = facts_of(unit, sas, index, scope);
  const auto known = facts.units.find(unit);
  if (fresh == (known == facts.units.end() ? UnitFacts{} : known->second)) return false;
  if (fresh == UnitFacts{}) {
    facts.units.erase(known);
  } else {
    facts.units.insert_or_assign(unit, std::move(fresh));
  }
  return true;
}

}  // namespace vtid::reconcile
