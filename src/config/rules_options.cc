#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/duration.h"
#include "config/rules.h"
#include "config/tree.h"

namespace vtid::config {
namespace {

using model::Child;
using model::ChildConfig;
using model::Config;
using model::Ike;
using model::Tunnel;

// Errors at the keys of one object, each at most once.
class At {
 public:
  At(std::string pointer, Findings& findings) : pointer_(std::move(pointer)), findings_(findings) {}

  void refuse(std::string_view key, std::string text, std::string remedy) {
    const std::string where = fmt::format("{}/{}", pointer_, key);
    if (!findings_.any_under(where)) findings_.error(where, std::move(text), std::move(remedy));
  }
  void warn(std::string_view key, std::string text, std::string remedy) {
    const std::string where = fmt::format("{}/{}", pointer_, key);
    if (!findings_.any_under(where)) findings_.warning(where, std::move(text), std::move(remedy));
  }

 private:
  std::string pointer_;
  Findings& findings_;
};

// `until` is when the SA is renewed, 0 for never.
void check_spread(const std::optional<Duration>& spread, Duration until, At& at) {
  if (!spread || spread->count() == 0) return;
  if (until.count() == 0) return at.refuse("spread", "means nothing where nothing is renewed", std::string(kTakeOut));
  if (*spread <= until / 2) return;
  at.refuse("spread",
            fmt::format("is more than half of {}: some SAs would be renewed as soon as they are made", print_duration(until)),
            fmt::format("write at most {}", print_duration(std::chrono::floor<std::chrono::seconds>(until / 2))));
}

// ---- ike

void check_ike_times(const Ike& ike, At& at) {
  const Duration reauth = ike.options.reauth.value_or(Duration{0});
  const Duration until = reauth.count() == 0 ? ike.rekey : ike.rekey.count() == 0 ? reauth : std::min(ike.rekey, reauth);
  check_spread(ike.options.spread, until, at);
  if (ike.options.grace && until.count() == 0)
    at.refuse("grace", "means nothing where nothing is renewed", std::string(kTakeOut));
}

void check_ike_version(const Ike& ike, At& at) {
  const model::IkeOptions& options = ike.options;
  if (ike.version == model::IkeVersion::v1) {
    if (options.childless) at.refuse("childless", "needs IKE version 2", std::string(kTakeOut));
    if (options.reauth) at.refuse("reauth", "is what \"rekey\" means with IKE version 1", "write \"rekey\"");
    if (options.dpd_timeout && ike.dpd.count() == 0)
      at.refuse("dpd_timeout", "means nothing when \"dpd\" is 0s", std::string(kTakeOut));
    else if (options.dpd_timeout && *options.dpd_timeout < ike.dpd)
      at.refuse("dpd_timeout", fmt::format("is shorter than \"dpd\", {}", print_duration(ike.dpd)), "write a longer one");
    return;
  }
  if (options.dpd_timeout)
    at.refuse("dpd_timeout", "is of IKE version 1: version 2 gives a peer up after its retransmissions",
              "take it out, and see charon.retransmit_tries of strongswan.conf");
  if (options.fragmentation == model::Fragmentation::force)
    at.refuse("fragmentation", "can be forced with IKE version 1 only", "write \"yes\"");
}

// charon sends with the marker that port 4500 asks for only when neither end's port is 500 (RFC 3948, 2.2).
void check_ike_ports(const Ike& ike, const std::string& at, Findings& findings) {
  At local(at + "/local", findings), remote(at + "/remote", findings);
  constexpr std::uint16_t kIke = 500, kNatTraversal = 4'500;
  if (ike.local.port && *ike.local.port != kIke && *ike.local.port != kNatTraversal)
    local.refuse("port", fmt::format("{} is no port of charon's", *ike.local.port),
                 "write 500 or 4500; others are charon.port and charon.port_nat_t of strongswan.conf");
  if (ike.remote.port == kNatTraversal && ike.local.port != kNatTraversal)
    remote.refuse("port", "4500 can be called from port 4500 only", "write \"port\": 4500 in \"local\" too");
  if (ike.remote.port && !is_callable(ike.remote.address))
    remote.refuse("port", fmt::format("is of a peer that is called, and one at {} calls", whence(ike.remote.address)),
                  std::string(kTakeOut));
}

void check_own_ike(const Ike& ike, const std::string& at, Findings& findings) {
  At here(at, findings);
  check_ike_times(ike, here);
  check_ike_version(ike, here);
  check_ike_ports(ike, at, findings);
  const bool several = ike.options.unique && *ike.options.unique != model::Unique::never;
  if (several && is_callable(ike.remote.address))
    here.refuse("unique", "is for peers that call from \"any\" address: it would end the other of two tunnels to one peer",
                std::string(kTakeOut));
}

// One of two tunnels with the same identities would end the other's IKE_SA.
void check_unique(const Config& config, Findings& findings) {
  std::multimap<std::pair<std::string_view, std::string_view>, const Tunnel*> by_ids;
  for (const Tunnel& tunnel : config.tunnels) {
    const auto* ike = std::get_if<Ike>(&tunnel.ike);
    if (ike != nullptr && tunnel.enabled)
      by_ids.emplace(std::pair<std::string_view, std::string_view>(ike->local.id, ike->remote.id), &tunnel);
  }
  for (const auto& [ids, tunnel] : by_ids) {
    const auto& unique = std::get<Ike>(tunnel->ike).options.unique;
    if (!unique || *unique == model::Unique::never || by_ids.count(ids) == 1) continue;
    const auto [first, last] = by_ids.equal_range(ids);
    const auto other = std::find_if(first, last, [&](const auto& item) { return item.second != tunnel; });
    At(join("/tunnels", tunnel->name) + "/ike", findings)
        .refuse("unique", fmt::format("would end tunnels/{}, which has the same ids", other->second->name),
                "write \"never\", or give one of them ids of its own");
  }
}

// ---- children

bool has_esn(const std::vector<std::string>& proposals) {
  return std::ranges::any_of(
      proposals, [](const std::string& proposal) { return proposal.ends_with("-esn") || proposal.contains("-esn-"); });
}

void check_marking(const ChildConfig& config, const Child& child, At& at) {
  if (config.mode != model::ChildMode::transport) return;
  model::visit_child_options([&](std::string_view key, auto member) {
    if ((key == "dscp" || key == "ecn" || key == "df") && child.options.*member)
      at.refuse(key, "is of tunnel mode: in transport mode there is one header", std::string(kTakeOut));
  });
}

void check_child_options(const ChildConfig& config, const Child& child, At& at) {
  const model::ChildOptions& options = child.options;
  if (options.spread) check_spread(options.spread, config.rekey, at);
  if (child.rekey && child.rekey->count() == 0 && !config.options.grace)
    at.refuse("rekey", "never is without an end: the keys would live for ever when the peer does not renew them",
              "write \"grace\" too, how long the SAs may live");
  if (options.replay_window == 0U && has_esn(config.proposals))
    at.refuse("replay_window", "0 and extended sequence numbers (\"esn\") exclude each other",
              "write a window, or take \"esn\" out of the proposals");
  if (options.offload == model::Offload::packet && config.policies == model::PolicyOwner::vtid)
    at.refuse("offload", "\"packet\" needs policies that the device has too, which are charon's",
              "write \"policies\": \"charon\", or \"crypto\"");
  if (options.selectors && config.mode != model::ChildMode::vti)
    at.refuse("selectors", "belong to a VTI child: here \"local\" and \"remote\" are the networks", std::string(kTakeOut));
  check_marking(config, child, at);
}

bool hold_address(const std::vector<net::Prefix>& networks, const net::Address& address) {
  return std::ranges::any_of(
      networks, [&](const net::Prefix& network) { return network.family() == address.family() && network.contains(address); });
}

void check_selectors_of(const Tunnel& tunnel, const ChildConfig& config, const Child& child, At& at) {
  const model::Selectors& selectors = *child.options.selectors;
  const auto families = [](const std::vector<net::Prefix>& networks) {
    return std::pair(std::ranges::any_of(networks, [](const net::Prefix& one) { return one.address.is_v4(); }),
                     std::ranges::any_of(networks, [](const net::Prefix& one) { return one.address.is_v6(); }));
  };
  if (families(selectors.local) != families(selectors.remote))
    return at.refuse("selectors", "have a network whose family the other end lacks",
                     "write networks of both ends for each family");
  const auto& ike = std::get<Ike>(tunnel.ike);
  if (ike.version == model::IkeVersion::v1 && (selectors.local.size() > 1 || selectors.remote.size() > 1))
    return at.refuse("selectors", "are more than the one pair that IKE version 1 has room for",
                     "write one network for each end, or \"version\": 2");
  for (const Child* own : config.children) {
    if (hold_address(selectors.local, own->local.address) && hold_address(selectors.remote, own->remote)) continue;
    at.warn("selectors",
            fmt::format("leave out {} and {}: what goes between them is dropped, probes of the gateway too",
                        net::print(own->local.address), net::print(own->remote)),
            "add them, or set \"monitor.address\" of the gateway to an address inside");
  }
}

// IKEv2 negotiates all VTI children of a tunnel as one CHILD_SA, unless it is split.
void check_option_agreement(const ChildConfig& config, const std::string& children, Findings& findings) {
  model::visit_child_options([&](std::string_view key, auto member) {
    const Child* first = nullptr;
    for (const Child* child : config.children) {
      if (!(child->options.*member)) continue;
      if (first == nullptr) first = child;
      if (child->options.*member == first->options.*member) continue;
      At(join(children, child->name), findings)
          .refuse(key, fmt::format("differs from that of \"{}\", with which it is one CHILD_SA", first->name),
                  "write it in one child only, or give this child a tunnel of its own");
    }
  });
}

void check_own_children(const Tunnel& tunnel, const std::string& at, Findings& findings) {
  for (const ChildConfig& config : model::child_configs(tunnel)) {
    check_option_agreement(config, at, findings);
    for (const Child* child : config.children) {
      const std::string pointer = join(at, child->name);
      At here(pointer, findings);
      check_child_options(config, *child, here);
      if (child->options.selectors && inner_addresses_known(findings, pointer, *child))
        check_selectors_of(tunnel, config, *child, here);
    }
  }
}

// Phase 2 of others.
void refuse_all(const Tunnel& tunnel, const std::string& at, const std::string& text, Findings& findings) {
  for (const Child& child : tunnel.children) {
    At here(join(at, child.name), findings);
    model::visit_child_options([&](std::string_view key, auto member) {
      if (child.options.*member) here.refuse(key, text, std::string(kTakeOut));
    });
  }
}

}  // namespace

void check_options(const Config& config, Findings& findings) {
  for (const Tunnel& tunnel : config.tunnels) {
    const std::string at = join("/tunnels", tunnel.name);
    const std::string children = at + "/children";
    if (findings.any_at(at) || findings.any_at(children)) continue;
    if (const auto* ike = std::get_if<Ike>(&tunnel.ike)) {
      if (!findings.any_at(at + "/ike")) check_own_ike(*ike, at + "/ike", findings);
      check_own_children(tunnel, children, findings);
    } else if (const auto* external = std::get_if<model::ExternalIke>(&tunnel.ike)) {
      refuse_all(tunnel, children, fmt::format("belongs to the connection \"{}\" of swanctl.conf", external->connection),
                 findings);
    } else {
      refuse_all(tunnel, children, "belongs to IKE: static SAs have none of it", findings);
    }
  }
  check_unique(config, findings);
}

}  // namespace vtid::config
