// OPNsense and VyOS make a swanctl.conf of their files. What this test makes of random tunnels by their rules, written here
// apart from the importers, has to become the same tunnels as the file itself. Inner addresses and device numbers, which are no
// part of swanctl.conf, stand in it as narrow selectors and if_ids.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/base64.h"
#include "config/parse.h"
#include "config/print.h"
#include "foreign/import.h"

namespace vtid::foreign {
namespace {

using OracleJson = nlohmann::ordered_json;

// A tunnel as both kinds of files can say it.
struct Site {
  int number = 0;  // of its device
  bool routed = true, one = false, mobile = false, forced = false, enabled = true;
  std::string cipher, hash, group, esp_cipher, esp_hash, id, peers_id, key, start;
  int lifetime = 0, esp_lifetime = 0, delay = 0;

  [[nodiscard]] std::string peer() const { return fmt::format("198.51.100.{}", number); }
  [[nodiscard]] std::string inner(int host) const { return fmt::format("10.6.{}.{}", number, host); }
  [[nodiscard]] bool aead() const { return cipher.contains("gcm"); }
  [[nodiscard]] bool esp_aead() const { return esp_cipher.contains("gcm"); }
};

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool one_in(int n) { return below(n) == 0; }
  std::string of(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }

 private:
  std::mt19937 random_;
};

Site random_site(Dice& dice, int number) {
  Site site;
  site.number = number;
  site.routed = !dice.one_in(3);
  site.one = dice.one_in(4);
  site.mobile = dice.one_in(2);
  site.forced = dice.one_in(2);
  site.enabled = !dice.one_in(5);
  site.cipher = site.one ? "aes256" : dice.of({"aes128", "aes256", "aes256gcm128"});
  site.hash = dice.of({"sha1", "sha256", "sha512"});
  site.group = dice.of({"14", "19", "20"});
  site.esp_cipher = dice.of({"aes256", "aes128gcm128", "aes256gcm128"});
  site.esp_hash = dice.of({"sha256", "sha384"});
  site.id = dice.of({"192.0.2.1", "me.example.org", "me@example.org"});
  site.peers_id = dice.of({fmt::format("peer{}.example.org", number), site.peer()});
  site.key = fmt::format("0x-looking key {}", number);
  site.start = dice.of({"start", "trap", "none"});
  site.lifetime = 3'600 + dice.below(20'000);
  site.esp_lifetime = 1'100 + dice.below(5'000) * 11;  // a tenth more is whole
  site.delay = dice.one_in(3) ? 0 : 5 + dice.below(30);
  return site;
}

std::string word_of_group(const std::string& number) {
  return number == "14" ? "modp2048" : number == "19" ? "ecp256" : "ecp384";
}

std::string ike_words(const Site& site) {
  return fmt::format("{}-{}{}-{}", site.cipher, site.aead() ? "prf" : "", site.hash, word_of_group(site.group));
}
std::string esp_words(const Site& site) {
  return fmt::format("{}{}-{}", site.esp_cipher, site.esp_aead() ? "" : "-" + site.esp_hash, word_of_group(site.group));
}

// What both systems write of it, but for how they say when a child is renewed.
std::string as_swanctl_connection(const Site& site, const std::string& name, const std::string& child,
                                  const std::string& child_time) {
  const std::string ends =
      site.routed ? fmt::format("local_ts = {}/30,0.0.0.0/0\nremote_ts = {},0.0.0.0/0\nif_id_in = {}\nif_id_out = {}\n",
                                site.inner(1), site.inner(2), site.number, site.number)
                  : fmt::format("local_ts = 10.1.0.0/24\nremote_ts = 10.{}.0.0/24\n", 100 + site.number);
  return fmt::format(
      "{} {{\nversion = {}\nlocal_addrs = 192.0.2.1\nremote_addrs = {}\nproposals = {}\nrekey_time = {}s\n{}mobike = {}\nencap "
      "= {}\n"
      "local {{\nauth = psk\nid = {}\n}}\nremote {{\nauth = psk\nid = {}\n}}\nchildren {{\n{} {{\nmode = tunnel\nesp_proposals "
      "= {}\n{}\n"
      "start_action = {}\n{}}}\n}}\n}}\n",
      name, site.one ? 1 : 2, site.peer(), ike_words(site), site.lifetime,
      site.delay == 0 ? "" : fmt::format("dpd_delay = {}\n", site.delay), site.mobile ? "yes" : "no",
      site.forced ? "yes" : "no", site.id, site.peers_id, child, esp_words(site), child_time, site.start, ends);
}

std::string as_swanctl_secret(const Site& site) {
  return fmt::format("ike-{} {{\nid-0 = {}\nid-1 = {}\nsecret = 0s{}\n}}\n", site.number, site.id, site.peers_id,
                     encode_base64(site.key));
}

std::string opnsense_of(const std::vector<Site>& sites) {
  std::string connections, locals, remotes, children, devices, keys;
  for (const Site& site : sites) {
    const auto uuid = [&](int kind) { return fmt::format("{}0000000-0000-4000-8000-{:012}", kind, site.number); };
    connections += fmt::format(
        "<Connection "
        "uuid=\"{}\"><enabled>{}</enabled><proposals>{}</proposals><unique>no</unique><aggressive>0</aggressive><version>{}"
        "</version><mobike>{:d}</mobike><local_addrs>192.0.2.1</local_addrs><remote_addrs>{}</remote_addrs><encap>{:d}</encap>"
        "<rekey_time>{}</rekey_time><dpd_delay>{}</dpd_delay><description>t{}</description></Connection>",
        uuid(1), site.enabled ? 1 : 0, ike_words(site), site.one ? 1 : 2, site.mobile, site.peer(), site.forced, site.lifetime,
        site.delay == 0 ? "" : std::to_string(site.delay), site.number);
    for (const auto& [into, kind, id] : {std::tuple{&locals, "local", site.id}, std::tuple{&remotes, "remote", site.peers_id}})
      *into += fmt::format(
          "<{0} "
          "uuid=\"{1}\"><enabled>1</enabled><connection>{2}</connection><round>0</round><auth>psk</auth><id>{3}</id></{0}>",
          kind, uuid(kind[0] == 'l' ? 2 : 3), uuid(1), id);
    children += fmt::format(
        "<child uuid=\"{}\"><enabled>1</enabled><connection>{}</connection><reqid>{}</reqid><esp_proposals>{}</esp_proposals>"
        "<start_action>{}</start_action><mode>tunnel</mode><policies>{}</policies><local_ts>{}</local_ts><remote_ts>{}</"
        "remote_ts>"
        "<rekey_time>{}</rekey_time><description>c{}</description></child>",
        uuid(4), uuid(1), site.routed ? std::to_string(site.number) : "", esp_words(site), site.start, site.routed ? 0 : 1,
        site.routed ? "0.0.0.0/0" : "10.1.0.0/24", site.routed ? "0.0.0.0/0" : fmt::format("10.{}.0.0/24", 100 + site.number),
        site.esp_lifetime, site.number);
    if (site.routed)
      devices += fmt::format(
          "<VTI "
          "uuid=\"{}\"><enabled>1</enabled><reqid>{}</reqid><tunnel_local>{}</tunnel_local><tunnel_remote>{}</tunnel_remote></"
          "VTI>",
          uuid(5), site.number, site.inner(1), site.inner(2));
    keys += fmt::format(
        "<preSharedKey "
        "uuid=\"{}\"><ident>{}</ident><remote_ident>{}</remote_ident><keyType>PSK</keyType><Key>{}</Key></preSharedKey>",
        uuid(6), site.id, site.peers_id, site.key);
  }
  return fmt::format(
      "<opnsense><OPNsense><IPsec><general><enabled>1</enabled></general><preSharedKeys>{}</preSharedKeys></"
      "IPsec><Swanctl><Connections>"
      "{}</Connections><locals>{}</locals><remotes>{}</remotes><children>{}</children><VTIs>{}</VTIs></Swanctl></OPNsense></"
      "opnsense>",
      keys, connections, locals, remotes, children, devices);
}

// Its numbers begin at 0, and its if_ids at 1.
std::string vyos_of(const std::vector<Site>& sites) {
  std::string text;
  const auto add = [&]<class... Words>(fmt::format_string<Words...> format, Words&&... words) {
    text += "set " + fmt::format(format, std::forward<Words>(words)...) + '\n';
  };
  for (const Site& site : sites) {
    const std::string name = fmt::format("t{}", site.number), ike = "vpn ipsec ike-group " + name,
                      esp = "vpn ipsec esp-group " + name, peer = "vpn ipsec site-to-site peer " + name;
    add("{} key-exchange 'ikev{}'", ike, site.one ? 1 : 2);
    add("{} lifetime '{}'", ike, site.lifetime);
    if (!site.mobile) add("{} disable-mobike", ike);
    if (site.delay != 0) add("{} dead-peer-detection interval '{}'", ike, site.delay);
    add("{} proposal 1 encryption '{}'", ike, site.cipher);
    add("{} proposal 1 hash '{}'", ike, site.hash);
    add("{} proposal 1 dh-group '{}'", ike, site.group);
    add("{} lifetime '{}'", esp, site.esp_lifetime);
    add("{} pfs 'enable'", esp);
    add("{} proposal 1 encryption '{}'", esp, site.esp_cipher);
    add("{} proposal 1 hash '{}'", esp, site.esp_hash);
    add("vpn ipsec authentication psk {} id '{}'", name, site.id);
    add("vpn ipsec authentication psk {} id '{}'", name, site.peers_id);
    add("vpn ipsec authentication psk {} secret '{}'", name, site.key);
    add("{} authentication mode 'pre-shared-secret'", peer);
    add("{} authentication local-id '{}'", peer, site.id);
    add("{} authentication remote-id '{}'", peer, site.peers_id);
    add("{} connection-type '{}'", peer, site.start == "start" ? "initiate" : site.start == "trap" ? "respond" : "none");
    add("{} ike-group '{}'", peer, name);
    add("{} local-address '192.0.2.1'", peer);
    add("{} remote-address '{}'", peer, site.peer());
    if (!site.enabled) add("{} disable", peer);
    if (site.forced) add("{} force-udp-encapsulation", peer);
    if (site.routed) {
      add("{} vti bind 'vti{}'", peer, site.number - 1);
      add("{} vti esp-group '{}'", peer, name);
      add("interfaces vti vti{} address '{}/30'", site.number - 1, site.inner(1));
    } else {
      add("{} tunnel 1 esp-group '{}'", peer, name);
      add("{} tunnel 1 local prefix '10.1.0.0/24'", peer);
      add("{} tunnel 1 remote prefix '10.{}.0.0/24'", peer, 100 + site.number);
    }
  }
  return text;
}

// strongSwan has two words for the length of a tag.
std::string one_spelling(std::string proposal) {
  if (const auto at = proposal.find("gcm128"); at != std::string::npos) proposal.replace(at, 6, "gcm16");
  return proposal;
}

// By name, whole but for what only one of the two files can say.
OracleJson tunnels_of(const Imported& imported, const std::vector<Site>& sites, bool apply_enabled) {
  const auto read = [&](std::string_view name) -> Result<std::string> {
    const auto kept = std::ranges::find(imported.files, name, &KeptFile::name);
    return kept == imported.files.end() ? fail("there is none") : Result<std::string>(kept->bytes);
  };
  const auto parsed = config::parse(imported.text, "vtid.json", read);
  if (!parsed.config) return imported.text;
  OracleJson result = OracleJson::parse(config::print_canonical(*parsed.config))["tunnels"];
  for (auto& [name, tunnel] : result.items()) {
    tunnel.erase("description");
    tunnel["ike"]["auth"] = read(tunnel["ike"]["auth"]["psk"]["file"].get<std::string>()).value_or("");
    OracleJson children = OracleJson::array();  // their names are the importers' own
    for (auto& child : tunnel["children"]) {
      child.erase("description");
      children.push_back(child);
    }
    tunnel["children"] = std::move(children);
    for (const char* end : {"local", "remote"}) {
      std::string id = tunnel["ike"][end].value("id", "");
      for (const std::string_view prefix : {"fqdn:", "userfqdn:"}) {
        if (id.starts_with(prefix)) id.erase(0, prefix.size());
      }
      tunnel["ike"][end]["id"] = id;
    }
    for (auto& proposal : tunnel["ike"]["proposals"]) proposal = one_spelling(proposal.get<std::string>());
    for (auto& child : tunnel["children"]) {
      for (auto& proposal : child["proposals"]) proposal = one_spelling(proposal.get<std::string>());
    }
    const auto site = std::ranges::find_if(sites, [&](const Site& one) { return name == fmt::format("t{}", one.number); });
    if (apply_enabled && site != sites.end() && !site->enabled)
      tunnel["enabled"] = false;  // swanctl.conf leaves it out instead
  }
  return result;
}

const Beside kEmptyFolder{[](std::string_view) -> Result<std::string> { return fail("there is none"); },
                          [](std::string_view) { return std::vector<std::string>{}; }};

std::vector<Site> random_sites(unsigned seed) {
  Dice dice(seed);
  std::vector<Site> sites;
  for (int n = 1 + dice.below(4); n > 0; --n) sites.push_back(random_site(dice, n));
  return sites;
}

void expect_same(const std::string& text, const std::string& conf, const std::vector<Site>& sites, unsigned seed,
                 const Beside& beside = kEmptyFolder) {
  const auto theirs = import_from(recognise(text).value(), text, "theirs", {"secrets"}, beside);
  const auto made = import_swanctl(conf, "swanctl.conf", {"secrets"}, kEmptyFolder);
  ASSERT_TRUE(theirs.has_value()) << theirs.error().text;
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const OracleJson ours = tunnels_of(*theirs, sites, false);
  ASSERT_EQ(ours.size(), sites.size()) << text;
  ASSERT_EQ(ours, tunnels_of(*made, sites, true)) << "seed " << seed << '\n' << text << '\n' << conf;
}

// ---- what is written for strongSwan's starter, and what that makes of it ----------------------------------------------

constexpr int kMargin = 540;  // seconds before the end of a lifetime: ipsec.conf(5)

// Its times as charon gets them from the starter: with "reauth" the IKE_SA is reauthenticated, as version 1 always does.
std::string starter_times(const Site& site) {
  const bool reauthenticates = site.one || !site.forced;
  return fmt::format("{} = {}s\n", reauthenticates ? "reauth_time" : "rekey_time", site.lifetime - kMargin);
}

std::string as_started_connection(const Site& site, const std::string& name, const std::string& selectors) {
  return fmt::format(
      "{} {{\nversion = {}\nlocal_addrs = 192.0.2.1\nremote_addrs = {}\nproposals = {}\n{}{}mobike = {}\nencap = {}\n"
      "local {{\nauth = psk\nid = {}\n}}\nremote {{\nauth = psk\nid = {}\n}}\nchildren {{\n{} {{\nesp_proposals = {}\n"
      "rekey_time = {}s\nstart_action = {}\n{}}}\n}}\n}}\n",
      name, site.one ? 1 : 2, site.peer(), ike_words(site), starter_times(site),
      site.delay == 0 ? "" : fmt::format("dpd_delay = {}s\n", site.delay), site.mobile ? "yes" : "no",
      site.forced ? "yes" : "no", site.id, site.peers_id, name, esp_words(site), site.esp_lifetime - kMargin,
      site.enabled ? site.start : "none", selectors);
}

std::string starter_selectors(const Site& site) {
  return site.routed ? fmt::format("local_ts = 0.0.0.0/0\nremote_ts = 0.0.0.0/0\nmark_in = {0}\nmark_out = {0}\n", site.number)
                     : fmt::format("local_ts = 10.1.0.0/24\nremote_ts = 10.{}.0.0/24\n", 100 + site.number);
}

// Some keys stand in "%default", some in a conn that others take over, some are overwritten.
std::string ipsec_conf_of(const std::vector<Site>& sites) {
  std::string text =
      "config setup\n    charondebug = \"ike 1\"\n\nconn %default\n    left = 192.0.2.1\n    leftauth = psk\n    rightauth = "
      "psk\n"
      "    lifetime = 1s\n\nconn common\n    dpdaction = restart\n    leftsubnet = 10.99.0.0/16\n\n";
  for (const Site& site : sites) {
    text += fmt::format("conn t{}\n    right = {}\n    leftid = {}\n    rightid = \"{}\"\n    keyexchange = ikev{}\n",
                        site.number, site.peer(), site.id, site.peers_id, site.one ? 1 : 2);
    text += fmt::format("    ike = {}!\n    esp={}!\n    ikelifetime={}s\n    lifetime={}\n    mobike={}\n    forceencaps={}\n",
                        ike_words(site), esp_words(site), site.lifetime, site.esp_lifetime, site.mobile ? "yes" : "no",
                        site.forced ? "yes" : "no");
    if (site.forced && !site.one) text += "    reauth = no\n";
    text += site.delay == 0 ? "    dpdaction = none\n" : fmt::format("    dpddelay = {}s   # often\n", site.delay);
    text += site.routed ? fmt::format("    leftsubnet = 0.0.0.0/0\n    rightsubnet = 0.0.0.0/0\n    mark = {}\n", site.number)
                        : fmt::format("    leftsubnet = 10.1.0.0/24\n    rightsubnet = 10.{}.0.0/24\n", 100 + site.number);
    text += fmt::format("    also = common\n    auto = {}\n\n", !site.enabled           ? "ignore"
                                                                : site.start == "start" ? "start"
                                                                : site.start == "trap"  ? "route"
                                                                                        : "add");
  }
  return text;
}

// What OPNsense of before its connections wrote, for the starter too.
std::string opnsense_phases_of(const std::vector<Site>& sites) {
  std::string phases;
  for (const Site& site : sites) {
    const auto id = [&](const std::string& whose, const std::string& value) {
      const std::string type = value.contains('@')                                      ? "user_fqdn"
                               : value.starts_with("192.") || value.starts_with("198.") ? "address"
                                                                                        : "fqdn";
      return fmt::format("<{0}_type>{1}</{0}_type><{0}_data>{2}</{0}_data>", whose, type, value);
    };
    const auto cipher = [](std::string word) {
      return fmt::format("<name>{}</name>",
                         word.replace(std::min(word.find("gcm128"), word.size()), 6, word.contains("gcm") ? "gcm16" : ""));
    };
    const std::string number = std::to_string(site.number);
    phases += fmt::format(
        "<phase1><ikeid>{}</ikeid><iketype>ikev{}</iketype><interface>wan</interface><protocol>inet</protocol><mode>main</mode>"
        "<remote-gateway>{}</remote-gateway>{}{}<encryption-algorithm>{}</encryption-algorithm><hash-algorithm>{}</"
        "hash-algorithm>"
        "<dhgroup>{}</dhgroup><lifetime>{}</lifetime><authentication_method>pre_shared_key</"
        "authentication_method><pre-shared-key>{}"
        "</pre-shared-key><nat_traversal>{}</nat_traversal>{}{}{}<auto>{}</auto><descr>t{}</descr>{}</phase1>",
        number, site.one ? 1 : 2, site.peer(), id("myid", site.id), id("peerid", site.peers_id), cipher(site.cipher), site.hash,
        site.group, site.lifetime, site.key, site.forced ? "force" : "on", site.mobile ? "" : "<mobike>1</mobike>",
        site.forced && !site.one ? "<reauth_enable>1</reauth_enable>" : "",
        site.delay == 0 ? "" : fmt::format("<dpd_delay>{}</dpd_delay><dpd_maxfail>5</dpd_maxfail>", site.delay),
        site.start == "start"  ? "start"
        : site.start == "trap" ? "route"
                               : "add",
        number, site.enabled ? "" : "<disabled>1</disabled>");
    const std::string ends =
        site.routed ? fmt::format("<mode>route-based</mode><tunnel_local>{}</tunnel_local><tunnel_remote>{}</tunnel_remote>",
                                  site.inner(1), site.inner(2))
                    : fmt::format(
                          "<mode>tunnel</mode><localid><type>network</type><address>10.1.0.0</address><netbits>24</netbits></"
                          "localid><remoteid><type>network</type><address>10.{}.0.0</address><netbits>24</netbits></remoteid>",
                          100 + site.number);
    phases += fmt::format(
        "<phase2><ikeid>{0}</ikeid><uniqid>u{0}</uniqid><reqid>{0}</reqid>{1}<protocol>esp</"
        "protocol><encryption-algorithm-option>{2}</"
        "encryption-algorithm-option>{3}<pfsgroup>{4}</pfsgroup><lifetime>{5}</lifetime></phase2>",
        number, ends, cipher(site.esp_cipher),
        site.esp_aead() ? "" : fmt::format("<hash-algorithm-option>hmac_{}</hash-algorithm-option>", site.esp_hash), site.group,
        site.esp_lifetime);
  }
  return fmt::format(
      "<opnsense><interfaces><wan><if>igb0</if><enable>1</enable><ipaddr>192.0.2.1</ipaddr><subnet>24</subnet></wan></"
      "interfaces>"
      "<ipsec><enable>1</enable>{}</ipsec></opnsense>",
      phases);
}

TEST(Oracle, OpnsenseConnectionsAndWhatItMakesOfThemBecomeTheSame) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const auto sites = random_sites(seed);
    std::string connections, secrets;
    for (const Site& site : sites) {
      connections += as_swanctl_connection(site, fmt::format("t{}", site.number), fmt::format("c{}", site.number),
                                           fmt::format("rekey_time = {}s", site.esp_lifetime));
      secrets += as_swanctl_secret(site);
    }
    expect_same(opnsense_of(sites), fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets), sites, seed);
  }
}

TEST(Oracle, VyosPeersAndWhatItMakesOfThemBecomeTheSame) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const auto sites = random_sites(seed);
    std::string connections, secrets;
    for (const Site& site : sites) {
      connections += as_swanctl_connection(site, fmt::format("t{}", site.number), site.routed ? "vti" : "tunnel-1",
                                           fmt::format("life_time = {}s", site.esp_lifetime));
      secrets += as_swanctl_secret(site);
    }
    expect_same(vyos_of(sites), fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets), sites, seed);
  }
}

TEST(Oracle, ConnsOfIpsecConfAndWhatTheStarterMakesOfThemBecomeTheSame) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const auto sites = random_sites(seed);
    std::string connections, secrets, lines = "# for all\n";
    for (const Site& site : sites) {
      connections += as_started_connection(site, fmt::format("t{}", site.number), starter_selectors(site));
      secrets += as_swanctl_secret(site);
      lines += fmt::format("{} {} : PSK \"{}\"\n", site.id, site.peers_id, site.key);
    }
    const Beside beside{[&](std::string_view name) -> Result<std::string> {
                          return name == "ipsec.secrets" ? Result<std::string>(lines) : fail("there is none");
                        },
                        [](std::string_view) { return std::vector<std::string>{}; }};
    expect_same(ipsec_conf_of(sites), fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets), sites,
                seed, beside);
  }
}

TEST(Oracle, OpnsensePhasesAndWhatTheStarterMakesOfThemBecomeTheSame) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const auto sites = random_sites(seed);
    std::string connections, secrets;
    for (const Site& site : sites) {
      const std::string selectors =
          site.routed ? fmt::format("local_ts = {}/30,0.0.0.0/0\nremote_ts = {},0.0.0.0/0\nif_id_in = {}\nif_id_out = {}\n",
                                    site.inner(1), site.inner(2), site.number, site.number)
                      : starter_selectors(site);
      Site enabled = site;
      enabled.enabled = true;  // it is switched off as a whole, whatever its "auto" says
      connections += as_started_connection(enabled, fmt::format("t{}", site.number), selectors);
      secrets += as_swanctl_secret(site);
    }
    expect_same(opnsense_phases_of(sites), fmt::format("connections {{\n{}}}\nsecrets {{\n{}}}\n", connections, secrets), sites,
                seed);
  }
}

}  // namespace
}  // namespace vtid::foreign
