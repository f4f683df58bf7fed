#include "config/print.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "config/print_filter.h"
#include "config/print_options.h"

namespace vtid::config {
namespace {

using Json = nlohmann::ordered_json;

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

// Named items as an object. Names are unique already, so members are appended without a search.
template <class Items, class Print>
Json named(const Items& items, Print print) {
  Json::object_t members;
  members.reserve(items.size());
  for (const auto& item : items) members.emplace_back(item.name, print(item));
  return members;
}

Json secret(const model::SecretSource& source) {
  if (!source.file.empty()) return {{"file", source.file}};
  return {{"text", std::string(kWithheldSecret)}};
}

Json peer(const model::IkePeer& peer) {
  Json result = Json::object();
  if (!peer.interface.empty()) {
    result["interface"] = peer.interface;
  } else if (!peer.gateway.empty()) {
    result["gateway"] = peer.gateway;
  } else {
    const auto words = words_of(peer.address);
    result["address"] = words.size() == 1 ? Json(words.front()) : Json(words);
  }
  if (!peer.id.empty()) result["id"] = peer.id;
  if (peer.port) result["port"] = *peer.port;
  if (peer.fib) result["fib"] = *peer.fib;
  return result;
}

Json one_or_several(const std::vector<std::string>& items) { return items.size() == 1 ? Json(items.front()) : Json(items); }

Json credentials(const model::Auth& auth) {
  return std::visit(Overloaded{[](const model::PskAuth& psk) {
                                 return Json{{"psk", secret(psk.psk)}};
                               },
                               [](const model::CertificateAuth& x509) {
                                 Json json{{"certificate", x509.certificate.file}, {"key", x509.key.file}};
                                 if (!x509.ca.files.empty()) json["ca"] = one_or_several(x509.ca.files);
                                 if (!x509.peer_certificate.file.empty()) json["peer_certificate"] = x509.peer_certificate.file;
                                 if (x509.send) json["send"] = model::print(*x509.send);
                                 if (x509.request) json["request"] = *x509.request;
                                 if (x509.revocation) json["revocation"] = model::print(*x509.revocation);
                                 if (!x509.crl.files.empty()) json["crl"] = one_or_several(x509.crl.files);
                                 if (!x509.crl_uris.empty()) json["crl_uris"] = x509.crl_uris;
                                 if (!x509.ocsp_uris.empty()) json["ocsp_uris"] = x509.ocsp_uris;
                                 if (!x509.ca_id.empty()) json["ca_id"] = x509.ca_id;
                                 if (!x509.policies.empty()) json["policies"] = x509.policies;
                                 return json;
                               },
                               [](const model::PublicKeyAuth& raw) {
                                 return Json{{"public_key", raw.public_key.file},
                                             {"key", raw.key.file},
                                             {"peer_public_key", raw.peer_public_key.file}};
                               }},
                    auth);
}

Json schemes(const std::vector<model::SignatureScheme>& schemes) {
  Json names = Json::array();
  for (const model::SignatureScheme& scheme : schemes) names.push_back(scheme.name);
  return names;
}

Json auth(const model::Ike& ike) {
  Json json = credentials(ike.auth);
  if (!ike.signature.empty()) json["signature"] = schemes(ike.signature);
  if (!ike.peer_signature.empty()) json["peer_signature"] = schemes(ike.peer_signature);
  if (ike.ppk) json["ppk"] = {{"id", ike.ppk->id}, {"secret", secret(ike.ppk->secret)}, {"required", ike.ppk->required}};
  return json;
}

Json own_ike(const model::Ike& ike) {
  Json result{{"version", static_cast<int>(ike.version)},
              {"split", ike.split},
              {"local", peer(ike.local)},
              {"remote", peer(ike.remote)},
              {"auth", auth(ike)},
              {"proposals", ike.proposals},
              {"dpd", print_duration(ike.dpd)},
              {"rekey", print_duration(ike.rekey)},
              {"mobike", ike.mobike},
              {"encapsulate", ike.encapsulate}};
  if (!host_names_of(ike.remote.address).empty()) result["resolve"] = print_duration(ike.resolve);
  print_ike_options(ike.options, result);
  return result;
}

Json static_sa(const model::StaticSa& sa) {
  return {{"spi", fmt::format("0x{:x}", sa.spi)}, {"algorithm", model::print(sa.algorithm)}, {"key", secret(sa.key)}};
}

Json static_keys(const model::StaticKeys& keys) {
  Json in = Json::array();
  for (const model::StaticSa& sa : keys.in) in.push_back(static_sa(sa));
  return {{"in", in.size() == 1 ? in.front() : in}, {"out", static_sa(keys.out)}, {"replay_window", keys.replay_window}};
}

Json child(const model::Child& child) {
  Json result{{"mode", model::print(child.mode)}, {"description", child.description}, {"enabled", child.enabled}};
  if (child.mode == model::ChildMode::vti) {
    if (child.unit) result["unit"] = child.unit->value;
    result["local"] = net::print(child.local);
    result["remote"] = net::print(child.remote);
  } else {
    if (!child.local_networks.empty()) result["local"] = print_networks(child.local_networks);
    if (!child.remote_networks.empty()) result["remote"] = print_networks(child.remote_networks);
  }
  if (!child.proposals.empty()) result["proposals"] = child.proposals;
  if (child.rekey) result["rekey"] = print_duration(*child.rekey);
  if (child.policies && *child.policies != model::PolicyOwner::interface) result["policies"] = model::print(*child.policies);
  print_child_options(child.options, result);
  return result;
}

Json tunnel(const model::Tunnel& tunnel) {
  Json result{{"description", tunnel.description},
              {"enabled", tunnel.enabled},
              {"unit", tunnel.unit ? Json(tunnel.unit->value) : Json("auto")}};
  std::visit(Overloaded{[&](const model::Ike& own) { result["ike"] = own_ike(own); },
                        [&](const model::ExternalIke& external) {
                          result["ike"] = Json{{"external", external.connection}};
                        },
                        [&](const model::StaticKeys& keys) {
                          result["outer"] = {{"local", net::print(keys.local)}, {"remote", net::print(keys.remote)}};
                          result["keys"] = static_keys(keys);
                        }},
             tunnel.ike);
  result["start"] = model::print(tunnel.start);
  if (!has_static_keys(tunnel)) {
    result["renew_when_silent"] = tunnel.renew_when_silent ? print_duration(*tunnel.renew_when_silent) : "off";
  }
  result["children"] = named(tunnel.children, child);
  return result;
}

Json mss(const decltype(model::Interface::mss)& mss) {
  return std::visit(Overloaded{[](const model::AutomaticMss&) { return Json("auto"); },
                               [](const model::NoMss&) { return Json("none"); }, [](std::uint16_t size) { return Json(size); }},
                    mss);
}

Json interface(const model::Interface& interface) {
  Json result = std::visit(Overloaded{[](const model::TunnelPort& port) {
                                        Json json{{"tunnel", port.tunnel}};
                                        if (!port.child.empty()) json["child"] = port.child;
                                        return json;
                                      },
                                      [](const model::DevicePort& port) {
                                        return Json{{"device", port.device.text()}};
                                      }},
                           interface.port);
  result["enabled"] = interface.enabled;
  result["description"] = interface.description;
  result["mtu"] = interface.mtu ? Json(*interface.mtu) : Json("auto");
  result["mss"] = mss(interface.mss);
  if (interface.reply_to) result["reply_to"] = *interface.reply_to;
  if (interface.vrf) result["vrf"] = interface.vrf->text();
  if (interface.fib) result["fib"] = *interface.fib;
  return result;
}

Json silence(const decltype(model::MonitorOptions::silence)& silence) {
  return std::visit(Overloaded{[](const model::AutomaticSilence&) { return Json("auto"); },
                               [](const model::NoSilence&) { return Json("off"); }, [](int probes) { return Json(probes); }},
                    silence);
}

Json targets(const std::vector<model::MonitorTarget>& targets) {
  Json array = Json::array();
  for (const model::MonitorTarget& target : targets) {
    Json& item = array.emplace_back(
        Json{{"address", target.address ? net::print(*target.address) : "auto"}, {"kind", model::print(target.kind)}});
    if (target.kind == model::ProbeKind::tcp) item["port"] = target.port;
  }
  return array;
}

Json require(const std::optional<std::size_t>& targets) {
  if (!targets) return "all";
  return *targets == 1 ? Json("any") : Json(*targets);
}

Json monitor(const model::MonitorOptions& monitor) {
  return {{"enabled", monitor.enabled},
          {"address", monitor.address ? net::print(*monitor.address) : "auto"},
          {"targets", targets(monitor.targets)},
          {"require", require(monitor.require)},
          {"interval", print_duration(monitor.interval)},
          {"loss_interval", print_duration(monitor.loss_interval)},
          {"period", print_duration(monitor.period)},
          {"alert", print_duration(monitor.alert)},
          {"hold", print_duration(monitor.hold)},
          {"latency", {{"low", print_duration(monitor.latency_low)}, {"high", print_duration(monitor.latency_high)}}},
          {"loss", {{"low", monitor.loss_low}, {"high", monitor.loss_high}}},
          {"silence", silence(monitor.silence)},
          {"damping",
           {{"falls", monitor.falls},
            {"window", print_duration(monitor.fall_window)},
            {"longest", print_duration(monitor.longest_hold)}}}};
}

Json gateway(const model::Gateway& gateway) {
  Json result = Json::object();
  if (!gateway.automatic) {
    result["interface"] = gateway.interface;
    result["address"] = gateway.dynamic ? std::string(model::kDynamic) : net::print(gateway.address);
    if (gateway.dynamic) result["family"] = net::print(gateway.address.family());
    result["on_link"] = gateway.on_link;
  }
  result["description"] = gateway.description;
  result["weight"] = gateway.weight;
  result["forced_down"] = gateway.monitor.forced_down;
  result["monitor"] = monitor(gateway.monitor);
  return result;
}

Json group(const model::GatewayGroup& group) {
  Json members = Json::array();
  for (const model::GroupMember& member : group.members) {
    members.push_back(
        {{"gateway", member.gateway}, {"tier", member.tier}, {"weight", member.weight ? Json(*member.weight) : Json("auto")}});
    if (member.local) members.back()["local"] = net::print(*member.local);
  }
  return {{"description", group.description},
          {"trigger", model::print(group.trigger)},
          {"when_all_down", model::print(group.when_all_down)},
          {"members", std::move(members)}};
}

Json routes(const std::vector<model::StaticRoute>& routes) {
  Json result = Json::array();
  for (const model::StaticRoute& route : routes) {
    result.push_back({{"to", net::print(route.to)},
                      {"via", route.via},
                      {"metric", route.metric ? Json(route.metric->value) : Json("auto")},
                      {"when_down", model::print(route.when_down)}});
  }
  return result;
}

Json print_http(const model::HttpConfig& http) {
  Json listen = Json::array();
  for (const model::HttpEndpoint& endpoint : http.listen) listen.push_back(model::print(endpoint));
  return {{"listen", std::move(listen)}, {"allow_remote", http.allow_remote}};
}

Json on_change(const model::OnChange& run) {
  Json events = Json::array();
  for (const model::ChangeEvent event : run.events) events.push_back(model::print(event));
  return {{"command", run.command}, {"timeout", print_duration(run.timeout)}, {"events", std::move(events)}};
}

}  // namespace

std::string print_canonical(const model::Config& config) {
  Json file{{"charon", {{"vici", config.vici}}},
            {"filter", print_filter(config.filter)},
            {"on_stop", config.on_stop == model::OnStop::keep ? "keep" : "remove"},
            {"tunnels", named(config.tunnels, tunnel)},
            {"interfaces", named(config.interfaces, interface)},
            {"gateways", named(config.gateways, gateway)},
            {"gateway_groups", named(config.groups, group)},
            {"default_gateway", {{"ipv4", config.default_gateway.ipv4}, {"ipv6", config.default_gateway.ipv6}}},
            {"routes", routes(config.routes)},
            {"policy_routes", print_policy_routes(config.policy_routes)}};
  if (!config.lists.empty()) file["lists"] = print_lists(config.lists);
  if (config.filter.rules) file["rules"] = print_rules(*config.filter.rules);
  file["nat"] = print_nat(config.filter.nat);
  if (config.on_change) file["on_change"] = on_change(*config.on_change);
  if (config.role_address) file["role"] = {{"address", net::print(*config.role_address)}};
  if (!config.http.listen.empty()) file["http"] = print_http(config.http);
  return file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vtid::config
