#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "foreign/pfsense.h"
#include "net/names.h"

namespace vtid::foreign {
namespace {

constexpr std::size_t kMostPhases = 64;  // as many as a tunnel has children

struct Phase2 {
  const Element& element;
  bool vti = false;
  bool enabled = true;
  std::optional<std::size_t> index;  // among the tunnel's VTI phases 2 that are enabled
  std::string name;                  // of the child
  Json json;
};

class Tunnel {
 public:
  Tunnel(Work& work, const PfsenseDevices& devices, const Element& phase1, std::vector<const Element*> phases)
      : work_(work), devices_(devices), phase1_(phase1), phases_(std::move(phases)) {}

  void carry() {
    const std::string& title = phase1_.value("descr");
    name_ = work_.draft.fresh_name("tunnels", title.empty() ? "con" + phase1_.value("ikeid") : title, kLongestTunnel);
    if (phases_.size() > kMostPhases) return refuse({fmt::format("it has more than {} phases 2", kMostPhases), "divide it", 0});
    auto ike = pfsense_ike(work_, phase1_, name_);
    if (!ike) return refuse(ike.error());
    ike_ = std::move(ike->ike);
    for (const Element* phase : phases_) carry_phase(*phase);
    if (children_.empty()) return refuse({"it has no phase 2 that can be carried over", "", 0});
    enabled_ = !phase1_.has("disabled");
    if (!ike->shut.empty()) {
      enabled_ = false;
      work_.draft.note(place_of(phase1_),
                       fmt::format("tunnels/{} is disabled, because of what is not carried over: {}", name_, ike->shut),
                       "enable it when that is no loss");
    }
    if (enabled_ && std::ranges::none_of(children_, &Phase2::enabled)) {
      enabled_ = false;
      work_.draft.note(place_of(phase1_), fmt::format("tunnels/{} is disabled, because each phase 2 of it is", name_));
    }
    agree();
    separate();
    pin_peer();
  }

 private:
  [[nodiscard]] bool per_child() const { return ike_["version"] == 1 || ike_["split"] == true; }

  void refuse(const Error& error) {
    work_.draft.note(place_of(phase1_), fmt::format("the tunnel \"{}\" is not carried over: {}", name_, error.text),
                     error.remedy);
    told(phase1_);
    for (const Element* phase : phases_) told(*phase);
  }

  void carry_phase(const Element& phase) {
    Phase2 result{phase, phase.value("mode") == "vti", !phase.has("disabled"), std::nullopt, "", Json::object()};
    if (result.vti && result.enabled) result.index = enabled_vtis_++;
    const auto skip = [&](std::string why) {
      work_.draft.note(place_of(phase), "is not carried over: " + std::move(why));
      told(phase);
    };
    if (phase.value("protocol") == "ah") return skip("vtid has no AH");
    const std::string& mode = phase.value("mode");
    if (!mode.empty() && mode != "vti" && mode != "tunnel" && mode != "tunnel6" && mode != "transport")
      return skip(fmt::format("vtid has no mode \"{}\"", mode));
    result.json = {{"mode", result.vti                           ? "vti"
                            : phase.value("mode") == "transport" ? "transport"
                                                                 : "tunnel"},
                   {"description", phase.value("descr")},
                   {"enabled", result.enabled}};
    const Result<void> ends = result.vti ? vti_ends(phase, result.json) : network_ends(phase, result.json);
    if (!ends) return skip(ends.error().text);
    if (const auto proposals = pfsense_child_proposals(phase, work_.opnsense); !proposals.empty())
      result.json["proposals"] = proposals;
    add_rekey(phase, result.json);
    result.name = child_name(result);
    note_phase(phase);
    children_.push_back(std::move(result));
  }

  // Charon's own hour when pfSense says no lifetime.
  void add_rekey(const Element& phase, Json& json) {
    const auto rekey = pfsense_child_rekey(phase);
    if (rekey == 0)
      work_.draft.note(place_of(phase.at("rekey_time")), "0 (never) is not carried over: vtid's default holds");
    else if (rekey)
      json["rekey"] = fmt::format("{}s", *rekey);
    else if (per_child() || json["mode"] != "vti")
      json["rekey"] = "60m";
    if (!rekey) note_texts(work_, phase, {"rekey_time"}, fmt::format("without a lifetime {} does not use it", work_.product()));
  }

  [[nodiscard]] std::string child_name(const Phase2& phase) const {
    std::string name = !phase.vti ? fmt::format("{}-{}", phase.json["mode"].get<std::string>(), phase.element.value("reqid"))
                       : phase.json["remote"].get<std::string>().contains(':') ? "v6"
                                                                               : "v4";
    const auto taken = [&](const std::string& other) {
      return std::ranges::find(children_, other, &Phase2::name) != children_.end();
    };
    if (taken(name)) name += '-' + phase.element.value("reqid");
    while (taken(name)) name += '_';
    return name;
  }

  // pfSense: an "address" is in a /30 or a /64.
  static Result<void> vti_ends(const Element& phase, Json& json) {
    const Element& local = phase.at("localid");
    pass_over(local, {"netbits"});
    pass_over(phase.at("remoteid"), {"type", "netbits"});
    const auto own = net::parse_address(local.value("address"));
    const auto peer = net::parse_address(phase.at("remoteid").value("address"));
    if (!own || !peer) return fail("its local or remote end is not an address");
    const long otherwise = own->is_v4() ? 30 : 64;
    const long length = local.value("type") == "network" ? number_of(local.value("netbits")).value_or(otherwise) : otherwise;
    net::Prefix prefix{*own, static_cast<std::uint8_t>(std::min(length, static_cast<long>(own->bits())))};
    if (own->family() == peer->family() && !prefix.contains(*peer)) prefix.length = static_cast<std::uint8_t>(own->bits());
    json["local"] = net::print(prefix);
    json["remote"] = net::print(*peer);
    return {};
  }

  Result<void> network_ends(const Element& phase, Json& json) {
    if (phase.has("natlocalid")) return fail("it translates addresses, which vtid does not for tunnel mode");
    if (json["mode"] == "transport") return {};
    for (const auto& [key, side] : {std::pair{"local", "localid"}, std::pair{"remote", "remoteid"}}) {
      auto network = network_of(phase.at(side), phase.value("mode") == "tunnel6" ? net::Family::ipv6 : net::Family::ipv4);
      if (!network) return std::unexpected(network.error());
      json[key] = net::print(*network);
    }
    return {};
  }

  [[nodiscard]] Result<net::Prefix> network_of(const Element& end, net::Family family) const {
    const std::string& type = end.value("type");
    pass_over(end, {"address", "netbits"});
    if (type == "none" || type == "mobile") return net::Prefix{net::Address::any(net::Family::ipv4), 0};
    if (type == "address" || type == "network") {
      const auto text = type == "address" ? end.value("address") : end.value("address") + '/' + end.value("netbits");
      const auto prefix = net::parse_prefix(text);
      if (!prefix) return fail(fmt::format("\"{}\" is not a network", text));
      return prefix->network();
    }
    const auto known = work_.names.address(type, family);
    if (!known) return fail(fmt::format("the file does not say what the network of \"{}\" is", type));
    return known->network();
  }

  void note_phase(const Element& phase) {
    const auto say = [&](std::string_view key, std::string text) {
      if (!phase.value(key).empty()) work_.draft.note(place_of(phase.at(key)), std::move(text));
    };
    if (phase.value("keepalive") == "enabled")
      say("keepalive", "needs no carrying over: vtid keeps a tunnel with \"start\": \"start\" up by itself");
    say("pinghost", "is not carried over: vtid needs no pings to keep a tunnel up, and its gateway's monitor sends some");
    say("rand_time", "is not carried over: charon spreads rekeying by its own default");
    pass_over(phase, {"ikeid", "uniqid", "reqid"});
    if (phase.value("mode") == "transport") pass_over(phase, {"localid", "remoteid"});
  }

  // Without split, pfSense negotiates one CHILD_SA with the proposals of all, and the last one's times.
  void agree() {
    if (per_child()) return;
    std::vector<Phase2*> shared;
    for (Phase2& phase : children_) {
      if (phase.vti && phase.enabled) shared.push_back(&phase);
    }
    if (shared.empty()) return;
    std::vector<std::string> proposals;
    Json rekey;
    for (const Phase2* phase : shared) {
      for (const Json& proposal : phase->json.value("proposals", Json::array())) {
        if (std::ranges::find(proposals, proposal.get<std::string>()) == proposals.end())
          proposals.push_back(proposal.get<std::string>());
      }
      if (phase->json.contains("rekey")) rekey = phase->json["rekey"];
    }
    for (Phase2* phase : shared) {
      if (!proposals.empty()) phase->json["proposals"] = proposals;
      phase->json["rekey"] = rekey.is_null() ? Json("60m") : rekey;
    }
  }

  // VTI children and others do not share a connection: one VTI child gives way by "split", several keep their interface.
  void separate() {
    const auto vtis = std::ranges::count_if(children_, &Phase2::vti);
    const bool mixed = vtis > 0 && static_cast<std::size_t>(vtis) < children_.size() && !per_child();
    if (!mixed) return write(name_, children_, enabled_);
    if (vtis == 1) {
      ike_["split"] = true;
      work_.draft.note(place_of(phase1_),
                       fmt::format("tunnels/{} is split, because VTI and other children do not share a CHILD_SA", name_),
                       "turn \"split connections\" on at the peer too");
      return write(name_, children_, enabled_);
    }
    std::vector<Phase2> routed, others;
    for (Phase2& phase : children_) (phase.vti ? routed : others).push_back(std::move(phase));
    write(name_, routed, enabled_);
    const std::string second = work_.draft.fresh_name("tunnels", name_ + "-policies", kLongestTunnel);
    work_.draft.note(place_of(phase1_), fmt::format("what is not VTI of it is a tunnel of its own, tunnels/{}", second),
                     "give both ends of one of the two ids of its own, so that charon can tell them apart when the peer calls");
    write(second, others, enabled_);
  }

  void write(const std::string& name, const std::vector<Phase2>& phases, bool enabled) {
    const bool any_vti = std::ranges::any_of(phases, &Phase2::vti);
    Json json{{"description", phase1_.value("descr")}, {"enabled", enabled && std::ranges::any_of(phases, &Phase2::enabled)}};
    const bool on = json["enabled"] == true;
    if (any_vti && !per_child()) pin(json, devices_.shared(phase1_.value("ikeid"), phases_), {name, "", {}, {}}, phases, on);
    json["ike"] = ike_;
    json["start"] = start(phases);
    Json children = Json::object();
    for (const Phase2& phase : phases) {
      Json child = phase.json;
      work_.has_policies |= json["enabled"] == true && phase.enabled && child["mode"] == "tunnel";
      if (phase.vti && per_child()) {
        pin(child, devices_.own(phase1_.value("ikeid"), phase.element, phase.index), {name, phase.name, {}, {}}, {phase}, on);
      }
      work_.draft.place(fmt::format("tunnels/{}/children/{}", name, phase.name), place_of(phase.element));
      children[phase.name] = std::move(child);
    }
    json["children"] = std::move(children);
    work_.draft.add("tunnels", name, std::move(json), place_of(phase1_));
  }

  // pfSense's ipsecN keeps its name, which rules, captures and FRR know.
  void pin(Json& json, const std::string& number, VtiPort port, const std::vector<Phase2>& phases, bool enabled) {
    for (const Phase2& phase : phases) {
      const auto local = phase.vti ? net::parse_prefix(phase.json["local"].get<std::string>()) : fail("");
      if (!local) continue;
      if (enabled && phase.enabled)
        port.local.emplace(local->family(), *local);
      else
        port.asleep.emplace(local->family(), enabled ? fmt::format("tunnels/{}/children/{}", port.tunnel, phase.name)
                                                     : "tunnels/" + port.tunnel);
    }
    if (number.empty()) return;  // it was never made
    work_.ports.emplace("ipsec" + number, std::move(port));
    const auto unit = number_of(number);
    if (unit && *unit >= 1 && *unit <= static_cast<long>(net::kHighestUnit.value))
      json["unit"] = *unit;
    else
      work_.draft.note(place_of(phase1_),
                       fmt::format("the number \"{}\" of its interface is none of vtid's, which chooses another", number));
  }

  void pin_peer() {
    const bool any = ike_["remote"]["address"] == "any";
    const bool unwanted = phase1_.has("gw_duplicates");
    if (!enabled_ || any || unwanted) return;
    const auto peer = net::parse_address(phase1_.value("remote-gateway"));
    work_.pins.push_back({phase1_, name_, peer ? std::optional(*peer) : std::nullopt});
  }

  std::string start(const std::vector<Phase2>& phases) {
    const bool any = ike_["remote"]["address"] == "any";
    const bool vti = std::ranges::any_of(phases, &Phase2::vti);
    const std::string& action = phase1_.value("startaction");
    if (any || action == "none" || phase1_.has("responderonly")) return "none";
    if (action == "trap" && vti && !work_.opnsense) {
      work_.draft.note(place_of(phase1_.at("startaction")), "\"trap\" is \"start\" here, as pfSense takes it for VTI",
                       "write \"start\": \"trap\": vtid can");
      return "start";
    }
    if (action.empty() && !vti) return "trap";
    return action == "trap" ? "trap" : "start";
  }

  Work& work_;
  const PfsenseDevices& devices_;
  const Element& phase1_;
  const std::vector<const Element*> phases_;
  std::string name_;
  Json ike_;
  bool enabled_ = true;
  std::size_t enabled_vtis_ = 0;
  std::vector<Phase2> children_;
};

}  // namespace

void carry_tunnels(Work& work) {
  const Element& ipsec = work.root.at("ipsec");
  const PfsenseDevices devices(work.root);
  std::map<std::string, std::vector<const Element*>> phases;
  std::set<std::string> tunnels;
  for (const Element* phase : ipsec.all("phase2")) phases[phase->value("ikeid")].push_back(phase);
  for (const Element* phase : ipsec.all("phase1")) {
    const std::string& id = phase->value("ikeid");
    tunnels.insert(id);
    if (phase->has("mobile")) {
      work.draft.note(place_of(*phase), "the phase 1 of mobile clients is not carried over: vtid keeps tunnels between sites",
                      "keep it in swanctl.conf");
      told(*phase);
      for (const Element* second : phases[id]) told(*second);
      continue;
    }
    Tunnel(work, devices, *phase, phases[id]).carry();
  }
  for (const Element* phase : ipsec.all("phase2")) {
    if (tunnels.contains(phase->value("ikeid"))) continue;
    work.draft.note(place_of(*phase), "is not carried over: it belongs to no phase 1");
    told(*phase);
  }
  pass_over(ipsec, {"filtermode", "enable"});
  if (ipsec.at("client").children.empty()) pass_over(ipsec, {"client"});  // of mobile clients; pfSense always has one
  if (!ipsec.at("logging").children.empty()) {
    work.draft.note(place_of(ipsec.at("logging")), "is not carried over: how much charon says stands in its strongswan.conf");
    for (const Element& level : ipsec.at("logging").children) level.mark();
  }
}

namespace {

// pfSense takes the headers off what the field says: 40 bytes for IPv4, 60 for IPv6.
void add_sizes(const Element& entry, const VtiPort& port, Json& json) {
  if (const auto mtu = number_of(entry.value("mtu"))) json["mtu"] = *mtu;
  if (const auto mss = number_of(entry.value("mss")); mss && *mss > 60)
    json["mss"] = *mss - (port.local.contains(net::Family::ipv6) ? 60 : 40);
}

void carry_interface(Work& work, const Element& entry, const VtiPort& port) {
  const std::string name = work.draft.fresh_name("interfaces", work.names.title(entry.name), 25);
  Json json{{"tunnel", port.tunnel}};
  if (!port.child.empty()) json["child"] = port.child;
  json["enabled"] = entry.has("enable");
  json["description"] = entry.value("descr");
  add_sizes(entry, port, json);
  note_texts(work, entry, {"spoofmac", "ipaddr", "subnet", "ipaddrv6", "subnetv6", "gateway", "gatewayv6"},
             "the tunnel's children have the addresses");
  work.draft.add("interfaces", name, std::move(json), place_of(entry));
  work.interfaces.emplace(entry.name, name);
}

}  // namespace

void carry_interfaces(Work& work) {
  const Element& mode = work.root.at("ipsec").at("filtermode");
  work.draft.set("filter", "mode", work.assigned_mode() ? "if_ipsec" : "enc", place_of(mode));
  if (work.assigned_mode() && work.has_policies) {
    work.draft.set("filter", "allow_blocked_tunnels", true, {});
    work.draft.note(place_of(mode), fmt::format("the mode blocks children in tunnel mode, as it does in {}", work.product()),
                    "make them VTI children, or use mode \"enc\"");
  }
  for (const Element& entry : work.root.at("interfaces").children) {
    const VtiPort* port = work.port_of(entry.name);
    if (port != nullptr)
      carry_interface(work, entry, *port);
    else if (entry.value("if").starts_with("ipsec"))
      work.draft.note(place_of(entry), fmt::format("is not carried over: there is no tunnel behind {}", entry.value("if")));
  }
}

}  // namespace vtid::foreign
