#include "reconcile/derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "model/words.h"
#include "reconcile/derive_filter.h"
#include "reconcile/next_hops.h"
#include "reconcile/on_link_routes.h"
#include "reconcile/outer_routes.h"
#include "reconcile/policy_routes.h"
#include "reconcile/probe_routes.h"

namespace vtid::reconcile {
namespace {

constexpr std::uint32_t kDefaultOuterMtu = 1500;
const UnitFacts kNothing;

struct OuterEnds {
  std::optional<net::Address> local;
  std::optional<net::Address> remote;
  std::optional<net::Family> family{};  // of the peer's addresses, before it is known at which it is
  bool forced_udp = false;
};

std::uint32_t rounded_up(std::uint32_t number, std::uint32_t step) { return (number + step - 1) / step * step; }

OuterEnds configured_ends(const model::Tunnel& tunnel, const model::LocalEnds& local_ends) {
  OuterEnds ends;
  if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) {
    ends.local = keys->local;
    ends.remote = keys->remote;
  }
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  if (ike == nullptr) return ends;
  if (const auto* local = std::get_if<net::Address>(&ike->local.address)) ends.local = *local;
  if (const auto located = model::located_at(local_ends, tunnel.name)) ends.local = *located;
  if (const auto* remote = std::get_if<net::Address>(&ike->remote.address)) ends.remote = *remote;
  ends.family = family_of(ike->remote.address);
  ends.forced_udp = ike->encapsulate;
  return ends;
}

OuterEnds outer_ends(const model::Tunnel& tunnel, const model::LocalEnds& local_ends,
                     const std::optional<std::pair<net::Address, net::Address>>& known) {
  OuterEnds ends = configured_ends(tunnel, local_ends);
  if (!known) return ends;
  ends.local = known->first;
  ends.remote = known->second;
  return ends;
}

OuterPath outer_path(const OuterEnds& ends, const Host& host) {
  OuterPath path{kDefaultOuterMtu, net::Family::ipv4, ends.forced_udp};
  path.family = ends.family.value_or(path.family);
  if (ends.remote) path.family = ends.remote->family();
  if (ends.local) {
    path.family = ends.local->family();
    const auto found = host.mtu_by_address.find(*ends.local);
    if (found != host.mtu_by_address.end()) path.mtu = found->second;
  }
  return path;
}

// Before SAs exist: the first proposal, unless the device already has what another of our proposals would give. So an
// interface does not change its MTU when its tunnel goes down, only when negotiation really brings something else.
Mtu expected_mtu(const std::vector<std::string>& proposals, const OuterPath& path, const Host& host,
                 const net::IfName& device) {
  const auto current = host.own_mtus.find(device);
  if (current != host.own_mtus.end()) {
    for (const std::string& proposal : proposals) {
      for (const bool udp : {path.udp, true}) {
        Mtu mtu = tunnel_mtu({path.mtu, path.family, udp}, esp_shape(proposal));
        if (mtu.value == current->second) return mtu;
      }
    }
  }
  return tunnel_mtu(path, esp_shape(std::string_view(proposals.front())));
}

// An SA of the file; none when its key is not there, which a canonical file withholds.
std::optional<model::Sa> static_sa(const model::StaticSa& written, const model::Link& link) {
  const auto key = model::decode_hex(written.key.secret);
  if (!key) return std::nullopt;
  model::Sa sa;
  sa.spi = written.spi;
  sa.reqid = link.reqid;
  sa.if_id = link.if_id;
  sa.algorithm = written.algorithm;
  sa.key = *key;
  return sa;
}

class TunnelDerivation {
 public:
  explicit TunnelDerivation(const TunnelInputs& inputs) : inputs_(inputs) {}

  TunnelPart run(const model::Tunnel& tunnel) {
    for (const model::ChildConfig& config : model::child_configs(tunnel)) {
      if (config.mode == model::ChildMode::vti) add_interface(tunnel, config);
      check_outer_address(tunnel, config);
    }
    std::ranges::move(vrf_problems_, std::back_inserter(part_.problems));
    return std::move(part_);
  }

 private:
  void add_interface(const model::Tunnel& tunnel, const model::ChildConfig& config) {
    const net::Unit unit = inputs_.numbers.at(config.holder);
    const std::string because =
        config.holder == tunnel.name ? "tunnels/" + tunnel.name : object_of(tunnel, *config.children[0]);
    const UnitFacts& facts = facts_of(tunnel, unit);
    const OuterEnds ends = outer_ends(tunnel, inputs_.local_ends, facts.newest);
    model::Link link;
    link.name = net::IfName::of(unit);
    link.if_id = net::if_id_of(unit);
    link.reqid = net::reqid_of(unit);
    link.alias = "vtid " + because;
    link.multicast = tunnel.start != model::Start::trap;  // a router's hellos would keep a tunnel on demand up for ever
    part_.mtus.emplace_back(config.holder, decide_mtu(tunnel, config, facts, ends, link.name));
    link.mtu = part_.mtus.back().second.value;
    // The kernel asks charon once and then not again for a while: not before charon can answer.
    const bool early = inputs_.restraints.early.contains(tunnel.name);
    if (inputs_.system.link_has_outer && ends.local && ends.remote && !early) link.outer = {*ends.local, *ends.remote};
    if (const auto* ike = std::get_if<model::Ike>(&tunnel.ike)) link.outer_fib = ike->local.fib.value_or(0);
    const bool at_home = enter_domain(tunnel, config, link);
    part_.links.push_back({link, because});
    if (at_home) add_addresses(tunnel, config, link.name);
    if (inputs_.system.manages_policies && config.policies == model::PolicyOwner::vtid) {
      if (early) {
        part_.withheld.push_back(link.if_id);
      } else {
        add_policies(link, ends, because);
      }
      add_send_order(unit, facts, because);
    }
    add_sas(tunnel, link, because);
  }

  // What belongs into a VRF is nowhere else: while that is not there, the interface is down and has no addresses.
  bool enter_domain(const model::Tunnel& tunnel, const model::ChildConfig& config, model::Link& link) {
    const auto assignment = inputs_.assignments.find(config.holder);
    if (assignment == inputs_.assignments.end()) return true;
    link.fib = assignment->second->fib.value_or(0);
    if (!assignment->second->vrf) return true;
    const net::IfName& name = *assignment->second->vrf;
    const auto vrf = inputs_.host.vrfs.find(name);
    if (vrf != inputs_.host.vrfs.end()) link.vrf = name;
    link.up = !link.vrf.empty();
    if (inputs_.host.addresses.empty() || (link.up && vrf->second.up)) return link.up;
    const std::string what = fmt::format("interfaces/{} belongs into the VRF {}", assignment->second->name, name.text());
    const std::string object = "tunnels/" + tunnel.name;
    if (link.up) {
      vrf_problems_.push_back(
          {model::Severity::warning, object, what + ", which is down", "ip link set " + name.text() + " up"});
    } else {
      vrf_problems_.push_back({model::Severity::error, object, what + ", and there is no such device: it stays down until then",
                               model::make_vrf(name.text())});
    }
    return link.up;
  }

  // charon may not learn that an address went, and the kernel says nothing of what it then drops.
  void check_outer_address(const model::Tunnel& tunnel, const model::ChildConfig& config) {
    if (inputs_.host.addresses.empty() || !inputs_.system.shared_with_charon ||
        inputs_.restraints.ended.contains(config.holder))
      return;
    const bool has_interface = config.mode == model::ChildMode::vti;
    const UnitFacts& facts = has_interface ? facts_of(tunnel, inputs_.numbers.at(config.holder)) : kNothing;
    const auto local = outer_ends(tunnel, inputs_.local_ends, facts.newest).local;
    if (!local || inputs_.host.addresses.contains(*local)) return;
    if (!part_.problems.empty()) return;
    part_.problems.push_back(
        {model::Severity::error, "tunnels/" + tunnel.name,
         fmt::format("its outer address {} is not on this host: what it sends does not leave", net::print(*local)),
         fmt::format(
             "give the address to an interface, or correct the file{}",
             !facts.is_up() ? "" : fmt::format("; vtictl down {0} and vtictl up {0} have charon choose again", tunnel.name))});
  }

  // Nobody asks charon for a tunnel of static SAs.
  [[nodiscard]] const UnitFacts& facts_of(const model::Tunnel& tunnel, net::Unit unit) const {
    return has_static_keys(tunnel) ? kNothing : inputs_.sas.of(unit);
  }

  static std::string object_of(const model::Tunnel& tunnel, const model::Child& child) {
    return fmt::format("tunnels/{}/children/{}", tunnel.name, child.name);
  }

  Mtu decide_mtu(const model::Tunnel& tunnel, const model::ChildConfig& config, const UnitFacts& facts, const OuterEnds& ends,
                 const net::IfName& device) {
    const auto assignment = inputs_.assignments.find(config.holder);
    if (assignment != inputs_.assignments.end() && assignment->second->mtu) {
      return {*assignment->second->mtu,
              fmt::format("interfaces/{} says {}", assignment->second->name, *assignment->second->mtu)};
    }
    const OuterPath path = outer_path(ends, inputs_.host);
    if (const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike)) {
      return tunnel_mtu(path, esp_shape(model::in_words(keys->out.algorithm)));
    }
    if (auto mtu = least_mtu(tunnel, facts)) return *std::move(mtu);
    return expected_mtu(config.proposals, path, inputs_.host, device);
  }

  // What passes through every SA: peers behind one interface may come by different ways.
  std::optional<Mtu> least_mtu(const model::Tunnel& tunnel, const UnitFacts& facts) const {
    std::optional<Mtu> least;
    for (const SaPath& way : facts.paths) {
      OuterPath path = outer_path(outer_ends(tunnel, inputs_.local_ends, way.ends), inputs_.host);
      path.udp = way.udp;
      Mtu mtu = tunnel_mtu(path, way.shape);
      if (!least || mtu.value < least->value) least = std::move(mtu);
    }
    return least;
  }

  void add_addresses(const model::Tunnel& tunnel, const model::ChildConfig& config, const net::IfName& device) {
    std::set<net::Prefix> seen;
    for (const model::Child* child : config.children) {
      if (!seen.insert(child->local).second) continue;
      model::InterfaceAddress address{device, child->local, std::nullopt};
      const bool outside = !child->local.contains(child->remote);
      if (outside || (inputs_.system.address_needs_peer && child->local.address.is_v4())) address.peer = child->remote;
      part_.addresses.push_back({address, object_of(tunnel, *child)});
    }
  }

  void add_policies(const model::Link& link, const OuterEnds& ends, const std::string& because) {
    if (!ends.local || !ends.remote) {
      part_.unplaced.push_back(link.if_id);
      return;
    }
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      for (const auto direction : {model::PolicyDirection::in, model::PolicyDirection::out, model::PolicyDirection::forward}) {
        const bool out = direction == model::PolicyDirection::out;
        part_.policies.push_back({{direction, family, link.if_id, link.reqid, out ? *ends.local : *ends.remote,
                                   out ? *ends.remote : *ends.local, model::kPolicyPriority},
                                  because});
      }
    }
  }

  void add_send_order(net::Unit unit, const UnitFacts& facts, const std::string& because) {
    if (facts.sends.empty()) return;
    part_.send_orders.push_back({{net::reqid_of(unit), facts.sends, facts.replaced}, because});
  }

  void add_sas(const model::Tunnel& tunnel, const model::Link& link, const std::string& because) {
    const auto* keys = std::get_if<model::StaticKeys>(&tunnel.ike);
    if (keys == nullptr) return;
    for (const model::StaticSa& written : keys->in) {
      auto sa = static_sa(written, link);
      if (!sa) continue;
      sa->source = keys->remote;
      sa->destination = keys->local;
      sa->replay_window = rounded_up(keys->replay_window, inputs_.system.replay_window_step);
      part_.sas.push_back({*std::move(sa), because});
    }
    auto out = static_sa(keys->out, link);
    if (!out) return;
    out->source = keys->local;
    out->destination = keys->remote;
    part_.sas.push_back({*std::move(out), because});
  }

  const TunnelInputs& inputs_;
  TunnelPart part_;
  std::vector<model::Problem> vrf_problems_;
};

class Derivation {
 public:
  Derivation(const model::Config& config, const TunnelInputs& inputs, const model::GatewaySelection& selection)
      : config_(config),
        numbers_(inputs.numbers),
        sas_(inputs.sas),
        system_(inputs.system),
        restraints_(inputs.restraints),
        local_ends_(inputs.local_ends),
        next_hops_(config, inputs.numbers, selection, inputs.host.vrfs) {}

  Derived run(const TunnelParts& parts) {
    for (const auto& part : parts) add(*part);
    for (std::size_t i = 0; i < config_.routes.size(); ++i) add_route(config_.routes[i], i);
    auto by_filter = system_.has_rules ? std::vector<model::DevicePolicyRoute>{} : filter_policy_routes(config_, next_hops_);
    auto filter = derive_filter(config_, numbers_, derived_.desired.links, next_hops_, std::move(by_filter), system_);
    if (system_.has_rules) add_policy_routes(config_, next_hops_, filter, system_, derived_.desired);
    add_probe_routes(config_, next_hops_, system_, derived_.desired);
    add_on_link_routes(config_, next_hops_, derived_.desired);
    add_outer_routes(config_, local_ends_, system_, derived_.desired);
    if (filter) derived_.desired.filter = {*std::move(filter), "filter"};
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) add_default_route(family);
    if (sas_.orphans_before) tell_what_charon_has();
    sort(derived_.desired.links);
    sort(derived_.desired.addresses);
    sort(derived_.desired.routes);
    if (!system_.route_has_metric) keep_best_routes();
    sort(derived_.desired.rules);
    sort(derived_.desired.policies);
    sort(derived_.desired.sas);
    sort(derived_.desired.send_orders);
    return std::move(derived_);
  }

 private:
  void add(const TunnelPart& part) {
    model::Desired& desired = derived_.desired;
    std::ranges::copy(part.links, std::back_inserter(desired.links));
    std::ranges::copy(part.addresses, std::back_inserter(desired.addresses));
    std::ranges::copy(part.policies, std::back_inserter(desired.policies));
    std::ranges::copy(part.sas, std::back_inserter(desired.sas));
    std::ranges::copy(part.send_orders, std::back_inserter(desired.send_orders));
    desired.unplaced.insert(part.unplaced.begin(), part.unplaced.end());
    desired.withheld.insert(part.withheld.begin(), part.withheld.end());
    derived_.mtus.insert(part.mtus.begin(), part.mtus.end());
    std::ranges::copy(part.problems, std::back_inserter(derived_.problems));
  }

  template <class T>
  static void sort(std::vector<model::Wanted<T>>& wanted) {
    std::ranges::sort(wanted, {}, [](const model::Wanted<T>& item) -> const T& { return item.value; });
  }

  // Where routes have no metric there is one for each network: of those wanted now the one that a metric would let win.
  void keep_best_routes() {
    auto& routes = derived_.desired.routes;
    const auto place_of = [](const auto& item) { return std::pair(item.value.to, item.value.table); };
    std::ranges::stable_sort(routes, {}, place_of);
    const auto rest = std::ranges::unique(routes, {}, place_of);
    routes.erase(rest.begin(), rest.end());
    for (auto& item : routes) item.value.metric = {};
  }

  // While nothing else carries, what a charon of before left may carry still: it goes when something has come in its place,
  // when nothing can come as long as it is there, or when nothing shall be there at all.
  void tell_what_charon_has() {
    model::KnownToCharon known;
    known.since = *sas_.orphans_before;
    for (const auto& [holder, unit] : numbers_) known.reqids.insert(net::reqid_of(unit));
    for (const model::Tunnel& tunnel : config_.tunnels) {
      for (const model::ChildConfig& config : model::child_configs(tunnel)) {
        if (!tunnel.enabled || config.mode != model::ChildMode::vti) continue;
        const net::Unit unit = numbers_.at(config.holder);
        if (has_static_keys(tunnel) || !goes(tunnel, config.holder, unit)) known.reqids.erase(net::reqid_of(unit));
      }
    }
    for (const auto& [unit, facts] : sas_.units) known.spis.insert(facts.spis.begin(), facts.spis.end());
    derived_.desired.charon = std::move(known);
  }

  // Of an SA that this charon has replaced only charon knows when it ends.
  [[nodiscard]] bool goes(const model::Tunnel& tunnel, const std::string& holder, net::Unit unit) const {
    const UnitFacts& facts = sas_.of(unit);
    if (facts.was_replaced) return false;
    return tunnel.start == model::Start::trap || restraints_.ended.contains(holder) || facts.is_up();
  }

  void add_route(const model::StaticRoute& route, std::size_t index) {
    const NextHops exit = next_hops_.of(route.via);
    if (!exit.table) return;
    model::Route wanted;
    wanted.to = route.to.network();
    wanted.table = *exit.table;
    wanted.metric = model::metric_of(route);
    if (!exit.usable && route.when_down == model::WhenDown::withdraw) return;
    if (!exit.usable && route.when_down == model::WhenDown::blackhole) {
      wanted.target = model::Blackhole{};
    } else if (exit.hops.empty()) {
      return;
    } else {
      wanted.target = target_of(exit.hops, system_);
    }
    derived_.desired.routes.push_back({wanted, fmt::format("routes/{}", index)});
  }

  void add_default_route(net::Family family) {
    const std::string& name = config_.default_gateway.of(family);
    if (name == model::kNoDefault) return;
    const NextHops exit = name == model::kAutomaticDefault ? next_hops_.automatic(family) : next_hops_.of(name);
    if (exit.hops.empty()) return;
    model::Route wanted;
    wanted.to = {net::Address::any(family), 0};
    wanted.metric = model::default_route_metric(family);
    wanted.target = target_of(exit.hops, system_);
    derived_.desired.routes.push_back({wanted, fmt::format("default_gateway/{}", net::print(family))});
  }

  const model::Config& config_;
  const Numbers& numbers_;
  const SaFacts& sas_;
  const model::Capabilities& system_;
  const Restraints& restraints_;
  const model::LocalEnds& local_ends_;
  const NextHopResolver next_hops_;
  Derived derived_;
};

}  // namespace

Host read_host(const model::Observed& observed) {
  Host host;
  for (const model::ObservedAddress& address : observed.addresses) {
    const model::ObservedLink* link = observed.link(address.device);
    if (link == nullptr) continue;
    host.addresses.insert(address.local.address);
    if (link->owner == model::Owner::other) host.mtu_by_address[address.local.address] = link->mtu;
  }
  for (const model::ObservedLink& link : observed.links) {
    if (link.owner == model::Owner::vtid) host.own_mtus[link.name] = link.mtu;
  }
  host.vrfs = vrfs_of(observed);
  return host;
}

TunnelPart derive_tunnel(const model::Tunnel& tunnel, const TunnelInputs& inputs) {
  return TunnelDerivation(inputs).run(tunnel);
}

Derived derive(const model::Config& config, const TunnelInputs& inputs, const model::GatewaySelection& selection,
               const TunnelParts& parts) {
  return Derivation(config, inputs, selection).run(parts);
}

Derived derive(const model::Config& config, const Numbers& numbers, const SaFacts& sas,
               const model::GatewaySelection& selection, const Host& host, const model::Capabilities& system,
               const Restraints& restraints, const model::LocalEnds& local_ends) {
  const Assignments assignments = model::assignments_by_holder(config);
  const TunnelInputs inputs{numbers, sas, host, system, restraints, assignments, local_ends};
  TunnelParts parts;
  for (const model::Tunnel& tunnel : config.tunnels) {
    if (tunnel.enabled) parts.push_back(std::make_shared<const TunnelPart>(derive_tunnel(tunnel, inputs)));
  }
  return derive(config, inputs, selection, parts);
}

}  // namespace vtid::reconcile
