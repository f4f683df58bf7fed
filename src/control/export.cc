#include "control/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/duration.h"
#include "control/message.h"
#include "model/proposal.h"
#include "vtid/protocol.h"

namespace vtid::control {
namespace {

constexpr std::string_view kSecretHere = "PUT THE PRE-SHARED KEY HERE";
constexpr std::string_view kAddressHere = "PUT.YOUR.ADDRESS.HERE";
constexpr Duration kSecond{1'000};

long seconds(Duration duration) { return duration / kSecond; }

// One VTI or policy child of the peer.
struct PeerChild {
  std::string name;
  model::ChildMode mode;
  net::Prefix local;    // of a VTI
  net::Address remote;  // of a VTI
  std::vector<net::Prefix> local_networks, remote_networks;
  std::optional<model::Selectors> selectors{};  // of a VTI
};

// What the peer has to be told, whatever it runs.
struct PeerSide {
  std::string name;
  int version = 2;
  std::string local, remote;  // outer addresses; empty when nobody knows it
  std::string local_id, remote_id;
  bool psk = true;
  std::optional<model::Ppk> ppk{};
  std::vector<std::string> ike_proposals, esp_proposals;
  Duration ike_rekey{}, esp_rekey{}, dpd{};
  bool mobike = false, encapsulate = false, split = false;
  bool begins = false;  // the peer has to
  net::Unit unit;
  std::vector<PeerChild> children;
};

std::string known_address(const model::Endpoint& written, const std::string& live) {
  if (!is_callable(written)) return net::parse_address(live) ? live : "";
  if (!std::holds_alternative<model::SeveralAddresses>(written)) return model::print(written);
  return net::parse_address(live) ? live : model::words_of(written).front();
}

std::string identity_or(const model::IkePeer& peer, const std::string& address) { return peer.id.empty() ? address : peer.id; }

// What never renews here is the peer's to renew.
Duration renewed_after(Duration ours, Duration otherwise) { return ours == Duration{} ? otherwise : ours; }

std::optional<model::Selectors> turned_round(const std::optional<model::Selectors>& ours) {
  if (!ours) return std::nullopt;
  return model::Selectors{ours->remote, ours->local};
}

PeerSide turned_round(const model::Tunnel& tunnel, const model::Ike& ike, const Index& index) {
  const model::TunnelStatus* status = index.status_of(tunnel.name);
  const std::string live_local = status == nullptr ? "" : status->local;
  const std::string live_remote = status == nullptr ? "" : status->remote;
  PeerSide peer;
  peer.name = tunnel.name;
  peer.version = static_cast<int>(ike.version);
  peer.local = known_address(ike.remote.address, live_remote);
  peer.begins = tunnel.start == model::Start::none;
  const bool moves = ike.local.is_located() && !peer.begins;  // then we call, from wherever our end is
  peer.remote = moves ? "" : known_address(ike.local.address, live_local);
  peer.local_id = identity_or(ike.remote, peer.local);
  peer.remote_id = identity_or(ike.local, peer.remote);
  peer.psk = std::holds_alternative<model::PskAuth>(ike.auth);
  peer.ppk = ike.ppk;
  peer.ike_proposals = ike.proposals;
  const auto configs = model::child_configs(tunnel);
  if (!configs.empty()) {
    peer.esp_proposals = configs.front().proposals;
    peer.esp_rekey = renewed_after(configs.front().rekey, model::kDefaultChildRekey);
  }
  peer.ike_rekey = renewed_after(ike.rekey, model::Ike{}.rekey);
  peer.dpd = ike.dpd;
  peer.mobike = ike.mobike;
  peer.encapsulate = ike.encapsulate;
  peer.split = model::has_interface_per_child(tunnel);
  const auto number = index.snapshot.numbers.find(tunnel.name);
  peer.unit = number == index.snapshot.numbers.end() ? net::Unit{1} : number->second;
  for (const model::Child& child : tunnel.children) {
    if (!child.enabled) continue;
    const net::Prefix inner{child.remote, child.local.length};
    peer.children.push_back({child.name, child.mode, inner, child.local.address, child.remote_networks, child.local_networks,
                             turned_round(child.options.selectors)});
  }
  return peer;
}

std::string listed(const std::vector<net::Prefix>& networks, std::string_view separator) {
  std::vector<std::string> texts;
  for (const net::Prefix& network : networks) texts.push_back(net::print(network));
  return fmt::format("{}", fmt::join(texts, separator));
}

bool is_vti(const PeerChild& child) { return child.mode == model::ChildMode::vti; }

class Lines {
 public:
  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// ---- vtid ------------------------------------------------------------------------------------------------------------

Json vtid_children(const model::Tunnel& tunnel) {
  Json children = Json::object();
  for (const model::Child& child : tunnel.children) {
    Json json{{"mode", model::print(child.mode)}};
    if (child.mode == model::ChildMode::vti) {
      json["local"] = net::print(net::Prefix{child.remote, child.local.length});
      json["remote"] = net::print(child.local.address);
    } else if (!child.local_networks.empty() || !child.remote_networks.empty()) {
      json["local"] = Json::array();
      json["remote"] = Json::array();
      for (const net::Prefix& network : child.remote_networks) json["local"].push_back(net::print(network));
      for (const net::Prefix& network : child.local_networks) json["remote"].push_back(net::print(network));
    }
    if (!child.enabled) json["enabled"] = false;
    if (!child.proposals.empty()) json["proposals"] = child.proposals;
    if (child.rekey && *child.rekey != Duration{}) json["rekey"] = print_duration(*child.rekey);
    if (const auto selectors = turned_round(child.options.selectors)) {
      for (const net::Prefix& network : selectors->local) json["selectors"]["local"].push_back(net::print(network));
      for (const net::Prefix& network : selectors->remote) json["selectors"]["remote"].push_back(net::print(network));
    }
    children[child.name] = std::move(json);
  }
  return children;
}

Json vtid_ike(const PeerSide& peer) {
  Json local = Json::object(), remote = Json::object();
  local["address"] = peer.local.empty() ? "any" : peer.local;
  local["id"] = peer.local_id;
  remote["address"] = peer.remote.empty() ? "any" : peer.remote;
  remote["id"] = peer.remote_id;
  Json auth = peer.psk ? Json{{"psk", {{"file", peer.name + ".psk"}}}}
                       : Json{{"certificate", peer.name + ".pem"}, {"key", peer.name + ".key"}, {"ca", "ca.pem"}};
  if (peer.ppk)
    auth["ppk"] = {{"id", peer.ppk->id}, {"secret", {{"file", peer.name + ".ppk"}}}, {"required", peer.ppk->required}};
  return {{"version", peer.version},
          {"split", peer.version == 2 && peer.split},
          {"local", local},
          {"remote", remote},
          {"auth", std::move(auth)},
          {"proposals", peer.ike_proposals},
          {"dpd", print_duration(peer.dpd)},
          {"rekey", print_duration(peer.ike_rekey)},
          {"mobike", peer.mobike},
          {"encapsulate", peer.encapsulate}};
}

// Of static SAs: what comes in here is sent there.
Json vtid_keys(const model::StaticKeys& keys, const std::string& tunnel) {
  const auto sa = [&](const model::StaticSa& one, std::string_view file) {
    return Json{{"spi", fmt::format("0x{:x}", one.spi)},
                {"algorithm", print(one.algorithm)},
                {"key", {{"file", fmt::format("{}.{}", tunnel, file)}}}};
  };
  return {{"in", sa(keys.out, "in")}, {"out", sa(keys.in.back(), "out")}};
}

std::string as_vtid(const model::Tunnel& tunnel, const std::optional<PeerSide>& peer) {
  Json json = Json::object();
  if (peer) {
    json["ike"] = vtid_ike(*peer);
    json["start"] = peer->begins && !peer->remote.empty() ? "start" : "none";
  } else {
    const auto& keys = std::get<model::StaticKeys>(tunnel.ike);
    json["outer"] = {{"local", net::print(keys.remote)}, {"remote", net::print(keys.local)}};
    json["keys"] = vtid_keys(keys, tunnel.name);
  }
  json["children"] = vtid_children(tunnel);
  const Json file{{"tunnels", {{tunnel.name, std::move(json)}}}};
  std::string what = !peer ? "its keys" : peer->psk ? "its pre-shared key" : "its certificate, its key and the CA";
  if (peer && peer->ppk) what += ", the post-quantum pre-shared key";
  return fmt::format(
      "// The peer's side of {}. In files beside this one, of mode 0600: {}. Add \"interfaces\" and \"routes\".\n{}\n",
      tunnel.name, what, file.dump(2));
}

// ---- swanctl.conf ----------------------------------------------------------------------------------------------------

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

void add_device(Lines& to, const PeerSide& peer) {
  const std::string device = fmt::format("ipsec{}", peer.unit.value);
  to.add("# The interface, and what goes through it:");
  to.add("#   ip link add {} type xfrm dev lo if_id {} && ip link set {} up", device, peer.unit.value, device);
  for (const PeerChild& child : peer.children) {
    if (is_vti(child)) to.add("#   ip address add {} dev {}", net::print(child.local), device);
  }
  to.add("#   ip route add NETWORK dev {}", device);
}

std::string as_swanctl(const PeerSide& peer) {
  Lines to;
  to.add("# The peer's side of {} for swanctl.conf.", peer.name);
  const bool routed = std::ranges::any_of(peer.children, is_vti);
  if (routed) add_device(to, peer);
  to.add("connections {{\n  {} {{", peer.name);
  to.add("    version = {}", peer.version);
  if (!peer.local.empty()) to.add("    local_addrs = {}", peer.local);
  if (!peer.remote.empty()) to.add("    remote_addrs = {}", peer.remote);
  to.add("    proposals = {}", fmt::join(peer.ike_proposals, ", "));
  to.add("    {} = {}s", peer.version == 2 ? "rekey_time" : "reauth_time", seconds(peer.ike_rekey));
  if (peer.dpd > Duration{}) to.add("    dpd_delay = {}s", seconds(peer.dpd));
  to.add("    mobike = {}", peer.mobike ? "yes" : "no");
  if (peer.encapsulate) to.add("    encap = yes");
  if (peer.ppk) to.add("    ppk_id = {}\n    ppk_required = {}", quoted(peer.ppk->id), peer.ppk->required ? "yes" : "no");
  const std::string auth = peer.psk ? "psk" : "pubkey";
  const std::string certificate = peer.psk ? "" : fmt::format("\n      certs = {}.pem", peer.name);
  to.add("    local {{\n      auth = {}{}\n      id = {}\n    }}", auth, certificate, quoted(peer.local_id));
  to.add("    remote {{\n      auth = {}\n      id = {}\n    }}", auth, quoted(peer.remote_id));
  to.add("    children {{");
  const auto add_child = [&](const std::string& name, const std::string& mode, const std::string& local,
                             const std::string& remote, bool vti) {
    to.add("      {} {{", name);
    if (!mode.empty()) to.add("        mode = {}", mode);
    if (!local.empty()) to.add("        local_ts = {}", local);
    if (!remote.empty()) to.add("        remote_ts = {}", remote);
    to.add("        esp_proposals = {}", fmt::join(peer.esp_proposals, ", "));
    to.add("        rekey_time = {}s", seconds(peer.esp_rekey));
    if (vti) to.add("        if_id_in = {0}\n        if_id_out = {0}", peer.unit.value);
    to.add("        start_action = {}\n      }}", peer.begins ? "start" : "none");
  };
  if (routed && !peer.split) {
    const auto named = std::ranges::find_if(peer.children, [](const PeerChild& child) { return child.selectors.has_value(); });
    const bool all = named == peer.children.end();
    add_child(peer.name, "", all ? "0.0.0.0/0,::/0" : listed(named->selectors->local, ","),
              all ? "0.0.0.0/0,::/0" : listed(named->selectors->remote, ","), true);
  }
  for (const PeerChild& child : peer.children) {
    if (is_vti(child)) {
      const std::string all = child.remote.is_v4() ? "0.0.0.0/0" : "::/0";
      if (peer.split)
        add_child(child.name, "", child.selectors ? listed(child.selectors->local, ",") : all,
                  child.selectors ? listed(child.selectors->remote, ",") : all, true);
      continue;
    }
    add_child(child.name, std::string(model::print(child.mode)), listed(child.local_networks, ","),
              listed(child.remote_networks, ","), false);
  }
  to.add("    }}\n  }}\n}}");
  if (peer.ppk)
    to.add("secrets {{\n  ppk-{} {{\n    id = {}\n    secret = \"{}\"\n  }}\n}}", peer.name, quoted(peer.ppk->id), kSecretHere);
  if (peer.psk) {
    to.add("secrets {{\n  ike-{} {{\n    id-1 = {}\n    id-2 = {}\n    secret = \"{}\"\n  }}\n}}", peer.name,
           quoted(peer.local_id), quoted(peer.remote_id), kSecretHere);
  }
  return to.take();
}

// ---- algorithms in others' words -------------------------------------------------------------------------------------

// IANA's number of a key exchange; empty for what only strongSwan names so.
std::string group_number(const std::string& word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kNumbers{{{"modp768", "1"},
                                                                                           {"modp1024", "2"},
                                                                                           {"modp1536", "5"},
                                                                                           {"modp2048", "14"},
                                                                                           {"modp3072", "15"},
                                                                                           {"modp4096", "16"},
                                                                                           {"modp6144", "17"},
                                                                                           {"modp8192", "18"},
                                                                                           {"ecp256", "19"},
                                                                                           {"ecp384", "20"},
                                                                                           {"ecp521", "21"},
                                                                                           {"ecp192", "25"},
                                                                                           {"ecp224", "26"},
                                                                                           {"x25519", "31"},
                                                                                           {"x448", "32"}}};
  const auto* found = std::ranges::find(kNumbers, word, [](const auto& pair) { return pair.first; });
  return found == kNumbers.end() ? std::string() : std::string(found->second);
}

// "aes256gcm16" in its parts: name "aes", bits "256", "gcm", ICV "16".
struct CipherParts {
  std::string name, bits, mode, icv;
};
CipherParts parts_of(const std::string& cipher) {
  CipherParts parts;
  std::size_t at = 0;
  const auto take = [&](auto belongs) {
    const std::size_t from = at;
    while (at < cipher.size() && belongs(static_cast<unsigned char>(cipher[at]))) ++at;
    return cipher.substr(from, at - from);
  };
  const auto is_digit = [](unsigned char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [&](unsigned char c) { return !is_digit(c); };
  if (cipher.starts_with("3des") || cipher.starts_with("chacha")) return {cipher, "", "", ""};
  parts.name = take(is_letter);
  parts.bits = take(is_digit);
  parts.mode = take(is_letter);
  parts.icv = take(is_digit);
  return parts;
}

std::string hash_of(const std::string& word) { return word.starts_with("prf") ? word.substr(3) : word; }

// ---- libreswan -------------------------------------------------------------------------------------------------------

std::string libreswan_cipher(const std::string& word) {
  const CipherParts parts = parts_of(word);
  if (word.starts_with("chacha20poly1305")) return "chacha20_poly1305";
  if (parts.mode == "gcm" || parts.mode == "ccm") {
    const std::string icv = parts.icv == "16" || parts.icv.empty() ? "" : parts.icv == "12" ? "_b" : "_a";
    return fmt::format("{}_{}{}{}", parts.name, parts.mode, icv, parts.bits);
  }
  return parts.name + parts.bits;
}
std::string libreswan_hash(const std::string& word) {
  const std::string hash = hash_of(word);
  return hash == "sha256" ? "sha2_256" : hash == "sha384" ? "sha2_384" : hash == "sha512" ? "sha2_512" : hash;
}

std::string libreswan_proposal(const std::string& text, model::Of of) {
  const model::Proposal proposal = model::parse_proposal(text, of);
  const auto map = [](const std::set<std::string>& words, auto convert) {
    std::vector<std::string> result;
    for (const std::string& word : words)
      if (const std::string converted = convert(word);
          !converted.empty() && std::ranges::find(result, converted) == result.end())
        result.push_back(converted);
    return fmt::format("{}", fmt::join(result, "+"));
  };
  std::string result = map(proposal.encryption, libreswan_cipher);
  const auto& hashes = of == model::Of::ike && proposal.integrity.empty() ? proposal.prf : proposal.integrity;
  if (!hashes.empty()) result += '-' + map(hashes, libreswan_hash);
  const std::string groups = map(proposal.key_exchange, [](const std::string& word) {
    const std::string number = group_number(word);
    return number.empty() ? number : "dh" + number;
  });
  if (!groups.empty()) result += (of == model::Of::ike ? "-" : ";") + groups;
  return result;
}

std::string libreswan_id(const std::string& id) {
  if (id.contains('=')) return quoted(id);
  const bool plain = !id.contains('@') && !id.contains(':') && !net::parse_address(id);
  return plain ? '@' + id : id;
}

std::string as_libreswan(const PeerSide& peer) {
  Lines to;
  to.add("# The peer's side of {} for ipsec.conf (libreswan 4 or later).", peer.name);
  if (peer.psk)
    to.add("# In ipsec.secrets:  {} {} : PSK \"{}\"", libreswan_id(peer.local_id), libreswan_id(peer.remote_id), kSecretHere);
  if (std::ranges::any_of(peer.children, is_vti)) {
    to.add("# libreswan makes the interface and not what stands on it:");
    for (const PeerChild& child : peer.children)
      if (is_vti(child)) to.add("#   ip address add {} dev ipsec{}", net::print(child.local), peer.unit.value);
    to.add("#   ip route add NETWORK dev ipsec{}", peer.unit.value);
  }
  const auto map = [](const std::vector<std::string>& proposals, model::Of of) {
    std::vector<std::string> texts;
    for (const std::string& one : proposals) texts.push_back(libreswan_proposal(one, of));
    return fmt::format("{}", fmt::join(texts, ","));
  };
  const auto families = std::ranges::count_if(peer.children, is_vti);
  for (const PeerChild& child : peer.children) {
    const std::string all = child.remote.is_v4() ? "0.0.0.0/0" : "::/0";
    to.add("conn {}", families > 1 || !is_vti(child) ? fmt::format("{}-{}", peer.name, child.name) : peer.name);
    to.add("  auto={}", peer.begins ? "start" : "add");
    to.add("  ikev2={}", peer.version == 2 ? "insist" : "no");
    to.add("  authby={}", peer.psk ? "secret" : "rsasig,ecdsa");
    if (!peer.psk) to.add("  leftcert={}", peer.name);
    to.add("  left={}\n  leftid={}", peer.local.empty() ? "%defaultroute" : peer.local, libreswan_id(peer.local_id));
    to.add("  right={}\n  rightid={}", peer.remote.empty() ? "%any" : peer.remote, libreswan_id(peer.remote_id));
    if (is_vti(child)) {
      if (child.selectors)
        to.add("  leftsubnets={{{}}}\n  rightsubnets={{{}}}", listed(child.selectors->local, " "),
               listed(child.selectors->remote, " "));
      else
        to.add("  leftsubnet={0}\n  rightsubnet={0}", all);
      to.add("  ipsec-interface={}", peer.unit.value);
    } else if (child.mode == model::ChildMode::transport) {
      to.add("  type=transport");
    } else {
      to.add("  leftsubnets={{{}}}\n  rightsubnets={{{}}}", listed(child.local_networks, " "),
             listed(child.remote_networks, " "));
    }
    to.add("  ike={}\n  esp={}", map(peer.ike_proposals, model::Of::ike), map(peer.esp_proposals, model::Of::esp));
    to.add("  ikelifetime={}s\n  salifetime={}s", seconds(peer.ike_rekey), seconds(peer.esp_rekey));
    if (peer.dpd > Duration{})
      to.add("  dpddelay={}s\n  dpdtimeout={}s\n  dpdaction=restart", seconds(peer.dpd), 6 * seconds(peer.dpd));
    if (peer.encapsulate) to.add("  encapsulation=yes");
  }
  return to.take();
}

// ---- pfSense: what to put into its pages -----------------------------------------------------------------------------

std::string pfsense_identifier(const std::string& id) {
  if (net::parse_address(id)) return fmt::format("IP address: {}", id);
  return fmt::format("{}: {}",
                     id.contains('=')   ? "ASN.1 distinguished name"
                     : id.contains('@') ? "User distinguished name"
                                        : "Fully qualified domain name",
                     id);
}

// As its lists have it: "AES 256 bits", "AES256-GCM 128 bits".
std::string pfsense_cipher(const std::string& word) {
  const CipherParts parts = parts_of(word);
  if (word.starts_with("chacha20poly1305")) return "CHACHA20-POLY1305";
  if (parts.name != "aes") return word;
  if (parts.mode.empty()) return fmt::format("AES {} bits", parts.bits);
  const int icv = parts.icv == "8" ? 64 : parts.icv == "12" ? 96 : 128;
  return parts.mode == "gcm" ? fmt::format("AES{}-GCM {} bits", parts.bits, icv) : word;
}

std::string pfsense_algorithms(const std::string& text, model::Of of) {
  const model::Proposal proposal = model::parse_proposal(text, of);
  std::vector<std::string> groups;
  for (const std::string& word : proposal.key_exchange) groups.push_back(fmt::format("{} ({})", group_number(word), word));
  std::vector<std::string> hashes;
  for (const std::string& word : proposal.integrity.empty() ? proposal.prf : proposal.integrity)
    hashes.push_back(hash_of(word));
  std::vector<std::string> ciphers;
  for (const std::string& word : proposal.encryption) ciphers.push_back(pfsense_cipher(word));
  return fmt::format("encryption {}; hash {}; {} {}", fmt::join(ciphers, ", "),
                     hashes.empty() ? "none" : fmt::format("{}", fmt::join(hashes, ", ")),
                     of == model::Of::ike ? "DH group" : "PFS key group",
                     groups.empty() ? "off" : fmt::format("{}", fmt::join(groups, ", ")));
}

std::string as_pfsense(const PeerSide& peer) {
  Lines to;
  to.add("The peer's side of {} in pfSense. VPN > IPsec > Tunnels > Add P1:", peer.name);
  to.add("  Key Exchange version     IKEv{}", peer.version);
  to.add("  Remote Gateway           {}", peer.remote.empty() ? "0.0.0.0 (and Responder Only: it calls)" : peer.remote);
  to.add("  Authentication Method    {}", peer.psk ? "Mutual PSK" : "Mutual Certificate");
  to.add("  My identifier            {}", pfsense_identifier(peer.local_id));
  to.add("  Peer identifier          {}", pfsense_identifier(peer.remote_id));
  if (peer.psk) to.add("  Pre-Shared Key           {}", kSecretHere);
  for (const std::string& one : peer.ike_proposals)
    to.add("  Encryption Algorithm     {}", pfsense_algorithms(one, model::Of::ike));
  to.add("  Rekey Time               {}", seconds(peer.ike_rekey));
  to.add("  Child SA Start Action    {}", peer.begins ? "Initiate at start" : "None (Responder Only)");
  to.add("  NAT Traversal            {}", peer.encapsulate ? "Force" : "Auto");
  to.add("  MOBIKE                   {}", peer.mobike ? "Enable" : "Disable");
  if (peer.version == 2) to.add("  Split connections        {}", peer.split ? "checked" : "not checked");
  if (peer.dpd > Duration{}) to.add("  Dead Peer Detection      Delay {}, Max failures 5", seconds(peer.dpd));
  for (const PeerChild& child : peer.children) {
    to.add("Add P2 ({}):", child.name);
    to.add("  Mode                     {}", is_vti(child)                            ? "Routed (VTI)"
                                            : child.mode == model::ChildMode::tunnel ? "Tunnel IPv4 or IPv6"
                                                                                     : "Transport");
    if (is_vti(child)) {
      to.add("  Local Network            {}\n  Remote Network           Address {}", net::print(child.local),
             net::print(child.remote));
    } else if (child.mode == model::ChildMode::tunnel) {
      to.add("  Local Network            {}\n  Remote Network           {}", listed(child.local_networks, ", "),
             listed(child.remote_networks, ", "));
    }
    for (const std::string& one : peer.esp_proposals)
      to.add("  Encryption, Hash, PFS    {}", pfsense_algorithms(one, model::Of::esp));
    to.add("  Rekey Time               {}", seconds(peer.esp_rekey));
  }
  to.add("Then Interfaces > Assignments: add the ipsec interface and enable it; System > Routing: routes by its gateway.");
  return to.take();
}

// ---- VyOS 1.4 --------------------------------------------------------------------------------------------------------

std::string vyos_cipher(const std::string& word) {
  const CipherParts parts = parts_of(word);
  if (word.starts_with("chacha20poly1305")) return "chacha20poly1305";
  if (parts.mode == "gcm" || parts.mode == "ccm") {
    const std::string icv = parts.icv.empty() ? "128" : parts.icv == "16" ? "128" : parts.icv == "12" ? "96" : "64";
    return parts.name + parts.bits + parts.mode + icv;
  }
  return word;
}

std::string as_vyos(const PeerSide& peer) {
  Lines to;
  to.add("# The peer's side of {} for VyOS 1.4 or later, in configuration mode.", peer.name);
  const std::string group = peer.name, ike = "set vpn ipsec ike-group " + group, esp = "set vpn ipsec esp-group " + group;
  const auto add_proposals = [&](const std::string& into, const std::vector<std::string>& proposals, model::Of of) {
    int number = 0;
    for (const std::string& text : proposals) {
      const model::Proposal proposal = model::parse_proposal(text, of);
      ++number;
      if (!proposal.encryption.empty())
        to.add("{} proposal {} encryption '{}'", into, number, vyos_cipher(*proposal.encryption.begin()));
      const auto& hashes = proposal.integrity.empty() ? proposal.prf : proposal.integrity;
      to.add("{} proposal {} hash '{}'", into, number, hashes.empty() ? "sha256" : hash_of(*hashes.begin()));
      if (of == model::Of::ike && !proposal.prf.empty()) to.add("{} proposal {} prf '{}'", into, number, *proposal.prf.begin());
      if (of == model::Of::ike && !proposal.key_exchange.empty())
        to.add("{} proposal {} dh-group '{}'", into, number, group_number(*proposal.key_exchange.begin()));
    }
  };
  to.add("{} key-exchange 'ikev{}'", ike, peer.version);
  to.add("{} lifetime '{}'", ike, seconds(peer.ike_rekey));
  if (peer.dpd > Duration{})
    to.add("{0} dead-peer-detection interval '{1}'\n{0} dead-peer-detection action 'restart'", ike,
           std::max(seconds(peer.dpd), 2L));
  add_proposals(ike, peer.ike_proposals, model::Of::ike);
  to.add("{0} lifetime '{1}'\n{0} mode 'tunnel'", esp, seconds(peer.esp_rekey));
  const model::Proposal first =
      model::parse_proposal(peer.esp_proposals.empty() ? "" : peer.esp_proposals.front(), model::Of::esp);
  to.add("{} pfs '{}'", esp, first.key_exchange.empty() ? "disable" : "dh-group" + group_number(*first.key_exchange.begin()));
  add_proposals(esp, peer.esp_proposals, model::Of::esp);
  const std::string site = "set vpn ipsec site-to-site peer " + peer.name;
  if (peer.psk) {
    const std::string psk = "set vpn ipsec authentication psk " + peer.name;
    to.add("{0} id '{1}'\n{0} id '{2}'\n{0} secret '{3}'", psk, peer.local_id, peer.remote_id, kSecretHere);
  }
  to.add("{0} authentication mode '{1}'\n{0} authentication local-id '{2}'\n{0} authentication remote-id '{3}'", site,
         peer.psk ? "pre-shared-secret" : "x509", peer.local_id, peer.remote_id);
  to.add("{} connection-type '{}'", site, peer.begins ? "initiate" : "respond");
  to.add("{0} ike-group '{1}'\n{0} local-address '{2}'\n{0} remote-address '{3}'", site, group,
         peer.local.empty() ? std::string(kAddressHere) : peer.local, peer.remote.empty() ? "any" : peer.remote);
  if (std::ranges::any_of(peer.children, is_vti)) {
    to.add("{0} vti bind 'vti{1}'\n{0} vti esp-group '{2}'", site, peer.unit.value, group);
    for (const PeerChild& child : peer.children)
      if (is_vti(child)) to.add("set interfaces vti vti{} address '{}'", peer.unit.value, net::print(child.local));
  }
  int number = 0;
  for (const PeerChild& child : peer.children) {
    if (is_vti(child)) continue;
    const std::string tunnel = fmt::format("{} tunnel {}", site, ++number);
    to.add("{} esp-group '{}'", tunnel, group);
    for (const net::Prefix& network : child.local_networks) to.add("{} local prefix '{}'", tunnel, net::print(network));
    for (const net::Prefix& network : child.remote_networks) to.add("{} remote prefix '{}'", tunnel, net::print(network));
  }
  return to.take();
}

}  // namespace

std::optional<ExportFormat> parse_export_format(std::string_view name) {
  const auto* found = std::ranges::find(protocol::kExportFormats, name);
  return found == protocol::kExportFormats.end()
             ? std::nullopt
             : std::optional(static_cast<ExportFormat>(found - protocol::kExportFormats.begin()));
}

Result<std::string> export_peer(const model::Tunnel& tunnel, ExportFormat format, const Index& index) {
  if (std::holds_alternative<model::ExternalIke>(tunnel.ike)) {
    return fail(fmt::format("{} is a connection of swanctl.conf, which vtid does not read", tunnel.name),
                "turn it round there, or write the tunnel into vtid's file");
  }
  const auto* ike = std::get_if<model::Ike>(&tunnel.ike);
  if (ike == nullptr && format != ExportFormat::vtid)
    return fail(fmt::format("{} has static SAs, which only vtid takes from a file", tunnel.name),
                fmt::format("vtictl export {} --as vtid", tunnel.name));
  if (ike != nullptr && ike->ppk && ike->ppk->required && format != ExportFormat::vtid && format != ExportFormat::swanctl)
    return fail(
        fmt::format("{} needs a post-quantum pre-shared key at the peer, which is not written in this format", tunnel.name),
        fmt::format("vtictl export {} --as swanctl", tunnel.name));
  const auto peer = ike == nullptr ? std::nullopt : std::optional(turned_round(tunnel, *ike, index));
  switch (format) {
    case ExportFormat::vtid: return as_vtid(tunnel, peer);
    case ExportFormat::swanctl: return as_swanctl(*peer);
    case ExportFormat::libreswan: return as_libreswan(*peer);
    case ExportFormat::pfsense: return as_pfsense(*peer);
    case ExportFormat::vyos: return as_vyos(*peer);
  }
  return fail("no such format");
}

}  // namespace vtid::control
