#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/base64.h"
#include "foreign/pfsense.h"
#include "foreign/pfsense_names.h"
#include "foreign/raw_keys.h"
#include "foreign/recognise.h"
#include "foreign/swanctl.h"
#include "foreign/swanctl_selectors.h"
#include "foreign/swanctl_words.h"
#include "foreign/vyos_file.h"

namespace vtid::foreign {
namespace {

std::string vyos_group(std::string_view number) {
  if (number.starts_with("dh-group")) number.remove_prefix(8);
  return group_word(number);
}

std::string as_pem_block(const std::string& base64, std::string_view label) {
  if (base64.contains("-----BEGIN")) return base64;
  return pem_of(label, decode_base64(base64).value_or(""));
}

const Element& node_of(const Element& parent, std::string_view kind, std::string_view name) {
  static const Element none;
  const Element& all = parent.at(kind);
  const Element* found = all.find(name);
  return found == nullptr ? none : *found;
}

bool mentions_word(const Element& node, std::string_view word) {
  const bool own = node.name == word || (node.name.size() > 1 && (node.name.ends_with('*') || node.name.ends_with('+')) &&
                                         word.starts_with(std::string_view(node.name).substr(0, node.name.size() - 1)));
  return own || std::ranges::any_of(node.children, [&](const Element& child) { return mentions_word(child, word); });
}

bool shuts_word(const Element& node, std::string_view key) {
  const std::string& action = word_of(node, key);
  return action == "drop" || action == "reject" || action == "jump" || action == "queue";
}

// Whether a chain of that family's firewall shuts what comes by any interface.
bool shuts_everywhere(const Element& family) {
  for (const char* chain : {"forward", "input", "output", "prerouting"}) {
    const Element& filter = family.at(chain).at("filter");
    if (shuts_word(filter, "default-action")) return true;
    for (const Element& rule : filter.at("rule").children) {
      const bool bound = rule.has("inbound-interface") || rule.has("outbound-interface");
      if (!bound && !rule.has("disable") && shuts_word(rule, "action")) return true;
    }
  }
  return false;
}

// Names of nodes, and no values.
void add_node_names(const Element& node, std::string& names) {
  for (const Element& child : node.children) {
    if (child.path != node.path) append_name(names, child.name);
    add_node_names(child, names);
    child.mark();
  }
}

class Vyos {
 public:
  Vyos(const Element& root, Draft& draft, const Wish& wish)
      : root_(root), draft_(draft), wish_{wish.secrets_folder}, ipsec_(root.at("vpn").at("ipsec")) {}

  void carry() {
    result_.sections = {{"connections", "vpn ipsec", 0, "", {}, {}, {}, true},
                        {"secrets", "vpn ipsec", 0, "", {}, {}, {}, true}};
    for (const Element& peer : ipsec_.at("site-to-site").at("peer").children) {
      peer.mark();
      add_peer(peer);
    }
    add_secrets();
    if (result_.sections[0].sections.empty()) draft_.note({}, "there is no site-to-site peer in it, so there are no tunnels");
    const Beside beside = keys();
    const SwanctlAuth auth(result_, wish_, beside, SwanctlAuth::Files::within);
    carried_ = carry_connections(draft_, result_.sections[0], auth);
    for (const char* key : {"interface", "nat-traversal"})
      static_cast<void>(words_below(ipsec_, key));  // what charon listens on
    static_cast<void>(words_below(ipsec_.at("ipsec-interfaces"), "interface"));
    carry_interfaces();
    carry_routes();
    note_all();
  }

 private:
  // ---- proposals

  [[nodiscard]] static bool is_aead_word(std::string_view word) {
    return word.contains("gcm") || word.contains("ccm") || word.contains("gmac") || word.starts_with("chacha");
  }

  // As VyOS gives it to charon: "aes256gcm128-sha256-modp2048", and an AEAD cipher's hash is its PRF's.
  std::string proposals(const Element& group, const Element& ike, bool esp) const {
    const std::string pfs = word_of(group, "pfs");
    std::string result, first_group;
    for (const Element& proposal : ike.at("proposal").children) {
      if (first_group.empty()) first_group = word_of(proposal, "dh-group").empty() ? "2" : word_of(proposal, "dh-group");
    }
    for (const Element& proposal : group.at("proposal").children) {
      proposal.mark();
      const std::string cipher = word_of(proposal, "encryption").empty() ? "aes128" : word_of(proposal, "encryption");
      const std::string hash = word_of(proposal, "hash").empty() ? "sha1" : word_of(proposal, "hash");
      std::string text = cipher, prf = word_of(proposal, "prf");
      if (!is_aead_word(cipher)) text += "-" + hash;
      if (!esp && prf.empty() && is_aead_word(cipher)) prf = "prf" + hash;
      if (!prf.empty()) text += "-" + prf;
      const std::string own = word_of(proposal, "dh-group").empty() ? "2" : word_of(proposal, "dh-group");
      const std::string number = !esp ? own : pfs == "disable" ? "" : pfs.empty() || pfs == "enable" ? first_group : pfs;
      if (const std::string word = vyos_group(number); !word.empty()) text += "-" + word;
      result += (result.empty() ? "" : ",") + text;
    }
    return result;
  }

  // ---- peers

  void add_peer(const Element& peer) {
    Section connection{peer.name, peer.path, peer.line, "", {}, {}, {}, false};
    const Element& ike = node_of(ipsec_, "ike-group", word_of(peer, "ike-group"));
    if (ike.name.empty())
      draft_.note(place_of(peer), "names no ike-group that is in the file, so VyOS's defaults stand in its place",
                  "see that they are the peer's");
    connection.description = word_of(peer, "description");
    connection.off = peer.has("disable");
    add_ends(connection, peer);
    add_ike(connection, peer, ike);
    Section children{"children", peer.path, peer.line, "", {}, {}, {}, false};
    const Element* tunnels = peer.find("tunnel");
    const std::string& device = word_of(peer.at("vti"), "bind");
    if (tunnels == nullptr && !device.empty()) add_child(children, peer, peer.at("vti"), ike, "vti");
    if (tunnels != nullptr) {
      for (const Element& tunnel : tunnels->children) {
        tunnel.mark();
        add_child(children, peer, tunnel, ike, "tunnel-" + tunnel.name);
      }
    }
    connection.sections.push_back(std::move(children));
    if (!device.empty()) shut_behind_firewall(connection, peer, device);
    result_.sections[0].sections.push_back(std::move(connection));
  }

  // Rules of VyOS are not carried over: what they keep out of a tunnel would pass.
  void shut_behind_firewall(Section& connection, const Element& peer, const std::string& device) {
    const Element* firewall = root_.find("firewall");
    const Element* zones = root_.find("zone-policy");
    const bool everywhere =
        firewall != nullptr && (shuts_everywhere(firewall->at("ipv4")) || shuts_everywhere(firewall->at("ipv6")));
    const bool named = everywhere || (firewall != nullptr && mentions_word(*firewall, device)) ||
                       (zones != nullptr && mentions_word(*zones, device)) ||
                       node_of(root_.at("interfaces"), "vti", device).find("firewall") != nullptr;
    if (!named || connection.off) return;
    connection.off = true;
    draft_.note(place_of(peer),
                fmt::format("comes out disabled: rules of VyOS's firewall stand on {}, and are not carried over",
                            everywhere ? "all interfaces" : device),
                "write them as \"rules\", and enable it");
  }

  [[nodiscard]] static std::string address_of(const Element& peer) {
    const auto written = words_below(peer, "remote-address");
    if (!written.empty())
      return std::ranges::find(written, "any") == written.end() ? fmt::format("{}", fmt::join(written, ",")) : "%any";
    return peer.name.starts_with('@') || peer.name == "any" || peer.name == "0.0.0.0" ? "%any" : peer.name;
  }

  void add_ends(Section& connection, const Element& peer) {
    const std::string& local = word_of(peer, "local-address");
    put(connection, "local_addrs", local.empty() || local == "any" ? "%any" : local, place_of(peer));
    put(connection, "remote_addrs", address_of(peer), place_of(peer));
    if (const std::string& by_lease = word_of(peer, "dhcp-interface"); !by_lease.empty())
      draft_.note(place_of(peer), fmt::format("the tunnel begins at the address that {} gets, and is \"any\" here", by_lease),
                  fmt::format("write \"local\": {{ \"interface\": \"{}\" }}, with an id", by_lease));
    const Element& proof = peer.at("authentication");
    const std::string& mode = word_of(proof, "mode");
    const bool keys = !word_of(proof.at("rsa"), "local-key").empty() && !word_of(proof.at("rsa"), "remote-key").empty();
    const std::string word = mode == "pre-shared-secret"       ? "psk"
                             : mode == "rsa" && !keys          ? "keys that it does not name"
                             : mode == "x509" || mode == "rsa" ? "pubkey"
                             : mode.empty()                    ? "psk"
                                                               : mode;
    const std::string own_id = word_of(proof, word_of(proof, "local-id").empty() ? "id" : "local-id");
    std::string peers_id = word_of(proof, "remote-id");
    if (peers_id.empty()) peers_id = peer.name.starts_with('@') ? peer.name.substr(1) : "";
    Section own{"local", proof.path, peer.line, "", {}, {}, {}, false},
        other{"remote", proof.path, peer.line, "", {}, {}, {}, false};
    put(own, "auth", word, place_of(proof));
    put(other, "auth", word, place_of(proof));
    if (!own_id.empty()) put(own, "id", own_id, place_of(proof));
    if (!peers_id.empty()) put(other, "id", peers_id, place_of(proof));
    if (mode == "x509") add_certificates(proof.at("x509"), own, other);
    for (const auto& [end, key] : {std::pair{&own, "local-key"}, std::pair{&other, "remote-key"}}) {
      if (mode == "rsa" && keys) put(*end, "pubkeys", word_of(proof.at("rsa"), key) + ".pem", place_of(proof));
    }
    if (const Element* secret = proof.find("pre-shared-secret");
        secret != nullptr && !word_of(proof, "pre-shared-secret").empty())
      add_secret(*secret, ids_of(own_id, peers_id.empty() ? address_of(peer) : peers_id), word_of(proof, "pre-shared-secret"));
    connection.sections.push_back(std::move(own));
    connection.sections.push_back(std::move(other));
  }

  // The peer's may be several addresses.
  [[nodiscard]] static std::vector<std::string> ids_of(const std::string& own, const std::string& peers) {
    std::vector<std::string> ids{own};
    std::ranges::move(words_of(peers, ","), std::back_inserter(ids));
    return ids;
  }

  static void add_certificates(const Element& names, Section& own, Section& other) {
    put(own, "certs", word_of(names, "certificate") + ".pem", place_of(names));
    std::string authorities;
    for (const std::string& one : words_below(names, "ca-certificate"))
      authorities += (authorities.empty() ? "" : ", ") + one + ".pem";
    if (!authorities.empty()) put(other, "cacerts", authorities, place_of(names));
  }

  void add_ike(Section& connection, const Element& peer, const Element& ike) {
    const bool old = peer.find("remote-address") == nullptr;  // before 1.4
    const std::string& exchange = word_of(ike, "key-exchange");
    const std::string lifetime = word_of(ike, "lifetime").empty() ? "28800" : word_of(ike, "lifetime");
    const Place at = ike.line == 0 ? place_of(peer) : place_of(ike);
    put(connection, "version", exchange == "ikev1" ? "1" : exchange == "ikev2" ? "2" : old ? "1" : "0", at);
    if (const std::string all = proposals(ike, ike, false); !all.empty()) put(connection, "proposals", all, at);
    put(connection, "rekey_time", lifetime + "s", at);
    const std::string &own = word_of(peer, "ikev2-reauth"), &groups = word_of(ike, "ikev2-reauth");
    const bool inherits = own.empty() || own == "inherit";
    if (inherits ? ike.has("ikev2-reauth") && groups != "no" : own == "yes")
      put(connection, "reauth_time", lifetime + "s", place_of((inherits ? ike : peer).at("ikev2-reauth")));
    const bool stays = ike.has("disable-mobike") || word_of(ike, "mobike") == "disable";
    put(connection, "mobike", stays ? "no" : "yes", at);
    if (word_of(ike, "mode") == "aggressive") put(connection, "aggressive", "yes", at);
    if (const Element* dead = ike.find("dead-peer-detection"))
      put(connection, "dpd_delay", word_of(*dead, "interval").empty() ? "30" : word_of(*dead, "interval"), place_of(*dead));
    const std::string& timeout = word_of(ike.at("dead-peer-detection"), "timeout");
    if (!timeout.empty() && exchange == "ikev1")
      put(connection, "dpd_timeout", timeout, place_of(ike.at("dead-peer-detection")));
    const bool encapsulates = peer.has("force-udp-encapsulation") || word_of(peer, "force-encapsulation") == "enable";
    if (encapsulates) put(connection, "encap", "yes", place_of(peer));
  }

  [[nodiscard]] static std::string start_of(const Element& peer) {
    const std::string& type = word_of(peer, "connection-type");
    if (peer.name.starts_with('@') || type == "none") return "none";
    return type == "respond" || type == "trap" ? "trap" : "start";
  }

  // Of a tunnel, or of all that goes through a vti.
  void add_child(Section& children, const Element& peer, const Element& tunnel, const Element& ike, const std::string& name) {
    Section child{name, tunnel.path, tunnel.line, "", {}, {}, {}, true};
    child.off = tunnel.has("disable");
    const std::string named = word_of(tunnel, "esp-group"), usual = word_of(peer, "default-esp-group");
    const Element& esp = node_of(ipsec_, "esp-group", named.empty() ? usual : named);
    if (esp.name.empty())
      draft_.note(place_of(tunnel), "names no esp-group that is in the file, so VyOS's defaults stand in its place",
                  "see that they are the peer's");
    const Place at = esp.line == 0 ? place_of(tunnel) : place_of(esp);
    const std::string& mode = word_of(esp, "mode");
    put(child, "mode", mode.empty() ? "tunnel" : mode, at);
    if (const std::string all = proposals(esp, ike, true); !all.empty()) put(child, "esp_proposals", all, at);
    put(child, "life_time", (word_of(esp, "lifetime").empty() ? "3600" : word_of(esp, "lifetime")) + "s", at);
    if (esp.has("disable-rekey")) put(child, "rekey_time", "0s", place_of(esp.at("disable-rekey")));
    for (const auto& [theirs, ours] : {std::pair{"life-bytes", "life_bytes"}, std::pair{"life-packets", "life_packets"}}) {
      if (!word_of(esp, theirs).empty()) put(child, ours, word_of(esp, theirs), place_of(esp.at(theirs)));
    }
    if (const Element* compression = esp.find("compression");
        compression != nullptr && word_of(esp, "compression") != "disable")
      put(child, "ipcomp", "yes", place_of(*compression));
    put(child, "start_action", start_of(peer), place_of(peer));
    if (const std::string& window = word_of(peer, "replay-window"); !window.empty())
      put(child, "replay_window", window, place_of(peer.at("replay-window")));
    const std::string& dead = word_of(ike.at("dead-peer-detection"), "action");
    if (!dead.empty()) put(child, "dpd_action", dead == "hold" ? "trap" : dead, place_of(ike.at("dead-peer-detection")));
    if (!word_of(ike, "close-action").empty())
      put(child, "close_action", word_of(ike, "close-action"), place_of(ike.at("close-action")));
    add_selectors(child, peer, tunnel, mode == "transport");
    children.sections.push_back(std::move(child));
  }

  static std::string networks_of(const Element& tunnel, std::string_view side, bool whole) {
    std::vector<std::string> networks = words_below(tunnel.at(side), "prefix");
    if (std::ranges::find(networks, "any") != networks.end() || (networks.empty() && whole)) networks = {"0.0.0.0/0", "::/0"};
    const std::string &protocol = word_of(tunnel, "protocol"), &port = word_of(tunnel.at(side), "port");
    const std::string suffix = protocol.empty() && port.empty() ? "" : fmt::format("[{}/{}]", protocol, port);
    std::string list;
    for (const std::string& network : networks) list += fmt::format("{}{}{}", list.empty() ? "" : ",", network, suffix);
    return list;
  }

  void add_selectors(Section& child, const Element& peer, const Element& tunnel, bool transport) {
    const std::string& device = word_of(peer.at("vti"), "bind");
    std::string own = networks_of(tunnel, "local", !device.empty()), peers = networks_of(tunnel, "remote", !device.empty());
    if (!device.empty()) {
      const auto number = number_of(device.starts_with("vti") ? std::string_view(device).substr(3) : "");
      for (const char* key : {"if_id_in", "if_id_out"})
        put(child, key, std::to_string(number.value_or(0) + 1), place_of(peer.at("vti").at("bind")));  // as VyOS numbers them
      add_inner(device, own, peers);
    }
    if (transport && device.empty() && own.empty() && peers.empty()) return;
    if (!own.empty()) put(child, "local_ts", own, place_of(tunnel));
    if (!peers.empty()) put(child, "remote_ts", peers, place_of(tunnel));
  }

  // VyOS knows its own inner address; the peer's is the other one of a network of two, or a next hop.
  void add_inner(const std::string& device, std::string& own, std::string& peers) {
    const Element& interface = node_of(root_.at("interfaces"), "vti", device);
    std::array<bool, 2> known{};
    for (const std::string& written : words_below(interface, "address")) {
      const auto prefix = net::parse_prefix(written);
      if (!prefix || known[prefix->address.is_v4() ? 0 : 1]) {
        draft_.note(place_of(interface.at("address")),
                    fmt::format("{} is not carried over: a child has one address of a family", written));
        continue;
      }
      known[prefix->address.is_v4() ? 0 : 1] = true;
      auto other = other_host(*prefix);
      if (const auto hop = next_hop_in(*prefix); hop && (!other || !other->sure)) other = OtherHost{*hop, true};
      if (!other) continue;
      if (!other->sure)
        draft_.note(
            place_of(interface.at("address")),
            fmt::format("the peer's inner address is not in the file: {} is put in its place", net::print(other->address)),
            "write the one that it has");
      own = narrow_selector(*prefix) + "," + own;
      peers = net::print(other->address) + "," + peers;
    }
  }

  [[nodiscard]] std::optional<net::Address> next_hop_in(const net::Prefix& own) const {
    for (const char* kind : {"route", "route6"}) {
      for (const Element& route : root_.at("protocols").at("static").at(kind).children) {
        const Element* hops = route.find("next-hop");
        for (const Element& hop : hops == nullptr ? none_ : hops->children) {
          const auto address = net::parse_address(hop.name);
          if (address && own.contains(*address) && *address != own.address) return *address;
        }
      }
    }
    return std::nullopt;
  }

  // ---- secrets and keys

  void add_secret(const Element& place, const std::vector<std::string>& ids, const std::string& secret) {
    Section one{fmt::format("ike-{}", result_.sections[1].sections.size()), place.path, place.line, "", {}, {}, {}, false};
    int number = 0;
    for (const std::string& id : ids) {
      if (!id.empty()) put(one, fmt::format("id-{}", number++), id, place_of(place));
    }
    put(one, "secret", secret, place_of(place));
    result_.sections[1].sections.push_back(std::move(one));
  }

  void add_secrets() {
    for (const Element& psk : ipsec_.at("authentication").at("psk").children) {
      psk.mark();
      const std::string &secret = word_of(psk, "secret"), &type = word_of(psk, "secret-type");
      static_cast<void>(word_of(psk, "dhcp-interface"));
      add_secret(psk, words_below(psk, "id"),
                 type == "base64" ? "0s" + secret
                 : type == "hex"  ? "0x" + secret
                                  : "0s" + encode_base64(secret));
    }
  }

  [[nodiscard]] Beside keys() const {
    const Element& pki = root_.at("pki");
    const auto file = [&pki](std::string_view path) -> Result<std::string> {
      const auto slash = std::min(path.find('/'), path.size());
      const std::string_view folder = path.substr(0, slash);
      std::string_view name = path.substr(std::min(slash + 1, path.size()));
      if (name.ends_with(".pem")) name.remove_suffix(4);
      const Element& pair = node_of(pki, "key-pair", name);
      if (folder == "pubkey" || (folder == "private" && !pair.name.empty())) {
        const std::string& key = word_of(pair.at(folder == "pubkey" ? "public" : "private"), "key");
        if (key.empty()) return fail(fmt::format("the key pair {} is not in the file", name));
        return as_pem_block(key, folder == "pubkey" ? "PUBLIC KEY" : "PRIVATE KEY");
      }
      const Element& entry = node_of(pki, folder == "x509ca" || folder == "x509crl" ? "ca" : "certificate", name);
      const std::string& bytes = folder == "private"   ? word_of(entry.at("private"), "key")
                                 : folder == "x509crl" ? word_of(entry, "crl")
                                                       : word_of(entry, "certificate");
      if (bytes.empty()) return fail(fmt::format("{} is not in the file", path));
      return as_pem_block(bytes, folder == "private" ? "PRIVATE KEY" : folder == "x509crl" ? "X509 CRL" : "CERTIFICATE");
    };
    return {file, [&pki, file](std::string_view folder) {
              std::vector<std::string> names;
              for (const Element& entry : folder == "private" ? pki.at("key-pair").children : std::vector<Element>{}) {
                if (file(fmt::format("private/{}.pem", entry.name))) names.push_back(entry.name + ".pem");
              }
              for (const Element& entry : pki.at(folder == "x509ca" || folder == "x509crl" ? "ca" : "certificate").children) {
                if (file(fmt::format("{}/{}.pem", folder, entry.name))) names.push_back(entry.name + ".pem");
              }
              return names;
            }};
  }

  // ---- interfaces and routes

  [[nodiscard]] const CarriedChild* child_on(const std::string& device) const {
    const auto number = number_of(device.starts_with("vti") ? std::string_view(device).substr(3) : "");
    const auto found = std::ranges::find_if(carried_, [&](const CarriedChild& child) {
      return number && child.section->value("if_id_out") == std::to_string(*number + 1);
    });
    return found == carried_.end() ? nullptr : &*found;
  }

  void carry_interfaces() {
    for (const Element& device : root_.at("interfaces").at("vti").children) {
      device.mark();
      const CarriedChild* child = child_on(device.name);
      if (child == nullptr) {
        std::string names;
        add_node_names(device, names);
        draft_.note(place_of(device), fmt::format("is not carried over: there is no tunnel behind it ({})", names));
        continue;
      }
      Json json{{"tunnel", child->tunnel}};
      if (child->own_interface) json["child"] = child->child;
      json["enabled"] = !device.has("disable");
      json["description"] = word_of(device, "description");
      if (const auto mtu = number_of(word_of(device, "mtu"))) json["mtu"] = *mtu;
      carry_mss(device, json);
      if (const std::string& vrf = word_of(device, "vrf"); !vrf.empty()) json["vrf"] = vrf;
      static_cast<void>(words_below(device, "address"));
      draft_.add("interfaces", device.name, std::move(json), place_of(device));
    }
  }

  // "clamp-mss-to-pmtu" is what vtid does by itself.
  void carry_mss(const Element& device, Json& json) {
    for (const char* family : {"ip", "ipv6"}) {
      const std::string& written = word_of(device.at(family), "adjust-mss");
      const auto mss = number_of(written);
      if (mss && !json.contains("mss"))
        json["mss"] = *mss;
      else if (!written.empty() && written != "clamp-mss-to-pmtu" && (!mss || json["mss"] != *mss))
        draft_.note(place_of(device.at(family).at("adjust-mss")),
                    "is not carried over: an interface of vtid has one number for it");
    }
  }

  void carry_routes() {
    carry_routes(root_.at("protocols").at("static"), "");
    for (const Element& vrf : root_.at("vrf").at("name").children) {
      vrf.mark();
      carry_routes(vrf.at("protocols").at("static"), vrf.name);
    }
  }

  void carry_routes(const Element& all, std::string_view vrf) {
    for (const char* kind : {"route", "route6"}) {
      for (const Element& route : all.at(kind).children) carry_route(route, "next-hop", "interface", vrf);
    }
    for (const char* kind : {"interface-route", "interface-route6"}) {  // before 1.4
      for (const Element& route : all.at(kind).children) carry_route(route, "", "next-hop-interface", vrf);
    }
  }

  [[nodiscard]] static std::string device_of(const CarriedChild& child) {
    return fmt::format("vti{}", number_of(child.section->value("if_id_out")).value_or(1) - 1);
  }
  [[nodiscard]] std::string_view vrf_of(const CarriedChild& child) const {
    return word_of(node_of(root_.at("interfaces"), "vti", device_of(child)), "vrf");
  }

  void carry_route(const Element& route, std::string_view hops, std::string_view devices, std::string_view vrf) {
    route.mark();
    for (const Element& hop : hops.empty() ? none_ : route.at(hops).children) {
      hop.mark();
      const auto address = net::parse_address(hop.name);
      const auto child = std::ranges::find_if(carried_, [&](const CarriedChild& one) {
        return address && one.local && one.local->contains(*address) && vrf_of(one) == vrf;
      });
      if (child == carried_.end())
        leave(hop);
      else
        add_route(route, hop, *child);
    }
    for (const Element& device : route.at(devices).children) {
      device.mark();
      const CarriedChild* child = device.name.starts_with("vti") ? child_on(device.name) : nullptr;
      if (child == nullptr)
        leave(device);
      else
        add_route(route, device, *child);
    }
  }

  void leave(const Element& hop) {
    std::string names;
    add_node_names(hop, names);
    draft_.note(place_of(hop),
                fmt::format("is left to the system: it is no tunnel's{}{}", names.empty() ? "" : ", with ", names));
  }

  void add_route(const Element& route, const Element& hop, const CarriedChild& child) {
    const auto to = net::parse_prefix(route.name);
    const std::string device = device_of(child);
    const auto skip = [&](std::string_view why) { draft_.note(place_of(hop), fmt::format("is not carried over: {}", why)); };
    if (!to) return skip("its destination is no network");
    if (hop.has("disable")) return skip("it is disabled");
    if (!child.enabled) return skip(fmt::format("tunnels/{} is disabled", child.tunnel));
    if (!draft_.has("interfaces", device) || node_of(root_.at("interfaces"), "vti", device).has("disable"))
      return skip("its interface is disabled");
    const std::string via = device + (to->address.is_v4() ? "_VTIV4" : "_VTIV6");
    draft_.append("routes", {{"to", net::print(to->network())}, {"via", via}},
                  {route.line, route.path, "", word_of(route, "description")});
    note_part(hop, "is not carried over: vtid has nothing for it");
  }

  // ---- the rest

  void note_part(const Element& part, std::string_view why) {
    for (const Element* element : unread(part)) {
      std::string names;
      add_node_names(*element, names);
      draft_.note(place_of(*element), fmt::format("{}{}{}{}", why, names.empty() ? "" : " (", names, names.empty() ? "" : ")"));
      element->mark();
    }
  }

  void note_all() {
    note_part(root_.at("interfaces").at("vti"), "is not carried over: vtid has nothing for it");
    note_part(root_.at("interfaces"), "is left to the system");
    note_part(root_.at("vpn"), "is not carried over: vtid has nothing for it");
    note_part(root_.at("protocols").at("static"), "is left to the system");
    note_part(root_.at("protocols"), "is not carried over: routing protocols have a file of their own");
    note_part(root_.at("vrf"), "is left to the system");
    for (const char* part : {"firewall", "zone-policy", "nat", "nat66", "policy"})
      note_part(root_.at(part), "is left to the host's own firewall");
    for (const Section& secret : result_.sections[1].sections) {
      if (!secret.read) draft_.note(place_of(secret), "is not carried over: no tunnel here needs it");
    }
    note_unread(draft_, result_.sections[0]);
  }

  const Element& root_;
  Draft& draft_;
  const Wish wish_;
  const Element& ipsec_;
  Section result_;
  std::vector<CarriedChild> carried_;
  const std::vector<Element> none_;
};

}  // namespace

Result<Imported> import_vyos(std::string_view text, std::string_view file_name, const Wish& wish) {
  if (auto ours = expect(Source::vyos, text, file_name); !ours) return std::unexpected(ours.error());
  const auto root = parse_vyos(without_mark(text));
  if (!root) return fail(fmt::format("{}: {}", file_name, root.error().text), root.error().remedy);
  Draft draft(wish);
  note_end(draft, text);
  Vyos(*root, draft, wish).carry();
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
