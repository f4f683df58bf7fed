#include "reconcile/deriver.h"

#include <algorithm>
#include <utility>

namespace vtid::reconcile {
namespace {

// The gateways whose own state decides on something: what is kept whatever happens does not follow it.
std::set<std::string> gateways_read(const model::Config& config) {
  std::set<std::string> names;
  const auto add = [&names](const std::string& via, model::WhenDown when_down) {
    if (when_down != model::WhenDown::keep) names.insert(via);
  };
  for (const model::StaticRoute& route : config.routes) add(route.via, route.when_down);
  for (const model::PolicyRoute& route : config.policy_routes) {
    if (!route.is_exception()) add(route.via, route.when_down);
  }
  if (config.filter.rules) {
    for (const model::FilterRule& rule : *config.filter.rules) add(rule.gateway, rule.when_down);
  }
  const bool automatic =
      config.default_gateway.ipv4 == model::kAutomaticDefault || config.default_gateway.ipv6 == model::kAutomaticDefault;
  for (const model::Gateway& gateway : automatic ? config.gateways : std::vector<model::Gateway>{}) names.insert(gateway.name);
  return names;
}

template <class Key, class Value>
std::optional<Value> find(const std::map<Key, Value>& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

const UnitFacts& facts_of(const std::optional<net::Unit>& unit, const SaFacts& sas) {
  static const UnitFacts kNone;
  return unit ? sas.of(*unit) : kNone;
}

std::optional<std::uint32_t> own_mtu(const std::optional<net::Unit>& unit, const Host& host) {
  return unit ? find(host.own_mtus, net::IfName::of(*unit)) : std::nullopt;
}

std::optional<Vrf> vrf_of(const std::string& holder, const TunnelInputs& inputs) {
  const auto assignment = inputs.assignments.find(holder);
  const bool has_one = assignment != inputs.assignments.end() && assignment->second->vrf;
  return has_one ? find(inputs.host.vrfs, *assignment->second->vrf) : std::nullopt;
}

}  // namespace

void Deriver::forget() {
  known_ = false;
  assignments_.clear();
  kept_.clear();
  parts_.clear();
  places_.clear();
  mark_all();
}

bool Deriver::update(const model::Config& config, const Numbers& numbers, const SaFacts& sas,
                     const model::GatewaySelection& selection, const Host& host, const model::Capabilities& system,
                     const Restraints& restraints, const model::LocalEnds& local_ends) {
  const bool first = !known_;
  if (first) follow(config, numbers);
  const TunnelInputs inputs{numbers, sas, host, system, restraints, assignments_, local_ends};
  const bool parts_changed = update_parts(inputs);
  const bool orphans = sas.orphans_before || derived_.desired.charon;
  const bool rest_changed = first || orphans || rest_marked_ || vrfs_ != host.vrfs;  // of the host it reads nothing else
  vrfs_ = host.vrfs;
  marked_.clear();
  rest_marked_ = all_marked_ = false;
  if (!parts_changed && !rest_changed) return false;
  Derived fresh = derive(config, inputs, selection, parts_);
  if (fresh == derived_) return false;
  derived_ = std::move(fresh);
  return true;
}

void Deriver::follow(const model::Config& config, const Numbers& numbers) {
  known_ = true;
  assignments_ = model::assignments_by_holder(config);
  read_ = gateways_read(config);
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (!tunnel.enabled) continue;
    Kept& kept = kept_.emplace_back();
    kept.tunnel = &tunnel;
    for (const model::ChildConfig& child : model::child_configs(tunnel)) {
      const bool has_interface = child.mode == model::ChildMode::vti;
      kept.children.push_back({child.holder, has_interface ? std::optional(numbers.at(child.holder)) : std::nullopt});
      if (has_interface) places_.emplace(numbers.at(child.holder), kept_.size() - 1);
    }
  }
  parts_.resize(kept_.size());
}

// The addresses that are looked up follow from the file and the facts alone.
void Deriver::take(Kept& kept, const TunnelInputs& inputs) const {
  kept.early = inputs.restraints.early.contains(kept.tunnel->name);
  kept.looked = !inputs.host.addresses.empty();
  kept.local = located_at(inputs.local_ends, kept.tunnel->name);
  std::set<net::Address> outer;
  if (kept.local) outer.insert(*kept.local);
  if (const auto* keys = std::get_if<model::StaticKeys>(&kept.tunnel->ike)) outer.insert(keys->local);
  if (const auto* ike = std::get_if<model::Ike>(&kept.tunnel->ike)) {
    if (const auto* local = std::get_if<net::Address>(&ike->local.address)) outer.insert(*local);
  }
  for (Child& child : kept.children) {
    child.facts = facts_of(child.unit, inputs.sas);
    child.own_mtu = own_mtu(child.unit, inputs.host);
    child.ended = inputs.restraints.ended.contains(child.holder);
    child.vrf = vrf_of(child.holder, inputs);
    if (child.facts.newest) outer.insert(child.facts.newest->first);
    for (const SaPath& path : child.facts.paths) {
      if (path.ends) outer.insert(path.ends->first);
    }
  }
  kept.outer.clear();
  for (const net::Address& address : outer) {
    kept.outer.push_back({address, find(inputs.host.mtu_by_address, address), inputs.host.addresses.contains(address)});
  }
}

bool Deriver::is_current(const Kept& kept, const TunnelInputs& inputs) {
  const auto is_equal = [&](const Child& child) {
    return child.facts == facts_of(child.unit, inputs.sas) && child.own_mtu == own_mtu(child.unit, inputs.host) &&
           child.ended == inputs.restraints.ended.contains(child.holder) && child.vrf == vrf_of(child.holder, inputs);
  };
  const auto is_there = [&](const OuterAddress& outer) {
    return outer.mtu == find(inputs.host.mtu_by_address, outer.address) &&
           outer.present == inputs.host.addresses.contains(outer.address);
  };
  return kept.early == inputs.restraints.early.contains(kept.tunnel->name) &&
         kept.local == located_at(inputs.local_ends, kept.tunnel->name) && kept.looked == !inputs.host.addresses.empty() &&
         std::ranges::all_of(kept.children, is_equal) && std::ranges::all_of(kept.outer, is_there);
}

bool Deriver::update_parts(const TunnelInputs& inputs) {
  bool changed = false;
  if (all_marked_) {
    for (std::size_t place = 0; place < kept_.size(); ++place) changed |= update_part(place, inputs);
    return changed;
  }
  for (const net::Unit unit : marked_) {
    if (const auto place = places_.find(unit); place != places_.end()) changed |= update_part(place->second, inputs);
  }
  return changed;
}

bool Deriver::update_part(std::size_t place, const TunnelInputs& inputs) {
  Kept& kept = kept_[place];
  auto& part = parts_[place];
  ++compared_;
  if (part && is_current(kept, inputs)) return false;
  take(kept, inputs);
  TunnelPart fresh = derive_tunnel(*kept.tunnel, inputs);
  ++parts_made_;
  if (part && *part == fresh) return false;
  part = std::make_shared<const TunnelPart>(std::move(fresh));
  return true;
}

}  // namespace vtid::reconcile
