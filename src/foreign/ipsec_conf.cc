#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "foreign/ipsec_conf_file.h"
#include "foreign/ipsec_conf_words.h"
#include "foreign/pfsense_names.h"
#include "foreign/raw_keys.h"
#include "foreign/recognise.h"
#include "foreign/swanctl.h"
#include "foreign/swanctl_include.h"
#include "foreign/swanctl_selectors.h"
#include "foreign/swanctl_words.h"

namespace vtid::foreign {
namespace {

using KeyPair = std::pair<std::string_view, std::string_view>;

// Keys that only one of the two reads, of conns and of "config setup".
constexpr std::array kOfLibreswan = std::to_array<std::string_view>(
    {"ikev2",         "ipsec-interface", "interface-ip",   "phase2alg",       "phase2",          "salifetime",
     "vti-interface", "leftvti",         "rightvti",       "leftsubnets",     "rightsubnets",    "nic-offload",
     "encapsulation", "leftrsasigkey",   "rightrsasigkey", "leftckaid",       "rightckaid",      "leftpubkey",
     "rightpubkey",   "narrowing",       "protostack",     "plutodebug",      "virtual-private", "virtual_private",
     "logfile",       "nhelpers",        "dumpdir",        "nssdir",          "aggrmode",        "pfs",
     "vti-routing",   "vti-shared",      "hostaddrfamily", "clientaddrfamily"});
constexpr std::array kOfStrongswan = std::to_array<std::string_view>(
    {"leftauth",     "rightauth",     "leftauth2",      "rightauth2",   "charondebug",     "cachecrls",  "leftsigkey",
     "rightsigkey",  "leftfirewall",  "closeaction",    "mark_in",      "mark_out",        "margintime", "rekeyfuzz",
     "inactivity",   "installpolicy", "leftgroups",     "rightgroups",  "rightcertpolicy", "modeconfig", "xauth",
     "eap_identity", "aaa_identity",  "lefthostaccess", "replay_window"});

// What of the file nobody has to guess.
bool is_libreswans(const IpsecConf& conf) {
  const auto reads = [&](const auto& keys) {
    const auto has = [&](const Section& section) {
      return std::ranges::any_of(section.settings,
                                 [&](const Setting& one) { return std::ranges::find(keys, one.key) != keys.end(); });
    };
    return has(conf.setup) || std::ranges::any_of(conf.conns, has);
  };
  return reads(kOfLibreswan) && !reads(kOfStrongswan);
}

// What says no more than it does anyhow, or nothing that vtid leaves open.
constexpr std::array kPlainKeys{KeyPair{"fragmentation", "yes"},
                                KeyPair{"compress", "no"},
                                KeyPair{"narrowing", "no"},
                                KeyPair{"rekey", "yes"},
                                KeyPair{"installpolicy", "yes"},
                                KeyPair{"leftfirewall", "no"},
                                KeyPair{"vti-routing", "no"},
                                KeyPair{"vti-routing", "yes"},
                                KeyPair{"vti-shared", "no"},
                                KeyPair{"keyingtries", "%forever"},
                                KeyPair{"keyingtries", "0"},
                                KeyPair{"pfs", "yes"},
                                KeyPair{"pfs", "no"},
                                KeyPair{"forceencaps", "no"},
                                KeyPair{"encapsulation", "auto"},
                                KeyPair{"encapsulation", "no"},
                                KeyPair{"aggressive", "no"},
                                KeyPair{"aggrmode", "no"},
                                KeyPair{"type", "tunnel"},
                                KeyPair{"esn", "no"},
                                KeyPair{"leftsendcert", "always"},
                                KeyPair{"rightca", "%same"},
                                KeyPair{"phase2", "esp"},
                                KeyPair{"mark", "0"},
                                KeyPair{"rekeyfuzz", "100%"},
                                KeyPair{"leftxauthserver", "no"},
                                KeyPair{"leftxauthclient", "no"},
                                KeyPair{"rightxauthserver", "no"},
                                KeyPair{"rightxauthclient", "no"},
                                KeyPair{"ipsec-interface", "no"},
                                KeyPair{"leftid", "%fromcert"},
                                KeyPair{"rightid", "%fromcert"}};

constexpr std::size_t kMostPairs = 64;  // of networks: one more than fit says that there are too many

// "leftsendcert" in swanctl.conf's words.
std::string sending_of(std::string_view word) {
  if (word == "yes" || word == "always") return "always";
  return word == "no" || word == "never" ? "never" : "ifasked";
}

bool is_anybody(std::string_view address) {
  return address.empty() || address.starts_with('%') || address == "0.0.0.0" || address == "::";
}

class Conn {
 public:
  // `files` are the public keys that stand in the file, by names in the folder "pubkey".
  Conn(const Section& conn, bool libreswan, std::map<std::string, std::string>& files, Draft& draft)
      : conn_(conn), draft_(draft), files_(files), libreswan_(libreswan) {
    // Whichever end is this host, "left" is it by custom, unless only the other one can be.
    const bool turned =
        value("right") == "%defaultroute" || (is_anybody(value("left")) && value("left") != "%defaultroute" &&
                                              value("left") != "%any" && !value("left").empty() && !is_anybody(value("right")));
    ours_ = turned ? "right" : "left";
    peers_ = turned ? "left" : "right";
  }

  // One of "connections" of a swanctl.conf.
  Section connection(const std::string& revocation) {
    Section result{conn_.name, conn_.path, conn_.line, conn_.file, {}, {}, {}, false};
    Section local = end("local", ours_), remote = end("remote", peers_);
    add_outer(result);
    add_versions(result);
    add_times(result);
    if (const Setting* ca = of(peers_, "ca"); ca != nullptr && ca->value != "%same") put(remote, "ca_id", ca->value, at(*ca));
    for (const auto& [theirs, ours] : {KeyPair{"groups", "groups"}, KeyPair{"certpolicy", "cert_policy"}}) {
      if (const Setting* setting = of(peers_, theirs)) put(remote, std::string(ours), setting->value, at(*setting));
    }
    if (!revocation.empty() && !is_psk(remote)) put(remote, "revocation", revocation, {conn_.line, "config setup"});
    Section children{"children", conn_.path, conn_.line, conn_.file, {}, {}, {}, false};
    add_children(children);
    result.sections = {std::move(local), std::move(remote), std::move(children)};
    add_second_rounds(result);
    result.off = is_off();
    return result;
  }

  // What nobody has read.
  void note_rest() {
    for (const Setting& setting : conn_.settings) {
      const bool plain = std::ranges::any_of(
          kPlainKeys, [&](const KeyPair& known) { return known.first == setting.key && known.second == setting.value; });
      if (setting.read || plain) continue;
      if (setting.key == "authby" || setting.key.starts_with("x-") || setting.key == "connalias") continue;
      draft_.note(at(setting), "is not carried over: vtid has nothing for it");
    }
  }

 private:
  [[nodiscard]] Place at(const Setting& setting) const { return {setting.line, setting.path, setting.file}; }
  [[nodiscard]] const std::string& value(std::string_view key) const { return conn_.value(key); }
  [[nodiscard]] const Setting* of(const std::string& side, std::string_view key) const {
    return conn_.setting(side + std::string(key));
  }
  [[nodiscard]] const Setting* first_of(std::initializer_list<std::string_view> keys) const {
    const Setting* found = nullptr;
    for (const std::string_view key : keys) {
      const Setting* one = conn_.setting(key);
      if (found == nullptr) found = one;
    }
    return found;
  }
  void carry(Section& into, std::string ours, std::initializer_list<std::string_view> theirs) const {
    if (const Setting* setting = first_of(theirs)) put(into, std::move(ours), setting->value, at(*setting));
  }
  [[nodiscard]] static bool is_psk(const Section& end) { return end.value("auth") == "psk"; }

  bool is_off() {
    const std::string& action = value("auto");
    if (!action.empty() && action != "ignore") return false;
    draft_.note(place_of(conn_), "comes out disabled: without \"auto\", or with \"ignore\", it is not loaded",
                "enable it if it is wanted");
    return true;
  }

  // Of "authby". To strongSwan the kinds of signatures are one; libreswan holds the peer to the one that is named.
  [[nodiscard]] std::string method_of(const std::string& word) const {
    if (word == "secret") return "psk";
    if (word == "rsasig" || word == "rsasig,ecdsa" || word == "ecdsa,rsasig" || word == "pubkey") return "pubkey";
    return word == "ecdsasig" && !libreswan_ ? "pubkey" : word;
  }

  Section end(const std::string& name, const std::string& side) const {
    Section result{name, conn_.path, conn_.line, conn_.file, {}, {}, {}, false};
    if (const Setting* id = of(side, "id"); id != nullptr && !strongswan_identity(id->value).empty())
      put(result, "id", strongswan_identity(id->value), at(*id));
    const Setting* own = of(side, "auth");
    const Setting* both = conn_.setting("authby");
    const Setting* said = own != nullptr ? own : both;
    put(result, "auth", said == nullptr ? "pubkey" : method_of(said->value), said == nullptr ? place_of(conn_) : at(*said));
    if (const Setting* certificate = of(side, "cert")) put(result, "certs", certificate->value, at(*certificate));
    add_raw_key(result, side);
    return result;
  }

  // A public key stands in the file, or is a file's name.
  void add_raw_key(Section& result, const std::string& side) const {
    for (const char* key : {"rsasigkey", "sigkey", "pubkey"}) {
      const Setting* written = of(side, key);
      if (written == nullptr || written->value.starts_with('%')) continue;  // %cert, %dnsondemand
      const std::string& value = written->value;
      const bool is_key =
          value.starts_with("0s") || value.starts_with("0x") || value.starts_with("dns:") || value.starts_with("ssh:");
      std::string file = value;
      if (is_key) {
        file = fmt::format("{}.{}.pem", conn_.name, side);
        const auto pem = raw_public_key(value);
        if (pem) files_[file] = *pem;
        if (!pem) draft_.note(at(*written), "is not carried over: " + pem.error().text);
      }
      return put(result, "pubkeys", file, at(*written));
    }
  }

  // What an end has to prove besides.
  void add_second_rounds(Section& result) const {
    for (const auto& [side, name] : {std::pair{ours_, "local-2"}, std::pair{peers_, "remote-2"}}) {
      const Setting* second = of(side, "auth2");
      if (const Setting* client = of(side, "xauthclient"); second == nullptr && client != nullptr && client->value == "yes")
        second = client;
      if (second == nullptr) continue;
      Section round{name, conn_.path, second->line, second->file, {}, {}, {}, false};
      put(round, "auth", second->key.ends_with("auth2") ? second->value : "xauth", at(*second));
      result.sections.push_back(std::move(round));
    }
  }

  void add_outer(Section& result) {
    for (const auto& [key, side] : {std::pair{"local_addrs", ours_}, std::pair{"remote_addrs", peers_}}) {
      const Setting* setting = conn_.setting(side);
      if (setting == nullptr || is_anybody(setting->value)) {
        put(result, key, "%any", setting == nullptr ? place_of(conn_) : at(*setting));
      } else {
        put(result, key, setting->value, at(*setting));
      }
    }
    for (const auto& [key, side] : {std::pair{"local_port", ours_}, std::pair{"remote_port", peers_}}) {
      if (const Setting* port = of(side, "ikeport")) put(result, key, port->value, at(*port));
    }
    if (const Setting* send = of(ours_, "sendcert")) put(result, "send_cert", sending_of(send->value), at(*send));
    if (libreswan_ && !is_anybody(value("left")) && !is_anybody(value("right")))
      draft_.note(at(*conn_.setting("left")), "\"left\" is taken for this host: libreswan looks which of both is",
                  "change \"local\" and \"remote\" of the tunnel if it is \"right\"");
  }

  void add_versions(Section& result) {
    const std::string& exchange = value("keyexchange");
    const std::string& version2 = value("ikev2");
    const bool one = exchange == "ikev1" || version2 == "no" || version2 == "never";
    put(result, "version", one ? "1" : "2", place_of(conn_));
    for (const auto& [ours, esp] : {std::pair{"proposals", false}}) {
      if (const Setting* ike = conn_.setting("ike")) put(result, ours, strongswan_proposals(ike->value, esp), at(*ike));
    }
    const Setting* mobike = conn_.setting("mobike");
    put(result, "mobike", mobike == nullptr ? (libreswan_ ? "no" : "yes") : mobike->value,
        mobike == nullptr ? place_of(conn_) : at(*mobike));
    if (value("fragmentation") != "yes") carry(result, "fragmentation", {"fragmentation"});
    const bool encapsulates = value("forceencaps") == "yes" || value("encapsulation") == "yes";
    if (encapsulates) put(result, "encap", "yes", at(*first_of({"forceencaps", "encapsulation"})));
    if (value("aggressive") == "yes" || value("aggrmode") == "yes")
      put(result, "aggressive", "yes", at(*first_of({"aggressive", "aggrmode"})));
    const bool watches = libreswan_ || (!value("dpdaction").empty() && value("dpdaction") != "none");
    const Setting* delay = conn_.setting("dpddelay");
    const Setting* timeout = conn_.setting("dpdtimeout");  // IKEv2 has none
    if (timeout != nullptr && one && watches) put(result, "dpd_timeout", timeout->value, at(*timeout));
    if (watches && (delay != nullptr || !libreswan_))
      put(result, "dpd_delay", delay == nullptr ? "30s" : delay->value, delay == nullptr ? place_of(conn_) : at(*delay));
  }

  // Seconds before the end of a lifetime at which it is renewed.
  [[nodiscard]] long rekey_at(const Setting* lifetime, long otherwise) const {
    const Setting* margin = first_of({"margintime", "rekeymargin"});
    const long life = lifetime == nullptr ? otherwise : seconds_of(lifetime->value).value_or(otherwise);
    const long before = margin == nullptr ? 540 : seconds_of(margin->value).value_or(540);
    return life > before ? life - before : life;
  }

  [[nodiscard]] std::string rekey(const Setting* lifetime, long otherwise) const {
    return value("rekey") == "no" ? "0s" : fmt::format("{}s", rekey_at(lifetime, otherwise));
  }

  void add_times(Section& result) const {
    const Setting* lifetime = conn_.setting("ikelifetime");
    const bool again = !libreswan_ && value("reauth") != "no" && value("keyexchange") != "ikev1" && value("rekey") != "no";
    put(result, again ? "reauth_time" : "rekey_time", rekey(lifetime, libreswan_ ? 28'800 : 10'800),
        lifetime == nullptr ? place_of(conn_) : at(*lifetime));
    static_cast<void>(conn_.setting("reauth"));
  }

  // ---- the child

  [[nodiscard]] std::string esp_proposals(const std::string& written) const {
    const std::string proposals = strongswan_proposals(written, true);
    const bool secret_forward = libreswan_ && value("pfs") != "no";
    return secret_forward ? with_key_exchange(proposals, strongswan_proposals(value("ike"), false)) : proposals;
  }

  // Without an interface, libreswan makes a CHILD_SA of each pair of its networks.
  void add_children(Section& children) {
    const auto own = each_of(ours_), peers = each_of(peers_);
    for (std::size_t i = 0; i < own.size(); ++i) {
      for (std::size_t j = 0; j < peers.size() && children.sections.size() <= kMostPairs; ++j) {
        Section one = child(own[i], peers[j]);
        if (own.size() > 1 || peers.size() > 1) one.name += fmt::format("-{}x{}", i + 1, j + 1);
        children.sections.push_back(std::move(one));
      }
    }
  }

  [[nodiscard]] std::vector<std::string> each_of(const std::string& side) const {
    const std::string all = selectors_of(side);
    const bool pairs = conn_.setting("leftsubnets") != nullptr || conn_.setting("rightsubnets") != nullptr;
    const bool bound = std::ranges::any_of(std::array{"ipsec-interface", "mark", "mark-in", "mark-out", "vti-interface"},
                                           [&](const char* key) { return !value(key).empty() && value(key) != "no"; });
    return pairs && !bound ? words_of(all, ",") : std::vector{all};
  }

  Section child(const std::string& own, const std::string& peers) {
    Section result{conn_.name, conn_.path, conn_.line, conn_.file, {}, {}, {}, true};
    const std::string& type = value("type");
    put(result, "mode",
        type == "passthrough" ? "pass"
        : type == "reject"    ? "drop"
        : type.empty()        ? "tunnel"
                              : type,
        place_of(conn_));
    const Setting* esp = first_of({"esp", "phase2alg"});
    if (esp != nullptr) put(result, "esp_proposals", esp_proposals(esp->value), at(*esp));
    if (value("phase2") == "ah") put(result, "ah_proposals", "default", at(*conn_.setting("phase2")));
    carry(result, "ah_proposals", {"ah"});
    const Setting* lifetime = first_of({"lifetime", "keylife", "salifetime"});
    put(result, "rekey_time", rekey(lifetime, libreswan_ ? 28'800 : 3'600),
        lifetime == nullptr ? place_of(conn_) : at(*lifetime));
    if (value("rekey") == "no")  // and it ends then
      put(result, "life_time", lifetime == nullptr ? (libreswan_ ? "8h" : "1h") : lifetime->value,
          lifetime == nullptr ? place_of(conn_) : at(*lifetime));
    const std::string& action = value("auto");
    const bool starts = action == "start" || action == "up", traps = action == "route" || action == "ondemand";
    put(result, "start_action", starts ? "start" : traps ? "trap" : "none", place_of(conn_));
    if (const Setting* dead = conn_.setting("dpdaction"))
      put(result, "dpd_action", dead->value == "hold" ? "trap" : dead->value, at(*dead));
    carry(result, "close_action", {"closeaction"});
    carry(result, "replay_window", {"replay_window", "replay-window"});
    bind(result);
    add_selectors(result, own, peers);
    return result;
  }

  // libreswan numbers its interface, and so it does with the key that binds to it: "yes" is ipsec1.
  void bind(Section& result) const {
    if (const Setting* interface = conn_.setting("ipsec-interface"); interface != nullptr && interface->value != "no") {
      const std::string word = interface->value.starts_with("ipsec") ? interface->value.substr(5) : interface->value;
      const std::string number = word == "yes" ? "1" : word == "0" ? "16384" : word;
      for (const char* key : {"if_id_in", "if_id_out"}) put(result, key, number, at(*interface));
    }
    for (const char* key : {"if_id_in", "if_id_out"}) carry(result, key, {key});
    const Setting* both = conn_.setting("mark");
    static_cast<void>(conn_.setting("vti-interface"));
    for (const auto& [ours, theirs] : {KeyPair{"mark_in", "mark-in"}, KeyPair{"mark_out", "mark-out"}}) {
      const Setting* one = first_of({ours, theirs});
      const Setting* said = one != nullptr ? one : both;
      if (said != nullptr) put(result, std::string(ours), said->value == "-1" ? "%unique" : said->value, at(*said));
    }
  }

  [[nodiscard]] std::string selectors_of(const std::string& side) const {
    const Setting* several = of(side, "subnets");
    const Setting* one = of(side, "subnet");
    const Setting* protocol = of(side, "protoport");
    const Setting* said = several != nullptr ? several : one;
    std::string list;
    for (const std::string& word : words_of(said == nullptr ? "dynamic" : said->value, " ,{}")) {
      const std::string whole = word == "0/0" || word == "0.0.0.0/0.0.0.0" ? "0.0.0.0/0"
                                : word == "::0/0"                          ? "::/0"
                                : word == "%dynamic"                       ? "dynamic"
                                                                           : word;
      list += fmt::format("{}{}{}", list.empty() ? "" : ",", whole,
                          protocol == nullptr || protocol->value == "%any" ? "" : "[" + protocol->value + "]");
    }
    return list;
  }

  void add_selectors(Section& result, std::string own, std::string peers) {
    const Setting* inner = conn_.setting("interface-ip");
    if (inner == nullptr) inner = of(ours_, "vti");
    const auto address = inner == nullptr ? fail("") : net::parse_prefix(inner->value);
    const auto other = address ? other_host(*address) : std::nullopt;
    if (other) {
      own = narrow_selector(*address) + "," + own;
      peers = net::print(other->address) + "," + peers;
      if (!other->sure)
        draft_.note(
            at(*inner),
            fmt::format("the peer's inner address is not in the file: {} is put in its place", net::print(other->address)),
            "write the one that it has");
    }
    for (const auto& [key, list, side] : {std::tuple{"local_ts", &own, ours_}, std::tuple{"remote_ts", &peers, peers_}}) {
      const Setting* said = of(side, "subnets") != nullptr ? of(side, "subnets") : of(side, "subnet");
      put(result, key, *list, said == nullptr ? place_of(conn_) : at(*said));
    }
  }

  const Section& conn_;
  Draft& draft_;
  std::map<std::string, std::string>& files_;
  std::string ours_, peers_;
  const bool libreswan_;
};

// Keys that stand in ipsec.conf and ipsec.secrets: "pubkey/hq.right.pem", "private/secrets-1.key".
using KeysWithin = std::map<std::string, std::string>;

// Where ipsec.conf's certificates and keys are, by swanctl's names of such folders.
Beside in_ipsec_d(const Beside& beside, const KeysWithin& within) {
  constexpr std::array kFolders{KeyPair{"x509", "ipsec.d/certs"}, KeyPair{"x509ca", "ipsec.d/cacerts"},
                                KeyPair{"x509crl", "ipsec.d/crls"}, KeyPair{"private", "ipsec.d/private"},
                                KeyPair{"pubkey", "ipsec.d/certs"}};
  const auto there = [kFolders](std::string_view folder) {
    const auto known = std::ranges::find(kFolders, folder, &KeyPair::first);
    return std::string(known == kFolders.end() ? "ipsec.d/none" : known->second);
  };
  return {[&beside, &within, there](std::string_view path) {
            if (const auto known = within.find(std::string(path)); known != within.end())
              return Result<std::string>(known->second);
            const auto slash = path.find('/');
            if (path.starts_with('/') || slash == std::string_view::npos) return beside.read(path);
            return beside.read(there(path.substr(0, slash)) + std::string(path.substr(slash)));
          },
          [&beside, &within, there](std::string_view folder) {
            auto names = beside.list(there(folder));
            for (const auto& [path, bytes] : within) {
              if (path.starts_with(std::string(folder) + '/')) names.push_back(path.substr(folder.size() + 1));
            }
            return names;
          }};
}

// What a peer's certificate needs of its CA: in swanctl.conf's words; empty: nothing.
std::string revocation_of(const Section& setup) {
  const std::string& policy = setup.value("strictcrlpolicy");
  const bool strict = policy == "yes" || setup.value("crl-strict") == "yes" || setup.value("ocsp-strict") == "yes";
  return strict ? "strict" : policy == "ifuri" ? policy : "";
}

void note_setup(Draft& draft, const Section& setup) {
  for (const Setting& setting : setup.settings) {
    if (!setting.read || setting.key.ends_with("strict"))
      draft.note({setting.line, setting.path, setting.file}, "is not carried over: it is of the daemon as a whole");
  }
}

Section authorities_of(const IpsecConf& conf) {
  Section all{"authorities", "ca", 0, "", {}, {}, {}, true};
  for (const Section& ca : conf.authorities) {
    Section one{ca.name, ca.path, ca.line, ca.file, {}, {}, {}, false};
    for (const auto& [theirs, ours] :
         {KeyPair{"cacert", "cacert"}, KeyPair{"crluri", "crl_uris"}, KeyPair{"crluri2", "crl_uris"},
          KeyPair{"ocspuri", "ocsp_uris"}, KeyPair{"ocspuri2", "ocsp_uris"}}) {
      if (const Setting* setting = ca.setting(theirs))
        put(one, std::string(ours), setting->value, {setting->line, setting->path, setting->file});
    }
    all.sections.push_back(std::move(one));
  }
  return all;
}

// Of what is no connection.
void note_rest_of_conf(Draft& draft, const IpsecConf& conf, const IpsecSecrets& secrets, const Section& root) {
  for (const Setting& include : conf.includes)
    draft.note({include.line, "include", include.file}, fmt::format("{} gives no file that can be read", include.value),
               "run it where those files are, or put them in its place");
  for (const Section& ca : conf.authorities) {
    for (const Setting& setting : ca.settings) {
      if (!setting.read && setting.key != "auto")
        draft.note({setting.line, setting.path, setting.file}, "is not carried over: vtid has nothing for it");
    }
  }
  for (const Setting& other : secrets.others) {
    if (other.key != "RSA" && other.key != "ECDSA" && other.key != "PKCS8")  // they name a key of ipsec.d/private
      draft.note({other.line, "", other.file}, fmt::format("is not carried over: vtid has no secrets of kind {}", other.key));
  }
  for (const Section& secret : root.at("secrets").sections) {
    if (!secret.read) draft.note(place_of(secret), "is not carried over: no tunnel here needs it");
  }
}

}  // namespace

Result<Imported> import_ipsec_conf(std::string_view text, std::string_view file_name, const Wish& wish, const Beside& beside) {
  if (auto ours = expect(Source::ipsec_conf, text, file_name); !ours) return std::unexpected(ours.error());
  const Includer includer = [&](std::string_view pattern, std::string_view from) { return included(pattern, from, beside); };
  const auto conf = parse_ipsec_conf(without_mark(text), includer);
  if (!conf) return fail(fmt::format("{}: {}", file_name, conf.error().text), conf.error().remedy);
  Draft draft(wish);
  note_end(draft, text);
  constexpr const char* kSecrets = "ipsec.secrets";
  const auto secrets_text = beside.read(kSecrets);
  if (!secrets_text)
    draft.note({}, fmt::format("{} cannot be read: {}", kSecrets, secrets_text.error().text),
               "run it where the files of IPsec are");
  IpsecSecrets secrets = secrets_text ? parse_ipsec_secrets(*secrets_text, kSecrets, includer) : IpsecSecrets{};
  Section root;
  root.sections = {
      {"connections", "conn", 0, "", {}, {}, {}, true}, {"secrets", "secret", 0, "", {}, {}, {}, true}, authorities_of(*conf)};
  root.sections[1].sections = std::move(secrets.secrets);
  const std::string revocation = revocation_of(conf->setup);
  const bool libreswan = is_libreswans(*conf);
  KeysWithin within;
  std::map<std::string, std::string> public_keys;
  for (const Section& one : conf->conns) {
    Conn conn(one, libreswan, public_keys, draft);
    root.sections[0].sections.push_back(conn.connection(revocation));
    conn.note_rest();
  }
  if (conf->conns.empty()) draft.note({}, "there is no connection in it, so there are no tunnels");
  note_setup(draft, conf->setup);
  for (auto& [name, pem] : public_keys) within["pubkey/" + name] = std::move(pem);
  for (std::size_t i = 0; i < secrets.keys.size(); ++i)
    within[fmt::format("private/secrets-{}.key", i + 1)] = std::move(secrets.keys[i]);
  const Beside folders = in_ipsec_d(beside, within);
  const Wish inside{wish.secrets_folder};
  const SecretRule rule = libreswan ? SecretRule::libreswan : SecretRule::charon;
  carry_connections(draft, root.sections[0], SwanctlAuth(root, inside, folders, SwanctlAuth::Files::within, rule));
  note_rest_of_conf(draft, *conf, secrets, root);
  note_unread(draft, root.sections[0]);
  for (const Section& section : root.sections[1].sections) told(section);
  return draft.settle(file_name);
}

}  // namespace vtid::foreign
